// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two clocks whose times are stored in a page.

use rustix::time::{ClockId, clock_gettime};

/// Returns `CLOCK_BOOTTIME` in nanoseconds. It runs while the machine sleeps and cannot be set.
pub(crate) fn boot_time_ns() -> u64 {
    nanoseconds(ClockId::Boottime)
}

/// Returns `CLOCK_REALTIME`: nanoseconds since 1970, shown to users and never compared.
pub(crate) fn unix_time_ns() -> u64 {
    nanoseconds(ClockId::Realtime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}
