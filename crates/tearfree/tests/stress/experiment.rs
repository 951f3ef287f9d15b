// SPDX-License-Identifier: MIT OR Apache-2.0
//! One writer and some readers, which race until there are enough reads, changes and retries.

use core::any::type_name;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::{self, ScopedJoinHandle};

use crate::support::{Flag, Watchdog, threads_meet, times};

/// Something that one thread writes generations to and others read them from.
pub(crate) trait Subject: Sync {
    /// Whether generations come out as they went in, so that they can be put in order.
    const ORDERED: bool = true;

    /// Whether [`try_get`](Self::try_get) can fail.
    const SHOWS_RETRIES: bool = true;

    /// Only one thread calls this.
    fn put(&self, generation: u64);

    /// Panics if what it reads is torn.
    fn get(&self) -> u64;

    /// One attempt, as far as the subject has such a thing.
    fn try_get(&self) -> Option<u64>;

    /// What comes out after `put(generation)`.
    fn cut(generation: u64) -> u64 {
        generation
    }
}

const READERS: u64 = 2;

/// What readers have seen.
#[derive(Default)]
struct Tally {
    reads: AtomicU64,
    /// Reads that gave another generation than the one before.
    changes: AtomicU64,
    retries: AtomicU64,
    expects_retries: bool,
}

impl Tally {
    fn is_enough(&self) -> bool {
        self.reads.load(Relaxed) >= times(2_000, 4)
            && self.changes.load(Relaxed) >= times(5, 1)
            && (!self.expects_retries || self.retries.load(Relaxed) > 0)
    }
}

/// Races until readers have read often, have met the writer, and have seen its last write.
pub(crate) fn race<S: Subject>(subject: &S) {
    let _watchdog = Watchdog::over(type_name::<S>());
    let expects_retries = S::SHOWS_RETRIES && threads_meet();
    let (tally, over) = (Tally { expects_retries, ..Tally::default() }, Flag::new());
    let mut written = 0;
    let seen_last: Vec<u64> = thread::scope(|s| {
        let readers: Vec<_> =
            (0..READERS).map(|_| s.spawn(|| read_until(&over, subject, &tally))).collect();
        let over_at_end = over.raised_at_end();
        while !tally.is_enough() && !readers.iter().any(ScopedJoinHandle::is_finished) {
            for _ in 0..8 {
                written += 1;
                subject.put(written);
            }
        }
        drop(over_at_end);
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    for last in seen_last {
        assert_eq!(last, S::cut(written), "the last write was not seen: {}", type_name::<S>());
    }
}

fn read_until<S: Subject>(over: &Flag, subject: &S, tally: &Tally) -> u64 {
    let mut last = 0;
    loop {
        let is_over = over.is_up();
        let generation = match subject.try_get() {
            Some(generation) => generation,
            None => {
                tally.retries.fetch_add(1, Relaxed);
                subject.get()
            }
        };
        assert!(!S::ORDERED || generation >= last, "went back from {last} to {generation}");
        tally.reads.fetch_add(1, Relaxed);
        tally.changes.fetch_add(u64::from(generation != last), Relaxed);
        last = generation;
        if is_over {
            return last;
        }
    }
}
