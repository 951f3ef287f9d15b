// SPDX-License-Identifier: MIT OR Apache-2.0
//! Stores before a write are visible to readers of it: plain memory, which nothing else orders, beside each
//! way to write and to read.
//!
//! A missing ordering is a data race here, so ThreadSanitizer (`./check tsan`) and Miri find it; natively
//! it shows as an old value, on machines that reorder.
#![allow(unsafe_code, reason = "plain memory that only the lock orders")]

use core::cell::UnsafeCell;
#[cfg(feature = "std")]
use core::time::Duration;
use std::thread;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, LatchCount, SeqCount, SeqLatch, SeqLock};

mod support;

use support::{Watchdog, times};

/// Memory without any order of its own.
struct Plain(UnsafeCell<u64>);

// SAFETY: each access has a note that says why no other one happens at the same time.
unsafe impl Sync for Plain {}

impl Plain {
    const fn new() -> Self {
        Plain(UnsafeCell::new(0))
    }

    /// # Safety
    /// No thread stores at the same time, provided that the code under test is correct.
    unsafe fn get(&self) -> u64 {
        // SAFETY: no thread stores at the same time.
        unsafe { *self.0.get() }
    }

    /// # Safety
    /// No thread loads or stores at the same time, provided that the code under test is correct.
    unsafe fn set(&self, value: u64) {
        // SAFETY: no other thread accesses the memory at the same time.
        unsafe { *self.0.get() = value }
    }
}

const MESSAGES: usize = times(2_000, 20) as usize;

/// Messages in plain memory, each stored once; `publish` makes those up to a number
/// visible, and `published` returns the number that a reader sees.
fn publish_messages(
    test: &'static str,
    publish: impl Fn(u64) + Sync,
    published: impl Fn() -> u64 + Sync,
) {
    let _watchdog = Watchdog::over(test);
    let messages = [const { Plain::new() }; MESSAGES];
    thread::scope(|s| {
        let reader = s.spawn(|| {
            let mut read = 0;
            while read < MESSAGES {
                // An attempt may have failed, and an older number says nothing new.
                let until = usize::try_from(published()).unwrap().max(read);
                for (message, at) in messages[read..until].iter().zip(read..) {
                    // SAFETY: P3. Stored before it was published, and never again.
                    assert_eq!(unsafe { message.get() }, at as u64 + 1, "published too early");
                }
                read = until;
                thread::yield_now();
            }
        });
        for (message, number) in messages.iter().zip(1..) {
            // SAFETY: no thread reads it before it is published.
            unsafe { message.set(number) };
            publish(number);
        }
        reader.join().unwrap();
    });
}

#[test]
fn a_reader_of_a_seqlock_sees_what_came_before_the_write() {
    const TEST: &str = "a_reader_of_a_seqlock_sees_what_came_before_the_write";
    let lock = SeqLock::<[u64; 3]>::new([0; 3]);
    let set = |number| lock.set([number; 3]);
    publish_messages(TEST, set, || lock.read()[1]);
    lock.set([0; 3]);
    publish_messages(TEST, |number| lock.update(|v| v[2] = number), || lock.read_or_lock()[2]);
    lock.set([0; 3]);
    publish_messages(TEST, |number| lock.write()[0] = number, || lock.read_excl()[0]);
    lock.set([0; 3]);
    publish_messages(TEST, set, || lock.try_read().map_or(0, |value| value[0]));
}

#[test]
fn a_thread_that_sees_a_new_version_sees_what_came_before_the_write() {
    const TEST: &str = "a_thread_that_sees_a_new_version_sees_what_came_before_the_write";
    let lock = SeqLock::<u64, SpinLock>::from(0);
    let one_more_if_changed = || {
        let (number, version) = lock.read_versioned();
        number + u64::from(lock.version() != version)
    };
    publish_messages(TEST, |number| lock.set(number), one_more_if_changed);
    #[cfg(feature = "std")]
    {
        lock.set(0);
        let one_more_if_changed = || {
            let (number, version) = lock.read_versioned();
            number + u64::from(lock.wait_changed(version, Some(Duration::from_micros(50))))
        };
        publish_messages(TEST, |number| lock.set(number), one_more_if_changed);
    }
}

#[test]
fn a_reader_of_a_split_lock_sees_what_came_before_the_write() {
    const TEST: &str = "a_reader_of_a_split_lock_sees_what_came_before_the_write";
    let mut lock = SeqLock::new([0_u64; 40]);
    let (writer, reader) = lock.split();
    let writer = std::sync::Mutex::new(writer);
    publish_messages(TEST, |number| writer.lock().unwrap().set([number; 40]), || reader.read()[39]);
}

#[test]
fn a_reader_of_a_latch_sees_what_came_before_the_write() {
    const TEST: &str = "a_reader_of_a_latch_sees_what_came_before_the_write";
    let latch = SeqLatch::<[u64; 3]>::new([0; 3]);
    publish_messages(TEST, |number| latch.set([number; 3]), || latch.read()[2]);
}

#[test]
fn a_reader_of_a_count_sees_what_came_before_the_section() {
    const TEST: &str = "a_reader_of_a_count_sees_what_came_before_the_section";
    let count = SeqCount::<usize>::new();
    let section = |_| drop(count.write());
    publish_messages(TEST, section, || count.read_begin().sequence() as u64 / 2);
    let count = LatchCount::<usize>::new();
    let write = |_| {
        count.write_begin();
        count.write_flip();
        count.write_end();
    };
    publish_messages(TEST, write, || count.read_begin().sequence() as u64 / 2);
}

/// Counts in plain memory, inside of what the writer lock excludes.
fn count_alone(test: &'static str, alone: impl Fn(&dyn Fn()) + Sync) {
    const THREADS: u64 = 3;
    let _watchdog = Watchdog::over(test);
    let (counter, rounds) = (Plain::new(), times(1_000, 10));
    let step = || {
        // SAFETY: P5. Writers and locking readers exclude one another.
        let before = unsafe { counter.get() };
        // SAFETY: as above.
        unsafe { counter.set(before + 1) };
    };
    thread::scope(|s| {
        let threads: Vec<_> =
            (0..THREADS).map(|_| s.spawn(|| (0..rounds).for_each(|_| alone(&step)))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    // SAFETY: all threads have ended.
    assert_eq!(unsafe { counter.get() }, THREADS * rounds);
}

/// Values without bytes, so that nothing but the locks orders what is done under them.
#[test]
fn writers_and_locking_readers_are_alone() {
    const TEST: &str = "writers_and_locking_readers_are_alone";
    fn all_are_alone<L: WriterLock + Sync>() {
        let lock = SeqLock::<(), L>::from(());
        count_alone(TEST, |step| lock.update(|()| step()));
        count_alone(TEST, |step| {
            let _guard = lock.write();
            step();
        });
        count_alone(TEST, |step| {
            let _guard = lock.read_excl();
            step();
        });
        let latch = SeqLatch::<(), L>::from(());
        count_alone(TEST, |step| latch.update(|()| step()));
    }
    all_are_alone::<DefaultLock>();
    all_are_alone::<SpinLock>();
}
