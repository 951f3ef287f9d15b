// SPDX-License-Identifier: MIT OR Apache-2.0
//! Converts between nanoseconds and the C library's types for times.

use libc::{timespec, timeval};

pub(crate) const NSEC: u64 = 1_000_000_000;

/// Returns the nanoseconds of a valid time. `None`: invalid, so the C library has to refuse it.
pub(crate) fn timespec_to_ns(time: &timespec) -> Option<u64> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let ns = u64::try_from(time.tv_nsec).ok().filter(|ns| *ns < NSEC)?;
    Some(seconds.saturating_mul(NSEC).saturating_add(ns))
}

/// As [`timespec_to_ns`], for a time in microseconds.
pub(crate) fn timeval_to_ns(time: &timeval) -> Option<u64> {
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let micros = u64::try_from(time.tv_usec).ok().filter(|micros| *micros < 1_000_000)?;
    Some(seconds.saturating_mul(NSEC).saturating_add(micros * 1000))
}

pub(crate) fn ns_to_timespec(ns: u64) -> timespec {
    timespec { tv_sec: (ns / NSEC).cast_signed(), tv_nsec: (ns % NSEC).cast_signed() }
}

/// Rounds up, so that no wait ends early.
pub(crate) fn ns_to_timeval(ns: u64) -> timeval {
    let micros = ns.div_ceil(1000);
    let (seconds, micros) = (micros / 1_000_000, micros % 1_000_000);
    timeval { tv_sec: seconds.cast_signed(), tv_usec: micros.cast_signed() }
}
