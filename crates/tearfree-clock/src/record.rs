// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Record`: what the page of a clock holds.

use core::mem::offset_of;

use rustix::time::ClockId;
use tearfree_page::{SlotView, payload};

use crate::line::{Line, SHIFT, ns_in};
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
        /// [`Line::since`]. The bounds were right at this count, and no reader of this record uses an
        /// earlier one.
        pub since: u64,
        /// [`Line::reach`].
        pub reach: u32,
        /// [`Line::frac`].
        pub frac: u32,
        /// [`Line::mult`].
        pub mult: u64,
        /// [`Line::mono_ns`]: like `CLOCK_MONOTONIC`.
        pub mono_ns: u64,
        /// A [`Source`](crate::Source).
        pub source: u32,
        /// A [`Status`](crate::Status) against the host's clock.
        pub status: u32,
        /// To be added for `CLOCK_REALTIME`. Steps of the time of day are steps of this number.
        pub real_offset_ns: i64,
        /// [`Line::pivot`].
        pub pivot: u64,
        /// [`Line::next`].
        pub next: u64,
        /// The largest error against the host's clock at `since`.
        pub bound_ns: u64,
        /// From this count on the clock is free running: nobody has compared it for a while.
        pub free_after: u64,
        /// From this count on its status is unknown.
        pub unknown_after: u64,
        /// The largest error against UTC at `since`, or `u64::MAX` if nobody knows.
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

const _: () = assert!(size_of::<Record>() == 2 * 64, "two cache lines");

/// What the time takes of a record, as long as its first slope holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hot {
    since: u64,
    reach: u64,
    frac: u64,
    mult: u64,
    mono_ns: u64,
    source: u64,
}

impl Hot {
    #[inline(always)]
    pub(crate) fn of(record: &SlotView<'_, Record>) -> Self {
        Hot {
            since: record.u64_at::<{ offset_of!(Record, since) }>(),
            reach: record.u32_at::<{ offset_of!(Record, reach) }>(),
            frac: record.u32_at::<{ offset_of!(Record, frac) }>(),
            mult: record.u64_at::<{ offset_of!(Record, mult) }>(),
            mono_ns: record.u64_at::<{ offset_of!(Record, mono_ns) }>(),
            source: record.u32_at::<{ offset_of!(Record, source) }>(),
        }
    }

    /// The time at a count that is on the first slope and near, which is nearly always: as
    /// [`Record::at`]. One comparison says so, because an earlier count wraps around to a large one.
    #[inline(always)]
    pub(crate) fn at(&self, count: u64) -> Option<u64> {
        let passed = count.wrapping_sub(self.since);
        // Nothing wraps below the reach of a line.
        let fine = passed.wrapping_mul(self.mult).wrapping_add(self.frac);
        (passed < self.reach).then(|| self.mono_ns.wrapping_add(fine >> SHIFT))
    }

    /// Whether the counts of the record are those of this counter.
    #[inline(always)]
    pub(crate) fn counts_by(&self, source: Source) -> bool {
        self.source == u64::from(source.word())
    }
}

/// [`Record::real_offset_ns`].
#[inline(always)]
pub(crate) fn real_offset_ns(record: &SlotView<'_, Record>) -> i64 {
    record.u64_at::<{ offset_of!(Record, real_offset_ns) }>().cast_signed()
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
        let &Record { since, mono_ns, frac, mult, pivot, next, .. } = self;
        Line { since, mono_ns, frac, mult, pivot, next }
    }

    /// The same record with another line.
    #[must_use]
    pub(crate) const fn with_line(self, line: Line) -> Self {
        let Line { since, mono_ns, frac, mult, pivot, next } = line;
        Record { since, reach: line.reach(), mult, frac, mono_ns, pivot, next, ..self }
    }

    /// The time at a count.
    ///
    /// A count before `since` counts as `since`: where the counters of two processors differ, the time
    /// stands still for a moment and does not go backwards. If a counter is set back, the time does go
    /// back, to that of the last comparison, until the timekeeper notices at its next tick.
    #[must_use]
    pub const fn at(&self, count: u64) -> u64 {
        self.line().at(count)
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
        let Line { since, mono_ns, frac, mult, pivot, next } = line;
        Record {
            since,
            reach: line.reach(),
            mult,
            frac,
            mono_ns,
            pivot,
            next,
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
            rate: next,
        }
    }

    /// By how much a bound has grown at a count, rounded up.
    fn growth(&self, count: u64, drift_ppb: u32) -> u64 {
        let age_ns = ns_in(count.saturating_sub(self.since), self.line().steepest());
        let grown = (u128::from(age_ns) * u128::from(drift_ppb)).div_ceil(1_000_000_000);
        u64::try_from(grown).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use tearfree_page::{Options, Reader, Writer};

    use super::*;

    #[test]
    fn the_first_line_of_a_record_gives_the_times_of_the_whole() {
        let line = Line::new(10_000, 5_000, 3 << (SHIFT - 1)).bend(20_000, 1 << SHIFT);
        let record = Record::of_line(line, Source::Host);
        let record = Record { real_offset_ns: -7, ..record };
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("clock");
        let _writer = Writer::create(&page, record, &Options::new()).expect("a page");
        let page = Reader::<Record>::open(&page).expect("the same page");
        let seen = page.try_current(|record| (Hot::of(&record), real_offset_ns(&record)));
        let Some((hot, -7)) = seen else { panic!("{seen:?}") };
        for count in [10_000, 10_001, 15_000, 19_999] {
            assert_eq!(hot.at(count), Some(record.at(count)), "at {count}");
        }
        for count in [0, 9_999, 20_000, 20_001, u64::MAX >> 1, u64::MAX] {
            assert_eq!(hot.at(count), None, "{count} is not on the first slope");
        }
        assert_eq!(record.at(0), record.at(10_000), "the time stands still before the line");
        assert!(hot.counts_by(Source::Host) && !hot.counts_by(Source::Tsc));
    }
}
