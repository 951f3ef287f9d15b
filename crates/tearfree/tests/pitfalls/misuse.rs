// SPDX-License-Identifier: MIT OR Apache-2.0
//! Misuse that would hang, or give wrong results, and that debug builds report by a panic. And correct
//! programs that are similar.
#![cfg(all(debug_assertions, feature = "std"))]

use core::mem::forget;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqCount, SeqLatch, SeqLock};

use crate::support::{Watchdog, panics};

#[test]
fn a_writer_inside_its_own_update_panics() {
    fn with<L: WriterLock>() {
        let _watchdog = Watchdog::over("a_writer_inside_its_own_update_panics");
        let lock = SeqLock::<u32, L>::from(1);
        assert!(panics(|| lock.update(|_| lock.set(2))));
        assert!(panics(|| lock.update(|_| lock.update(|value| *value = 2))));
        assert!(panics(|| lock.update(|_| drop(lock.write()))));
        assert!(panics(|| lock.update(|_| drop(lock.read_excl()))));
        // Calls that do not wait are no misuse.
        lock.update(|value| {
            assert!(lock.try_write().is_none() && lock.try_read_excl().is_none());
            *value = lock.read() + 1;
        });
        assert_eq!(lock.read(), 2);
        let latch = SeqLatch::<u32, L>::from(1);
        assert!(panics(|| latch.update(|_| latch.set(2))));
        latch.set(3);
        assert_eq!(latch.read(), 3);
    }
    with::<DefaultLock>();
    with::<SpinLock>();
}

#[test]
fn a_writer_under_its_own_guard_panics() {
    let _watchdog = Watchdog::over("a_writer_under_its_own_guard_panics");
    let (lock, other) = (SeqLock::new(1), SeqLock::new(1));
    {
        let mut guard = lock.write();
        assert!(panics(|| lock.set(2)));
        let (seen, soon) = (lock.version(), Some(Duration::from_millis(1)));
        assert!(panics(|| _ = lock.wait_changed(seen, None)));
        assert!(!lock.wait_changed(seen, soon), "this one ends by itself");
        other.set(2); // another lock is another one
        *guard = 3;
    }
    let excl = lock.read_excl();
    assert!(panics(|| lock.set(4)));
    drop(excl);
    lock.set(5);
    assert_eq!((lock.read(), other.read()), (5, 2));
}

#[test]
fn a_forgotten_guard_is_remembered_until_the_lock_is_reset() {
    let _watchdog = Watchdog::over("a_forgotten_guard_is_remembered_until_the_lock_is_reset");
    let mut lock = SeqLock::new(1);
    forget(lock.write());
    assert!(panics(|| lock.set(2)));
    // Another thread may reset it: this one holds it no more.
    thread::scope(|scope| drop(scope.spawn(|| lock.reset(3)).join()));
    lock.set(4);
    assert_eq!(lock.read(), 4);
    // A lock in the same memory is another lock.
    let mut boxed = Box::new(SeqLock::new(1));
    forget(boxed.write());
    *boxed = SeqLock::new(2);
    boxed.set(3);
    assert_eq!(boxed.read(), 3);
}

#[test]
fn a_section_is_opened_once_and_nothing_else_moves_its_count() {
    let count = SeqCount::<usize>::new();
    assert!(panics(|| count.write_end()), "no section is open");
    count.write_begin();
    let calls: [fn(&SeqCount); 3] =
        [SeqCount::write_begin, SeqCount::invalidate, SeqCount::barrier];
    for call in calls {
        assert!(panics(|| call(&count)), "a section is open");
        assert_eq!(count.sequence(), 1);
    }
    count.write_end();
    assert_eq!(count.sequence(), 2);
}

#[test]
fn a_reader_inside_its_own_section_panics() {
    let _watchdog = Watchdog::over("a_reader_inside_its_own_section_panics");
    let count = SeqCount::<usize>::new();
    {
        let _section = count.write();
        assert!(panics(|| count.read(|| ())));
        assert!(panics(|| _ = count.read_begin()));
        assert!(count.try_read_begin().is_none());
        assert!(count.read_retry(count.raw_read_begin()));
    }
    count.read(|| ());
    // One that another thread has opened is waited for, at the same count as this thread's former one.
    let mut count = SeqCount::new();
    drop(count.write());
    count = SeqCount::new();
    read_while_another_thread_writes(&count);
    // So is a new count in the memory of one whose section this thread opened, and another one ended.
    count = SeqCount::new();
    count.write_begin();
    thread::scope(|scope| drop(scope.spawn(|| count.write_end()).join()));
    count.read(|| ());
    count = SeqCount::new();
    read_while_another_thread_writes(&count);
}

fn read_while_another_thread_writes(count: &SeqCount) {
    let waits = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let _section = count.write();
            while !waits.load(Relaxed) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(1));
        });
        while count.try_read_begin().is_some() && count.sequence() == 0 {
            thread::yield_now();
        }
        waits.store(true, Relaxed);
        count.read(|| ());
    });
}

#[test]
fn versions_of_two_locks_cannot_be_compared() {
    let _watchdog = Watchdog::over("versions_of_two_locks_cannot_be_compared");
    let (lock, other) = (SeqLock::new(1), SeqLock::new(1));
    let (mine, mut theirs) = (lock.version(), other.version());
    assert!(panics(|| assert_ne!(mine, theirs)));
    assert!(panics(|| _ = lock.read_if_changed(&mut theirs)));
    assert!(panics(|| _ = lock.wait_changed(theirs, Some(Duration::ZERO))));
    let latch = SeqLatch::new(1);
    assert!(panics(|| assert_ne!(mine, latch.version())));
    // A lock that moves is the same lock.
    let lock = Box::new(lock);
    assert_eq!(lock.version(), mine);
    assert!(!lock.wait_changed(mine, Some(Duration::ZERO)));
    assert_eq!(lock.read_versioned().1, mine);
}
