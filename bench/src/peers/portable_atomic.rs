// SPDX-License-Identifier: MIT OR Apache-2.0
//! `portable-atomic`: one atomic word of 8 or 16 bytes, and so values of these two sizes only.
#![allow(unsafe_code, reason = "the bytes of a value as an integer, and back")]

use core::marker::PhantomData;
use core::mem::transmute_copy;
use core::sync::atomic::Ordering::{Acquire, Release};

use portable_atomic::{AtomicU64, AtomicU128};

use super::EveryContestant;
use crate::contestant::{Direct, Held};
use crate::payload::Payload;

/// Adds the atomic word of this size, where there is one.
pub(super) fn of_this_size<T: Payload>(work: &mut impl EveryContestant<T>) {
    match size_of::<T>() {
        8 => work.contestant::<Held<InWord<AtomicU64, T>>>(),
        16 => work.contestant::<Held<InWord<AtomicU128, T>>>(),
        _ => {}
    }
}

/// A value in an atomic word of its size.
pub(crate) struct InWord<W, T>(W, PhantomData<T>);

pub(crate) trait Word {
    type Integer;

    fn new(integer: Self::Integer) -> Self;
    fn load(&self) -> Self::Integer;
    fn store(&self, integer: Self::Integer);
}

macro_rules! word {
    ($atom:ty, $integer:ty) => {
        impl Word for $atom {
            type Integer = $integer;

            fn new(integer: $integer) -> Self {
                <$atom>::new(integer)
            }

            #[inline(always)]
            fn load(&self) -> $integer {
                // ORDERING: pairs with `store`: what a lock would give, so that prices can be compared.
                self.load(Acquire)
            }

            #[inline(always)]
            fn store(&self, integer: $integer) {
                // ORDERING: pairs with `load`: what was written before is seen there, as with a lock.
                self.store(integer, Release);
            }
        }
    };
}

word!(AtomicU64, u64);
word!(AtomicU128, u128);

#[inline(always)]
fn to_integer<T: Payload, I>(value: &T) -> I {
    assert_eq!(size_of::<T>(), size_of::<I>(), "a value that fits the word");
    // SAFETY: a payload is an array of integers without padding, and as long as this integer.
    unsafe { transmute_copy(value) }
}

#[inline(always)]
fn to_value<T: Payload, I>(integer: &I) -> T {
    assert_eq!(size_of::<T>(), size_of::<I>(), "a value that fits the word");
    // SAFETY: a payload is an array of integers, so all bits are valid, and as long as this integer.
    unsafe { transmute_copy(integer) }
}

impl<T: Payload, W: Word> Direct<T> for InWord<W, T> {
    const NAME: &'static str = "portable-atomic";

    fn new(value: T) -> Self {
        Self(W::new(to_integer(&value)), PhantomData)
    }

    #[inline(always)]
    fn read(&self) -> T {
        to_value(&self.0.load())
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = to_value(&self.0.load());
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.0.store(to_integer(value));
    }
}
