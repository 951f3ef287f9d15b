// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ParkingLock`: a lock that parks the threads that wait for it, and that a locking reader hands to a writer.
//!
//! It is a mutex on the queue of parked threads that parking_lot has (`parking_lot_core`), with two things more:
//!
//! - Who waits is known. A writer that waits beside readers that take the lock again and again is woken, finds
//!   the lock taken by a reader that was running, and sleeps again. So the end of a reader gives the lock to
//!   the first writer in the queue directly. The end of a writer only wakes the first waiter: writers that
//!   hand the lock to each other pay two context switches for each write.
//! - The lock is released by a plain store. An exchange would wait until every store of the write has left
//!   this processor, and beside a reader each of them has to fetch its line first. So a thread that parks
//!   announces itself in a word of its own, and the two sides use the fences of [`asymmetric`](crate::asymmetric).

#![allow(unsafe_code, reason = "a lock is a promise of exclusion")]

use core::ptr;

#[cfg(not(tearfree_axm))]
mod queue;

use super::WriterLock;
use crate::asymmetric;
use crate::order::{self, PLAIN};
use crate::sync::{AtomicBool, pause};

/// How often a thread loads the state of a held lock before it parks, as std's mutex does. It does not yield
/// in between: on a busy machine a yield costs milliseconds, and the lock is free for most of them.
const SPINS: u32 = if cfg!(tearfree_axm) { 0 } else { 100 };

/// What a thread wants the lock for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To read the value.
    Read,
    /// To change the value.
    Write,
}

/// What became of a thread that wanted to park.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parked {
    /// The lock was handed over to this thread.
    WithTheLock,
    /// It was woken, or did not sleep.
    WithoutTheLock,
}

/// What the thread finds that wakes another one.
#[derive(Debug)]
pub struct Found {
    /// Whether there is a thread that will be woken.
    pub wakes_one: bool,
    /// Whether further threads stay in the queue.
    pub leaves_others: bool,
    /// Whether the thread that is woken should get the lock, so that a running thread does not take it each time.
    pub be_fair: bool,
}

/// The threads that are parked for one lock, first come first served.
///
/// # Safety
/// The steps of a call that are said to be atomic happen in one order for all calls with one key, and each
/// happens before those that follow. What a thread did before it woke another one, and in `decide`,
/// happens before `park` returns there.
pub unsafe trait Queue: Sync {
    /// An empty queue.
    const EMPTY: Self;

    /// Sleeps until another thread wakes this one, if `is_held` says so; atomic up to falling asleep. Where the
    /// announcement before the call may be overlooked (`!is_announced`), it sleeps for a moment only.
    fn park(
        &self,
        key: usize,
        purpose: Purpose,
        is_announced: bool,
        is_held: impl Fn() -> bool,
    ) -> Parked;

    /// Takes the first thread out of the queue, has `decide` say what it gets, and wakes it; atomic but for the waking.
    fn wake_first(&self, key: usize, decide: impl Fn(Found) -> Parked);

    /// As [`wake_first`](Self::wake_first), for the first writer. Without one, it does nothing. Returns whether there
    /// was one.
    fn wake_first_writer(&self, key: usize, decide: impl Fn(Found) -> Parked) -> bool;
}

/// The queue of the whole process: parking_lot's.
#[cfg(not(tearfree_axm))]
pub(super) use queue::OfTheProcess;

/// See the module. Two bytes, zeros in a free lock: the C API has it as `struct mutex`.
#[repr(C)]
#[cfg_attr(tearfree_axm, derive(Debug))]
pub struct ParkingLock<Q> {
    is_locked: AtomicBool,
    /// Set by a thread before it parks. Cleared under the queue's lock only, when the queue is empty. May be set
    /// while the queue is empty; the next thread that releases the lock then clears it.
    has_parked: AtomicBool,
    queue: Q,
}

impl<Q: Queue> ParkingLock<Q> {
    #[inline]
    fn lock_for(&self, purpose: Purpose) {
        if self.was_locked() {
            self.lock_contended(purpose);
        }
    }

    /// Takes the lock; whether it was taken before.
    #[inline]
    fn was_locked(&self) -> bool {
        // ORDERING: P5. Pairs with the store in `release`.
        self.is_locked.swap(true, order::lock_taken())
    }

    #[cold]
    #[inline(never)]
    fn lock_contended(&self, purpose: Purpose) {
        let mut spins = 0;
        loop {
            // ORDERING: Relaxed: a hint what to do next; the exchange in `was_locked` takes the lock.
            if !self.is_locked.load(PLAIN) {
                if !self.was_locked() {
                    return;
                }
            } else if spins != SPINS && !self.may_have_parked() {
                spins += 1;
                pause();
            } else {
                if self.park(purpose) == Parked::WithTheLock {
                    return;
                }
                spins = 0;
            }
        }
    }

    #[inline]
    fn may_have_parked(&self) -> bool {
        // ORDERING: Relaxed: behind the fence in `unlock`, which pairs with the one in `park` (P8); a hint elsewhere.
        self.has_parked.load(PLAIN)
    }

    fn park(&self, purpose: Purpose) -> Parked {
        // ORDERING: Relaxed: the fence behind it, which pairs with the one in `unlock`, orders it (P8).
        self.has_parked.store(true, PLAIN);
        let is_announced = asymmetric::heavy();
        // ORDERING: Relaxed: behind the fence, so this sees the lock free, or `unlock` the announcement (P8).
        let is_held = || self.is_locked.load(PLAIN) && self.may_have_parked();
        self.queue.park(self.key(), purpose, is_announced, is_held)
    }

    #[inline]
    fn release(&self) {
        // ORDERING: P5. Pairs with the exchange in `was_locked`.
        self.is_locked.store(false, order::lock_freed());
    }

    /// Wakes the thread that parked first. The lock is free, or another thread's by now.
    #[cold]
    #[inline(never)]
    fn wake_first(&self) {
        self.queue.wake_first(self.key(), |found| {
            self.keep_parked(&found);
            // Now and then the lock is handed over, so that a running thread does not take it each time.
            if found.wakes_one && found.be_fair && !self.was_locked() {
                Parked::WithTheLock
            } else {
                Parked::WithoutTheLock
            }
        });
    }

    /// Hands the lock to the writer that parked first; whether there was one.
    #[cold]
    #[inline(never)]
    fn hand_to_writer(&self) -> bool {
        self.queue.wake_first_writer(self.key(), |found| {
            self.keep_parked(&found);
            Parked::WithTheLock
        })
    }

    /// Remembers whether threads are left in the queue; called while the queue takes no others in.
    fn keep_parked(&self, found: &Found) {
        // ORDERING: Relaxed: a thread that announced itself and has not parked yet checks again in `park`, in the
        // queue's order, and does not sleep if its announcement is gone.
        self.has_parked.store(found.leaves_others, PLAIN);
    }

    fn key(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

// SAFETY: P5. The flag goes from false to true in one exchange, so one acquisition succeeds, or it stays set
// for the one thread to which the lock is handed over. The orders of taking and giving back pair; the queue
// orders a hand-over.
unsafe impl<Q: Queue> WriterLock for ParkingLock<Q> {
    const UNLOCKED: Self = ParkingLock {
        is_locked: AtomicBool::new(false),
        has_parked: AtomicBool::new(false),
        queue: Q::EMPTY,
    };
    type Held = ();

    #[inline]
    fn lock(&self) {
        self.lock_for(Purpose::Write);
    }

    #[inline]
    fn lock_for_read(&self) {
        self.lock_for(Purpose::Read);
    }

    #[inline]
    fn try_lock(&self) -> Option<()> {
        (!self.was_locked()).then_some(())
    }

    #[inline]
    unsafe fn unlock(&self, (): ()) {
        self.release();
        asymmetric::light();
        if self.may_have_parked() {
            self.wake_first();
        }
    }

    #[inline]
    unsafe fn unlock_after_read(&self, (): ()) {
        if !self.may_have_parked() || !self.hand_to_writer() {
            // SAFETY: this thread still holds the lock.
            unsafe { self.unlock(()) };
        }
    }
}

#[cfg(all(test, target_os = "linux", not(any(miri, tearfree_axm))))]
mod tests;
