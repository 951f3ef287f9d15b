// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pitfalls of writers: panics, early returns, slow closures.
#![allow(unsafe_code, reason = "a lock of its own")]

use core::cell::Cell;
use core::mem::forget;
use std::thread;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqLatch, SeqLock};

#[cfg(feature = "std")]
use core::time::Duration;

use crate::support::{Flag, Watchdog, panics};

/// After a write that failed: the old value, the old version, and writers and readers go on.
fn nothing_changed_and_other_threads_continue<L: WriterLock + Sync>(
    lock: &SeqLock<(u32, u32), L>,
    failed_write: impl FnOnce(),
) {
    let _watchdog = Watchdog::over("nothing_changed_and_other_threads_continue");
    let before = lock.read_versioned();
    failed_write();
    assert_eq!(lock.try_read(), Some(before.0), "the old value, and an even count");
    assert_eq!(lock.version(), before.1);
    thread::scope(|s| s.spawn(|| lock.update(|v| v.0 += 10)).join().unwrap());
    assert_eq!(lock.read(), (before.0.0 + 10, before.0.1));
    assert!(lock.try_write().is_some());
}

#[test]
fn a_writer_that_panics_in_update_leaves_the_old_value_and_a_free_lock() {
    fn with<L: WriterLock + Sync>() {
        let lock = SeqLock::<_, L>::from((1, 2));
        nothing_changed_and_other_threads_continue(&lock, || {
            assert!(panics(|| lock.update(|v| {
                *v = (7, 7);
                panic!("in the middle of an update");
            })));
        });
    }
    with::<DefaultLock>();
    with::<SpinLock>();
    #[cfg(feature = "lock_api_04")]
    with::<tearfree::lock::LockApi04<parking_lot::RawMutex>>();
}

#[test]
#[cfg(feature = "std")]
fn a_writer_that_panics_under_a_guard_leaves_the_old_value_and_a_free_lock() {
    let lock = SeqLock::new((1, 2));
    nothing_changed_and_other_threads_continue(&lock, || {
        assert!(panics(|| {
            let mut writing = lock.write();
            *writing = (7, 7);
            panic!("in the middle of a write section");
        }));
    });
}

#[test]
#[cfg(feature = "std")]
fn a_guard_that_was_made_while_the_thread_panics_publishes() {
    struct WritesAtEnd<'a>(&'a SeqLock<u32>);
    impl Drop for WritesAtEnd<'_> {
        fn drop(&mut self) {
            *self.0.write() += 1;
        }
    }
    let lock = SeqLock::new(1);
    assert!(panics(|| {
        let _writes_at_end = WritesAtEnd(&lock);
        panic!("for another reason");
    }));
    assert_eq!(lock.read(), 2);
}

#[test]
fn a_discarded_guard_leaves_the_old_value_and_a_free_lock() {
    let lock = SeqLock::new((1, 2));
    nothing_changed_and_other_threads_continue(&lock, || {
        let mut writing = lock.write();
        *writing = (7, 7);
        writing.discard();
    });
}

#[test]
fn an_early_return_from_update_or_discard_publishes_nothing() {
    let lock = SeqLock::new((1, 2));
    nothing_changed_and_other_threads_continue(&lock, || {
        let result = lock.update_or_discard(|v| {
            v.0 = 7;
            v.1 = u32::try_from(-1).map_err(|_| "no such number")?;
            Ok(())
        });
        assert_eq!(result, Err("no such number"));
    });
    nothing_changed_and_other_threads_continue(&lock, || {
        assert!(panics(|| {
            let _never: Result<(), ()> = lock.update_or_discard(|v| {
                *v = (7, 7);
                panic!("in the middle of an update");
            });
        }));
    });
}

#[test]
fn the_one_writer_of_a_split_lock_can_panic_in_update() {
    let _watchdog = Watchdog::over("the_one_writer_of_a_split_lock_can_panic_in_update");
    let mut lock = SeqLock::new((1, 2));
    let (mut writer, reader) = lock.split();
    let before = reader.version();
    assert!(panics(|| writer.update(|v| {
        *v = (7, 7);
        panic!("in the middle of an update");
    })));
    assert_eq!((reader.try_read(), reader.version()), (Some((1, 2)), before));
    writer.update(|v| v.0 += 1);
    assert_eq!(reader.read(), (2, 2));
}

#[test]
fn a_writer_that_panics_in_the_update_of_a_latch_leaves_the_old_value() {
    let _watchdog = Watchdog::over("a_writer_that_panics_in_the_update_of_a_latch");
    let latch = SeqLatch::new((1, 2));
    let before = latch.version();
    assert!(panics(|| latch.update(|v| {
        *v = (7, 7);
        panic!("in the middle of an update");
    })));
    assert_eq!((latch.read(), latch.version()), ((1, 2), before));
    latch.update(|v| v.0 += 1);
    assert_eq!((latch.read(), latch.into_inner()), ((2, 2), (2, 2)));
}

/// The closure of a writer ends only after a reader has made all its calls.
#[test]
fn a_slow_closure_holds_no_reader_up() {
    let _watchdog = Watchdog::over("a_slow_closure_holds_no_reader_up");
    let lock = SeqLock::new((1, 2));
    let (writing, has_read) = (Flag::new(), Flag::new());
    thread::scope(|s| {
        s.spawn(|| {
            lock.update(|v| {
                v.0 = 7;
                writing.raise();
                has_read.wait();
                v.1 = 7;
            });
        });
        writing.wait();
        let _has_read = has_read.raised_at_end();
        assert_eq!(lock.read(), (1, 2));
        assert_eq!(lock.try_read(), Some((1, 2)));
        assert_eq!(lock.read_or_lock(), (1, 2));
        assert_eq!(lock.read_fields(tearfree::field!((i32, i32), 1)), 2);
        #[cfg(feature = "zerocopy")]
        assert_eq!(lock.read_with(|_| 5), 5);
        assert_eq!(lock.read_versioned().1, lock.version());
        assert!(format!("{lock:?}").contains("(1, 2)"));
        let mut mine = (0, 0);
        lock.read_into(&mut mine);
        assert_eq!(mine, (1, 2));
        #[cfg(feature = "std")]
        assert_eq!(lock.try_read_for(Duration::ZERO), Some((1, 2)));
        assert!(lock.try_write().is_none(), "other writers wait");
        assert!(lock.try_read_excl().is_none());
    });
    assert_eq!(lock.read(), (7, 7));
}

#[test]
fn a_writer_can_read_its_own_lock() {
    let _watchdog = Watchdog::over("a_writer_can_read_its_own_lock");
    let lock = SeqLock::new(1);
    lock.update(|v| {
        *v = 5;
        assert_eq!(lock.read(), 1);
    });
    let guard = lock.write();
    assert_eq!((*guard, lock.read()), (5, 5));
}

#[test]
fn a_writer_of_one_lock_holds_up_no_writer_of_another() {
    // Where cells share a table of locks, some of two hundred meet.
    let locks: Vec<_> = (0..200).map(SeqLock::new).collect();
    let guards: Vec<_> = locks.iter().skip(1).map(SeqLock::write).collect();
    assert!(locks[0].try_write().is_some());
    drop(guards);
}

#[test]
fn a_forgotten_guard_leaves_readers_alone() {
    let mut lock = SeqLock::new(1);
    let mut writing = lock.write();
    *writing = 2;
    forget(writing);
    assert_eq!(lock.read(), 1);
    assert!(lock.try_write().is_none());
    *lock.get_mut() = 3;
    assert_eq!(lock.read(), 3);
    let (mut writer, reader) = lock.split();
    writer.set(4);
    assert_eq!(reader.read(), 4);
}

#[test]
fn a_guard_that_ends_early_publishes_what_was_changed_until_then() {
    fn fails(lock: &SeqLock<(u32, u32)>) -> Option<u32> {
        let mut writing = lock.write();
        writing.0 = 7;
        writing.1 = writing.1.checked_sub(5)?;
        Some(writing.1)
    }
    let lock = SeqLock::new((1, 2));
    assert_eq!(fails(&lock), None);
    assert_eq!(lock.read(), (7, 2), "as documented; `update_or_discard` is the other way");
}

thread_local!(static AFTER_UNLOCK: Cell<Option<fn()>> = const { Cell::new(None) });

/// A lock that another writer takes as soon as it is free.
struct Wanted(SpinLock);

// SAFETY: the lock inside excludes.
unsafe impl WriterLock for Wanted {
    const UNLOCKED: Self = Wanted(SpinLock::new());
    type Held = ();

    fn lock(&self) {
        self.0.lock();
    }

    fn try_lock(&self) -> Option<()> {
        self.0.try_lock()
    }

    unsafe fn unlock(&self, (): ()) {
        // SAFETY: the caller took the lock by `lock` or `try_lock`, which took the inner one.
        unsafe { self.0.unlock(()) };
        if let Some(write) = AFTER_UNLOCK.take() {
            write();
        }
    }
}

#[test]
fn the_version_of_a_write_is_its_own_though_another_one_follows_at_once() {
    static LOCK: SeqLock<u32, Wanted> = SeqLock::with_lock(1, Wanted::UNLOCKED);
    let calls: [fn() -> tearfree::Version; 4] = [
        || LOCK.set_versioned(2),
        || LOCK.set_if_current(LOCK.version(), 2).unwrap(),
        || LOCK.within::<tearfree::context::Thread>().set_versioned(2),
        || LOCK.within::<tearfree::context::Thread>().set_if_current(LOCK.version(), 2).unwrap(),
    ];
    for call in calls {
        AFTER_UNLOCK.set(Some(|| LOCK.set(3)));
        let mut own = call();
        assert_eq!(LOCK.read_if_changed(&mut own), Some(3), "the other write is a change");
    }
}
