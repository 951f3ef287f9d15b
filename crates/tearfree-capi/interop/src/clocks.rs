// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clocks that Rust publishes and C reads.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use tearfree_capi::c::Bounded;

const UNSET: Bounded = Bounded { earliest: 0, latest: 0, status: -1 };

/// The results of all functions that read.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct ClockValues {
    /// `tearfree_clock_now`.
    pub now: u64,
    /// `tearfree_clock_now_unordered`.
    pub now_unordered: u64,
    /// `tearfree_clock_coarse`.
    pub coarse: u64,
    /// `tearfree_clock_realtime`.
    pub realtime: u64,
    /// `tearfree_clock_now_bounded`.
    pub bounded: Bounded,
    /// `tearfree_clock_utc_bounded`.
    pub utc: Bounded,
    /// `tearfree_clock_status`.
    pub status: c_int,
}

/// What to wait for; the numbers are those of `clocks.c`.
#[derive(Clone, Copy, Debug)]
#[repr(i32)]
pub enum Wait {
    /// The host's `CLOCK_MONOTONIC` is past the time.
    Past = 0,
    /// UTC is past the time.
    PastUtc = 1,
    /// The clock is synchronised, whatever the time.
    Synchronised = 2,
}

/// The `struct tearfree_clock` of C.
type Clock = c_void;

unsafe extern "C" {
    fn c_clock_open(path: *const c_char, to: &mut *mut Clock) -> c_int;
    fn c_clock_close(clock: *mut Clock);
    fn c_clock_read(clock: *const Clock, values: &mut ClockValues);
    fn c_clock_wait(
        clock: *const Clock,
        what: c_int,
        ns: u64,
        timeout_ns: i64,
        seen: &mut Bounded,
    ) -> c_int;
    fn c_clock_wrong_arguments(path: *const c_char) -> c_int;
}

/// A clock that C opened.
#[derive(Debug)]
pub struct CClock(*mut Clock);

impl CClock {
    /// Opens a clock; without a path the clock of this machine.
    ///
    /// # Errors
    /// The error number.
    pub fn open(path: Option<&CStr>) -> Result<Self, c_int> {
        let mut clock = ptr::null_mut();
        let path = path.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the path is a string or null.
        match unsafe { c_clock_open(path, &mut clock) } {
            0 => Ok(CClock(clock)),
            number => Err(number),
        }
    }

    /// Calls every function that reads.
    #[must_use]
    pub fn read(&self) -> ClockValues {
        let (bounded, utc) = (UNSET, UNSET);
        let (now, now_unordered, coarse, realtime, status) = (0, 0, 0, 0, -1);
        let mut values = ClockValues { now, now_unordered, coarse, realtime, bounded, utc, status };
        // SAFETY: the clock is open.
        unsafe { c_clock_read(self.0, &mut values) };
        values
    }

    /// Waits, and returns the stored interval.
    ///
    /// # Errors
    /// The error number.
    ///
    /// # Panics
    /// If a failed wait stored an interval.
    pub fn wait(&self, what: Wait, ns: u64, timeout_ns: i64) -> Result<Bounded, c_int> {
        let mut seen = UNSET;
        // SAFETY: the clock is open.
        match unsafe { c_clock_wait(self.0, what as c_int, ns, timeout_ns, &mut seen) } {
            0 => Ok(seen),
            number => {
                assert_eq!(seen, UNSET, "a failed wait stored an interval");
                Err(number)
            }
        }
    }
}

impl Drop for CClock {
    fn drop(&mut self) {
        // SAFETY: the clock is open, and is not used any more.
        unsafe { c_clock_close(self.0) };
    }
}

/// Returns the line of `clocks.c` whose expectation failed on a test clock, or 0.
#[must_use]
pub fn wrong_arguments(path: &CStr) -> c_int {
    // SAFETY: the path is a string.
    unsafe { c_clock_wrong_arguments(path.as_ptr()) }
}
