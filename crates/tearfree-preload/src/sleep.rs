// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sleeping until a time, or for one.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, c_uint, clockid_t, timespec, useconds_t};
use tearfree_clock::host_ns;

use crate::deadline::{Kind, Moment, NSEC, ns_of, timespec_of};
use crate::next::{interpose, original};

/// The longest sleep without a look at the clock: somebody may have moved it meanwhile.
const SLICE_NS: u64 = 20_000_000;

/// Sleeps until the clock shows a time. An error number, or 0.
fn sleep_until(kind: Kind, deadline_ns: u64) -> c_int {
    let start = host_ns();
    loop {
        let Some(now) = Moment::now() else { return 0 };
        let left = deadline_ns.saturating_sub(now.shown(kind));
        // See `host_span`: where no time passes, a sleep takes as long as it says.
        let host_left = match now.stands_still() {
            true => left.saturating_sub(host_ns() - start),
            false => now.host_span(left),
        };
        if host_left == 0 {
            return 0;
        }
        let slice = timespec_of(host_left.min(SLICE_NS));
        let error = host_sleep(libc::CLOCK_MONOTONIC, 0, Some(&slice), None);
        if error != 0 {
            return error;
        }
    }
}

fn host_sleep(
    id: clockid_t,
    flags: c_int,
    request: Option<&timespec>,
    left: Option<&mut timespec>,
) -> c_int {
    let next = original!(clock_nanosleep:
        extern "C" fn(clockid_t, c_int, Option<&timespec>, Option<&mut timespec>) -> c_int);
    next(id, flags, request, left)
}

/// Sleeps for a shown span, by the monotonic clock. Returns an error number, and what is left.
fn sleep_for(span_ns: u64) -> Option<(c_int, u64)> {
    let deadline = Moment::now()?.shown(Kind::Monotonic).saturating_add(span_ns);
    let error = sleep_until(Kind::Monotonic, deadline);
    let now = Moment::now()?.shown(Kind::Monotonic);
    Some((error, if error == 0 { 0 } else { deadline.saturating_sub(now) }))
}

fn fill(left: Option<&mut timespec>, ns: u64) {
    if let Some(left) = left {
        *left = timespec_of(ns);
    }
}

interpose! {
    /// `nanosleep(2)`.
    fn nanosleep(next; request: Option<&timespec>, left: Option<&mut timespec>) -> c_int {
        let Some((error, left_ns)) = request.and_then(ns_of).and_then(sleep_for) else {
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
        let Some((error, left_ns)) = request.and_then(ns_of).and_then(sleep_for) else {
            return next(request, left);
        };
        if error == 0 {
            return 0;
        }
        fill(left, left_ns);
        // As C11 has it: -1 for a signal, less for anything else.
        if error == libc::EINTR { -1 } else { -2 }
    }

    /// `clock_nanosleep(2)`, relative and absolute.
    fn clock_nanosleep(
        next; id: clockid_t, flags: c_int, request: Option<&timespec>, left: Option<&mut timespec>
    ) -> c_int {
        let (Some(kind), Some(ns)) = (Kind::of(id), request.and_then(ns_of)) else {
            return next(id, flags, request, left);
        };
        if Moment::now().is_none() {
            return next(id, flags, request, left);
        }
        if flags & libc::TIMER_ABSTIME != 0 {
            return sleep_until(kind, ns);
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

pub(crate) fn set_errno(error: c_int) {
    // SAFETY: the call has no condition; it returns the address of this thread's error.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: the C library's own place for this thread's error.
    unsafe { *place = error };
}
