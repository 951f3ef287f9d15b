// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ParkingLock`: a lock that parks the threads that wait for it, and that a locking reader hands to a writer.
//!
//! It is parking_lot's mutex, with its queue (`parking_lot_core`) and its states, and one thing more: who
//! waits is known. A writer that waits beside readers that take the lock again and again is woken, finds
//! the lock taken by a reader that was running, and sleeps again. So the end of a reader gives the lock to
//! the first writer in the queue directly. The end of a writer only wakes the first waiter: writers that
//! hand the lock to each other pay two context switches for each write.

#![allow(unsafe_code, reason = "parking_lot_core's promises, and that of a lock")]

use core::ptr;
use core::sync::atomic::AtomicU8;

use parking_lot_core::{
    DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN, FilterOp, ParkResult, ParkToken, UnparkResult,
    UnparkToken,
};

use super::WriterLock;
use crate::order::{self, PLAIN};
use crate::sync::pause;

const LOCKED: u8 = 1;
/// Some thread is parked, or is about to be. Set only while the lock is held.
const PARKED: u8 = 2;

const READER: ParkToken = DEFAULT_PARK_TOKEN;
const WRITER: ParkToken = ParkToken(DEFAULT_PARK_TOKEN.0 + 1);

/// How often a thread looks at a lock that is held before it parks, as std's mutex does. It does not yield
/// in between: on a busy machine a yield costs milliseconds, and the lock is free for most of them.
const LOOKS: u32 = 100;

/// What a thread is woken with if the lock is its own already.
const HANDED_OVER: UnparkToken = UnparkToken(DEFAULT_UNPARK_TOKEN.0 + 1);

/// See the module. One byte.
pub(super) struct ParkingLock {
    state: AtomicU8,
}

impl ParkingLock {
    #[inline]
    fn lock_as(&self, who: ParkToken) {
        // ORDERING: P5. Pairs with the exchange in `unlock`.
        if self.state.compare_exchange_weak(0, LOCKED, order::lock_taken(), PLAIN).is_err() {
            self.lock_contended(who);
        }
    }

    #[cold]
    #[inline(never)]
    fn lock_contended(&self, who: ParkToken) {
        let mut looks = 0;
        loop {
            // ORDERING: Relaxed: a hint what to do next; the exchange in `try_lock` takes the lock.
            let state = self.state.load(PLAIN);
            if state & LOCKED == 0 {
                if self.try_lock().is_some() {
                    return;
                }
            } else if state & PARKED == 0 && looks < LOOKS {
                looks += 1;
                pause();
            } else if self.announce_parking(state) {
                if self.park(who) == ParkResult::Unparked(HANDED_OVER) {
                    return;
                }
                looks = 0;
            }
        }
    }

    fn announce_parking(&self, state: u8) -> bool {
        // ORDERING: Relaxed: no data go with the bit; `park` looks at it again under the queue's
        // lock, as `wake` does.
        state & PARKED != 0
            || self.state.compare_exchange_weak(state, state | PARKED, PLAIN, PLAIN).is_ok()
    }

    fn park(&self, who: ParkToken) -> ParkResult {
        // ORDERING: Relaxed: as the queue's lock is held, under which `wake` changes it: no wake-up
        // is lost.
        let is_held = || self.state.load(PLAIN) == LOCKED | PARKED;
        // SAFETY: the key is the address of a byte of this lock; the closures neither panic nor park.
        unsafe { parking_lot_core::park(self.key(), is_held, || {}, |_, _| {}, who, None) }
    }

    /// Whether the lock was given back without a thread to wake.
    #[inline]
    fn is_given_back(&self) -> bool {
        // ORDERING: P5. Pairs with the exchange in `lock_as`.
        self.state.compare_exchange(LOCKED, 0, order::lock_freed(), PLAIN).is_ok()
    }

    #[cold]
    #[inline(never)]
    fn wake_first(&self) {
        let wake = |found: UnparkResult| {
            // Now and then the lock is handed over, so that a running thread does not take it each time.
            self.wake(found, found.be_fair)
        };
        // SAFETY: the key is the address of a byte of this lock; the closure neither panics nor parks.
        unsafe { parking_lot_core::unpark_one(self.key(), wake) };
    }

    #[cold]
    #[inline(never)]
    fn hand_to_writer(&self) {
        let mut is_found = false;
        let first_writer = |who: ParkToken| {
            if is_found || who != WRITER {
                return FilterOp::Skip;
            }
            is_found = true;
            FilterOp::Unpark
        };
        let hand_over = |found: UnparkResult| match found.unparked_threads {
            0 => DEFAULT_UNPARK_TOKEN,
            _ => self.wake(found, true),
        };
        // SAFETY: the key is the address of a byte of this lock; the closures neither panic nor park.
        let found = unsafe { parking_lot_core::unpark_filter(self.key(), first_writer, hand_over) };
        if found.unparked_threads == 0 {
            self.wake_first();
        }
    }

    /// Leaves the lock to the thread that is woken, or free; under the queue's lock.
    fn wake(&self, found: UnparkResult, hands_over: bool) -> UnparkToken {
        let parked = if found.have_more_threads { PARKED } else { 0 };
        let is_handed_over = hands_over && found.unparked_threads > 0;
        let locked = if is_handed_over { LOCKED } else { 0 };
        // ORDERING: P5. Pairs with the exchange in `try_lock`. A thread to which the lock is handed
        // over is ordered behind this one by the queue, which wakes it.
        self.state.store(locked | parked, order::lock_freed());
        if is_handed_over { HANDED_OVER } else { DEFAULT_UNPARK_TOKEN }
    }

    fn key(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

// SAFETY: P5. `LOCKED` is set by one exchange that found it clear, or left set for the one thread to which the
// lock is handed over. The orders of taking and giving back pair; the queue orders a hand-over.
unsafe impl WriterLock for ParkingLock {
    const UNLOCKED: Self = ParkingLock { state: AtomicU8::new(0) };
    type Held = ();

    #[inline]
    fn lock(&self) {
        self.lock_as(WRITER);
    }

    #[inline]
    fn lock_for_read(&self) {
        self.lock_as(READER);
    }

    #[inline]
    fn try_lock(&self) -> Option<()> {
        // ORDERING: Relaxed: a first guess for the exchange below, which carries the order.
        let mut state = self.state.load(PLAIN);
        while state & LOCKED == 0 {
            // ORDERING: P5. Pairs with the exchange in `unlock`, and with the store in `wake`.
            match self.state.compare_exchange_weak(
                state,
                state | LOCKED,
                order::lock_taken(),
                PLAIN,
            ) {
                Ok(_) => return Some(()),
                Err(other) => state = other,
            }
        }
        None
    }

    #[inline]
    unsafe fn unlock(&self, (): ()) {
        if !self.is_given_back() {
            self.wake_first();
        }
    }

    #[inline]
    unsafe fn unlock_after_read(&self, (): ()) {
        if !self.is_given_back() {
            self.hand_to_writer();
        }
    }
}

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use core::cell::UnsafeCell;
    use std::sync::mpsc;
    use std::{fs, thread};

    use super::*;

    struct Counted {
        lock: ParkingLock,
        count: UnsafeCell<u64>,
    }

    // SAFETY: the count is used under the lock only, in `writer_step` and `reader_step`.
    unsafe impl Sync for Counted {}

    impl Counted {
        fn writer_step(&self) {
            self.lock.lock();
            // SAFETY: under the lock.
            unsafe { *self.count.get() += 1 };
            // SAFETY: taken above.
            unsafe { self.lock.unlock(()) };
        }

        fn reader_step(&self) {
            self.lock.lock_for_read();
            // SAFETY: under the lock.
            unsafe { *self.count.get() += 1 };
            // SAFETY: taken above.
            unsafe { self.lock.unlock_after_read(()) };
        }
    }

    #[test]
    fn no_step_under_the_lock_is_lost() {
        const STEPS: u64 = 20_000;
        let counted = Counted { lock: ParkingLock::UNLOCKED, count: UnsafeCell::new(0) };
        thread::scope(|threads| {
            for _ in 0..2 {
                threads.spawn(|| (0..STEPS).for_each(|_| counted.writer_step()));
                threads.spawn(|| (0..STEPS).for_each(|_| counted.reader_step()));
            }
        });
        assert!(counted.lock.try_lock().is_some(), "the lock stayed taken");
        assert_eq!(counted.count.into_inner(), 4 * STEPS);
    }

    /// Waits until the thread `id` of this process sleeps.
    fn await_sleep(id: libc::pid_t) {
        let stat = format!("/proc/self/task/{id}/stat");
        while !fs::read_to_string(&stat).unwrap().contains(") S ") {
            thread::yield_now();
        }
    }

    /// Takes `lock` in this thread, has a reader and then a writer park for it, and gives it back by
    /// `unlock`. Returns who got it, in that order.
    fn order_after(unlock: impl FnOnce(&ParkingLock)) -> Vec<&'static str> {
        let lock = ParkingLock::UNLOCKED;
        let (got, order) = mpsc::channel();
        let (started, id) = mpsc::channel();
        lock.lock();
        thread::scope(|threads| {
            for name in ["reader", "writer"] {
                let (lock, got, started) = (&lock, got.clone(), started.clone());
                threads.spawn(move || {
                    // SAFETY: the call has no condition.
                    started.send(unsafe { libc::gettid() }).unwrap();
                    if name == "reader" {
                        lock.lock_for_read()
                    } else {
                        lock.lock()
                    }
                    let is_free = lock.try_lock().is_some();
                    got.send(if is_free { "no one" } else { name }).unwrap();
                    // SAFETY: taken above.
                    unsafe { lock.unlock(()) };
                });
                await_sleep(id.recv().unwrap());
            }
            unlock(&lock);
        });
        order.try_iter().collect()
    }

    #[test]
    fn the_end_of_a_reader_hands_the_lock_to_a_writer() {
        let order = order_after(|lock| {
            // SAFETY: `order_after` took it.
            unsafe { lock.unlock_after_read(()) };
        });
        assert_eq!(order, ["writer", "reader"], "the reader parked first");
    }

    #[test]
    fn the_end_of_a_writer_wakes_who_parked_first() {
        // SAFETY: `order_after` took it.
        let order = order_after(|lock| unsafe { lock.unlock(()) });
        assert_eq!(order, ["reader", "writer"]);
    }
}
