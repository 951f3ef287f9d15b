// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several writers: no update is lost beside other writers and readers.

use std::thread;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqLatch, SeqLock};

use crate::support::payload::{Mixed, SelfChecking, Words};
use crate::support::{Flag, Watchdog, times};

const WRITERS: u64 = 4;

/// Four writers that add one, each in its own way, and a reader until they have ended.
fn every_update_counts<T: SelfChecking>(
    test: &'static str,
    ways: [&(dyn Fn() + Sync); 4],
    read: impl Fn() -> T + Sync,
) {
    let _watchdog = Watchdog::over(test);
    let each = times(3_000, 6);
    let (over, reading) = (Flag::new(), Flag::new());
    thread::scope(|s| {
        s.spawn(|| {
            let _reading = reading.raised_at_end();
            let mut last = 0;
            while !over.is_up() {
                let generation = read().generation();
                assert!(generation >= last, "went back from {last} to {generation}");
                last = generation;
                reading.raise();
            }
        });
        reading.wait();
        let _over = over.raised_at_end();
        let writers = ways.map(|way| s.spawn(move || (0..each).for_each(|_| way())));
        for writer in writers {
            writer.join().unwrap();
        }
    });
    assert_eq!(read().generation(), WRITERS * each, "an update was lost");
}

fn next<T: SelfChecking>(value: &mut T) {
    *value = T::new(value.generation() + 1);
}

fn every_update_of_a_seqlock_counts<T: SelfChecking, L: WriterLock + Sync>() {
    let lock = SeqLock::<T, L>::from(T::new(0));
    let by_guard = || next(&mut *lock.write());
    let by_update_or_discard = || {
        // What fails in between leaves no trace.
        let failed: Result<(), ()> = lock.update_or_discard(|value| {
            next(value);
            Err(())
        });
        assert_eq!(failed, Err(()));
        assert_eq!(
            lock.update_or_discard(|value| {
                next(value);
                Ok::<_, ()>(())
            }),
            Ok(())
        );
    };
    let by_trying = || {
        loop {
            if let Some(mut writing) = lock.try_write() {
                return next(&mut *writing);
            }
            thread::yield_now();
        }
    };
    let by_update = || lock.update(next);
    every_update_counts(
        "every_update_of_a_seqlock_counts",
        [&by_guard, &by_update_or_discard, &by_trying, &by_update],
        || lock.read(),
    );
}

#[test]
fn no_update_of_a_seqlock_is_lost() {
    every_update_of_a_seqlock_counts::<Words<1>, DefaultLock>();
    every_update_of_a_seqlock_counts::<Words<64>, DefaultLock>();
    every_update_of_a_seqlock_counts::<Mixed, SpinLock>();
    #[cfg(feature = "lock_api_04")]
    every_update_of_a_seqlock_counts::<Mixed, tearfree::lock::LockApi04<parking_lot::RawMutex>>();
}

#[test]
fn no_update_of_a_latch_is_lost() {
    fn with<T: SelfChecking, L: WriterLock + Sync>() {
        let latch = SeqLatch::<T, L>::from(T::new(0));
        let update = || latch.update(next);
        every_update_counts("no_update_of_a_latch_is_lost", [&update; 4], || latch.read());
    }
    with::<Words<64>, DefaultLock>();
    with::<Mixed, SpinLock>();
}
