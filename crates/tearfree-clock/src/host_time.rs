// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's clocks in nanoseconds.

use rustix::time::{ClockId, clock_gettime};

/// Reads the host's monotonic clock in nanoseconds.
///
/// It is read from the vDSO, without the C library, whose `clock_gettime` may be replaced in this
/// program.
#[must_use]
pub fn host_ns() -> u64 {
    nanoseconds(ClockId::Monotonic)
}

pub(crate) fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.wrapping_mul(1_000_000_000).wrapping_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}
