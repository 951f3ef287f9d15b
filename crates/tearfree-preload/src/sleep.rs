// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions that sleep for a span or until a time.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, c_uint, clockid_t, timespec, useconds_t};
use tearfree_clock::host_ns;

use crate::convert::{NSEC, ns_to_timespec, timespec_to_ns};
use crate::deadline::Moment;
use crate::host::{errno_result, host_sleep};
use crate::next::interpose;
use tearfree_clock::ShownClock;

/// The longest sleep between two readings of the clock, which may be set meanwhile.
const SLICE_NS: u64 = 20_000_000;

/// Sleeps until the program's time is `deadline_ns`. Returns an error number, or 0.
fn sleep_until(clock: ShownClock, deadline_ns: u64) -> c_int {
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
/// `None`: no clock was opened.
fn sleep_for(span_ns: u64) -> Option<(c_int, u64)> {
    let deadline = Moment::now()?.shown_ns(ShownClock::Monotonic).saturating_add(span_ns);
    let error = sleep_until(ShownClock::Monotonic, deadline);
    let now = Moment::now()?.shown_ns(ShownClock::Monotonic);
    Some((error, if error == 0 { 0 } else { deadline.saturating_sub(now) }))
}

/// As [`sleep_until`]. `None`: the C library has to handle the request.
fn sleep_until_request(clock: ShownClock, request: Option<&timespec>) -> Option<c_int> {
    let (_, deadline_ns) = (Moment::now()?, timespec_to_ns(request?)?);
    Some(sleep_until(clock, deadline_ns))
}

/// As [`sleep_for`], with the arguments of the C functions: what is left is stored only on an error.
/// `None`: the C library has to handle the request.
fn sleep_for_request(request: Option<&timespec>, left: Option<&mut timespec>) -> Option<c_int> {
    let (error, left_ns) = request.and_then(timespec_to_ns).and_then(sleep_for)?;
    if let (Some(left), true) = (left, error != 0) {
        *left = ns_to_timespec(left_ns);
    }
    Some(error)
}

interpose! {
    /// `nanosleep(2)`.
    fn nanosleep(next; request: Option<&timespec>, left: Option<&mut timespec>) -> c_int {
        let mut left = left;
        match sleep_for_request(request, left.as_deref_mut()) {
            Some(error) => errno_result(error),
            None => next(request, left),
        }
    }

    /// `thrd_sleep(3)`. By C11 a signal is -1, and any other error another negative number.
    fn thrd_sleep(next; request: Option<&timespec>, left: Option<&mut timespec>) -> c_int {
        let mut left = left;
        match sleep_for_request(request, left.as_deref_mut()) {
            Some(0) => 0,
            Some(libc::EINTR) => -1,
            Some(_) => -2,
            None => next(request, left),
        }
    }

    /// `clock_nanosleep(2)`, relative and absolute.
    fn clock_nanosleep(
        next; id: clockid_t, flags: c_int, request: Option<&timespec>,
        left: Option<&mut timespec>
    ) -> c_int {
        let mut left = left;
        let is_absolute = flags & libc::TIMER_ABSTIME != 0;
        let slept = match ShownClock::from_id(id) {
            Some(clock) if is_absolute => sleep_until_request(clock, request),
            Some(_) => sleep_for_request(request, left.as_deref_mut()),
            None => None,
        };
        slept.unwrap_or_else(|| next(id, flags, request, left))
    }

    /// `usleep(3)`.
    fn usleep(next; micros: useconds_t) -> c_int {
        match sleep_for(u64::from(micros) * 1000) {
            Some((error, _)) => errno_result(error),
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
