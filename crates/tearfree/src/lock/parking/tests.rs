// SPDX-License-Identifier: MIT OR Apache-2.0
//! Exclusion, the order in which threads are woken, and an announcement that may be overlooked.

use core::cell::UnsafeCell;
use core::sync::atomic::AtomicUsize;
use core::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc;
use std::thread;

use super::*;

type Lock = ParkingLock<OfTheProcess>;
type WatchedLock = ParkingLock<Watched<true>>;

struct Counted {
    lock: Lock,
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
    let counted = Counted { lock: Lock::UNLOCKED, count: UnsafeCell::new(0) };
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| (0..STEPS).for_each(|_| counted.writer_step()));
            threads.spawn(|| (0..STEPS).for_each(|_| counted.reader_step()));
        }
    });
    assert!(counted.lock.try_lock().is_some(), "the lock stayed taken");
    assert_eq!(counted.count.into_inner(), 4 * STEPS);
}

/// The queue of the process, which counts the threads that parked in it.
///
/// If `FOREVER`, a thread sleeps until it is woken even where its announcement may be overlooked: it would
/// otherwise leave its place in the queue every millisecond.
struct Watched<const FOREVER: bool> {
    parked: AtomicUsize,
}

impl<const FOREVER: bool> Watched<FOREVER> {
    fn await_parked(&self, threads: usize) {
        // ORDERING: SeqCst: the test's own count; the queue orders the rest.
        while self.parked.load(SeqCst) < threads {
            thread::yield_now();
        }
    }
}

// SAFETY: each call is the one of the queue of the process.
unsafe impl<const FOREVER: bool> Queue for Watched<FOREVER> {
    const EMPTY: Self = Watched { parked: AtomicUsize::new(0) };

    fn park(
        &self,
        key: usize,
        purpose: Purpose,
        is_announced: bool,
        is_held: impl Fn() -> bool,
    ) -> Parked {
        // From here on the thread is in the queue for all others: they are kept out until it is.
        let counted = || {
            let is_held = is_held();
            // ORDERING: SeqCst: the test's own count.
            self.parked.fetch_add(is_held.into(), SeqCst);
            is_held
        };
        OfTheProcess.park(key, purpose, is_announced || FOREVER, counted)
    }

    fn wake_first(&self, key: usize, decide: impl Fn(Found) -> Parked) {
        OfTheProcess.wake_first(key, decide);
    }

    fn wake_first_writer(&self, key: usize, decide: impl Fn(Found) -> Parked) -> bool {
        OfTheProcess.wake_first_writer(key, decide)
    }
}

/// Takes `lock` in this thread, has a reader and then a writer park for it, and gives it back by
/// `unlock`. Returns who got it, in that order.
fn order_after(unlock: impl FnOnce(&WatchedLock)) -> Vec<&'static str> {
    let lock = WatchedLock::UNLOCKED;
    let (got, order) = mpsc::channel();
    lock.lock();
    thread::scope(|threads| {
        for (already_parked, name) in ["reader", "writer"].into_iter().enumerate() {
            let (lock, got) = (&lock, got.clone());
            threads.spawn(move || {
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
            lock.queue.await_parked(already_parked + 1);
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

/// Where both sides execute a fence, none is refused.
#[cfg(not(tearfree_engine = "ordered"))]
#[test]
fn a_thread_whose_announcement_may_be_overlooked_checks_again_by_itself() {
    let lock: &ParkingLock<Watched<false>> = Box::leak(Box::new(ParkingLock::UNLOCKED));
    lock.lock();
    let (started, is_started) = mpsc::channel();
    let (got, result) = mpsc::channel();
    thread::spawn(move || {
        if !crate::asymmetric::tests::membarrier_is_refused() {
            return;
        }
        started.send(()).unwrap();
        lock.lock();
        got.send(()).unwrap();
    });
    if is_started.recv().is_err() {
        println!("not tested: this system has no seccomp");
        return;
    }
    lock.queue.await_parked(1);
    // As if this thread had not seen the announcement: it wakes no one.
    lock.release();
    result
        .recv_timeout(core::time::Duration::from_secs(60))
        .expect("the lock is free, and its waiter sleeps");
}
