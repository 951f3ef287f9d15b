// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words that a sequence count can be made of, and what odd and even mean.

use core::fmt::Debug;

use crate::sync::{self, Ordering};

mod sealed {
    pub trait Sealed {}
}

/// A word that can hold a sequence count: `u32`, `u64` or `usize`.
///
/// `usize` is the default. `u32` is for words that someone else owns (the kernel's `seqcount_t`, a
/// vDSO page); it wraps after 2^31 writes, which a reader that slept through exactly that many
/// cannot notice. The trait is sealed.
pub trait Count: Copy + Eq + Debug + Send + Sync + sealed::Sealed + 'static {
    /// The atomic word that holds such a count.
    #[doc(hidden)]
    type Atomic: Send + Sync;

    #[doc(hidden)]
    const ATOMIC_ZERO: Self::Atomic;

    #[doc(hidden)]
    fn load(word: &Self::Atomic, order: Ordering) -> Self;

    /// The writer's look at the count that only it changes.
    #[doc(hidden)]
    fn load_own(word: &Self::Atomic) -> Self;

    #[doc(hidden)]
    fn store(word: &Self::Atomic, count: Self, order: Ordering);

    /// The next count. Counts wrap; they are only ever compared for equality.
    #[doc(hidden)]
    fn next(self) -> Self;

    /// Odd: a writer is between its two steps.
    #[doc(hidden)]
    fn is_writing(self) -> bool;

    /// The lower bits, for checks.
    #[doc(hidden)]
    fn low(self) -> usize;

    /// The even count that this one belongs to: itself, or the one before a write in progress.
    #[doc(hidden)]
    fn settled(self) -> Self;
}

macro_rules! count {
    ($($word:ty => $atomic:ident),*) => {$(
        impl sealed::Sealed for $word {}

        impl Count for $word {
            type Atomic = sync::$atomic;
            #[expect(clippy::declare_interior_mutable_const, reason = "each use is a new count")]
            const ATOMIC_ZERO: Self::Atomic = sync::$atomic::new(0);

            #[inline(always)]
            fn load(word: &Self::Atomic, order: Ordering) -> Self {
                word.load(order)
            }

            #[inline(always)]
            fn load_own(word: &Self::Atomic) -> Self {
                // ORDERING: Relaxed, P5. Only this writer, which holds the lock, changes the count:
                // it sees its own last store.
                word.load(crate::order::PLAIN)
            }

            #[inline(always)]
            fn store(word: &Self::Atomic, count: Self, order: Ordering) {
                word.store(count, order);
            }

            #[inline(always)]
            fn next(self) -> Self {
                self.wrapping_add(1)
            }

            #[inline(always)]
            fn is_writing(self) -> bool {
                self % 2 == 1
            }

            #[inline(always)]
            fn low(self) -> usize {
                self as usize
            }

            #[inline(always)]
            fn settled(self) -> Self {
                self & !1
            }
        }
    )*};
}

count!(u32 => AtomicU32, usize => AtomicUsize);
#[cfg(target_has_atomic = "64")]
count!(u64 => AtomicU64);
