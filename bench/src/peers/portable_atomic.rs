// SPDX-License-Identifier: MIT OR Apache-2.0
//! `portable-atomic`: one atomic word, for values of 8 and 16 bytes.
//!
//! At its best: `load` and `store`, with acquire and release.
#![allow(unsafe_code, reason = "the bytes of a value as an integer, and back")]

use core::marker::PhantomData;
use core::mem::transmute_copy;
use core::sync::atomic::Ordering::{Acquire, Release};

use portable_atomic::{AtomicU64, AtomicU128};

use crate::contestant::{ByReference, Direct, EveryContestant};
use crate::payload::Payload;

/// Does the work for the atomic word of the size of `T`, if there is one.
pub(super) fn add_matching_size<T: Payload>(work: &mut impl EveryContestant<T>) {
    match size_of::<T>() {
        8 => work.contestant::<ByReference<InWord<AtomicU64, T>>>(),
        16 => work.contestant::<ByReference<InWord<AtomicU128, T>>>(),
        _ => {}
    }
}

/// A value in an atomic word of its size.
pub(crate) struct InWord<W, T>(W, PhantomData<T>);

pub(crate) trait AtomicWord {
    type Integer;

    fn new(integer: Self::Integer) -> Self;
    fn load(&self) -> Self::Integer;
    fn store(&self, integer: Self::Integer);
}

macro_rules! word {
    ($atom:ty, $integer:ty) => {
        impl AtomicWord for $atom {
            type Integer = $integer;

            fn new(integer: $integer) -> Self {
                <$atom>::new(integer)
            }

            #[inline(always)]
            fn load(&self) -> $integer {
                // ORDERING: pairs with `store`: as strong as a lock, so that costs can be compared.
                self.load(Acquire)
            }

            #[inline(always)]
            fn store(&self, integer: $integer) {
                // ORDERING: pairs with `load`: publishes what was written before, as a lock does.
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

impl<T: Payload, W: AtomicWord> Direct<T> for InWord<W, T> {
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
