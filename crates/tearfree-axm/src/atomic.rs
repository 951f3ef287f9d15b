// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomics with the names and calls of `core::sync::atomic`, whose accesses a program records.
//!
//! Each has the size of its word. Its memory holds the value with which the threads start. While no
//! program runs, for example when the state is created, they are ordinary atomics.
#![expect(
    unsafe_code,
    reason = "a word of a block that a thread allocated is read through a pointer"
)]

use core::fmt;
use core::ptr;
use core::sync::atomic::{self as core_atomic, Ordering};

use crate::block::Reader;
use crate::event::Strength;
use crate::replay;
use crate::run::{Variable, VariableKind};

/// Converts the ordering of a load.
#[track_caller]
fn load_strength(order: Ordering) -> Strength {
    match order {
        Ordering::Release => panic!("there is no such thing as a release load"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release load"),
        order => order.into(),
    }
}

/// Converts the ordering of a store.
#[track_caller]
fn store_strength(order: Ordering) -> Strength {
    match order {
        Ordering::Acquire => panic!("there is no such thing as an acquire store"),
        Ordering::AcqRel => panic!("there is no such thing as an acquire-release store"),
        order => order.into(),
    }
}

/// A word that an atomic can hold.
pub(crate) trait Word: Copy + PartialEq {
    fn to_bits(self) -> u64;
    fn from_bits(bits: u64) -> Self;
}

macro_rules! words {
    ($($word:ty)*) => {$(
        impl Word for $word {
            fn to_bits(self) -> u64 {
                self as u64
            }

            fn from_bits(bits: u64) -> Self {
                bits as $word
            }
        }
    )*};
}

words! { u8 u16 u32 u64 usize i8 i16 i32 i64 isize }

impl Word for bool {
    fn to_bits(self) -> u64 {
        u64::from(self)
    }

    fn from_bits(bits: u64) -> Self {
        bits != 0
    }
}

impl<T> Word for *mut T {
    fn to_bits(self) -> u64 {
        self.expose_provenance() as u64
    }

    fn from_bits(bits: u64) -> Self {
        ptr::with_exposed_provenance_mut(bits as usize)
    }
}

macro_rules! atomics {
    ($($(#[$about:meta])* $name:ident [$($generics:tt)*] holds $word:ty;)*) => {$(
        $(#[$about])*
        #[repr(transparent)]
        pub struct $name $($generics)* {
            start: core_atomic::$name $($generics)*,
        }

        impl $($generics)* $name $($generics)* {
            /// Creates an atomic that holds `value` when the threads start.
            #[must_use]
            pub const fn new(value: $word) -> Self {
                $name { start: core_atomic::$name::new(value) }
            }

            pub(crate) fn variable(&self) -> Variable {
                // ORDERING: Relaxed: while a program runs, its stores go to the checker and not here.
                Variable {
                    address: ptr::from_ref(self).addr(),
                    size: size_of::<Self>(),
                    initial: self.start.load(Ordering::Relaxed).to_bits(),
                    kind: VariableKind::Word,
                    made_by: None,
                    reader: Reader(Self::start_at),
                }
            }

            /// # Safety
            /// `word` points to an atomic of this type.
            unsafe fn start_at(word: *const ()) -> u64 {
                // SAFETY: `word` is the address of a `Self`: `variable` passes this function on with
                // such addresses only.
                let word = unsafe { &*word.cast::<Self>() };
                // ORDERING: Relaxed: the word of a running program, whose stores go to the checker.
                word.start.load(Ordering::Relaxed).to_bits()
            }

            /// As in `core`.
            ///
            /// # Panics
            /// If no load can have this ordering.
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $word {
                let loaded = replay::load(self.variable(), load_strength(order));
                loaded.map_or_else(|| self.start.load(order), Word::from_bits)
            }

            /// As in `core`.
            ///
            /// # Panics
            /// If no store can have this ordering.
            #[track_caller]
            pub fn store(&self, value: $word, order: Ordering) {
                let stored = replay::store(self.variable(), value.to_bits(), store_strength(order));
                stored.unwrap_or_else(|| self.start.store(value, order));
            }

            /// As in `core`.
            #[track_caller]
            pub fn swap(&self, value: $word, order: Ordering) -> $word {
                let change = |_| Some(value.to_bits());
                let read = replay::update(self.variable(), change, order.into(), order.into());
                read.map_or_else(|| self.start.swap(value, order), Word::from_bits)
            }

            /// As in `core`.
            ///
            /// # Errors
            /// The value that was found instead of `current`.
            ///
            /// # Panics
            /// If no load can have the ordering of a failure.
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $word,
                new: $word,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$word, $word> {
                let change = |read| (read == current.to_bits()).then_some(new.to_bits());
                let failed = load_strength(failure);
                let read = replay::update(self.variable(), change, success.into(), failed);
                let Some(read) = read else {
                    return self.start.compare_exchange(current, new, success, failure);
                };
                let read = Word::from_bits(read);
                if read == current { Ok(read) } else { Err(read) }
            }

            /// As [`compare_exchange`](Self::compare_exchange), but fails spuriously as often as
            /// [`Program::spurious`](crate::Program::spurious) allows.
            ///
            /// # Errors
            /// The value that was found instead of `current`.
            ///
            /// # Panics
            /// If no load can have the ordering of a failure.
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $word,
                new: $word,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$word, $word> {
                if !replay::is_spurious(|left| &mut left.failures) {
                    return self.compare_exchange(current, new, success, failure);
                }
                replay::failed_exchange(self.variable(), current.to_bits(), load_strength(failure));
                Err(current)
            }

            /// As in `core`: a load, then exchanges until one succeeds.
            ///
            /// # Errors
            /// The value for which `change` gave none.
            ///
            /// # Panics
            /// If no load can have the second ordering.
            #[track_caller]
            pub fn fetch_update(
                &self,
                set: Ordering,
                fetch: Ordering,
                mut change: impl FnMut($word) -> Option<$word>,
            ) -> Result<$word, $word> {
                let mut found = self.load(fetch);
                while let Some(new) = change(found) {
                    match self.compare_exchange_weak(found, new, set, fetch) {
                        Ok(before) => return Ok(before),
                        Err(other) => found = other,
                    }
                }
                Err(found)
            }

            /// As in `core`.
            ///
            /// # Panics
            /// In a thread of a program: words are identified by their addresses, and this one has moved.
            #[track_caller]
            pub fn into_inner(self) -> $word {
                assert!(!replay::is_running(), "`into_inner` in a thread of a program");
                // ORDERING: Relaxed: the caller owns the word, so no other thread stores to it.
                self.start.load(Ordering::Relaxed)
            }

            /// As in `core`.
            ///
            /// # Panics
            /// In a thread of a program, because the checker would not see the change.
            #[track_caller]
            pub fn get_mut(&mut self) -> &mut $word {
                assert!(!replay::is_running(), "`get_mut` in a thread of a program");
                self.start.get_mut()
            }
        }

        impl $($generics)* Default for $name $($generics)* {
            fn default() -> Self {
                Self::new(Word::from_bits(0))
            }
        }

        impl $($generics)* From<$word> for $name $($generics)* {
            fn from(value: $word) -> Self {
                Self::new(value)
            }
        }

        impl $($generics)* Drop for $name $($generics)* {
            /// Forgets the word: the next one at its address is another one.
            fn drop(&mut self) {
                replay::dropped(ptr::from_ref(self).addr());
            }
        }

        impl $($generics)* fmt::Debug for $name $($generics)* {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.start).finish()
            }
        }
    )*};
}

atomics! {
    /// A flag.
    AtomicBool [] holds bool;
    /// A word of 8 bits.
    AtomicU8 [] holds u8;
    /// A word of 16 bits.
    AtomicU16 [] holds u16;
    /// A word of 32 bits, on which threads can also sleep.
    AtomicU32 [] holds u32;
    /// A word of 64 bits.
    AtomicU64 [] holds u64;
    /// A pointer-sized word.
    AtomicUsize [] holds usize;
    /// A signed word of 8 bits.
    AtomicI8 [] holds i8;
    /// A signed word of 16 bits.
    AtomicI16 [] holds i16;
    /// A signed word of 32 bits.
    AtomicI32 [] holds i32;
    /// A signed word of 64 bits.
    AtomicI64 [] holds i64;
    /// A signed pointer-sized word.
    AtomicIsize [] holds isize;
    /// A pointer to the state, to memory of [`heap::alloc`](crate::heap::alloc), or to other data.
    AtomicPtr [<T>] holds *mut T;
}

/// Implements the updates that return the value before.
macro_rules! updates {
    ($name:ident holds $word:ty: $($method:ident = $change:expr;)*) => {
        impl $name {$(
            /// As in `core`.
            #[track_caller]
            pub fn $method(&self, value: $word, order: Ordering) -> $word {
                let new: fn($word, $word) -> $word = $change;
                let change = |read| Some(new(Word::from_bits(read), value).to_bits());
                let read = replay::update(self.variable(), change, order.into(), order.into());
                read.map_or_else(|| self.start.$method(value, order), Word::from_bits)
            }
        )*}
    };
    ($($name:ident holds $word:ty;)*) => {$(
        updates! { $name holds $word:
            fetch_add = <$word>::wrapping_add;
            fetch_sub = <$word>::wrapping_sub;
            fetch_and = |old, value| old & value;
            fetch_nand = |old, value| !(old & value);
            fetch_or = |old, value| old | value;
            fetch_xor = |old, value| old ^ value;
            fetch_max = Ord::max;
            fetch_min = Ord::min;
        }
    )*};
}

updates! {
    AtomicU8 holds u8;
    AtomicU16 holds u16;
    AtomicU32 holds u32;
    AtomicU64 holds u64;
    AtomicUsize holds usize;
    AtomicI8 holds i8;
    AtomicI16 holds i16;
    AtomicI32 holds i32;
    AtomicI64 holds i64;
    AtomicIsize holds isize;
}

updates! { AtomicBool holds bool:
    fetch_and = |old, value| old & value;
    fetch_nand = |old, value| !(old & value);
    fetch_or = |old, value| old | value;
    fetch_xor = |old, value| old ^ value;
}

/// As in `core`.
///
/// # Panics
/// If the ordering is `Relaxed`.
#[track_caller]
pub fn fence(order: Ordering) {
    assert!(order != Ordering::Relaxed, "there is no such thing as a relaxed fence");
    replay::fence(order.into()).unwrap_or_else(|| core_atomic::fence(order));
}
