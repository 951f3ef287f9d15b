// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waits for files, signals and semaphores, whose timeouts pass at the speed of the clock.

#![allow(unsafe_code, reason = "these functions are found by their C names")]

use libc::{c_int, c_ulong, size_t, timespec, timeval};

use crate::convert::{ns_to_timeval, timeval_to_ns};
use crate::deadline::{Moment, host_timeout, host_timeout_millis};
use crate::next::{Pointer, interpose};

interpose! {
    /// `poll(2)`.
    fn poll(next; files: Pointer, number: c_ulong, timeout: c_int) -> c_int {
        next(files, number, host_timeout_millis(timeout))
    }

    /// `ppoll(2)`.
    fn ppoll(next; files: Pointer, number: c_ulong, timeout: Option<&timespec>, mask: Pointer) -> c_int {
        let host = host_timeout(timeout);
        next(files, number, host.as_ref().or(timeout), mask)
    }

    /// `poll(2)`, as programs call it that are compiled with `_FORTIFY_SOURCE`.
    fn __poll_chk(next; files: Pointer, number: c_ulong, timeout: c_int, size: size_t) -> c_int {
        next(files, number, host_timeout_millis(timeout), size)
    }

    /// `ppoll(2)`, as programs call it that are compiled with `_FORTIFY_SOURCE`.
    fn __ppoll_chk(
        next; files: Pointer, number: c_ulong, timeout: Option<&timespec>, mask: Pointer, size: size_t
    ) -> c_int {
        let host = host_timeout(timeout);
        next(files, number, host.as_ref().or(timeout), mask, size)
    }

    /// `sigtimedwait(2)`.
    fn sigtimedwait(next; signals: Pointer, info: Pointer, timeout: Option<&timespec>) -> c_int {
        let host = host_timeout(timeout);
        next(signals, info, host.as_ref().or(timeout))
    }

    /// `semtimedop(2)`.
    fn semtimedop(
        next; id: c_int, operations: Pointer, number: size_t, timeout: Option<&timespec>
    ) -> c_int {
        let host = host_timeout(timeout);
        next(id, operations, number, host.as_ref().or(timeout))
    }

    /// `select(2)`. As on Linux, the remaining time is stored, in the program's time.
    fn select(
        next; number: c_int, read: Pointer, write: Pointer, other: Pointer, timeout: Option<&mut timeval>
    ) -> c_int {
        let span = timeout.as_deref().and_then(timeval_to_ns);
        match (Moment::now(), span, timeout) {
            (Some(now), Some(span), Some(timeout)) => {
                let mut host = ns_to_timeval(now.host_span(span));
                let result = next(number, read, write, other, Some(&mut host));
                *timeout = ns_to_timeval(now.shown_span(timeval_to_ns(&host).unwrap_or(0)));
                result
            }
            (_, _, timeout) => next(number, read, write, other, timeout),
        }
    }

    /// `pselect(2)`.
    fn pselect(
        next; number: c_int, read: Pointer, write: Pointer, other: Pointer, timeout: Option<&timespec>,
        mask: Pointer
    ) -> c_int {
        let host = host_timeout(timeout);
        next(number, read, write, other, host.as_ref().or(timeout), mask)
    }

    /// `epoll_wait(2)`.
    fn epoll_wait(next; file: c_int, events: Pointer, number: c_int, timeout: c_int) -> c_int {
        next(file, events, number, host_timeout_millis(timeout))
    }

    /// `epoll_pwait(2)`.
    fn epoll_pwait(
        next; file: c_int, events: Pointer, number: c_int, timeout: c_int, mask: Pointer
    ) -> c_int {
        next(file, events, number, host_timeout_millis(timeout), mask)
    }

    /// `epoll_pwait2(2)`.
    fn epoll_pwait2(
        next; file: c_int, events: Pointer, number: c_int, timeout: Option<&timespec>, mask: Pointer
    ) -> c_int {
        let host = host_timeout(timeout);
        next(file, events, number, host.as_ref().or(timeout), mask)
    }
}
