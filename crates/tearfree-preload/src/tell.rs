// SPDX-License-Identifier: MIT OR Apache-2.0
//! What time is it?

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, c_void, clockid_t, time_t, timespec, timeval};

use crate::deadline::{Kind, Moment, ns_of, timespec_of};
use crate::next::{interpose, original};

/// C11's number for the time of day.
const TIME_UTC: c_int = 1;

/// What a clock shows; `None`: the C library knows.
pub(crate) fn told(id: clockid_t) -> Option<timespec> {
    let kind = Kind::of(id)?;
    Some(timespec_of(Moment::now()?.shown(kind)))
}

/// The host's own time, by whose clock the kernel goes.
pub(crate) fn host_clock(kind: Kind) -> u64 {
    let id = match kind {
        Kind::Monotonic => libc::CLOCK_MONOTONIC,
        Kind::Realtime => libc::CLOCK_REALTIME,
        Kind::Tai => libc::CLOCK_TAI,
    };
    let host = original!(clock_gettime: extern "C" fn(clockid_t, Option<&mut timespec>) -> c_int);
    let mut time = timespec_of(0);
    host(id, Some(&mut time));
    ns_of(&time).unwrap_or(0)
}

interpose! {
    /// `clock_gettime(2)`.
    fn clock_gettime(next; id: clockid_t, time: Option<&mut timespec>) -> c_int {
        match (told(id), time) {
            (Some(now), Some(time)) => {
                *time = now;
                0
            }
            (_, time) => next(id, time),
        }
    }

    /// `gettimeofday(2)`.
    fn gettimeofday(next; time: Option<&mut timeval>, zone: *mut c_void) -> c_int {
        match (told(libc::CLOCK_REALTIME), time) {
            (Some(now), Some(time)) => {
                // The C library fills in the zone, if somebody asks for that.
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
        match told(libc::CLOCK_REALTIME) {
            Some(now) => {
                if let Some(out) = out {
                    *out = now.tv_sec;
                }
                now.tv_sec
            }
            None => next(out),
        }
    }

    /// `timespec_get(3)`, which does not go through `clock_gettime` inside of the C library.
    fn timespec_get(next; time: Option<&mut timespec>, base: c_int) -> c_int {
        match (told(libc::CLOCK_REALTIME), time) {
            (Some(now), Some(time)) if base == TIME_UTC => {
                *time = now;
                base
            }
            (_, time) => next(time, base),
        }
    }
}
