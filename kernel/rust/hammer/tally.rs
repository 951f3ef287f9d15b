// SPDX-License-Identifier: GPL-2.0
//! What one thread or interruption has done and seen.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What one read gave.
pub(crate) enum Look {
    /// A whole generation; `met`, how often a writer was in the way.
    Whole { generation: u64, met: u64 },
    /// Words of several generations: what must not be.
    Torn,
    /// Nothing, because a writer was in the way all the time.
    Stuck,
}

impl Look {
    /// Looks at words that were validated, or should have been.
    #[inline]
    pub(crate) fn at(generation: Option<u64>, met: u64) -> Self {
        match generation {
            Some(generation) => Look::Whole { generation, met },
            None => Look::Torn,
        }
    }
}

/// Numbers that one thread or interruption counts and the thread in charge looks at.
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

    /// All reads and writes.
    #[inline]
    pub(crate) fn turns(&self) -> u64 {
        read(&self.writes).wrapping_add(read(&self.reads))
    }

    #[inline]
    pub(crate) fn wrote(&self) {
        add(&self.writes, 1);
    }

    #[inline]
    pub(crate) fn saw(&self, look: Look) {
        add(&self.reads, 1);
        match look {
            Look::Torn => add(&self.torn, 1),
            Look::Stuck => add(&self.stuck, 1),
            Look::Whole { generation, met } => {
                add(&self.met, met);
                if generation < read(&self.newest) {
                    add(&self.backward, 1);
                }
                set(&self.newest, generation);
            }
        }
    }
}

/// Adds to a number that only this thread changes.
#[inline]
fn add(number: &AtomicU64, more: u64) {
    set(number, read(number).wrapping_add(more));
}

#[inline]
fn set(number: &AtomicU64, value: u64) {
    // ORDERING: Relaxed: one thread stores this number; it publishes nothing else.
    number.store(value, Relaxed);
}

/// A look at a number that may be changing.
#[inline]
pub(crate) fn read(number: &AtomicU64) -> u64 {
    // ORDERING: Relaxed: a number to add up; the end of the thread orders the last one.
    number.load(Relaxed)
}
