// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Record`: the value on the page of a clock.

use core::mem::offset_of;

use rustix::time::ClockId;
use tearfree_page::{SlotView, payload};

use crate::line::{Line, SHIFT, ns_in};
use crate::source::{Source, host_ns, nanoseconds};
use crate::status::Status;

/// The default name of a clock's page.
pub const DEFAULT_NAME: &str = "clock";

/// The slopes of counters: from 100 GHz down to 250 kHz, which is [`Discipline::new`](crate::Discipline::new)'s limit.
const SLOPES: core::ops::Range<u64> = (1 << SHIFT) / 100..4000 << SHIFT;

payload! {
    /// The value that a timekeeper publishes: two cache lines, of which the first suffices for the time.
    ///
    /// All counts are of the counter in `source`, which belongs to one host and one boot. A record has
    /// no meaning elsewhere.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Record {
        /// [`Line::since`]. The bounds hold at this count, and no reader of this record uses an earlier
        /// one.
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
        /// `CLOCK_REALTIME` minus `mono_ns`. Steps of the time of day are steps of this number.
        pub real_offset_ns: i64,
        /// [`Line::pivot`].
        pub pivot: u64,
        /// [`Line::next`].
        pub next: u64,
        /// The largest error against the host's clock at `since`.
        pub bound_ns: u64,
        /// From this count on the status is "free running": the last sample is too old.
        pub free_after: u64,
        /// From this count on its status is unknown.
        pub unknown_after: u64,
        /// The largest error against UTC at `since`, or `u64::MAX` if unknown.
        pub utc_bound_ns: u64,
        /// How fast both bounds grow, in ns per second.
        pub drift_ppb: u32,
        /// How often the time of day was stepped.
        pub steps: u32,
        /// A [`Status`](crate::Status) against UTC.
        pub utc_status: u32,
        /// How often the counter or the host's clock jumped, or the host was suspended.
        pub disruptions: u32,
        /// TAI minus UTC in seconds, or 0 if the host does not know it.
        pub tai_offset: i32,
        /// 0: follows the host. 1: a test clock, which shows the time that it was set to.
        pub is_test: u32,
        /// The estimated slope of the host's clock: `mult` without the slew.
        pub rate: u64,
    }
}

const _: () = assert!(size_of::<Record>() == 2 * 64, "two cache lines");

/// The fields of a record that give the time while its first slope holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstSlope {
    since: u64,
    reach: u64,
    frac: u64,
    mult: u64,
    mono_ns: u64,
    source: u64,
}

impl FirstSlope {
    #[inline(always)]
    pub(crate) fn from_view(record: &SlotView<'_, Record>) -> Self {
        FirstSlope {
            since: record.u64_at::<{ offset_of!(Record, since) }>(),
            reach: record.u32_at::<{ offset_of!(Record, reach) }>(),
            frac: record.u32_at::<{ offset_of!(Record, frac) }>(),
            mult: record.u64_at::<{ offset_of!(Record, mult) }>(),
            mono_ns: record.u64_at::<{ offset_of!(Record, mono_ns) }>(),
            source: record.u32_at::<{ offset_of!(Record, source) }>(),
        }
    }

    /// Returns the time at a count within [`Line::reach`], as [`Record::ns_at`] does. One comparison
    /// suffices, because an earlier count wraps around to a large one.
    #[inline(always)]
    pub(crate) fn ns_at(&self, count: u64) -> Option<u64> {
        let passed = count.wrapping_sub(self.since);
        // Nothing wraps within the reach of a line.
        let fine = passed.wrapping_mul(self.mult).wrapping_add(self.frac);
        (passed < self.reach).then(|| self.mono_ns.wrapping_add(fine >> SHIFT))
    }

    /// Whether the counts of the record are those of this counter.
    #[inline(always)]
    pub(crate) fn is_counted_by(&self, source: Source) -> bool {
        self.source == u64::from(source.to_word())
    }
}

/// Reads [`Record::real_offset_ns`].
#[inline(always)]
pub(crate) fn real_offset_ns(record: &SlotView<'_, Record>) -> i64 {
    record.u64_at::<{ offset_of!(Record, real_offset_ns) }>().cast_signed()
}

/// The independent words of the page.
pub(crate) mod word {
    /// The time at the last tick, for coarse reads. It never decreases.
    pub(crate) const COARSE_NS: usize = 0;
    /// How many bends were published after their pivot.
    pub(crate) const LATE_PUBLICATIONS: usize = 1;
    /// How many ticks came much later than planned.
    pub(crate) const LATE_TICKS: usize = 2;
    /// The longest delay of a tick, in nanoseconds.
    pub(crate) const WORST_DELAY_NS: usize = 3;
    /// The time namespace of the timekeeper, or 0 if unknown.
    pub(crate) const TIME_NAMESPACE: usize = 4;
}

impl Record {
    /// Refuses slopes that no counter has: their page is damaged, or no timekeeper wrote it.
    pub(crate) fn check_slopes(&self) -> Result<(), &'static str> {
        let are_known =
            [self.mult, self.next, self.rate].iter().all(|slope| SLOPES.contains(slope));
        are_known.then_some(()).ok_or("no counter has its slope")
    }

    /// Returns the line of this record.
    #[inline(always)]
    #[must_use]
    pub const fn line(&self) -> Line {
        let &Record { since, mono_ns, frac, mult, pivot, next, .. } = self;
        Line { since, mono_ns, frac, mult, pivot, next }
    }

    /// Returns the same record with another line.
    #[must_use]
    pub(crate) const fn with_line(self, line: Line) -> Self {
        let Line { since, mono_ns, frac, mult, pivot, next } = line;
        Record { since, reach: line.reach(), mult, frac, mono_ns, pivot, next, ..self }
    }

    /// Returns the time at a count.
    ///
    /// A count before `since` gives the time at `since`: if the counters of two processors differ, the
    /// time stops for a moment and does not go backwards. If a counter is set back, the time does go
    /// back, to that of the last sample, until the timekeeper detects it at its next tick.
    #[must_use]
    pub const fn ns_at(&self, count: u64) -> u64 {
        self.line().ns_at(count)
    }

    /// Returns the status against the host's clock at a count, without a newer publication.
    #[must_use]
    pub fn status_at(&self, count: u64) -> Status {
        self.aged(count, self.status)
    }

    /// Returns the status against UTC at a count.
    #[must_use]
    pub fn utc_status_at(&self, count: u64) -> Status {
        self.aged(count, self.utc_status)
    }

    fn aged(&self, count: u64, word: u32) -> Status {
        match Status::from_word(word) {
            _ if count >= self.unknown_after => Status::Unknown,
            Status::Synchronised if count >= self.free_after => Status::FreeRunning,
            status => status,
        }
    }

    /// Returns the largest error against the host's clock at a count.
    #[must_use]
    pub fn bound_at(&self, count: u64) -> u64 {
        self.bound_ns.saturating_add(self.growth(count, self.drift_ppb))
    }

    /// Returns the largest error against UTC at a count, if it is known.
    #[must_use]
    pub fn utc_bound_at(&self, count: u64) -> Option<u64> {
        // The kernel lets its own estimate grow at 500 ppm.
        let drift = self.drift_ppb.saturating_add(500_000);
        let growth = self.growth(count, drift);
        (self.utc_bound_ns != u64::MAX).then(|| self.utc_bound_ns.saturating_add(growth))
    }

    /// Creates a record of the host's clock itself, with status unknown.
    pub(crate) fn from_host_clock() -> Self {
        let now = host_ns();
        let real_offset_ns = nanoseconds(ClockId::Realtime).wrapping_sub(now).cast_signed();
        let line = Line::new(now, now, 1 << SHIFT);
        Record { real_offset_ns, utc_bound_ns: u64::MAX, ..Record::from_line(line, Source::Host) }
    }

    /// Creates a record with a line, and everything else unknown.
    pub(crate) fn from_line(line: Line, source: Source) -> Self {
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
            status: Status::Unknown.to_word(),
            utc_status: Status::Unknown.to_word(),
            source: source.to_word(),
            disruptions: 0,
            tai_offset: 0,
            is_test: 0,
            rate: next,
        }
    }

    /// Returns by how much a bound has grown at a count, rounded up.
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
    fn a_bound_is_rounded_up_and_does_not_wrap() {
        let record = Record::from_line(Line::new(1_000, 0, 1 << SHIFT), Source::Host);
        let slow = Record { bound_ns: 70, drift_ppb: 1, ..record };
        assert_eq!([1_000, 1_001, 1_000_001_000].map(|count| slow.bound_at(count)), [71, 71, 72]);
        assert_eq!(slow.bound_at(0), 71, "not less before the line");
        let wide = Record { bound_ns: u64::MAX - 1, utc_bound_ns: u64::MAX - 1, ..slow };
        assert_eq!(wide.bound_at(u64::MAX), u64::MAX);
        assert_eq!(wide.utc_bound_at(u64::MAX), Some(u64::MAX));
        let steep = Record { drift_ppb: u32::MAX, ..record.with_line(Line::new(0, 0, u64::MAX)) };
        assert_eq!(steep.bound_at(u64::MAX), u64::MAX);
    }

    #[test]
    fn the_first_slope_gives_the_same_times_as_the_whole_record() {
        let line = Line::new(10_000, 5_000, 3 << (SHIFT - 1)).bend(20_000, 1 << SHIFT);
        let record = Record::from_line(line, Source::Host);
        let record = Record { real_offset_ns: -7, ..record };
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("clock");
        let _writer = Writer::create(&page, record, &Options::new()).expect("a page");
        let page = Reader::<Record>::open(&page).expect("the same page");
        let read =
            page.try_current(|record| (FirstSlope::from_view(&record), real_offset_ns(&record)));
        let Some((slope, -7)) = read else { panic!("{read:?}") };
        for count in [10_000, 10_001, 15_000, 19_999] {
            assert_eq!(slope.ns_at(count), Some(record.ns_at(count)), "at {count}");
        }
        for count in [0, 9_999, 20_000, 20_001, u64::MAX >> 1, u64::MAX] {
            assert_eq!(slope.ns_at(count), None, "{count} is not on the first slope");
        }
        assert_eq!(
            record.ns_at(0),
            record.ns_at(10_000),
            "the time does not change before the line"
        );
        assert!(slope.is_counted_by(Source::Host) && !slope.is_counted_by(Source::Tsc));
    }
}
