// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Record`: what the page of a clock holds.

use core::mem::offset_of;

use rustix::time::ClockId;
use tearfree_page::payload;

use crate::line::{Line, SHIFT};
use crate::source::{Source, host_ns, nanoseconds};
use crate::status::Status;

/// The name under which a clock is published if nobody gives another one.
pub const DEFAULT_NAME: &str = "clock";

payload! {
    /// What a timekeeper publishes: two cache lines, of which the first is enough for the time.
    ///
    /// All counts are those of the counter that `source` names. It belongs to one host and one boot,
    /// so a record means nothing anywhere else.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Record {
        /// [`Line::pivot`].
        pub pivot: u64,
        /// [`Line::mono_ns`]: like `CLOCK_MONOTONIC`.
        pub mono_ns: u64,
        /// [`Line::frac`].
        pub frac: u64,
        /// [`Line::mult`].
        pub mult: u64,
        /// [`Line::before`].
        pub before: u64,
        /// The count at which the bounds were right. No reader of this record uses an earlier one.
        pub as_of: u64,
        /// To be added for `CLOCK_REALTIME`. Steps of the time of day are steps of this number.
        pub real_offset_ns: i64,
        /// A [`Source`](crate::Source).
        pub source: u32,
        /// A [`Status`](crate::Status) against the host's clock.
        pub status: u32,
        /// The largest error against the host's clock at `as_of`.
        pub bound_ns: u64,
        /// From this count on the clock is free running: nobody has compared it for a while.
        pub free_after: u64,
        /// From this count on its status is unknown.
        pub unknown_after: u64,
        /// The largest error against UTC at `as_of`, or `u64::MAX` if nobody knows.
        pub utc_bound_ns: u64,
        /// How fast both bounds grow, in billionths of the time that passes.
        pub drift_ppb: u32,
        /// How often the time of day was stepped.
        pub steps: u32,
        /// A [`Status`](crate::Status) against UTC.
        pub utc_status: u32,
        /// How often the counter or the host's clock jumped, or the host slept.
        pub disruptions: u32,
        /// TAI minus UTC in seconds, or 0 if the host does not know.
        pub tai_offset: i32,
        /// 0: follows the host. 1: a test clock, which shows whatever it was told to.
        pub is_test: u32,
        /// The slope of the host's clock, as it was estimated: `mult` without the slewing.
        pub rate: u64,
    }
}

payload! {
    /// What a [`Record`] begins with: one cache line, enough for the time.
    #[derive(Debug)]
    pub(crate) struct Hot {
        pivot: u64,
        mono_ns: u64,
        frac: u64,
        mult: u64,
        before: u64,
        as_of: u64,
        pub(crate) real_offset_ns: i64,
        pub(crate) source: u32,
        status: u32,
    }
}

const _: () = {
    assert!(size_of::<Hot>() == 64 && size_of::<Record>() == 2 * 64, "one cache line, and two");
    assert!(offset_of!(Hot, pivot) == offset_of!(Record, pivot));
    assert!(offset_of!(Hot, mono_ns) == offset_of!(Record, mono_ns));
    assert!(offset_of!(Hot, frac) == offset_of!(Record, frac));
    assert!(offset_of!(Hot, mult) == offset_of!(Record, mult));
    assert!(offset_of!(Hot, before) == offset_of!(Record, before));
    assert!(offset_of!(Hot, as_of) == offset_of!(Record, as_of));
    assert!(offset_of!(Hot, real_offset_ns) == offset_of!(Record, real_offset_ns));
    assert!(offset_of!(Hot, source) == offset_of!(Record, source));
    assert!(offset_of!(Hot, status) == offset_of!(Record, status));
};

impl Hot {
    /// As [`Record::at`].
    #[inline(always)]
    pub(crate) const fn at(&self, count: u64) -> u64 {
        let &Hot { pivot, mono_ns, frac, mult, before, as_of, .. } = self;
        let line = Line { pivot, mono_ns, frac, mult, before };
        // A branch, which costs nothing while it is foreseen, where a selection would cost its time.
        if count < as_of { at_latest(line, as_of) } else { line.at(count) }
    }
}

#[cold]
const fn at_latest(line: Line, as_of: u64) -> u64 {
    line.at(as_of)
}

/// The words of the page that are whole by themselves.
pub(crate) mod word {
    /// The time at the last tick, for coarse reads. It never decreases.
    pub(crate) const COARSE_NS: usize = 0;
    /// How many bends were published after their pivot.
    pub(crate) const LATE_PUBLICATIONS: usize = 1;
    /// How many ticks came much later than planned.
    pub(crate) const LATE_TICKS: usize = 2;
    /// By how much the latest of them was late, in nanoseconds.
    pub(crate) const WORST_DELAY_NS: usize = 3;
    /// The time namespace of the timekeeper, or 0 if it does not know.
    pub(crate) const TIME_NAMESPACE: usize = 4;
}

impl Record {
    /// The line of this record.
    #[inline(always)]
    #[must_use]
    pub const fn line(&self) -> Line {
        let &Record { pivot, mono_ns, frac, mult, before, .. } = self;
        Line { pivot, mono_ns, frac, mult, before }
    }

    /// The time at a count.
    ///
    /// A count before `as_of` counts as `as_of`: where counters of different processors differ, or one
    /// was set back, the time stands still for a moment and does not go backwards.
    #[inline(always)]
    #[must_use]
    pub const fn at(&self, count: u64) -> u64 {
        self.line().at(if count < self.as_of { self.as_of } else { count })
    }

    /// How the clock stands to the host's at a count, if nobody has published anything since.
    #[must_use]
    pub fn status_at(&self, count: u64) -> Status {
        self.aged(count, self.status)
    }

    /// How it stands to UTC.
    #[must_use]
    pub fn utc_status_at(&self, count: u64) -> Status {
        self.aged(count, self.utc_status)
    }

    fn aged(&self, count: u64, word: u32) -> Status {
        match Status::of(word) {
            _ if count >= self.unknown_after => Status::Unknown,
            Status::Synchronised if count >= self.free_after => Status::FreeRunning,
            status => status,
        }
    }

    /// The largest error against the host's clock at a count.
    #[must_use]
    pub fn bound_at(&self, count: u64) -> u64 {
        self.bound_ns.saturating_add(self.growth(count, self.drift_ppb))
    }

    /// The largest error against UTC at a count, if it is known at all.
    #[must_use]
    pub fn utc_bound_at(&self, count: u64) -> Option<u64> {
        // The kernel lets its own estimate grow at 500 ppm.
        let drift = self.drift_ppb.saturating_add(500_000);
        let growth = self.growth(count, drift);
        (self.utc_bound_ns != u64::MAX).then(|| self.utc_bound_ns.saturating_add(growth))
    }

    /// The host's clock itself, without anybody's promise.
    pub(crate) fn of_host() -> Self {
        let now = host_ns();
        let real_offset_ns = nanoseconds(ClockId::Realtime).wrapping_sub(now).cast_signed();
        let line = Line::new(now, now, 1 << SHIFT);
        Record { real_offset_ns, utc_bound_ns: u64::MAX, ..Record::of_line(line, Source::Host) }
    }

    /// A record of nothing but a line.
    pub(crate) fn of_line(line: Line, source: Source) -> Self {
        let Line { pivot, mono_ns, frac, mult, before } = line;
        Record {
            pivot,
            mono_ns,
            frac,
            mult,
            before,
            as_of: pivot,
            real_offset_ns: 0,
            bound_ns: 0,
            free_after: u64::MAX,
            unknown_after: u64::MAX,
            utc_bound_ns: 0,
            drift_ppb: 0,
            steps: 0,
            status: Status::Unknown.word(),
            utc_status: Status::Unknown.word(),
            source: source.word(),
            disruptions: 0,
            tai_offset: 0,
            is_test: 0,
            rate: mult,
        }
    }

    /// By how much a bound has grown at a count, rounded up.
    fn growth(&self, count: u64, drift_ppb: u32) -> u64 {
        let steeper = if self.mult > self.before { self.mult } else { self.before };
        let age_ns = Line::new(0, 0, steeper).ns_in(count.saturating_sub(self.as_of));
        let grown = (u128::from(age_ns) * u128::from(drift_ppb)).div_ceil(1_000_000_000);
        u64::try_from(grown).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use tearfree_page::zerocopy::{FromBytes, IntoBytes};

    use super::*;

    #[test]
    fn the_first_line_of_a_record_gives_the_times_of_the_whole() {
        let line = Line::new(10_000, 5_000, 1 << SHIFT).bend(20_000, 3 << (SHIFT - 1));
        let record = Record { as_of: 15_000, ..Record::of_line(line, Source::Host) };
        let Ok(hot) = Hot::read_from_bytes(&record.as_bytes()[..64]) else { panic!("64 bytes") };
        for count in [0, 9_999, 15_000, 15_001, 19_999, 20_000, 20_001, u64::MAX >> 1] {
            assert_eq!(hot.at(count), record.at(count), "at {count}");
            assert!(hot.at(count) >= record.at(15_000), "the time goes back at {count}");
        }
        assert_eq!((hot.source, hot.real_offset_ns), (record.source, record.real_offset_ns));
    }
}
