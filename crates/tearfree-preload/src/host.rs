// SPDX-License-Identifier: MIT OR Apache-2.0
//! The host's clocks and the C library's error number, reached past the functions of this object.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, clockid_t, timespec};

use crate::convert::{ns_to_timespec, timespec_to_ns};
use crate::next::original;

/// Reads a clock of the host in nanoseconds; 0 if the system refuses.
pub(crate) fn host_clock_ns(id: clockid_t) -> u64 {
    let gettime =
        original!(clock_gettime: extern "C" fn(clockid_t, Option<&mut timespec>) -> c_int);
    let mut time = ns_to_timespec(0);
    gettime(id, Some(&mut time));
    timespec_to_ns(&time).unwrap_or(0)
}

/// Sleeps by the host's monotonic clock. Returns an error number, or 0.
pub(crate) fn host_sleep(ns: u64) -> c_int {
    let nanosleep = original!(clock_nanosleep:
        extern "C" fn(clockid_t, c_int, Option<&timespec>, Option<&mut timespec>) -> c_int);
    nanosleep(libc::CLOCK_MONOTONIC, 0, Some(&ns_to_timespec(ns)), None)
}

/// Returns 0 for no error; otherwise sets this thread's `errno` and returns -1.
pub(crate) fn errno_result(error: c_int) -> c_int {
    if error == 0 {
        return 0;
    }
    // SAFETY: it takes nothing.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: the C library's own variable for this thread's error.
    unsafe { *errno = error };
    -1
}
