// SPDX-License-Identifier: MIT OR Apache-2.0
//! The result of a read: the value, its freshness, and the state of its writer.

use core::time::Duration;

use crate::layout::{LAST_PROMISE, NO_PROMISE, STATE_LIVE, STATE_SUPERSEDED};
use crate::time::boot_time_ns;

/// Stands, in a reader, for a promise by a clock that this process cannot read. Never in a page.
const UNKNOWN: u64 = u64::MAX - 1;

/// The state that the writer of a page last stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriterState {
    /// The writer has not ended in good order. It may have been killed: [`Freshness`] shows it.
    Live,
    /// The writer has ended. Another one may take over.
    Ended,
    /// The page was replaced or removed: open it again.
    Superseded,
}

impl WriterState {
    /// Decodes the word of a page. Unknown numbers count as the end of the writer.
    fn from_word(word: u64) -> Self {
        const LIVE: u64 = STATE_LIVE as u64;
        const SUPERSEDED: u64 = STATE_SUPERSEDED as u64;
        match word {
            LIVE => Self::Live,
            SUPERSEDED => Self::Superseded,
            _ => Self::Ended,
        }
    }
}

/// Whether a value is within the time that its writer promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The promise holds for this much longer.
    Fresh(Duration),
    /// The writer promised to publish again by a time that passed this long ago.
    Stale(Duration),
    /// The writer made no promise: see [`Options::lifetime`](crate::Options::lifetime).
    Unpromised,
    /// The writer made a promise by a clock of another time namespace, which this process cannot
    /// read.
    Unknown,
}

impl Freshness {
    fn new(now: u64, valid_until: u64) -> Self {
        match valid_until {
            NO_PROMISE => Self::Unpromised,
            until if now <= until => Self::Fresh(Duration::from_nanos(until - now)),
            until => Self::Stale(Duration::from_nanos(now - until)),
        }
    }
}

/// Returns the `valid_until` of a value that is published now.
pub(crate) fn valid_until(lifetime_ns: u64) -> u64 {
    match lifetime_ns {
        0 => NO_PROMISE,
        lifetime => boot_time_ns().saturating_add(lifetime).min(LAST_PROMISE),
    }
}

/// A value as it was read, never torn, with its generation and status.
#[derive(Clone, Copy, Debug)]
pub struct Reading<T> {
    /// The value.
    pub value: T,
    /// The number of publications before this one, by all writers of the page.
    pub generation: u64,
    pub(crate) status: ReadStatus,
}

/// The words beside the count, loaded right after a copy.
///
/// Both have the same size. A reading is copied a few times on its way to the caller, and one wide load
/// that takes up two narrower stores waits for both: five times as long as the whole read takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadStatus {
    valid_until: u64,
    state: u64,
}

impl<T> Reading<T> {
    /// Computes how fresh the value is now. Reads the clock, which takes some tens of nanoseconds.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.status.freshness()
    }

    /// Returns the state of the writer when the value was read.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.status.writer_state()
    }
}

impl ReadStatus {
    /// `is_same_clock` says whether reader and writer read the same `CLOCK_BOOTTIME`.
    #[inline(always)]
    pub(crate) fn new(valid_until: u64, is_same_clock: bool, state: u32) -> Self {
        let is_known = is_same_clock || valid_until == NO_PROMISE;
        let valid_until = if is_known { valid_until } else { UNKNOWN };
        ReadStatus { valid_until, state: state.into() }
    }

    pub(crate) fn freshness(self) -> Freshness {
        match self.valid_until {
            UNKNOWN => Freshness::Unknown,
            until => Freshness::new(boot_time_ns(), until),
        }
    }

    pub(crate) fn writer_state(self) -> WriterState {
        WriterState::from_word(self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_holds_until_its_time_and_not_longer() {
        assert_eq!(Freshness::new(5, 7), Freshness::Fresh(Duration::from_nanos(2)));
        assert_eq!(Freshness::new(7, 7), Freshness::Fresh(Duration::ZERO));
        assert_eq!(Freshness::new(8, 7), Freshness::Stale(Duration::from_nanos(1)));
        assert_eq!(Freshness::new(u64::MAX - 1, NO_PROMISE), Freshness::Unpromised);
    }

    #[test]
    fn a_promise_by_another_clock_is_unknown() {
        let freshness = |until, is_same| ReadStatus::new(until, is_same, STATE_LIVE).freshness();
        assert_eq!(freshness(1, false), Freshness::Unknown);
        assert_eq!(freshness(NO_PROMISE, false), Freshness::Unpromised);
        assert!(matches!(freshness(1, true), Freshness::Stale(_)));
    }
}
