// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory that is not atomic: two accesses at once, one of them a write, are a failure.

use crate::atomic::{AtomicUsize, Word};
use crate::event::Strength;
use crate::replay;

/// A word that is not atomic: if two threads are at it at once, the program has failed.
#[derive(Debug)]
#[repr(transparent)]
pub struct Plain {
    start: AtomicUsize,
}

impl Plain {
    /// A word that holds `value` when the threads start.
    #[must_use]
    pub const fn new(value: usize) -> Self {
        Plain { start: AtomicUsize::new(value) }
    }

    /// The same word, for accesses that are atomic.
    pub(crate) fn as_atomic(&self) -> &AtomicUsize {
        &self.start
    }

    /// Reads it.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn get(&self) -> usize {
        let read = replay::load(self.start.place(), Strength::Plain);
        read.map(Word::of).expect("only a thread of a program gets at a plain word")
    }

    /// Writes it.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn set(&self, value: usize) {
        let written = replay::store(self.start.place(), value.bits(), Strength::Plain);
        written.expect("only a thread of a program gets at a plain word");
    }
}
