// SPDX-License-Identifier: MIT OR Apache-2.0
//! The writer and reader threads, and their counts.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

use tearfree::SeqLock;

use super::stamp::{Stamp, Unlocked};
use crate::outcome::Problem;

/// The reads, with and without the lock, between two checks for the end of the run.
const BATCH: u64 = 256;
/// The failed attempts after which a reader yields its core.
const SPINS_BEFORE_YIELD: u32 = 64;

/// The lock whose torn reads are counted: tearfree's, or in tests a broken one.
pub(crate) trait StampLock: Sync {
    fn new(stamp: Stamp) -> Self;
    fn set(&self, stamp: Stamp);
    fn try_read(&self) -> Option<Stamp>;
    fn read_into(&self, to: &mut Stamp);
}

impl StampLock for SeqLock<Stamp> {
    fn new(stamp: Stamp) -> Self {
        SeqLock::new(stamp)
    }

    #[inline]
    fn set(&self, stamp: Stamp) {
        self.set(stamp);
    }

    #[inline]
    fn try_read(&self) -> Option<Stamp> {
        self.try_read()
    }

    #[inline]
    fn read_into(&self, to: &mut Stamp) {
        self.read_into(to);
    }
}

/// The host's time twice, with the lock and without it, on separate cache lines.
pub(crate) struct ClockPair<L> {
    pub(crate) locked: L,
    pub(crate) unlocked: Unlocked,
}

/// The counts of one thread, or the sum of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ThreadCounts {
    /// Values written to both structs.
    pub(crate) writes: u64,
    /// Reads under the lock that returned a value.
    pub(crate) reads: u64,
    /// Those of them whose value differed from that of the previous read.
    pub(crate) new_values: u64,
    /// Attempts to read under the lock that overlapped a write and returned no value.
    pub(crate) retries: u64,
    pub(crate) torn_with_lock: u64,
    pub(crate) reads_without_lock: u64,
    pub(crate) torn_without_lock: u64,
}

impl ThreadCounts {
    fn plus(self, other: Self) -> Self {
        Self {
            writes: self.writes + other.writes,
            reads: self.reads + other.reads,
            new_values: self.new_values + other.new_values,
            retries: self.retries + other.retries,
            torn_with_lock: self.torn_with_lock + other.torn_with_lock,
            reads_without_lock: self.reads_without_lock + other.reads_without_lock,
            torn_without_lock: self.torn_without_lock + other.torn_without_lock,
        }
    }
}

/// The counts of one thread, which the progress line reads while it runs.
#[repr(align(128))] // no two threads write to the same cache line
#[derive(Default)]
struct SharedCounts {
    counts: SeqLock<ThreadCounts>,
}

/// What all threads of a run share.
pub(crate) struct DemoThreads<L> {
    pub(crate) clocks: ClockPair<L>,
    /// Locked while threads are started, so that none runs before all exist.
    starting: Mutex<()>,
    over: AtomicBool,
    writer: SharedCounts,
    readers: Vec<SharedCounts>,
}

impl<L: StampLock> DemoThreads<L> {
    /// Prepares a run with so many readers.
    pub(crate) fn new(readers: usize) -> Self {
        let now = Stamp::now();
        Self {
            clocks: ClockPair { locked: L::new(now), unlocked: Unlocked::new(now) },
            starting: Mutex::new(()),
            over: AtomicBool::new(false),
            writer: SharedCounts::default(),
            readers: (0..readers).map(|_| SharedCounts::default()).collect(),
        }
    }

    /// Starts the readers and the writer, and lets them run once all exist.
    pub(crate) fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
    ) -> Result<(), Problem> {
        let _starting = self.wait_for_start();
        for shared in &self.readers {
            spawn(scope, "reader", || self.read(shared))?;
        }
        spawn(scope, "writer", || self.write())
    }

    /// Makes the threads end.
    pub(crate) fn end(&self) {
        // ORDERING: Relaxed; pairs with `is_over`, and carries nothing but itself.
        self.over.store(true, Ordering::Relaxed);
    }

    /// Returns the sum of the counts so far.
    pub(crate) fn counts(&self) -> ThreadCounts {
        let threads = self.readers.iter().chain([&self.writer]);
        threads.map(|thread| thread.counts.read()).fold(ThreadCounts::default(), ThreadCounts::plus)
    }

    fn wait_for_start(&self) -> MutexGuard<'_, ()> {
        self.starting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        // ORDERING: Relaxed; pairs with the store in `end`.
        self.over.load(Ordering::Relaxed)
    }

    fn write(&self) {
        drop(self.wait_for_start());
        let mut counts = ThreadCounts::default();
        while !self.is_over() {
            for _ in 0..BATCH {
                let now = Stamp::now();
                self.clocks.locked.set(now);
                self.clocks.unlocked.set(now);
            }
            counts.writes += BATCH;
            self.writer.counts.set(counts);
        }
    }

    fn read(&self, shared: &SharedCounts) {
        drop(self.wait_for_start());
        let mut counts = ThreadCounts::default();
        let mut last = self.read_with_lock(&mut 0);
        while !self.is_over() {
            for _ in 0..BATCH {
                let stamp = self.read_with_lock(&mut counts.retries);
                counts.torn_with_lock += u64::from(stamp.is_torn());
                counts.new_values += u64::from(stamp != last);
                last = stamp;
            }
            for _ in 0..BATCH {
                counts.torn_without_lock += u64::from(self.clocks.unlocked.read().is_torn());
            }
            counts.reads += BATCH;
            counts.reads_without_lock += BATCH;
            shared.counts.set(counts);
        }
    }

    /// Does what `SeqLock::read` does, and counts each failed attempt.
    fn read_with_lock(&self, retries: &mut u64) -> Stamp {
        let mut failed = 0_u32;
        loop {
            if let Some(stamp) = self.clocks.locked.try_read() {
                return stamp;
            }
            *retries += 1;
            failed += 1;
            if failed.is_multiple_of(SPINS_BEFORE_YIELD) {
                // The writer may be waiting for this core.
                thread::yield_now();
            } else {
                core::hint::spin_loop();
            }
        }
    }
}

fn spawn<'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: &str,
    work: impl FnOnce() + Send + 'scope,
) -> Result<(), Problem> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn_scoped(scope, work);
    spawned.map(drop).map_err(|error| {
        Problem::new(
            format_args!("cannot start a {name} thread: {error}"),
            "Use fewer threads: --readers N.",
        )
    })
}
