// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clocks in nanoseconds: the two whose times are stored in a page, and those that waiters read.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

use crate::identity::namespace;

/// Returns `CLOCK_BOOTTIME` in nanoseconds. It runs while the machine sleeps and cannot be set.
pub(crate) fn boot_time_ns() -> u64 {
    nanoseconds(ClockId::Boottime)
}

/// Returns the `CLOCK_BOOTTIME` of the initial time namespace, so that processes of different namespaces can compare
/// it. Where `/proc` does not show the offset of this namespace, it is the time in this namespace.
pub(crate) fn initial_boot_time_ns() -> u64 {
    let now = boot_time_ns();
    // The offsets in `/proc` are those of the namespace of future children.
    if namespace("time") != namespace("time_for_children") {
        return now;
    }
    let offsets = fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
    without_offset(now, &offsets)
}

/// Subtracts the offset of a time namespace, given as the text of `/proc/self/timens_offsets`.
fn without_offset(time_ns: u64, offsets: &str) -> u64 {
    let boottime = offsets.lines().find_map(|line| line.strip_prefix("boottime"));
    let mut numbers = boottime.unwrap_or_default().split_ascii_whitespace().map(str::parse);
    let (Some(Ok(seconds)), Some(Ok(ns))) = (numbers.next(), numbers.next()) else {
        return time_ns;
    };
    let (seconds, ns): (i64, i64) = (seconds, ns);
    let offset = i128::from(seconds) * 1_000_000_000 + i128::from(ns);
    u64::try_from(i128::from(time_ns) - offset).unwrap_or(time_ns)
}

/// Returns `CLOCK_REALTIME`: nanoseconds since 1970, shown to users and never compared.
pub(crate) fn unix_time_ns() -> u64 {
    nanoseconds(ClockId::Realtime)
}

/// Returns the time of a clock in nanoseconds.
pub(crate) fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_of_a_time_namespace_is_subtracted() {
        let text = "monotonic           5         7\nboottime           -2         3\n";
        assert_eq!(without_offset(10, text), 2_000_000_007);
        assert_eq!(without_offset(9_000_000_000, "boottime 8 1"), 999_999_999);
        assert_eq!(without_offset(10, "boottime           0         0\n"), 10);
        for unknown in ["", "monotonic 1 1", "boottime", "boottime x 1", "boottime 1"] {
            assert_eq!(without_offset(10, unknown), 10, "{unknown}");
        }
        // No time is before the boot.
        assert_eq!(without_offset(10, "boottime 8 1"), 10);
    }
}
