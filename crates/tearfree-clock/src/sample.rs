// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Sample` and `HostState`, what a timekeeper measures of the host at a tick.

/// One comparison: the host's clock, read between two reads of the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The count before.
    pub before: u64,
    /// The count after.
    pub after: u64,
    /// `CLOCK_MONOTONIC` in between, in nanoseconds.
    pub host_ns: u64,
}

impl Sample {
    /// Returns the uncertainty of the sample, in counts.
    pub(crate) fn width(&self) -> u64 {
        self.after - self.before
    }
}

/// The state of the host's clocks, other than its monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostState {
    /// `CLOCK_REALTIME` minus `CLOCK_MONOTONIC` is between these, in nanoseconds.
    pub real_offset_ns: (i64, i64),
    /// The kernel's `maxerror`: the largest error of `CLOCK_REALTIME` against UTC.
    pub utc_error_ns: u64,
    /// Whether the host's clock is disciplined (`STA_UNSYNC` is clear).
    pub utc_is_synchronised: bool,
    /// TAI minus UTC in seconds, 0 if the kernel does not know it.
    pub tai_offset: i32,
    /// For how long the host was suspended since its boot, in nanoseconds.
    pub suspended_ns: u64,
}
