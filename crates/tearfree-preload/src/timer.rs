// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers: their times and their periods are the program's. Those of processor time are left alone.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use core::ffi::c_void;
use core::sync::atomic::{AtomicUsize, Ordering};

use libc::{c_int, c_uint, clockid_t, itimerspec, itimerval, timespec, timeval};
use tearfree_clock::host_ns;

use crate::deadline::{Kind, Moment, NSEC, ns_of, ns_of_micros, timespec_of, timeval_of};
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

/// What the program has to be told about its timer, if the C library could tell.
fn shown_timer(result: c_int, host: &mut itimerspec) {
    let (0, Some(now)) = (result, Moment::now()) else { return };
    let shown = |time: &timespec| timespec_of(now.shown_span(ns_of(time).unwrap_or(0)));
    host.it_value = shown(&host.it_value);
    host.it_interval = shown(&host.it_interval);
}

/// Likewise, in microseconds.
fn shown_interval_timer(result: c_int, host: &mut itimerval) {
    let (0, Some(now)) = (result, Moment::now()) else { return };
    let shown = |time: &timeval| timeval_of(now.shown_span(ns_of_micros(time).unwrap_or(0)));
    host.it_value = shown(&host.it_value);
    host.it_interval = shown(&host.it_interval);
}

/// Timers of processor time, which go by no clock of ours. A free place is 0, and a timer is in here
/// as the number after its own, because the first one of a process is 0.
static OF_PROCESSOR: [AtomicUsize; 256] = [const { AtomicUsize::new(0) }; 256];

fn place_of(timer: Place) -> usize {
    timer.addr().wrapping_add(1)
}

fn is_of_processor(timer: Place) -> bool {
    // ORDERING: Relaxed: an ID that is only compared.
    OF_PROCESSOR.iter().any(|place| place.load(Ordering::Relaxed) == place_of(timer))
}

/// Puts a number where another one was, if that was somewhere.
fn exchange(old: usize, new: usize) {
    // ORDERING: Relaxed: an ID; it publishes nothing else, and one step keeps places from being lost.
    let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
    let _ =
        OF_PROCESSOR.iter().any(|place| place.compare_exchange(old, new, order, failed).is_ok());
}

interpose! {
    /// `timer_create(2)`. The clock of a timer cannot be asked for later.
    fn timer_create(
        next; clock: clockid_t, event: Place, timer: Option<&mut Place>
    ) -> c_int {
        let Some(timer) = timer else { return next(clock, event, None) };
        let result = next(clock, event, Some(&mut *timer));
        if result == 0 {
            // A parent of this process may have had one of this number.
            exchange(place_of(*timer), 0);
            if Kind::of(clock).is_none() {
                exchange(0, place_of(*timer));
            }
        }
        result
    }

    /// `timer_delete(2)`.
    fn timer_delete(next; timer: Place) -> c_int {
        exchange(place_of(timer), 0);
        next(timer)
    }

    /// `timer_settime(2)`. An absolute timer becomes a relative one.
    fn timer_settime(
        next; timer: Place, flags: c_int, new: Option<&itimerspec>, old: Option<&mut itimerspec>
    ) -> c_int {
        let is_absolute = flags & libc::TIMER_ABSTIME != 0;
        let ours = new.filter(|_| !is_of_processor(timer));
        let Some(host) = ours.and_then(|new| host_timer(new, is_absolute)) else {
            return next(timer, flags, new, old);
        };
        let flags = flags & !libc::TIMER_ABSTIME;
        let Some(old) = old else { return next(timer, flags, Some(&host), None) };
        let result = next(timer, flags, Some(&host), Some(&mut *old));
        shown_timer(result, old);
        result
    }

    /// `timer_gettime(2)`.
    fn timer_gettime(next; timer: Place, setting: Option<&mut itimerspec>) -> c_int {
        match setting {
            Some(setting) if !is_of_processor(timer) => {
                let result = next(timer, Some(&mut *setting));
                shown_timer(result, setting);
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
        let Some(host) = new.and_then(|new| host_timer(new, is_absolute)) else {
            return next(file, flags, new, old);
        };
        let flags = flags & !FLAGS;
        let Some(old) = old else { return next(file, flags, Some(&host), None) };
        let result = next(file, flags, Some(&host), Some(&mut *old));
        shown_timer(result, old);
        result
    }

    /// `timerfd_gettime(2)`.
    fn timerfd_gettime(next; file: c_int, setting: Option<&mut itimerspec>) -> c_int {
        let Some(setting) = setting else { return next(file, None) };
        let result = next(file, Some(&mut *setting));
        shown_timer(result, setting);
        result
    }

    /// `setitimer(2)`, of the timer in real time.
    fn setitimer(
        next; which: c_int, new: Option<&itimerval>, old: Option<&mut itimerval>
    ) -> c_int {
        let ours = new.filter(|_| which == libc::ITIMER_REAL);
        let Some(host) = ours.and_then(host_interval_timer) else {
            return next(which, new, old);
        };
        let Some(old) = old else { return next(which, Some(&host), None) };
        let result = next(which, Some(&host), Some(&mut *old));
        shown_interval_timer(result, old);
        result
    }

    /// `getitimer(2)`, likewise.
    fn getitimer(next; which: c_int, setting: Option<&mut itimerval>) -> c_int {
        match setting {
            Some(setting) if which == libc::ITIMER_REAL => {
                let result = next(which, Some(&mut *setting));
                shown_interval_timer(result, setting);
                result
            }
            setting => next(which, setting),
        }
    }

    /// `alarm(2)`, by the timer that it sets: parts of the host's seconds count, too.
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
        let left_ns = ns_of_micros(&old.it_value).unwrap_or(0);
        // As the kernel rounds; an alarm that is still to come is never 0.
        let left = (left_ns + NSEC / 2) / NSEC;
        c_uint::try_from(left.max(u64::from(left_ns != 0))).unwrap_or(c_uint::MAX)
    }
}

/// What the host has to be told about a timer in real time. `None`: leave it as it is.
fn host_interval_timer(setting: &itimerval) -> Option<itimerval> {
    let now = Moment::now()?;
    let scaled = |time: &timeval| Some(timeval_of(now.host_span(ns_of_micros(time)?)));
    let (it_interval, it_value) = (scaled(&setting.it_interval)?, scaled(&setting.it_value)?);
    Some(itimerval { it_interval, it_value })
}
