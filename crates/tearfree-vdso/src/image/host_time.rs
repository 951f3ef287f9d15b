// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's monotonic clock, which test clocks count.

#![allow(unsafe_code, reason = "the kernel's function is C's")]

use crate::functions::Timespec;
use crate::host::clock_gettime;
use crate::shown::ShownClock;

/// Reads the host's monotonic clock in nanoseconds; 0 if the kernel refuses.
#[inline(always)]
pub(crate) fn host_ns() -> u64 {
    let mut time = Timespec::default();
    // SAFETY: a clock that every system has, and room for its time.
    unsafe { clock_gettime(ShownClock::Monotonic.to_id(), &raw mut time) };
    time.to_ns()
}
