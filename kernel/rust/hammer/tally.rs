// SPDX-License-Identifier: GPL-2.0
//! `Tally`, the counters of one thread or interruption.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The outcome of one read.
pub(crate) enum ReadOutcome {
    /// All words are of one generation; a writer was met `met` times.
    Whole { generation: u64, met: u64 },
    /// The words are of several generations, which the locks have to prevent.
    Torn,
    /// Every attempt failed.
    Stuck,
}

impl ReadOutcome {
    /// Returns `Whole`, or `Torn` if the words have no common generation.
    #[inline]
    pub(crate) fn new(generation: Option<u64>, met: u64) -> Self {
        match generation {
            Some(generation) => ReadOutcome::Whole { generation, met },
            None => ReadOutcome::Torn,
        }
    }
}

/// Counters that one thread or interruption changes, and the thread that runs the case reads.
pub(crate) struct Tally {
    pub(crate) writes: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) met: AtomicU64,
    pub(crate) stuck: AtomicU64,
    pub(crate) torn: AtomicU64,
    pub(crate) backward: AtomicU64,
    newest: AtomicU64,
}

impl Tally {
    pub(crate) const fn new() -> Self {
        Tally {
            writes: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            met: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            torn: AtomicU64::new(0),
            backward: AtomicU64::new(0),
            newest: AtomicU64::new(0),
        }
    }

    /// Returns the number of reads and writes.
    #[inline]
    pub(crate) fn turns(&self) -> u64 {
        load(&self.writes).wrapping_add(load(&self.reads))
    }

    #[inline]
    pub(crate) fn add_write(&self) {
        add(&self.writes, 1);
    }

    #[inline]
    pub(crate) fn add_read(&self, outcome: ReadOutcome) {
        add(&self.reads, 1);
        match outcome {
            ReadOutcome::Torn => add(&self.torn, 1),
            ReadOutcome::Stuck => add(&self.stuck, 1),
            ReadOutcome::Whole { generation, met } => {
                add(&self.met, met);
                if generation < load(&self.newest) {
                    add(&self.backward, 1);
                }
                store(&self.newest, generation);
            }
        }
    }
}

/// Adds to a counter that only this thread changes.
#[inline]
fn add(counter: &AtomicU64, more: u64) {
    store(counter, load(counter).wrapping_add(more));
}

#[inline]
fn store(counter: &AtomicU64, value: u64) {
    counter.store(value, Relaxed);
}

/// Loads a counter, which may be changing.
#[inline]
pub(crate) fn load(counter: &AtomicU64) -> u64 {
    counter.load(Relaxed)
}
