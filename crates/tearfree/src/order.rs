// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every memory ordering of this crate, once, under a name.
//!
//! The code says `order::begin()` where it loads a count to begin a read. This file says how strong
//! that is and which function is at the other end; DESIGN.md says why (P1 to P14). Nothing here is a
//! parameter, so users cannot choose a weaker ordering.
//!
//! Under `--cfg tearfree_axm` each row can be weakened by its name, one at a time.
//! Tests require that a model fails for each weakened row, so no row is stronger than necessary.

use crate::sync::{Ordering, fence};

macro_rules! orderings {
    (
        accesses { $($(#[$about:meta])* $access:ident = $strong:ident;)* }
        fences { $($(#[$fabout:meta])* $barrier:ident = $fstrong:ident;)* }
    ) => {
        $(
            $(#[$about])*
            #[inline(always)]
            pub(crate) fn $access() -> Ordering {
                #[cfg(tearfree_axm)]
                if mutant::is_weakened(stringify!($access)) {
                    return Ordering::Relaxed;
                }
                Ordering::$strong
            }
        )*
        $(
            $(#[$fabout])*
            #[inline(always)]
            pub(crate) fn $barrier() {
                #[cfg(tearfree_axm)]
                if mutant::is_weakened(stringify!($barrier)) {
                    return;
                }
                fence(Ordering::$fstrong);
            }
        )*

        /// The names that [`mutant::with`] accepts.
        #[cfg(tearfree_axm)]
        pub const MUTANTS: &[&str] = &[$(stringify!($access),)* $(stringify!($barrier),)*];
    };
}

orderings! {
    accesses {
        // ORDERING: P3, P7, P14. Pairs with the even store in `write_end`, and with the latch's
        // stores.
        /// A reader's first load of the count.
        begin = Acquire;
        // ORDERING: P3. Pairs with the load in `raw_read_begin`, which takes a version from an odd count:
        // this store carries the write before it there. P2 still needs the fence after it.
        /// The store that makes a count odd.
        odd = Release;
        // ORDERING: P3, P14. Pairs with `try_read_begin`: a reader that begins at this count sees the payload.
        /// The store that makes a count even again.
        even = Release;
        // ORDERING: P7. Pairs with `LatchCount::read_begin`: slot 1 is whole before readers go there.
        /// The latch's odd store, which sends readers to slot 1.
        latch_odd = Release;
        // ORDERING: P7. Pairs with `LatchCount::read_begin`: slot 0 is whole before readers go there.
        /// The latch's even store, which sends readers to slot 0.
        latch_even = Release;
        #[cfg(target_has_atomic = "64")]
        // ORDERING: P14. Pairs with `PairCount::read_begin`: readers that begin at the odd count use
        // the slot that the write before filled. A relaxed store would not continue that write's
        // release sequence.
        /// The pair's odd store, which leaves readers where they are.
        pair_odd = Release;
        // ORDERING: P5. Pairs with `SpinLock::unlock`, and with `ParkingLock::release`.
        /// Taking a writer lock.
        lock_taken = Acquire;
        // ORDERING: P5. Pairs with the exchange in `SpinLock::was_taken`, and in `ParkingLock::was_locked`.
        /// Releasing a writer lock.
        lock_freed = Release;
    }
    fences {
        // ORDERING: P2, P14. Pairs with `fence_retry` in `read_retry`.
        /// Between the odd store and the first payload word of a write.
        fence_odd = Release;
        // ORDERING: P2, P7, P14. Pairs with `fence_odd` in `write_begin`, and with the fences of
        // `barrier`, `invalidate` and the latch.
        /// Between the last payload word of a read and the second load of the count.
        fence_retry = Acquire;
        // ORDERING: P2, P3. Pairs with `fence_retry` and with `begin` in `try_read_begin`.
        /// Inside `SeqCount::barrier`, between its two steps.
        fence_barrier = Release;
        // ORDERING: P3. Pairs with `begin` in `try_read_begin`.
        /// Before the count moves in `SeqCount::invalidate`.
        fence_invalidate = Release;
        // ORDERING: P7. Pairs with `fence_retry` in `LatchCount::read_retry`.
        /// Between the latch's odd store and the first word of slot 0.
        fence_latch_odd = Release;
        // ORDERING: P7. Pairs with `fence_retry` in `LatchCount::read_retry`.
        /// Between the latch's even store and the first word of slot 1.
        fence_latch_even = Release;
        #[cfg(any(feature = "std", feature = "critical-section"))]
        // ORDERING: P8. Pairs with `fence_announce` in `heavy` and, without `std`, in `listen`.
        /// Between a write and the load that finds waiters, where `membarrier` does not replace it.
        fence_publish = SeqCst;
        #[cfg(any(feature = "std", feature = "critical-section"))]
        // ORDERING: P8. Pairs with `fence_publish` in `light` and, without `std`, in `wake`.
        /// Between a waiter's announcement and its load of the version.
        fence_announce = SeqCst;
    }
}

/// Loads and stores that carry no order by themselves: payload words, the second load of the
/// count after its fence, the writer's own count under its own lock, statistics.
// ORDERING: Relaxed, P1, P2, P5, P6, P8, P13. The fences and edges above, in `write_begin` and
// `read_retry`, carry the order; or a lock does; or there is none to carry.
pub(crate) const PLAIN: Ordering = Ordering::Relaxed;

/// Weakens orderings by name, for the tests in which a model has to find the fault.
#[cfg(tearfree_axm)]
pub mod mutant {
    use std::sync::{Mutex, PoisonError, RwLock};

    static WEAKENED: RwLock<&'static [&'static str]> = RwLock::new(&[]);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

    pub(super) fn is_weakened(name: &str) -> bool {
        WEAKENED.read().unwrap_or_else(PoisonError::into_inner).contains(&name)
    }

    /// Runs `body` with the named orderings weakened.
    ///
    /// # Panics
    /// If no ordering has such a name.
    pub fn with<R>(names: &'static [&'static str], body: impl FnOnce() -> R) -> R {
        for name in names {
            assert!(
                super::MUTANTS.contains(name),
                "no ordering is called {name}: `MUTANTS` lists them"
            );
        }
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        set(names);
        let _restored = Restore;
        body()
    }

    fn set(names: &'static [&'static str]) {
        *WEAKENED.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// Restores the orderings when it is dropped, so also when the body panics.
    struct Restore;

    impl Drop for Restore {
        fn drop(&mut self) {
            set(&[]);
        }
    }
}
