// SPDX-License-Identifier: MIT OR Apache-2.0
//! Converts times that a program sees into times of the host, and back.

use libc::timespec;
use tearfree_clock::{Record, ShownClock, host_ns};

use crate::convert::{ns_to_timespec, timespec_to_ns};
use crate::host::host_clock_ns;
use crate::setup::clock;

/// One reading of the clock, by which times are converted.
pub(crate) struct Moment {
    record: Record,
    count: u64,
    mono_ns: u64,
}

impl Moment {
    /// Reads the clock. `None`: no clock was opened, and the program sees the host's time.
    #[inline]
    pub(crate) fn now() -> Option<Self> {
        let (record, count) = clock()?.record();
        Some(Moment { record, count, mono_ns: record.ns_at(count) })
    }

    /// Returns the time that the program sees.
    pub(crate) fn shown_ns(&self, clock: ShownClock) -> u64 {
        clock.ns(self.mono_ns, self.record.real_offset_ns, self.record.tai_offset)
    }

    /// Converts a span of the program's time into one of the host's.
    ///
    /// On a frozen clock no time passes at all. There a span takes its own length of the host's time,
    /// so that programs that wait for something else do not hang.
    pub(crate) fn host_span(&self, shown_ns: u64) -> u64 {
        match self.record {
            Record { is_test: 0, .. } | Record { next: 0, .. } => shown_ns,
            record => {
                // A test clock counts in the host's nanoseconds.
                let count = record.line().count_at(self.mono_ns.saturating_add(shown_ns));
                count.map_or(u64::MAX, |count| count.saturating_sub(self.count))
            }
        }
    }

    /// Converts a span of the host's time into one of the program's.
    pub(crate) fn shown_span(&self, host_ns: u64) -> u64 {
        match self.record {
            Record { is_test: 0, .. } | Record { next: 0, .. } => host_ns,
            record => record.ns_at(self.count.saturating_add(host_ns)).saturating_sub(self.mono_ns),
        }
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.record.next == 0
    }

    /// Returns the host's `CLOCK_MONOTONIC` at which the program's time is `deadline_ns`.
    pub(crate) fn host_deadline(&self, clock: ShownClock, deadline_ns: u64) -> u64 {
        let left = deadline_ns.saturating_sub(self.shown_ns(clock));
        host_ns().saturating_add(self.host_span(left))
    }

    /// As [`host_deadline`](Self::host_deadline), on the host's own clock of the same kind.
    pub(crate) fn host_deadline_on(&self, clock: ShownClock, deadline_ns: u64) -> u64 {
        let left = self.host_deadline(clock, deadline_ns).saturating_sub(host_ns());
        host_clock_ns(clock.to_id()).saturating_add(left)
    }

    /// Returns the clock that a deadline is nearer to, for calls that do not name one. A time of day
    /// and a time since the boot are decades apart.
    pub(crate) fn nearest_clock(&self, deadline_ns: u64) -> ShownClock {
        let real = self.shown_ns(ShownClock::Realtime);
        let mono = self.shown_ns(ShownClock::Monotonic);
        match deadline_ns.abs_diff(real) < deadline_ns.abs_diff(mono) {
            true => ShownClock::Realtime,
            false => ShownClock::Monotonic,
        }
    }
}

/// Converts a relative timeout for the host. `None`: pass it on as it is.
pub(crate) fn host_timeout(time: Option<&timespec>) -> Option<timespec> {
    Some(ns_to_timespec(Moment::now()?.host_span(timespec_to_ns(time?)?)))
}

/// As [`host_timeout`], in milliseconds. Negative timeouts never end, and stay.
pub(crate) fn host_timeout_millis(timeout: i32) -> i32 {
    match (u64::try_from(timeout), Moment::now()) {
        (Ok(millis), Some(now)) => {
            let host_ns = now.host_span(millis * 1_000_000);
            i32::try_from(host_ns.div_ceil(1_000_000)).unwrap_or(i32::MAX)
        }
        _ => timeout,
    }
}

#[cfg(test)]
mod tests {
    use std::process::id;

    use crate::convert::NSEC;
    use tearfree_clock::{TestClock, TestSettings};

    use super::*;

    #[test]
    fn each_clock_shows_its_own_time() {
        let page = std::env::temp_dir().join(format!("tearfree-preload-clocks-{}", id()));
        TestClock::create(&page, TestSettings::default()).expect("the page is new");
        let record = TestClock::change(&page, TestSettings::new().offset_ns(1));
        std::fs::remove_dir_all(&page).expect("the page can be removed");
        let record =
            Record { real_offset_ns: 5_000, tai_offset: 37, ..record.expect("the page exists") };
        let now = Moment { record, count: record.since, mono_ns: 1_000 };
        let shown = |clock| now.shown_ns(clock);
        assert_eq!(shown(ShownClock::Monotonic), 1_000);
        assert_eq!(shown(ShownClock::Realtime), 6_000);
        assert_eq!(shown(ShownClock::Tai), 37 * NSEC + 6_000, "TAI is ahead of UTC");
    }

    /// In the 5 ms before a bend, a span begins at the old speed and goes on at the new one.
    #[test]
    fn a_span_that_reaches_beyond_a_bend_is_split_there() {
        let page = std::env::temp_dir().join(format!("tearfree-preload-bend-{}", id()));
        let speed = |speed: f64| TestSettings::new().speed(speed);
        TestClock::create(&page, speed(1.0)).expect("the page is new");
        let record = TestClock::change(&page, speed(1000.0)).expect("the page exists");
        std::fs::remove_dir_all(&page).expect("the page can be removed");

        let count = record.pivot - 2_000_000;
        let now = Moment { record, count, mono_ns: record.ns_at(count) };
        // 2 ms until the bend, then 8 ms in 8 us of the host's.
        assert!(now.host_span(10_000_000).abs_diff(2_008_000) <= 2);
        assert!(now.shown_span(2_008_000).abs_diff(10_000_000) <= 1000);
        assert_eq!((now.host_span(1_000_000), now.shown_span(1_000_000)), (1_000_000, 1_000_000));
        let later = Moment { count: record.pivot, mono_ns: record.ns_at(record.pivot), record };
        assert!(later.host_span(10_000_000).abs_diff(10_000) <= 1);
    }
}
