// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers, whose times and periods are the program's. Timers of processor time stay as they are.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use core::sync::atomic::{AtomicUsize, Ordering};

use libc::{c_int, c_uint, clockid_t, itimerspec, itimerval, timespec, timeval};
use tearfree_clock::host_ns;

use crate::convert::{NSEC, ns_to_timespec, ns_to_timeval, timespec_to_ns, timeval_to_ns};
use crate::deadline::Moment;
use crate::next::{Pointer, interpose};
use tearfree_clock::ShownClock;

/// Converts a setting for the host, relative to the host's current time. `None`: pass it on as it is.
fn to_host_timer(setting: &itimerspec, is_absolute: bool) -> Option<itimerspec> {
    let now = Moment::now()?;
    let (first, period) =
        (timespec_to_ns(&setting.it_value)?, timespec_to_ns(&setting.it_interval)?);
    let span = match (first, is_absolute) {
        (0, _) => 0, // a timer that is switched off
        (first, false) => now.host_span(first),
        (first, true) => {
            let clock = now.nearest_clock(first);
            // A past time fires at once; zero would switch the timer off.
            now.host_deadline(clock, first).saturating_sub(host_ns()).max(1)
        }
    };
    let it_interval = ns_to_timespec(now.host_span(period));
    Some(itimerspec { it_interval, it_value: ns_to_timespec(span) })
}

/// Converts a setting that the C library returned into the program's time, unless the call failed.
fn to_shown_timer(result: c_int, host: &mut itimerspec) {
    let (0, Some(now)) = (result, Moment::now()) else { return };
    let shown = |time: &timespec| ns_to_timespec(now.shown_span(timespec_to_ns(time).unwrap_or(0)));
    host.it_value = shown(&host.it_value);
    host.it_interval = shown(&host.it_interval);
}

/// As [`to_shown_timer`], in microseconds.
fn to_shown_interval_timer(result: c_int, host: &mut itimerval) {
    let (0, Some(now)) = (result, Moment::now()) else { return };
    let shown = |time: &timeval| ns_to_timeval(now.shown_span(timeval_to_ns(time).unwrap_or(0)));
    host.it_value = shown(&host.it_value);
    host.it_interval = shown(&host.it_interval);
}

/// The timers of processor time, which are not converted. An entry is a timer's ID plus one, because the
/// first ID of a process is 0; a free entry is 0.
static CPU_TIMERS: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];

fn to_entry(timer: Pointer) -> usize {
    timer.addr().wrapping_add(1)
}

fn is_cpu_timer(timer: Pointer) -> bool {
    // ORDERING: Relaxed: an ID that is only compared.
    CPU_TIMERS.iter().any(|entry| entry.load(Ordering::Relaxed) == to_entry(timer))
}

/// Replaces an entry by another one, if it is found.
fn replace_entry(old: usize, new: usize) {
    // ORDERING: Relaxed: an ID; it publishes nothing else, and one step keeps entries from being lost.
    let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
    let _ = CPU_TIMERS.iter().any(|entry| entry.compare_exchange(old, new, order, failed).is_ok());
}

interpose! {
    /// `timer_create(2)`. The clock of a timer cannot be read back later, so it is noted here.
    fn timer_create(
        next; clock: clockid_t, event: Pointer, timer: Option<&mut Pointer>
    ) -> c_int {
        let Some(timer) = timer else { return next(clock, event, None) };
        let result = next(clock, event, Some(&mut *timer));
        if result == 0 {
            // This process may be a fork whose parent had a timer of this ID.
            replace_entry(to_entry(*timer), 0);
            if ShownClock::from_id(clock).is_none() {
                replace_entry(0, to_entry(*timer));
            }
        }
        result
    }

    /// `timer_delete(2)`.
    fn timer_delete(next; timer: Pointer) -> c_int {
        replace_entry(to_entry(timer), 0);
        next(timer)
    }

    /// `timer_settime(2)`. An absolute timer becomes a relative one.
    fn timer_settime(
        next; timer: Pointer, flags: c_int, new: Option<&itimerspec>, old: Option<&mut itimerspec>
    ) -> c_int {
        let is_absolute = flags & libc::TIMER_ABSTIME != 0;
        let replaced = new.filter(|_| !is_cpu_timer(timer));
        let Some(host) = replaced.and_then(|new| to_host_timer(new, is_absolute)) else {
            return next(timer, flags, new, old);
        };
        let flags = flags & !libc::TIMER_ABSTIME;
        let Some(old) = old else { return next(timer, flags, Some(&host), None) };
        let result = next(timer, flags, Some(&host), Some(&mut *old));
        to_shown_timer(result, old);
        result
    }

    /// `timer_gettime(2)`.
    fn timer_gettime(next; timer: Pointer, setting: Option<&mut itimerspec>) -> c_int {
        match setting {
            Some(setting) if !is_cpu_timer(timer) => {
                let result = next(timer, Some(&mut *setting));
                to_shown_timer(result, setting);
                result
            }
            setting => next(timer, setting),
        }
    }

    /// `timerfd_settime(2)`. An absolute timer becomes a relative one.
    fn timerfd_settime(
        next; file: c_int, flags: c_int, new: Option<&itimerspec>, old: Option<&mut itimerspec>
    ) -> c_int {
        const FLAGS: c_int = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
        let is_absolute = flags & libc::TFD_TIMER_ABSTIME != 0;
        let Some(host) = new.and_then(|new| to_host_timer(new, is_absolute)) else {
            return next(file, flags, new, old);
        };
        let flags = flags & !FLAGS;
        let Some(old) = old else { return next(file, flags, Some(&host), None) };
        let result = next(file, flags, Some(&host), Some(&mut *old));
        to_shown_timer(result, old);
        result
    }

    /// `timerfd_gettime(2)`.
    fn timerfd_gettime(next; file: c_int, setting: Option<&mut itimerspec>) -> c_int {
        let Some(setting) = setting else { return next(file, None) };
        let result = next(file, Some(&mut *setting));
        to_shown_timer(result, setting);
        result
    }

    /// `setitimer(2)`, for `ITIMER_REAL`.
    fn setitimer(
        next; which: c_int, new: Option<&itimerval>, old: Option<&mut itimerval>
    ) -> c_int {
        let replaced = new.filter(|_| which == libc::ITIMER_REAL);
        let Some(host) = replaced.and_then(to_host_interval_timer) else {
            return next(which, new, old);
        };
        let Some(old) = old else { return next(which, Some(&host), None) };
        let result = next(which, Some(&host), Some(&mut *old));
        to_shown_interval_timer(result, old);
        result
    }

    /// `getitimer(2)`, for `ITIMER_REAL`.
    fn getitimer(next; which: c_int, setting: Option<&mut itimerval>) -> c_int {
        match setting {
            Some(setting) if which == libc::ITIMER_REAL => {
                let result = next(which, Some(&mut *setting));
                to_shown_interval_timer(result, setting);
                result
            }
            setting => next(which, setting),
        }
    }

    /// `alarm(2)`, by `setitimer`, because a second of the program may be a part of one of the host's.
    fn alarm(next; seconds: c_uint) -> c_uint {
        if Moment::now().is_none() {
            return next(seconds);
        }
        let once = itimerval {
            it_interval: timeval { tv_sec: 0, tv_usec: 0 },
            it_value: timeval { tv_sec: seconds.into(), tv_usec: 0 },
        };
        let mut old = itimerval { ..once };
        setitimer(libc::ITIMER_REAL, Some(&once), Some(&mut old));
        let left_ns = timeval_to_ns(&old.it_value).unwrap_or(0);
        // Rounded as the kernel does; a pending alarm is never 0.
        let left = (left_ns + NSEC / 2) / NSEC;
        c_uint::try_from(left.max(u64::from(left_ns != 0))).unwrap_or(c_uint::MAX)
    }
}

/// Converts a setting of `ITIMER_REAL` for the host. `None`: pass it on as it is.
fn to_host_interval_timer(setting: &itimerval) -> Option<itimerval> {
    let now = Moment::now()?;
    let scaled = |time: &timeval| Some(ns_to_timeval(now.host_span(timeval_to_ns(time)?)));
    let (it_interval, it_value) = (scaled(&setting.it_interval)?, scaled(&setting.it_value)?);
    Some(itimerval { it_interval, it_value })
}
