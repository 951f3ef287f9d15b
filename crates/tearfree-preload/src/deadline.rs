// SPDX-License-Identifier: MIT OR Apache-2.0
//! From times that a program sees to times of the host, and back.

use libc::{clockid_t, timespec, timeval};
use tearfree_clock::{Record, host_ns};

use crate::setup::clock;
use crate::tell::host_clock;

pub(crate) const NSEC: u64 = 1_000_000_000;

/// What the clock shows at one moment.
pub(crate) struct Moment {
    record: Record,
    count: u64,
    mono_ns: u64,
}

/// Which kind of time a clock number means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Monotonic,
    Realtime,
    Tai,
}

impl Kind {
    /// `None`: a clock that is none of our business, such as those of processor time.
    pub(crate) fn of(id: clockid_t) -> Option<Self> {
        match id {
            libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE | libc::CLOCK_REALTIME_ALARM => {
                Some(Kind::Realtime)
            }
            libc::CLOCK_MONOTONIC
            | libc::CLOCK_MONOTONIC_RAW
            | libc::CLOCK_MONOTONIC_COARSE
            | libc::CLOCK_BOOTTIME
            | libc::CLOCK_BOOTTIME_ALARM => Some(Kind::Monotonic),
            libc::CLOCK_TAI => Some(Kind::Tai),
            _ => None,
        }
    }
}

impl Moment {
    /// Now, if there is a clock to be shown.
    #[inline]
    pub(crate) fn now() -> Option<Self> {
        let (record, count) = clock()?.record();
        Some(Moment { record, count, mono_ns: record.at(count) })
    }

    /// The time that is shown.
    pub(crate) fn shown(&self, kind: Kind) -> u64 {
        let real = self.mono_ns.saturating_add_signed(self.record.real_offset_ns);
        match kind {
            Kind::Monotonic => self.mono_ns,
            Kind::Realtime => real,
            Kind::Tai => {
                real.saturating_add_signed(i64::from(self.record.tai_offset) * NSEC.cast_signed())
            }
        }
    }

    /// How long a span of the shown time takes the host.
    ///
    /// On a clock that stands still no time passes at all; there, spans take as long as they say, so
    /// that programs that wait for something else do not hang.
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

    /// How long a span of the host's takes here.
    pub(crate) fn shown_span(&self, host_ns: u64) -> u64 {
        match self.record {
            Record { is_test: 0, .. } | Record { next: 0, .. } => host_ns,
            record => record.at(self.count.saturating_add(host_ns)).saturating_sub(self.mono_ns),
        }
    }

    pub(crate) fn stands_still(&self) -> bool {
        self.record.next == 0
    }

    /// The host's `CLOCK_MONOTONIC` when the shown time is `deadline_ns`.
    pub(crate) fn host_deadline(&self, kind: Kind, deadline_ns: u64) -> u64 {
        let left = deadline_ns.saturating_sub(self.shown(kind));
        host_ns().saturating_add(self.host_span(left))
    }

    /// The same moment by the host's own clock of this kind.
    pub(crate) fn host_deadline_by(&self, kind: Kind, deadline_ns: u64) -> u64 {
        let left = self.host_deadline(kind, deadline_ns).saturating_sub(host_ns());
        host_clock(kind).saturating_add(left)
    }

    /// The kind of a deadline whose clock the caller does not name: the one that is nearer. A time of
    /// day and a time since the boot are decades apart.
    pub(crate) fn kind_of(&self, deadline_ns: u64) -> Kind {
        let (real, mono) = (self.shown(Kind::Realtime), self.shown(Kind::Monotonic));
        match deadline_ns.abs_diff(real) < deadline_ns.abs_diff(mono) {
            true => Kind::Realtime,
            false => Kind::Monotonic,
        }
    }
}

/// Nanoseconds of a valid time. An invalid one is for the C library to refuse.
pub(crate) fn ns_of(time: &timespec) -> Option<u64> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let ns = u64::try_from(time.tv_nsec).ok().filter(|ns| *ns < NSEC)?;
    Some(seconds.saturating_mul(NSEC).saturating_add(ns))
}

/// Nanoseconds of a valid time in microseconds.
pub(crate) fn ns_of_micros(time: &timeval) -> Option<u64> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let micros = u64::try_from(time.tv_usec).ok().filter(|micros| *micros < 1_000_000)?;
    Some(seconds.saturating_mul(NSEC).saturating_add(micros * 1000))
}

pub(crate) fn timespec_of(ns: u64) -> timespec {
    timespec { tv_sec: (ns / NSEC).cast_signed(), tv_nsec: (ns % NSEC).cast_signed() }
}

/// Rounded up, so that nothing ends early.
pub(crate) fn timeval_of(ns: u64) -> timeval {
    let micros = ns.div_ceil(1000);
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    timeval { tv_sec: seconds.cast_signed(), tv_usec: micros.cast_signed() }
}

/// A relative time as the host has to wait for it; `None`: leave it as it is.
pub(crate) fn scaled(time: Option<&timespec>) -> Option<timespec> {
    Some(timespec_of(Moment::now()?.host_span(ns_of(time?)?)))
}

/// A timeout in milliseconds, likewise; negative ones are for ever.
pub(crate) fn scaled_millis(timeout: i32) -> i32 {
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

    use tearfree_clock::{Setting, TestClock};

    use super::*;

    /// In the 5 ms before a bend, a span begins at the old speed and goes on at the new one.
    #[test]
    fn a_span_that_reaches_beyond_a_bend_is_split_there() {
        let page = std::env::temp_dir().join(format!("tearfree-preload-bend-{}", id()));
        let speed = |speed| Setting { speed: Some(speed), ..Setting::default() };
        TestClock::create(&page, speed(1.0)).expect("new");
        let record = TestClock::change(&page, speed(1000.0)).expect("it is there");
        std::fs::remove_dir_all(&page).expect("it can be removed");

        let count = record.pivot - 2_000_000;
        let now = Moment { record, count, mono_ns: record.at(count) };
        // 2 ms until the bend, then 8 ms in 8 us of the host's.
        assert!(now.host_span(10_000_000).abs_diff(2_008_000) <= 2);
        assert!(now.shown_span(2_008_000).abs_diff(10_000_000) <= 1000);
        assert_eq!((now.host_span(1_000_000), now.shown_span(1_000_000)), (1_000_000, 1_000_000));
        let later = Moment { count: record.pivot, mono_ns: record.at(record.pivot), record };
        assert!(later.host_span(10_000_000).abs_diff(10_000) <= 1);
    }
}
