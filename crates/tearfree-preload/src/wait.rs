// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for files, signals and semaphores, with a timeout that passes at the clock's speed.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use core::ffi::c_void;

use libc::{c_int, c_ulong, size_t, timespec, timeval};

use crate::deadline::{Moment, ns_of_micros, scaled, scaled_millis, timeval_of};
use crate::next::interpose;

type Place = *mut c_void;

interpose! {
    /// `poll(2)`.
    fn poll(next; files: Place, number: c_ulong, timeout: c_int) -> c_int {
        next(files, number, scaled_millis(timeout))
    }

    /// `ppoll(2)`.
    fn ppoll(next; files: Place, number: c_ulong, timeout: Option<&timespec>, mask: Place) -> c_int {
        let host = scaled(timeout);
        next(files, number, host.as_ref().or(timeout), mask)
    }

    /// `poll(2)`, as programs call it that were compiled with checks of their arrays' sizes.
    fn __poll_chk(next; files: Place, number: c_ulong, timeout: c_int, size: size_t) -> c_int {
        next(files, number, scaled_millis(timeout), size)
    }

    /// `ppoll(2)`, likewise.
    fn __ppoll_chk(
        next; files: Place, number: c_ulong, timeout: Option<&timespec>, mask: Place, size: size_t
    ) -> c_int {
        let host = scaled(timeout);
        next(files, number, host.as_ref().or(timeout), mask, size)
    }

    /// `sigtimedwait(2)`.
    fn sigtimedwait(next; signals: Place, seen: Place, timeout: Option<&timespec>) -> c_int {
        let host = scaled(timeout);
        next(signals, seen, host.as_ref().or(timeout))
    }

    /// `semtimedop(2)`.
    fn semtimedop(
        next; id: c_int, operations: Place, number: size_t, timeout: Option<&timespec>
    ) -> c_int {
        let host = scaled(timeout);
        next(id, operations, number, host.as_ref().or(timeout))
    }

    /// `select(2)`. As on Linux, what is left of the time is stored, in the program's time.
    fn select(
        next; number: c_int, read: Place, write: Place, other: Place, timeout: Option<&mut timeval>
    ) -> c_int {
        let span = timeout.as_deref().and_then(ns_of_micros);
        match (Moment::now(), span, timeout) {
            (Some(now), Some(span), Some(timeout)) => {
                let mut host = timeval_of(now.host_span(span));
                let result = next(number, read, write, other, Some(&mut host));
                *timeout = timeval_of(now.shown_span(ns_of_micros(&host).unwrap_or(0)));
                result
            }
            (_, _, timeout) => next(number, read, write, other, timeout),
        }
    }

    /// `pselect(2)`.
    fn pselect(
        next; number: c_int, read: Place, write: Place, other: Place, timeout: Option<&timespec>,
        mask: Place
    ) -> c_int {
        let host = scaled(timeout);
        next(number, read, write, other, host.as_ref().or(timeout), mask)
    }

    /// `epoll_wait(2)`.
    fn epoll_wait(next; file: c_int, events: Place, number: c_int, timeout: c_int) -> c_int {
        next(file, events, number, scaled_millis(timeout))
    }

    /// `epoll_pwait(2)`.
    fn epoll_pwait(
        next; file: c_int, events: Place, number: c_int, timeout: c_int, mask: Place
    ) -> c_int {
        next(file, events, number, scaled_millis(timeout), mask)
    }

    /// `epoll_pwait2(2)`.
    fn epoll_pwait2(
        next; file: c_int, events: Place, number: c_int, timeout: Option<&timespec>, mask: Place
    ) -> c_int {
        let host = scaled(timeout);
        next(file, events, number, host.as_ref().or(timeout), mask)
    }
}
