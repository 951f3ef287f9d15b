// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads the host's clocks, and compares them with the counter.

#![allow(unsafe_code, reason = "adjtimex is in the C library only")]

use core::time::Duration;
use std::thread;

use rustix::time::ClockId;

use crate::sample::{HostState, Sample};
use crate::source::{Source, host_ns, nanoseconds};

/// The number of tries for one sample; the narrowest is taken.
const TRIES: u32 = 8;
/// The kernel's error bound without an NTP client (`NTP_PHASE_LIMIT`).
const NTP_PHASE_LIMIT_NS: u64 = 16_000_000_000;

/// Reads the host's clock between two reads of the counter, which are as close as possible.
#[must_use]
pub fn sample(source: Source) -> Sample {
    let mut best = one_sample(source);
    for _ in 1..TRIES {
        let other = one_sample(source);
        if other.after - other.before < best.after - best.before {
            best = other;
        }
    }
    best
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
    let boottime = nanoseconds(ClockId::Boottime);
    let suspended_ns = boottime.saturating_sub(host_ns());
    let real_offset_ns = real_offset();
    HostState { real_offset_ns, utc_error_ns, utc_is_synchronised, tai_offset, suspended_ns }
}

/// Returns two values between which `CLOCK_REALTIME` minus `CLOCK_MONOTONIC` is.
fn real_offset() -> (i64, i64) {
    let measure = || {
        let before = host_ns();
        let real = nanoseconds(ClockId::Realtime);
        let after = host_ns();
        (real.wrapping_sub(after).cast_signed(), real.wrapping_sub(before).cast_signed())
    };
    let intervals = (0..TRIES).map(|_| measure());
    intervals.min_by_key(|(low, high)| high.wrapping_sub(*low)).unwrap_or((i64::MIN, i64::MAX))
}

/// Returns the largest error against UTC, whether the clock is disciplined, and TAI minus UTC.
fn ntp_state() -> (u64, bool, i32) {
    // SAFETY: `timex` is a struct of numbers, for which zeros are values.
    let mut timex: libc::timex = unsafe { core::mem::zeroed() };
    // SAFETY: a valid struct whose `modes` is 0: nothing is changed.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        return (NTP_PHASE_LIMIT_NS, false, 0);
    }
    let synchronised = timex.status & libc::STA_UNSYNC == 0;
    let micros = u64::try_from(timex.maxerror).unwrap_or(u64::MAX);
    (micros.saturating_mul(1000), synchronised, timex.tai)
}
