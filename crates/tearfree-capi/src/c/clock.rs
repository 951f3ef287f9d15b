// SPDX-License-Identifier: MIT OR Apache-2.0
//! The functions `tearfree_clock_*`, which read clocks.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::{CStr, c_char, c_int};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use tearfree_clock::{Error, Status};

use super::arguments::{null, timeout};
use super::error::{ErrorNumber, Failure, fallible};

/// A clock: the `struct tearfree_clock` of C, an opaque type.
#[derive(Debug)]
pub struct Clock {
    clock: tearfree_clock::Clock,
}

// The header promises that any thread may read it.
const _: () = {
    const fn assert_shareable<T: Send + Sync>() {}
    assert_shareable::<Clock>();
};

/// An interval that contains the true time: the `struct tearfree_bounded` of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Bounded {
    /// The true time is not earlier, in nanoseconds.
    pub earliest: u64,
    /// The true time is not later, in nanoseconds.
    pub latest: u64,
    /// One of `TEARFREE_CLOCK_*`.
    pub status: c_int,
}

const _: () = assert!(size_of::<Bounded>() == 24 && align_of::<Bounded>() == 8);

impl From<tearfree_clock::Bounded> for Bounded {
    fn from(bounded: tearfree_clock::Bounded) -> Self {
        let tearfree_clock::Bounded { earliest, latest, status } = bounded;
        Bounded { earliest, latest, status: status_number(status) }
    }
}

fn status_number(status: Status) -> c_int {
    match status {
        Status::Unknown => 0,
        Status::Synchronised => 1,
        Status::FreeRunning => 2,
        Status::Disrupted => 3,
    }
}

impl From<&Error> for ErrorNumber {
    fn from(error: &Error) -> Self {
        match error {
            Error::Page(error) => ErrorNumber::from(error),
            Error::Source(_) => ErrorNumber::Counter,
            Error::TimeNamespace => ErrorNumber::TimeNamespace,
            Error::System(..) => ErrorNumber::System,
            _ => ErrorNumber::Other,
        }
    }
}

/// Opens a clock of this user or of root, by the name of its page, or by its path if it contains a `/`. A
/// null pointer opens the clock of this machine.
///
/// # Safety
/// `page` is null or a string; `to` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_open(page: *const c_char, to: *mut *mut Clock) -> c_int {
    fallible(|| {
        if to.is_null() {
            return Err(null("`to`"));
        }
        let opened = if page.is_null() {
            tearfree_clock::Clock::open()
        } else {
            // SAFETY: `page` is not null, so it is a string.
            let name = unsafe { CStr::from_ptr(page) };
            tearfree_clock::Clock::open_page(OsStr::from_bytes(name.to_bytes()))
        };
        let clock = opened.map_err(|error| (ErrorNumber::from(&error), error.to_string()))?;
        // SAFETY: `to` is not null, so it is valid for a write.
        unsafe { to.write(Box::into_raw(Box::new(Clock { clock }))) };
        Ok(())
    })
}

/// Closes a clock. A null pointer is ignored.
///
/// # Safety
/// `clock` is null or from `tearfree_clock_open`, and is not used any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_close(clock: *mut Clock) {
    if !clock.is_null() {
        // SAFETY: `tearfree_clock_open` made it of a box; no one uses it any more, so it comes here
        // once.
        drop(unsafe { Box::from_raw(clock) });
    }
}

/// Returns the time, like `CLOCK_MONOTONIC`, in nanoseconds, read after everything that precedes the call.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_now(clock: *const Clock) -> u64 {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    unsafe { &*clock }.clock.now()
}

/// As `tearfree_clock_now`, but the processor may read the counter earlier or later.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_now_unordered(clock: *const Clock) -> u64 {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    unsafe { &*clock }.clock.now_unordered()
}

/// Returns the time of the last tick.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_coarse(clock: *const Clock) -> u64 {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    unsafe { &*clock }.clock.coarse()
}

/// Returns the time of day, in nanoseconds since 1970.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_realtime(clock: *const Clock) -> u64 {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    unsafe { &*clock }.clock.realtime()
}

/// Returns the interval that contains the host's `CLOCK_MONOTONIC`.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_now_bounded(clock: *const Clock) -> Bounded {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    unsafe { &*clock }.clock.now_bounded().into()
}

/// Returns the interval that contains UTC.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_utc_bounded(clock: *const Clock) -> Bounded {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    unsafe { &*clock }.clock.utc_bounded().into()
}

/// Returns the status against the host's clock.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_status(clock: *const Clock) -> c_int {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    status_number(unsafe { &*clock }.clock.status())
}

/// Waits until the host's `CLOCK_MONOTONIC` is certainly past `ns`.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open; `seen` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_wait_until_past(
    clock: *const Clock,
    ns: u64,
    timeout_ns: i64,
    seen: *mut Bounded,
) -> c_int {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    let wait = || unsafe { &*clock }.clock.wait_until_past(ns, timeout(timeout_ns));
    // SAFETY: `seen` is passed on as it came, null or valid for a write.
    unsafe { store_after(wait, seen, "the time has not come yet; wait again, or longer") }
}

/// Waits until UTC is certainly past `ns`.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open; `seen` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_wait_until_past_utc(
    clock: *const Clock,
    ns: u64,
    timeout_ns: i64,
    seen: *mut Bounded,
) -> c_int {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    let wait = || unsafe { &*clock }.clock.wait_until_past_utc(ns, timeout(timeout_ns));
    // SAFETY: `seen` is passed on as it came, null or valid for a write.
    unsafe { store_after(wait, seen, "the time of day has not come yet; wait again, or longer") }
}

/// Waits until the clock is synchronised with the host's.
///
/// # Safety
/// `clock` is from `tearfree_clock_open` and still open; `seen` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_clock_wait_synchronised(
    clock: *const Clock,
    timeout_ns: i64,
    seen: *mut Bounded,
) -> c_int {
    // SAFETY: an open clock is a living box, of which there are only shared references.
    let wait = || unsafe { &*clock }.clock.wait_synchronised(timeout(timeout_ns));
    // SAFETY: `seen` is passed on as it came, null or valid for a write.
    unsafe {
        store_after(wait, seen, "the clock is not synchronised; check that its timekeeper runs")
    }
}

/// Stores the interval that a wait returns; or fails because the time was up.
///
/// # Safety
/// `seen` is null or valid for a write.
unsafe fn store_after(
    wait: impl FnOnce() -> Option<tearfree_clock::Bounded>,
    seen: *mut Bounded,
    timed_out: &str,
) -> c_int {
    fallible(|| {
        let failure: Failure = (ErrorNumber::TimedOut, timed_out.to_owned());
        let bounded = wait().ok_or(failure)?;
        if !seen.is_null() {
            // SAFETY: `seen` is not null, so it is valid for a write.
            unsafe { seen.write(bounded.into()) };
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_the_number_of_the_header() {
        let statuses =
            [Status::Unknown, Status::Synchronised, Status::FreeRunning, Status::Disrupted];
        assert_eq!(statuses.map(status_number), [0, 1, 2, 3]);
    }

    #[test]
    fn each_failure_has_the_number_of_the_header() {
        let missing = Error::Page(tearfree_page::Error::Missing("page".into()));
        let system = Error::System("open it", std::io::Error::other("refused"));
        let numbers = [
            (missing, 6),
            (system, 16),
            (Error::Exists, 19),
            (Error::Source(9), 20),
            (Error::TimeNamespace, 21),
        ];
        for (error, number) in numbers {
            assert_eq!(ErrorNumber::from(&error) as c_int, number, "{error}");
        }
    }
}
