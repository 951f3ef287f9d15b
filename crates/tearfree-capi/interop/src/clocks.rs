// SPDX-License-Identifier: MIT OR Apache-2.0
//! Clocks that Rust keeps and C reads.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use tearfree_capi::c::Bounded;

const NOTHING: Bounded = Bounded { earliest: 0, latest: 0, status: -1 };

/// What each call of C says.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Look {
    /// `tearfree_clock_now`, and so on.
    pub now: u64,
    /// At about the time of the call.
    pub now_unordered: u64,
    /// Of the last tick.
    pub coarse: u64,
    /// Since 1970.
    pub realtime: u64,
    /// Of `CLOCK_MONOTONIC`.
    pub bounded: Bounded,
    /// Of UTC.
    pub utc: Bounded,
    /// Against the host's clock.
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
    fn c_clock_look(clock: *const Clock, look: &mut Look);
    fn c_clock_wait(
        clock: *const Clock,
        what: c_int,
        ns: u64,
        timeout_ns: i64,
        seen: &mut Bounded,
    ) -> c_int;
    fn c_clock_wrong_arguments(path: *const c_char) -> c_int;
}

/// A clock that C has opened.
#[derive(Debug)]
pub struct ClockOfC(*mut Clock);

impl ClockOfC {
    /// Opens it; without a path it is the clock of this machine.
    ///
    /// # Errors
    /// The number that C got.
    pub fn open(path: Option<&CStr>) -> Result<Self, c_int> {
        let mut clock = ptr::null_mut();
        let path = path.map_or(ptr::null(), CStr::as_ptr);
        // SAFETY: the path is a string or null.
        match unsafe { c_clock_open(path, &mut clock) } {
            0 => Ok(ClockOfC(clock)),
            number => Err(number),
        }
    }

    /// Reads it by each call.
    #[must_use]
    pub fn look(&self) -> Look {
        let (bounded, utc) = (NOTHING, NOTHING);
        let (now, now_unordered, coarse, realtime, status) = (0, 0, 0, 0, -1);
        let mut look = Look { now, now_unordered, coarse, realtime, bounded, utc, status };
        // SAFETY: the clock is open, and `look` is a struct that C may fill.
        unsafe { c_clock_look(self.0, &mut look) };
        look
    }

    /// Waits, and gives what was told then.
    ///
    /// # Errors
    /// The number that C got.
    ///
    /// # Panics
    /// If something was told by a wait that failed.
    pub fn wait(&self, what: Wait, ns: u64, timeout_ns: i64) -> Result<Bounded, c_int> {
        let mut seen = NOTHING;
        // SAFETY: the clock is open, and `seen` is a struct that C may fill.
        match unsafe { c_clock_wait(self.0, what as c_int, ns, timeout_ns, &mut seen) } {
            0 => Ok(seen),
            number => {
                assert_eq!(seen, NOTHING, "a wait that failed has told something");
                Err(number)
            }
        }
    }
}

impl Drop for ClockOfC {
    fn drop(&mut self) {
        // SAFETY: the clock is open, and this was its last user.
        unsafe { c_clock_close(self.0) };
    }
}

/// The line of `clocks.c` that saw something unexpected of a test clock, or 0.
#[must_use]
pub fn wrong_arguments(path: &CStr) -> c_int {
    // SAFETY: the path is a string, which C uses during this call.
    unsafe { c_clock_wrong_arguments(path.as_ptr()) }
}
