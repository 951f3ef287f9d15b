// SPDX-License-Identifier: MIT OR Apache-2.0
//! `wait_changed`: when it returns, and what it returns.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use tearfree::SeqLock;
use tearfree::lock::{SpinLock, WriterLock};

use crate::support::{Flag, Watchdog, panics, times};

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn a_change_from_before_ends_the_wait_at_once() {
    let _watchdog = Watchdog::over("a_change_from_before_ends_the_wait_at_once");
    let mut lock = SeqLock::new(1);
    let writes: [fn(&SeqLock<i32>); 4] = [
        |l| l.set(1),
        |l| l.update(|_| ()),
        |l| drop(l.write()),
        |l| {
            assert_eq!(l.update_or_discard(|v| v.checked_add(1).ok_or(())), Ok(2));
        },
    ];
    for write in writes {
        let seen = lock.version();
        write(&lock);
        assert!(lock.wait_changed(seen, None));
        assert!(lock.wait_changed(seen, Some(Duration::ZERO)));
        assert!(lock.wait_changed(seen, Some(Duration::MAX)));
    }
    let seen = lock.version();
    *lock.get_mut() = 5;
    assert!(lock.wait_changed(seen, None));
    let seen = lock.version();
    lock.split().0.set(6);
    assert!(lock.wait_changed(seen, None));
}

#[test]
fn without_a_change_the_wait_ends_when_its_time_is_over() {
    let _watchdog = Watchdog::over("without_a_change_the_wait_ends_when_its_time_is_over");
    let lock = SeqLock::new(1);
    let seen = lock.version();
    for timeout in [SHORT, Duration::from_nanos(1), Duration::ZERO] {
        let since = Instant::now();
        assert!(!lock.wait_changed(seen, Some(timeout)));
        assert!(since.elapsed() >= timeout);
    }
}

#[test]
fn what_publishes_nothing_is_no_change() {
    let _watchdog = Watchdog::over("what_publishes_nothing_is_no_change");
    let lock = SeqLock::new(1);
    let seen = lock.version();
    lock.write().discard();
    assert_eq!(lock.update_or_discard(|_| Err::<(), _>(5)), Err(5));
    assert!(panics(|| lock.update(|_| panic!("in the middle of an update"))));
    drop(lock.read_excl());
    assert_eq!(lock.read(), 1);
    assert!(!lock.wait_changed(seen, Some(SHORT)));
}

/// A waiter that may or may not sleep when the change comes: in each order its wait has to end.
fn a_change_wakes_a_waiter<L: WriterLock + Sync>(lock: &SeqLock<u64, L>, test: &'static str) {
    let _watchdog = Watchdog::over(test);
    for round in 0..times(200, 3) {
        let timeout = [None, Some(Duration::MAX), Some(Duration::from_secs(3600))];
        let about_to_wait = Flag::new();
        thread::scope(|s| {
            let seen = lock.version();
            let waiter = s.spawn({
                let about_to_wait = &about_to_wait;
                move || {
                    about_to_wait.raise();
                    lock.wait_changed(seen, timeout[round as usize % 3])
                }
            });
            about_to_wait.wait();
            if round % 4 == 0 {
                thread::sleep(Duration::from_millis(2)); // it surely sleeps by then
            }
            lock.set(round);
            assert!(waiter.join().unwrap());
        });
    }
}

#[test]
fn a_change_wakes_a_waiter_whatever_the_lock() {
    a_change_wakes_a_waiter(&SeqLock::new(0), "a change wakes a waiter: default lock");
    a_change_wakes_a_waiter(
        &SeqLock::with_lock(0, SpinLock::new()),
        "a change wakes a waiter: spin lock",
    );
    #[cfg(feature = "lock_api_04")]
    a_change_wakes_a_waiter(
        &SeqLock::<_, tearfree::lock::LockApi04<parking_lot::RawMutex>>::from(0),
        "a change wakes a waiter: raw mutex",
    );
    #[cfg(all(unix, not(miri)))]
    {
        use tearfree::{context::IrqSave, lock::InContext};
        let lock = SeqLock::with_lock(0, InContext::<IrqSave>::new(WriterLock::UNLOCKED));
        a_change_wakes_a_waiter(&lock, "a change wakes a waiter: lock in a context");
    }
}

#[test]
fn one_change_wakes_all_waiters() {
    let _watchdog = Watchdog::over("one_change_wakes_all_waiters");
    let lock = SeqLock::new(0);
    for round in 1..=times(20, 2) {
        let about_to_wait = AtomicU64::new(0);
        let waiters = times(16, 3);
        let seen = lock.version();
        thread::scope(|s| {
            for _ in 0..waiters {
                s.spawn(|| {
                    about_to_wait.fetch_add(1, Relaxed);
                    assert!(lock.wait_changed(seen, None));
                    assert_eq!(lock.read(), round);
                });
            }
            while about_to_wait.load(Relaxed) < waiters {
                thread::yield_now();
            }
            lock.set(round);
        });
    }
}

/// How often this thread has slept; `None` if the system does not report it.
fn sleeps() -> Option<u64> {
    if cfg!(miri) {
        return None;
    }
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?;
    line.split_whitespace().last()?.parse().ok()
}

/// Two threads increment a number in turn. A lost wake-up would stop both.
///
/// How often they sleep depends on the machine: one that meets the other thread's change while it still spins does not.
/// So they take turns until they have slept often enough.
#[test]
fn no_change_is_lost_while_two_threads_take_turns() {
    let _watchdog = Watchdog::over("no_change_is_lost_while_two_threads_take_turns");
    let (fewest_turns, turns_between_counts, fewest_sleeps) =
        (times(100_000, 10), times(1000, 10), 100);
    let (lock, slept) = (SeqLock::new(0_u64), AtomicU64::new(0));
    let take_turns = |mine: u64| {
        let mut last_sleeps = sleeps().unwrap_or(0);
        loop {
            let (value, seen) = lock.read_versioned();
            if value == u64::MAX {
                break;
            } else if value % 2 != mine {
                assert!(lock.wait_changed(seen, None));
                continue;
            }
            if value >= fewest_turns && value % turns_between_counts == mine {
                // Without a count of sleeps, the turns have to do.
                let now = sleeps().unwrap_or(last_sleeps + fewest_sleeps);
                slept.fetch_add(now - last_sleeps, Relaxed);
                last_sleeps = now;
            }
            let is_last = value >= fewest_turns && slept.load(Relaxed) >= fewest_sleeps;
            lock.set(if is_last { u64::MAX } else { value + 1 });
        }
    };
    thread::scope(|s| {
        s.spawn(|| take_turns(0));
        s.spawn(|| take_turns(1));
    });
    assert_eq!(lock.read(), u64::MAX);
}

/// As above with more writers than readers: changes come while a waiter goes to sleep.
#[test]
fn a_waiter_beside_several_writers_sees_the_last_change() {
    let _watchdog = Watchdog::over("a_waiter_beside_several_writers");
    for _ in 0..times(200, 2) {
        let lock = SeqLock::new(0_u64);
        thread::scope(|s| {
            for _ in 0..2 {
                s.spawn(|| {
                    let (mut last, mut seen) = lock.read_versioned();
                    while last < 3 * 20 {
                        assert!(lock.wait_changed(seen, None));
                        let changed = lock.read_if_changed(&mut seen).unwrap();
                        assert!(changed > last);
                        last = changed;
                    }
                });
            }
            for _ in 0..3 {
                s.spawn(|| (0..20).for_each(|_| lock.update(|n| *n += 1)));
            }
        });
    }
}

/// The closure ends only after the waiter has given up, so a waiter that waits for it hangs.
#[test]
fn a_waiter_with_a_deadline_does_not_wait_for_the_closure_of_a_writer() {
    let _watchdog = Watchdog::over("a_waiter_with_a_deadline");
    let lock = SeqLock::new(1);
    let (writing, has_given_up) = (Flag::new(), Flag::new());
    thread::scope(|s| {
        s.spawn(|| {
            lock.update(|value| {
                writing.raise();
                has_given_up.wait();
                *value = 2;
            });
        });
        writing.wait();
        let given_up = has_given_up.raised_at_end();
        let seen = lock.version();
        for timeout in [Duration::ZERO, SHORT] {
            let since = Instant::now();
            assert!(!lock.wait_changed(seen, Some(timeout)));
            assert!(since.elapsed() >= timeout);
        }
        drop(given_up);
        assert!(lock.wait_changed(seen, None), "without a deadline it sees the write");
    });
    assert_eq!(lock.read(), 2);
}

#[test]
fn a_thread_that_waits_holds_nothing() {
    let _watchdog = Watchdog::over("a_thread_that_waits_holds_nothing");
    let lock = SeqLock::new(1);
    let (over, waits, seen) = (Flag::new(), Flag::new(), lock.version());
    thread::scope(|s| {
        let waiter = s.spawn(|| {
            while !over.is_up() {
                waits.raise();
                assert!(!lock.wait_changed(seen, Some(SHORT)), "nothing is published");
            }
        });
        let over_at_end = over.raised_at_end();
        waits.wait();
        for _ in 0..times(100, 3) {
            // Discarded, so that the waiter goes on waiting.
            lock.write().discard();
            assert_eq!(*lock.read_excl(), 1);
            thread::yield_now();
        }
        drop(over_at_end);
        waiter.join().unwrap();
    });
}

#[test]
fn a_waiter_that_gave_up_leaves_the_next_one_a_change_to_wait_for() {
    let _watchdog = Watchdog::over("a_waiter_that_gave_up");
    let lock = SeqLock::new(0);
    for round in 1..=times(100, 3) {
        let seen = lock.version();
        assert!(!lock.wait_changed(seen, Some(Duration::ZERO)));
        thread::scope(|s| {
            let waiter = s.spawn(|| lock.wait_changed(seen, None));
            lock.set(round);
            assert!(waiter.join().unwrap());
        });
        assert!(!lock.wait_changed(lock.version(), Some(Duration::from_nanos(1))));
    }
}

#[test]
fn waiters_hold_no_lock_that_a_writer_needs() {
    let _watchdog = Watchdog::over("waiters_hold_no_lock_that_a_writer_needs");
    let (lock, stop) = (SeqLock::new(0), Flag::new());
    let waits = [const { AtomicU64::new(0) }; 3];
    let each_has_waited = |times| waits.iter().all(|waits| waits.load(Relaxed) >= times);
    thread::scope(|s| {
        for waits in &waits {
            let (lock, stop) = (&lock, &stop);
            s.spawn(move || {
                while !stop.is_up() {
                    lock.wait_changed(lock.version(), Some(Duration::from_nanos(1)));
                    waits.fetch_add(1, Relaxed);
                }
            });
        }
        let _stop = stop.raised_at_end();
        let mut attempts = 0;
        while attempts < times(200_000, 100) || !each_has_waited(times(100, 1)) {
            assert!(lock.try_write().is_some(), "only another writer is in a writer's way");
            attempts += 1;
        }
    });
}
