// SPDX-License-Identifier: GPL-2.0
//! `Subject`, a shared value under test, and `Action`, what a thread or an interruption does to it.

use crate::tally::{ReadOutcome, Tally};

/// A shared value, which each write brings to the next generation.
pub(crate) trait Subject: Sync {
    /// Whether its words are accessed one by one, in every second call with a pause after each.
    const WORD_BY_WORD: bool = false;

    /// Writes the next generation. `turn` numbers the calls of one caller, and may choose the way.
    fn write(&self, turn: u64);

    /// Reads a value.
    fn read(&self, turn: u64) -> ReadOutcome;

    /// Returns the generation after the last write, when no writer is left.
    fn generation(&self) -> u64;

    /// Whether the sequence count is right after `writes` writes; true if it is not visible.
    fn has_count_of(&self, _writes: u64) -> bool {
        true
    }
}

/// What a thread or an interruption does over and over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Write,
    Read,
}

impl Action {
    #[inline]
    pub(crate) fn perform<S: Subject>(self, subject: &S, tally: &Tally) {
        match self {
            Action::Write => {
                subject.write(tally.turns());
                tally.add_write();
            }
            Action::Read => tally.add_read(subject.read(tally.turns())),
        }
    }
}
