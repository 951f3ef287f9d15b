// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a read tells beside the value: how fresh it is, and what its writer said last.

use core::time::Duration;

use rustix::time::{ClockId, clock_gettime};

pub(crate) const STATE_LIVE: u32 = 1;
pub(crate) const STATE_ENDED: u32 = 2;
pub(crate) const STATE_SUPERSEDED: u32 = 3;

/// Stands for "no promise" in the page.
pub(crate) const NO_PROMISE: u64 = u64::MAX;
/// Stands, in a reader, for a promise by a clock that it does not see. Never in a page.
const UNKNOWN: u64 = u64::MAX - 1;

/// What the writer of a page said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriterState {
    /// Nothing else. It may have died since without a word: [`Freshness`] shows it.
    Live,
    /// That it has ended. Another one may take over.
    Ended,
    /// That a new page has taken the place of this one: open it again.
    Superseded,
}

impl WriterState {
    /// A number that nobody has a meaning for counts as the writer's end: it is no promise.
    fn of(word: u64) -> Self {
        const LIVE: u64 = STATE_LIVE as u64;
        const SUPERSEDED: u64 = STATE_SUPERSEDED as u64;
        match word {
            LIVE => Self::Live,
            SUPERSEDED => Self::Superseded,
            _ => Self::Ended,
        }
    }
}

/// How a value stands to what its writer promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// The writer is within its promise, for this long.
    Fresh(Duration),
    /// It promised to publish again before now, this long ago.
    Stale(Duration),
    /// It promised nothing: see [`Options::lifetime`](crate::Options::lifetime).
    Unpromised,
    /// It promised, but by a clock that this process does not see: they are in different time
    /// namespaces.
    Unknown,
}

impl Freshness {
    pub(crate) fn at(now: u64, valid_until: u64) -> Self {
        match valid_until {
            NO_PROMISE => Self::Unpromised,
            until if now <= until => Self::Fresh(Duration::from_nanos(until - now)),
            until => Self::Stale(Duration::from_nanos(now - until)),
        }
    }
}

/// The clock of promises: it counts while the machine sleeps, and nobody can set it.
pub(crate) fn boot_time_ns() -> u64 {
    nanoseconds(ClockId::Boottime)
}

/// Nanoseconds since 1970, for people.
pub(crate) fn unix_time_ns() -> u64 {
    nanoseconds(ClockId::Realtime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// A value that was read, whole, and what was known about it then.
#[derive(Clone, Copy, Debug)]
pub struct Reading<T> {
    /// The value.
    pub value: T,
    /// The number of publications before this one. It grows by one with each, across writers too.
    pub generation: u64,
    pub(crate) glance: Glance,
}

/// The words beside the count, as they were right after a copy.
///
/// Words of one size, because a reading is copied a few times on its way out: a load that takes two
/// narrower stores at once waits for both, five times as long as the whole read takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glance {
    valid_until: u64,
    pub(crate) state: u64,
}

impl<T> Reading<T> {
    /// How fresh the value is now. Costs a look at the clock, some tens of nanoseconds.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.glance.freshness()
    }

    /// What the writer had said when this was read.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.glance.writer_state()
    }
}

impl Glance {
    /// `same_clock`: whether reader and writer see the same `CLOCK_BOOTTIME`.
    #[inline(always)]
    pub(crate) fn new(valid_until: u64, same_clock: bool, state: u32) -> Self {
        let is_known = same_clock || valid_until == NO_PROMISE;
        let valid_until = if is_known { valid_until } else { UNKNOWN };
        Glance { valid_until, state: state.into() }
    }

    pub(crate) fn freshness(self) -> Freshness {
        match self.valid_until {
            UNKNOWN => Freshness::Unknown,
            until => Freshness::at(boot_time_ns(), until),
        }
    }

    pub(crate) fn writer_state(self) -> WriterState {
        WriterState::of(self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_kept_until_its_time_and_not_beyond() {
        assert_eq!(Freshness::at(5, 7), Freshness::Fresh(Duration::from_nanos(2)));
        assert_eq!(Freshness::at(7, 7), Freshness::Fresh(Duration::ZERO));
        assert_eq!(Freshness::at(8, 7), Freshness::Stale(Duration::from_nanos(1)));
        assert_eq!(Freshness::at(u64::MAX - 1, NO_PROMISE), Freshness::Unpromised);
    }

    #[test]
    fn a_clock_that_is_not_ours_is_not_compared() {
        let freshness = |until, same| Glance::new(until, same, STATE_LIVE).freshness();
        assert_eq!(freshness(1, false), Freshness::Unknown);
        assert_eq!(freshness(NO_PROMISE, false), Freshness::Unpromised);
        assert!(matches!(freshness(1, true), Freshness::Stale(_)));
    }
}
