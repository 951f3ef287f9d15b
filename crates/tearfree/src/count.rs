// SPDX-License-Identifier: MIT OR Apache-2.0
//! The words that a sequence count can be made of, and what odd and even mean.

use core::fmt::Debug;

use crate::sync::{self, Ordering};

mod sealed {
    pub trait Sealed {}
}

/// A word that can hold a sequence count: `u32`, `u64` or `usize`.
///
/// `usize` is the default. `u32` is for words of other owners (the kernel's `seqcount_t`, a vDSO
/// page); it wraps after 2^31 writes, and a reader that sleeps through exactly that many cannot notice them. The trait is sealed.
pub trait Count: Copy + Eq + Debug + Send + Sync + sealed::Sealed + 'static {
    /// The atomic word that holds such a count.
    #[doc(hidden)]
    type Atomic: Send + Sync;

    #[doc(hidden)]
    const ATOMIC_ZERO: Self::Atomic;

    #[doc(hidden)]
    fn load(word: &Self::Atomic, order: Ordering) -> Self;

    /// Loads the count for its writer, the only thread that changes it.
    #[doc(hidden)]
    fn load_own(word: &Self::Atomic) -> Self;

    #[doc(hidden)]
    fn store(word: &Self::Atomic, count: Self, order: Ordering);

    /// Returns the next count. Counts wrap; they are compared for equality only.
    #[doc(hidden)]
    fn next(self) -> Self;

    /// Returns whether the count is odd: a writer is between its two steps.
    #[doc(hidden)]
    fn is_writing(self) -> bool;

    /// Returns the lower bits, for the checks of debug builds.
    #[doc(hidden)]
    fn low(self) -> usize;

    /// Returns the count itself if it is even, else the even count before it.
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
