// SPDX-License-Identifier: MIT OR Apache-2.0
//! The writer, the readers, and what they count.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};

use tearfree::SeqLock;

use super::stamp::{Stamp, Unlocked};
use crate::outcome::Problem;

/// The reads between two looks at the end of the run, with the lock and without it.
const BATCH: u64 = 256;
/// The failed attempts after which a reader lets another thread have its core.
const PATIENCE: u32 = 64;

/// The host's time twice, each on cache lines of its own.
pub(crate) struct Clocks {
    pub(crate) locked: SeqLock<Stamp>,
    pub(crate) unlocked: Unlocked,
}

/// What threads counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Values written, each to both structs.
    pub(crate) writes: u64,
    /// Reads under the lock that gave a value.
    pub(crate) reads: u64,
    /// Those of them whose value was another than the read before them had seen.
    pub(crate) new_values: u64,
    /// Attempts to read under the lock that met a writer and gave no value.
    pub(crate) retries: u64,
    pub(crate) torn_with_lock: u64,
    pub(crate) reads_without_lock: u64,
    pub(crate) torn_without_lock: u64,
}

impl Tally {
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

/// One thread's tally. The thread publishes it, the progress line reads it: a sequence lock's job.
#[repr(align(128))] // no two threads write to one cache line
#[derive(Default)]
struct Desk {
    tally: SeqLock<Tally>,
}

/// All threads of a run and what they share.
pub(crate) struct Crew {
    pub(crate) clocks: Clocks,
    /// Locked while threads are being started, so that none runs before all are there.
    gate: Mutex<()>,
    over: AtomicBool,
    writer: Desk,
    readers: Vec<Desk>,
}

impl Crew {
    /// Makes room for that many readers.
    pub(crate) fn new(readers: usize) -> Self {
        let now = Stamp::now();
        Self {
            clocks: Clocks { locked: SeqLock::new(now), unlocked: Unlocked::new(now) },
            gate: Mutex::new(()),
            over: AtomicBool::new(false),
            writer: Desk::default(),
            readers: (0..readers).map(|_| Desk::default()).collect(),
        }
    }

    /// Starts the readers and the writer, and lets them run once all are there.
    pub(crate) fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
    ) -> Result<(), Problem> {
        let _gate = self.pass_gate();
        for desk in &self.readers {
            spawn(scope, "reader", || self.read(desk))?;
        }
        spawn(scope, "writer", || self.write())
    }

    /// Tells the threads to come to their end.
    pub(crate) fn end(&self) {
        // ORDERING: Relaxed; pairs with `is_over`, and carries nothing but itself.
        self.over.store(true, Ordering::Relaxed);
    }

    /// What all threads have counted so far.
    pub(crate) fn tally(&self) -> Tally {
        let desks = self.readers.iter().chain([&self.writer]);
        desks.map(|desk| desk.tally.read()).fold(Tally::default(), Tally::plus)
    }

    fn pass_gate(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        // ORDERING: Relaxed; pairs with the store in `end`.
        self.over.load(Ordering::Relaxed)
    }

    fn write(&self) {
        drop(self.pass_gate());
        let mut tally = Tally::default();
        while !self.is_over() {
            for _ in 0..BATCH {
                let now = Stamp::now();
                self.clocks.locked.set(now);
                self.clocks.unlocked.set(now);
            }
            tally.writes += BATCH;
            self.writer.tally.set(tally);
        }
    }

    fn read(&self, desk: &Desk) {
        drop(self.pass_gate());
        let mut tally = Tally::default();
        let mut last = self.clocks.locked.read();
        while !self.is_over() {
            for _ in 0..BATCH {
                let stamp = self.read_with_lock(&mut tally.retries);
                tally.torn_with_lock += u64::from(stamp.is_torn());
                tally.new_values += u64::from(stamp != last);
                last = stamp;
            }
            for _ in 0..BATCH {
                tally.torn_without_lock += u64::from(self.clocks.unlocked.read().is_torn());
            }
            tally.reads += BATCH;
            tally.reads_without_lock += BATCH;
            desk.tally.set(tally);
        }
    }

    /// What `SeqLock::read` does, with each failed attempt counted.
    fn read_with_lock(&self, retries: &mut u64) -> Stamp {
        let mut failed = 0_u32;
        loop {
            if let Some(stamp) = self.clocks.locked.try_read() {
                return stamp;
            }
            *retries += 1;
            failed += 1;
            if failed.is_multiple_of(PATIENCE) {
                // The writer may be waiting for this very core.
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
            "Ask for fewer threads with --readers.",
        )
    })
}
