// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions that sleep for a span or until a time.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, c_uint, clockid_t, timespec, useconds_t};
use tearfree_clock::host_ns;

use crate::convert::{NSEC, ns_to_timespec, timespec_to_ns};
use crate::deadline::{DeadlineClock, Moment};
use crate::host::{host_sleep, set_errno};
use crate::next::interpose;

/// The longest sleep between two readings of the clock, which may be set meanwhile.
const SLICE_NS: u64 = 20_000_000;

/// Sleeps until the program's time is `deadline_ns`. Returns an error number, or 0.
fn sleep_until(clock: DeadlineClock, deadline_ns: u64) -> c_int {
    let start = host_ns();
    loop {
        let Some(now) = Moment::now() else { return 0 };
        let left = deadline_ns.saturating_sub(now.shown_ns(clock));
        // See `host_span`: on a frozen clock a sleep takes its own length of the host's time.
        let host_left = match now.is_frozen() {
            true => left.saturating_sub(host_ns() - start),
            false => now.host_span(left),
        };
        if host_left == 0 {
            return 0;
        }
        let error = host_sleep(host_left.min(SLICE_NS));
        if error != 0 {
            return error;
        }
    }
}

/// Sleeps for a span of the program's monotonic time. Returns an error number, or 0, and what is left.
fn sleep_for(span_ns: u64) -> Option<(c_int, u64)> {
    let deadline = Moment::now()?.shown_ns(DeadlineClock::Monotonic).saturating_add(span_ns);
    let error = sleep_until(DeadlineClock::Monotonic, deadline);
    let now = Moment::now()?.shown_ns(DeadlineClock::Monotonic);
    Some((error, if error == 0 { 0 } else { deadline.saturating_sub(now) }))
}

fn fill(left: Option<&mut timespec>, ns: u64) {
    if let Some(left) = left {
        *left = ns_to_timespec(ns);
    }
}

interpose! {
    /// `nanosleep(2)`.
    fn nanosleep(next; request: Option<&timespec>, left: Option<&mut timespec>) -> c_int {
        let Some((error, left_ns)) = request.and_then(timespec_to_ns).and_then(sleep_for) else {
            return next(request, left);
        };
        if error == 0 {
            return 0;
        }
        fill(left, left_ns);
        set_errno(error);
        -1
    }

    /// `thrd_sleep(3)`.
    fn thrd_sleep(next; request: Option<&timespec>, left: Option<&mut timespec>) -> c_int {
        let Some((error, left_ns)) = request.and_then(timespec_to_ns).and_then(sleep_for) else {
            return next(request, left);
        };
        if error == 0 {
            return 0;
        }
        fill(left, left_ns);
        // C11: -1 for a signal, another negative number for any other error.
        if error == libc::EINTR { -1 } else { -2 }
    }

    /// `clock_nanosleep(2)`, relative and absolute.
    fn clock_nanosleep(
        next; id: clockid_t, flags: c_int, request: Option<&timespec>, left: Option<&mut timespec>
    ) -> c_int {
        let (Some(clock), Some(ns)) = (DeadlineClock::from_id(id), request.and_then(timespec_to_ns)) else {
            return next(id, flags, request, left);
        };
        if Moment::now().is_none() {
            return next(id, flags, request, left);
        }
        if flags & libc::TIMER_ABSTIME != 0 {
            return sleep_until(clock, ns);
        }
        let Some((error, left_ns)) = sleep_for(ns) else { return 0 };
        if error != 0 {
            fill(left, left_ns);
        }
        error
    }

    /// `usleep(3)`.
    fn usleep(next; micros: useconds_t) -> c_int {
        match sleep_for(u64::from(micros) * 1000) {
            Some((0, _)) => 0,
            Some((error, _)) => {
                set_errno(error);
                -1
            }
            None => next(micros),
        }
    }

    /// `sleep(3)`.
    fn sleep(next; seconds: c_uint) -> c_uint {
        match sleep_for(u64::from(seconds) * NSEC) {
            Some((_, left_ns)) => c_uint::try_from(left_ns.div_ceil(NSEC)).unwrap_or(seconds),
            None => next(seconds),
        }
    }
}
