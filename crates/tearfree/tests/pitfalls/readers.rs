// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pitfalls of readers: waiting for the wrong thing, versions that do not change, locks that stay taken.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use tearfree::{ExclGuard, LatchCount, Reader, SeqCount, SeqCountGuard, SeqLatch, SeqLock};
use tearfree::{WriteGuard, Writer};

use crate::support::{Flag, Watchdog, panics};

/// A writer is parked between its two steps, in another thread.
#[test]
fn a_reader_that_only_tries_never_waits_for_a_writer_that_is_parked_odd() {
    let _watchdog = Watchdog::over("a_reader_that_only_tries_never_waits");
    let (count, data) = (SeqCount::<usize>::new(), AtomicU64::new(0));
    let (odd, has_tried) = (Flag::new(), Flag::new());
    thread::scope(|s| {
        s.spawn(|| {
            let _section = count.write();
            odd.raise();
            has_tried.wait();
            data.store(1, Relaxed);
        });
        odd.wait();
        let _has_tried = has_tried.raised_at_end();
        assert_eq!(count.try_read_begin(), None);
        assert_eq!(count.sequence(), 1);
        let start = count.raw_read_begin();
        assert_eq!(data.load(Relaxed), 0);
        assert!(count.read_retry(start));
    });
    assert_eq!((count.read(|| data.load(Relaxed)), count.sequence()), (1, 2));
}

/// A writer is parked between the two slots, in another thread.
#[test]
fn a_latch_reader_never_waits_for_a_writer_that_is_parked_in_any_step() {
    let _watchdog = Watchdog::over("a_latch_reader_never_waits");
    let count = LatchCount::<usize>::new();
    let data = [AtomicU64::new(5), AtomicU64::new(5)];
    let read = || count.read(|slot| data[slot].load(Relaxed));
    let (in_slot_0, in_slot_1, go_on, end) = (Flag::new(), Flag::new(), Flag::new(), Flag::new());
    thread::scope(|s| {
        s.spawn(|| {
            count.write_begin();
            data[0].store(6, Relaxed);
            in_slot_0.raise();
            go_on.wait();
            count.write_flip();
            data[1].store(6, Relaxed);
            in_slot_1.raise();
            end.wait();
            count.write_end();
        });
        let (_go_on, _end) = (go_on.raised_at_end(), end.raised_at_end());
        in_slot_0.wait();
        assert_eq!(read(), 5);
        go_on.raise();
        in_slot_1.wait();
        assert_eq!(read(), 6);
    });
    assert_eq!(read(), 6);
}

#[test]
fn a_version_changes_though_the_value_stays_equal() {
    let _watchdog = Watchdog::over("a_version_changes_though_the_value_stays_equal");
    let mut lock = SeqLock::new(1);
    let mut seen = vec![lock.version()];
    let writes: [fn(&SeqLock<i32>); 3] = [|l| l.set(1), |l| l.update(|_| ()), |l| drop(l.write())];
    for write in writes {
        write(&lock);
        let version = lock.version();
        assert!(!seen.contains(&version), "a write went unnoticed");
        seen.push(version);
    }
    *lock.get_mut() = 1;
    assert!(!seen.contains(&lock.version()));

    let latch = SeqLatch::new(1);
    let before = latch.read_versioned();
    latch.set(1);
    assert_ne!(latch.read_versioned().1, before.1);
}

#[test]
fn a_version_stays_where_nothing_was_written() {
    let lock = SeqLock::new((1, 2));
    let before = lock.version();
    let mut seen = before;
    assert_eq!(lock.read(), (1, 2));
    assert_eq!(*lock.read_excl(), (1, 2));
    lock.write().discard();
    assert_eq!(lock.update_or_discard(|_| Err::<(), _>(5)), Err(5));
    assert_eq!(lock.read_if_changed(&mut seen), None);
    assert_eq!((lock.version(), seen), (before, before));
    assert_eq!(lock.read_versioned(), ((1, 2), before));
}

#[test]
fn a_change_is_reported_once_and_with_its_own_value() {
    let mut lock = SeqLock::new(1);
    let mut seen = lock.version();
    lock.set(2);
    lock.set(3);
    assert_eq!(lock.read_if_changed(&mut seen), Some(3));
    assert_eq!(lock.read_if_changed(&mut seen), None);
    let (mut writer, reader) = lock.split();
    assert_eq!(reader.read_if_changed(&mut seen), None);
    writer.set(4);
    assert_eq!(reader.read_versioned(), (4, reader.version()));
    assert_eq!(reader.read_if_changed(&mut seen), Some(4));
    assert_eq!(reader.read_if_changed(&mut seen), None);
}

#[test]
fn reading_does_not_move_the_count() {
    let count = SeqCount::<u32>::new();
    for _ in 0..3 {
        let start = count.read_begin();
        assert!(!count.read_retry(start));
        assert!(panics(|| count.read(|| panic!("in a reader's closure"))));
    }
    assert_eq!(count.sequence(), 0);
}

#[test]
fn a_reader_never_sees_a_half_written_value_when_it_interrupts_at_any_step() {
    // The writer's steps one by one, with a read after each.
    let (count, left, right) = (SeqCount::<usize>::new(), AtomicU64::new(0), AtomicU64::new(0));
    let read = || {
        let start = count.try_read_begin()?;
        let both = (left.load(Relaxed), right.load(Relaxed));
        (!count.read_retry(start)).then_some(both)
    };
    assert_eq!(read(), Some((0, 0)));
    count.write_begin();
    assert_eq!(read(), None);
    left.store(1, Relaxed);
    assert_eq!(read(), None);
    right.store(1, Relaxed);
    assert_eq!(read(), None);
    count.write_end();
    assert_eq!(read(), Some((1, 1)));
}

/// Does not compile if `T` can be sent: then both impls fit, and the compiler cannot choose.
macro_rules! assert_stays_in_its_thread {
    ($($ty:ty),* $(,)?) => {$({
        trait AmbiguousIfSend<Which> {
            const FITS: bool = true;
        }
        struct Sendable;
        impl<T: ?Sized> AmbiguousIfSend<()> for T {}
        impl<T: ?Sized + Send> AmbiguousIfSend<Sendable> for T {}
        const { assert!(<$ty as AmbiguousIfSend<_>>::FITS) }
    })*};
}

#[test]
fn guards_stay_in_their_thread_and_locks_are_shared() {
    fn is_shared<T: Send + Sync>() {}
    assert_stays_in_its_thread![
        SeqCountGuard<'static>,
        WriteGuard<'static, u8>,
        ExclGuard<'static, u8>,
        SeqLock<*const u8>,
        &'static SeqLock<*const u8>,
        &'static SeqLatch<*const u8>,
    ];
    is_shared::<SeqLock<u8>>();
    is_shared::<SeqLatch<&'static str>>();
    is_shared::<SeqCount<u32>>();
    is_shared::<Writer<&'static SeqLock<[u8; 3]>>>();
    is_shared::<Reader<&'static SeqLock<[u8; 3]>>>();
}

/// As with std's mutex, whose guard a caller may also keep across a caught panic.
#[test]
fn locks_and_guards_cross_a_caught_panic() {
    fn crosses<T: core::panic::UnwindSafe + core::panic::RefUnwindSafe>() {}
    crosses::<SeqLock<u8>>();
    crosses::<SeqLatch<u8>>();
    crosses::<WriteGuard<'static, u8>>();
    crosses::<ExclGuard<'static, u8>>();
    crosses::<Writer<&'static SeqLock<u8>>>();
    crosses::<Reader<&'static SeqLock<u8>>>();
    crosses::<SeqCount<u32>>();
}
