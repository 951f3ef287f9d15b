// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the host's clocks, and compares them with the counter.

#![allow(unsafe_code, reason = "adjtimex is in the C library only")]

use core::time::Duration;
use std::thread;

use rustix::time::ClockId;

use crate::host_time::{host_ns, nanoseconds};
use crate::sample::{HostState, Sample};
use crate::source::Source;

/// The number of tries for one sample; the narrowest is taken.
const TRIES: u32 = 8;
/// The kernel's error bound without an NTP client (`NTP_PHASE_LIMIT`).
const NTP_PHASE_LIMIT_NS: u64 = 16_000_000_000;

/// Reads the host's clock between two reads of the counter, which are as close as possible.
#[must_use]
pub fn sample(source: Source) -> Sample {
    let others = (1..TRIES).map(|_| one_sample(source));
    narrowest(one_sample(source), others)
}

fn narrowest(first: Sample, others: impl Iterator<Item = Sample>) -> Sample {
    others.fold(first, |best, other| if other.width() < best.width() { other } else { best })
}

fn one_sample(source: Source) -> Sample {
    let before = source.read_ordered();
    let host_ns = host_ns();
    let after = source.read_ordered().max(before);
    Sample { before, after, host_ns }
}

/// Estimates the nanoseconds per count, to within some ppm. Takes 20 ms.
#[must_use]
pub fn estimate_ns_per_count(source: Source) -> f64 {
    if source == Source::Host {
        return 1.0;
    }
    let first = sample(source);
    thread::sleep(Duration::from_millis(20));
    let second = sample(source);
    let counts = second.before.saturating_sub(first.before).max(1);
    second.host_ns.saturating_sub(first.host_ns).max(1) as f64 / counts as f64
}

/// Reads the state of the host's other clocks.
#[must_use]
pub fn read_state() -> HostState {
    let (utc_error_ns, utc_is_synchronised, tai_offset) = ntp_state();
    let boottime_ns = nanoseconds(ClockId::Boottime);
    HostState {
        real_offset_ns: real_offset(),
        utc_error_ns,
        utc_is_synchronised,
        tai_offset,
        suspended_ns: boottime_ns.saturating_sub(host_ns()),
    }
}

/// Returns two values between which `CLOCK_REALTIME` minus `CLOCK_MONOTONIC` is.
fn real_offset() -> (i64, i64) {
    let measure = || {
        let before = host_ns();
        let real = nanoseconds(ClockId::Realtime);
        offset_between(before, real, host_ns())
    };
    let intervals = (0..TRIES).map(|_| measure());
    intervals.min_by_key(|(low, high)| high.wrapping_sub(*low)).unwrap_or((i64::MIN, i64::MAX))
}

/// Returns the least and the largest offset of a time of day that was read between two monotonic times.
fn offset_between(before: u64, real: u64, after: u64) -> (i64, i64) {
    (real.wrapping_sub(after).cast_signed(), real.wrapping_sub(before).cast_signed())
}

/// Returns the largest error against UTC, whether the clock is disciplined, and TAI minus UTC.
fn ntp_state() -> (u64, bool, i32) {
    // SAFETY: `timex` is a struct of numbers, for which zeros are values.
    let mut timex: libc::timex = unsafe { core::mem::zeroed() };
    // SAFETY: a valid struct whose `modes` is 0: nothing is changed.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    ntp_state_of(state, &timex)
}

/// As [`ntp_state`], by what `adjtimex` returned.
fn ntp_state_of(state: i32, timex: &libc::timex) -> (u64, bool, i32) {
    if state < 0 {
        return (NTP_PHASE_LIMIT_NS, false, 0);
    }
    let synchronised = timex.status & libc::STA_UNSYNC == 0;
    let micros = u64::try_from(timex.maxerror).unwrap_or(u64::MAX);
    (micros.saturating_mul(1000), synchronised, timex.tai)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what `adjtimex` stores on a host whose clock is disciplined to within 700 us.
    fn disciplined() -> libc::timex {
        // SAFETY: `timex` is a struct of numbers, for which zeros are values.
        let zeros: libc::timex = unsafe { core::mem::zeroed() };
        libc::timex { status: libc::STA_PLL, maxerror: 700, tai: 37, ..zeros }
    }

    #[test]
    fn utc_is_known_only_while_the_kernel_says_so() {
        assert_eq!(ntp_state_of(libc::TIME_OK, &disciplined()), (700_000, true, 37));
        let mut unknown = disciplined();
        unknown.status |= libc::STA_UNSYNC;
        assert_eq!(ntp_state_of(libc::TIME_ERROR, &unknown), (700_000, false, 37));
        // A sandbox forbids the call.
        assert_eq!(ntp_state_of(-1, &disciplined()), (16_000_000_000, false, 0));
    }

    #[test]
    fn the_state_of_this_host_is_read() {
        let state = read_state();
        let (low, high) = state.real_offset_ns;
        assert!(low <= high && low > 0, "the machine was started after 1970: {low} {high}");
        let mut now = disciplined();
        // SAFETY: a valid struct whose `modes` is 0: nothing is changed.
        if unsafe { libc::adjtimex(&raw mut now) } >= 0 {
            assert_eq!(state.tai_offset, now.tai);
            // The kernel lets the error grow by 500 us a second; a client may have reduced it meanwhile.
            assert!(state.utc_error_ns <= NTP_PHASE_LIMIT_NS, "{state:?}");
        }
    }

    #[test]
    fn the_time_of_day_was_read_between_two_monotonic_times() {
        assert_eq!(offset_between(10, 110, 14), (96, 100));
        assert_eq!(offset_between(200, 110, 204), (-94, -90), "before 1970");
    }

    #[test]
    fn the_narrowest_sample_is_taken() {
        let sample = |before, width| Sample { before, after: before + width, host_ns: before };
        let others = [sample(30, 25), sample(60, 20), sample(90, 20), sample(120, 4000)];
        assert_eq!(narrowest(sample(0, 30), others.into_iter()), sample(60, 20));
    }
}
