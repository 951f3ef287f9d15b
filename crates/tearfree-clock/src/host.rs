// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's clocks, and how they are compared with the counter.

#![allow(unsafe_code, reason = "adjtimex is in the C library only")]

use core::time::Duration;
use std::thread;

use rustix::time::ClockId;

use crate::source::{Source, host_ns, nanoseconds};
use crate::timekeeper::{Sample, Surroundings};

/// So many tries for one sample; the narrowest counts.
const TRIES: u32 = 8;
/// What the kernel reports when it does not know (`NTP_PHASE_LIMIT`).
const NO_IDEA_NS: u64 = 16_000_000_000;

/// Reads the host's clock between two looks at the counter, as narrowly as it goes.
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
    let before = source.ordered();
    let host_ns = host_ns();
    let after = source.ordered().max(before);
    Sample { before, after, host_ns }
}

/// A first estimate of the nanoseconds per count, good to some ppm. Takes 20 ms.
#[must_use]
pub fn first_estimate(source: Source) -> f64 {
    if source == Source::Host {
        return 1.0;
    }
    let first = sample(source);
    thread::sleep(Duration::from_millis(20));
    let second = sample(source);
    let counts = second.before.saturating_sub(first.before).max(1);
    second.host_ns.saturating_sub(first.host_ns).max(1) as f64 / counts as f64
}

/// Everything else that the host says about its time.
#[must_use]
pub fn surroundings() -> Surroundings {
    let (utc_error_ns, utc_is_synchronised, tai_offset) = kernel_opinion();
    let boot = nanoseconds(ClockId::Boottime);
    let asleep_ns = boot.saturating_sub(host_ns());
    let real_offset_ns = real_offset();
    Surroundings { real_offset_ns, utc_error_ns, utc_is_synchronised, tai_offset, asleep_ns }
}

/// Between which two values `CLOCK_REALTIME` minus `CLOCK_MONOTONIC` is.
fn real_offset() -> (i64, i64) {
    let look = || {
        let before = host_ns();
        let real = nanoseconds(ClockId::Realtime);
        let after = host_ns();
        (real.wrapping_sub(after).cast_signed(), real.wrapping_sub(before).cast_signed())
    };
    let looks = (0..TRIES).map(|_| look());
    looks.min_by_key(|(low, high)| high.wrapping_sub(*low)).unwrap_or((i64::MIN, i64::MAX))
}

/// The largest error against UTC, whether anybody disciplines the clock, and TAI minus UTC.
fn kernel_opinion() -> (u64, bool, i32) {
    // SAFETY: `timex` is a struct of numbers, for which zeros are values.
    let mut opinion: libc::timex = unsafe { core::mem::zeroed() };
    // SAFETY: a valid struct whose `modes` is 0: nothing is changed.
    let state = unsafe { libc::adjtimex(&raw mut opinion) };
    if state < 0 {
        return (NO_IDEA_NS, false, 0);
    }
    let synchronised = opinion.status & libc::STA_UNSYNC == 0;
    let micros = u64::try_from(opinion.maxerror).unwrap_or(u64::MAX);
    (micros.saturating_mul(1000), synchronised, opinion.tai)
}
