// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers: their times and their periods are the program's.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use core::ffi::c_void;

use libc::{c_int, c_uint, itimerspec, itimerval, timespec, timeval};
use tearfree_clock::host_ns;

use crate::deadline::{Moment, NSEC, ns_of, ns_of_micros, timespec_of, timeval_of};
use crate::next::interpose;

type Place = *mut c_void;

/// What the host has to be told, relative to its own now. `None`: leave it as it is.
fn host_timer(setting: &itimerspec, is_absolute: bool) -> Option<itimerspec> {
    let now = Moment::now()?;
    let (first, period) = (ns_of(&setting.it_value)?, ns_of(&setting.it_interval)?);
    let span = match (first, is_absolute) {
        (0, _) => 0, // a timer that is switched off
        (first, false) => now.host_span(first),
        (first, true) => {
            let kind = now.kind_of(first);
            // What is past fires at once, and zero would switch it off.
            now.host_deadline(kind, first).saturating_sub(host_ns()).max(1)
        }
    };
    let it_interval = timespec_of(now.host_span(period));
    Some(itimerspec { it_interval, it_value: timespec_of(span) })
}

/// What the program has to be told about its timer.
fn shown_timer(host: &mut itimerspec) {
    if let Some(now) = Moment::now() {
        let shown = |time: &timespec| timespec_of(now.shown_span(ns_of(time).unwrap_or(0)));
        host.it_value = shown(&host.it_value);
        host.it_interval = shown(&host.it_interval);
    }
}

interpose! {
    /// `timerfd_settime(2)`. An absolute timer becomes a relative one.
    fn timerfd_settime(
        next; file: c_int, flags: c_int, new: Option<&itimerspec>, old: Option<&mut itimerspec>
    ) -> c_int {
        const FLAGS: c_int = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
        let is_absolute = flags & libc::TFD_TIMER_ABSTIME != 0;
        let Some(host) = new.and_then(|new| host_timer(new, is_absolute)) else {
            return next(file, flags, new, old);
        };
        match old {
            Some(old) => {
                let result = next(file, flags & !FLAGS, Some(&host), Some(&mut *old));
                shown_timer(old);
                result
            }
            None => next(file, flags & !FLAGS, Some(&host), None),
        }
    }

    /// `timerfd_gettime(2)`.
    fn timerfd_gettime(next; file: c_int, setting: Option<&mut itimerspec>) -> c_int {
        let Some(setting) = setting else { return next(file, None) };
        let result = next(file, Some(&mut *setting));
        shown_timer(setting);
        result
    }

    /// `timer_settime(2)`. An absolute timer becomes a relative one.
    fn timer_settime(
        next; timer: Place, flags: c_int, new: Option<&itimerspec>, old: Option<&mut itimerspec>
    ) -> c_int {
        let is_absolute = flags & libc::TIMER_ABSTIME != 0;
        match new.and_then(|new| host_timer(new, is_absolute)) {
            Some(host) => next(timer, flags & !libc::TIMER_ABSTIME, Some(&host), old),
            None => next(timer, flags, new, old),
        }
    }

    /// `setitimer(2)`, of the timer in real time; those of processor time are left alone.
    fn setitimer(
        next; which: c_int, new: Option<&itimerval>, old: Option<&mut itimerval>
    ) -> c_int {
        let host = match (which, Moment::now(), new) {
            (libc::ITIMER_REAL, Some(now), Some(new)) => scaled_both(&now, new),
            _ => None,
        };
        next(which, host.as_ref().or(new), old)
    }

    /// `alarm(2)`. What is shorter than a second of the host's becomes one.
    fn alarm(next; seconds: c_uint) -> c_uint {
        let Some(now) = Moment::now() else { return next(seconds) };
        let host_seconds = now.host_span(u64::from(seconds) * NSEC).div_ceil(NSEC);
        let left = next(c_uint::try_from(host_seconds).unwrap_or(c_uint::MAX));
        let shown_left = now.shown_span(u64::from(left) * NSEC) / NSEC;
        c_uint::try_from(shown_left).unwrap_or(c_uint::MAX)
    }
}

fn scaled_both(now: &Moment, setting: &itimerval) -> Option<itimerval> {
    let scaled = |time: &timeval| Some(timeval_of(now.host_span(ns_of_micros(time)?)));
    let (it_interval, it_value) = (scaled(&setting.it_interval)?, scaled(&setting.it_value)?);
    Some(itimerval { it_interval, it_value })
}
