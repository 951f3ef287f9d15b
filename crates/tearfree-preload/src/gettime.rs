// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions that return the current time.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, clockid_t, time_t, timespec, timeval};

use crate::convert::ns_to_timespec;
use crate::deadline::Moment;
use crate::next::{Pointer, interpose};
use tearfree_clock::ShownClock;

/// C11's number for the time of day.
const TIME_UTC: c_int = 1;

/// Returns what the program sees on a clock. `None`: ask the C library.
fn shown_time(id: clockid_t) -> Option<timespec> {
    let clock = ShownClock::from_id(id)?;
    Some(ns_to_timespec(Moment::now()?.shown_ns(clock)))
}

interpose! {
    /// `clock_gettime(2)`.
    fn clock_gettime(next; id: clockid_t, time: Option<&mut timespec>) -> c_int {
        match (shown_time(id), time) {
            (Some(now), Some(time)) => {
                *time = now;
                0
            }
            (_, time) => next(id, time),
        }
    }

    /// `gettimeofday(2)`.
    fn gettimeofday(next; time: Option<&mut timeval>, zone: Pointer) -> c_int {
        match (shown_time(libc::CLOCK_REALTIME), time) {
            (Some(now), Some(time)) => {
                // The C library fills in the zone, if it is asked for.
                if !zone.is_null() {
                    next(Some(&mut *time), zone);
                }
                *time = timeval { tv_sec: now.tv_sec, tv_usec: now.tv_nsec / 1000 };
                0
            }
            (_, time) => next(time, zone),
        }
    }

    /// `time(2)`.
    fn time(next; out: Option<&mut time_t>) -> time_t {
        match shown_time(libc::CLOCK_REALTIME) {
            Some(now) => {
                if let Some(out) = out {
                    *out = now.tv_sec;
                }
                now.tv_sec
            }
            None => next(out),
        }
    }

    /// `timespec_get(3)`, which does not call `clock_gettime` inside the C library.
    fn timespec_get(next; time: Option<&mut timespec>, base: c_int) -> c_int {
        match (shown_time(libc::CLOCK_REALTIME), time) {
            (Some(now), Some(time)) if base == TIME_UTC => {
                *time = now;
                base
            }
            (_, time) => next(time, base),
        }
    }
}
