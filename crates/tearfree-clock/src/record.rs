// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a [`Record`], the value on the page of a clock, says.

use rustix::time::ClockId;

use crate::fields::Record;
use crate::host_time::{host_ns, nanoseconds};
use crate::line::{Line, SHIFT, ns_in};
use crate::source::Source;
use crate::status::Status;

/// The default name of a clock's page.
pub const DEFAULT_NAME: &str = "clock";

/// The slopes of counters: from 100 GHz down to 250 kHz, which is [`Discipline::new`](crate::Discipline::new)'s limit.
const SLOPES: core::ops::Range<u64> = (1 << SHIFT) / 100..4000 << SHIFT;

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
    use crate::first_slope::{FirstSlope, real_offset_ns};

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
