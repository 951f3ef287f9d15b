// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages that Rust writes and C reads.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::AtomicBool;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The counts of a reader in C.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct ReadCounts {
    /// All reads.
    pub reads: u64,
    /// Reads that were torn, older than the one before, or of another generation than reported.
    pub torn: u64,
    /// The generation of the last read.
    pub newest: u64,
}

unsafe extern "C" {
    fn c_read_page(path: *const c_char, last: u64, counts: &mut ReadCounts) -> c_int;
    fn c_read_inline(
        path: *const c_char,
        last: u64,
        is_control: bool,
        counts: &mut ReadCounts,
    ) -> c_int;
    fn c_follow_page(
        path: *const c_char,
        last: u64,
        timeout_ns: i64,
        opened: &AtomicBool,
        seen: &mut u64,
    ) -> c_int;
    fn c_wait_event(path: *const c_char, opened: &AtomicBool, event: &mut c_int) -> c_int;
    fn c_known_events(path: *const c_char) -> c_int;
    fn c_wrong_arguments(path: *const c_char) -> c_int;
    fn c_without_counter(path: *const c_char, what: c_int) -> c_int;
    safe fn c_sealed_page(file: c_int, other: c_int) -> c_int;
}

/// Reads in C until the generation is `last`. Returns the error number and the counts.
pub fn read_until(path: &CStr, last: u64) -> (c_int, ReadCounts) {
    let mut counts = ReadCounts::default();
    // SAFETY: the path is a string, and `counts` is a struct that C may fill.
    let error = unsafe { c_read_page(path.as_ptr(), last, &mut counts) };
    (error, counts)
}

/// Reads in C by the inline reader until the generation is `last`; as a control, without the count.
pub fn read_inline(path: &CStr, last: u64, is_control: bool) -> (c_int, ReadCounts) {
    let mut counts = ReadCounts::default();
    // SAFETY: the path is a string, and C counts in `counts`.
    let error = unsafe { c_read_inline(path.as_ptr(), last, is_control, &mut counts) };
    (error, counts)
}

/// Sets `opened`, then waits in C until the generation is `last`. Returns the error number and the last
/// generation.
pub fn follow_until(path: &CStr, last: u64, timeout_ns: i64, opened: &AtomicBool) -> (c_int, u64) {
    let mut seen = 0;
    // SAFETY: the path is a string; C sets the atomic `opened` and the number `seen`.
    let error = unsafe { c_follow_page(path.as_ptr(), last, timeout_ns, opened, &mut seen) };
    (error, seen)
}

/// Sets `opened`, then waits in C for an event. Returns the error number and the event.
pub fn wait_event(path: &CStr, opened: &AtomicBool) -> (c_int, c_int) {
    let mut event = 0;
    // SAFETY: the path is a string; C sets the atomic `opened` and the number `event`.
    let error = unsafe { c_wait_event(path.as_ptr(), opened, &mut event) };
    (error, event)
}

/// Returns the line of `pages.c` whose expectation failed on a stale page of an ended writer, or 0.
#[must_use]
pub fn known_events(path: &CStr) -> c_int {
    // SAFETY: the path is a string, which C uses during this call only.
    unsafe { c_known_events(path.as_ptr()) }
}

/// Returns the line of `pages.c` whose expectation failed on a page `value:u64` with the value 5, or 0.
#[must_use]
pub fn wrong_arguments(path: &CStr) -> c_int {
    // SAFETY: the path is a string, which C uses during this call.
    unsafe { c_wrong_arguments(path.as_ptr()) }
}

/// What a child without the counter does.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub enum Without {
    /// Reads the clock.
    Clock,
    /// Reads the page, with its reading.
    Page,
    /// Asks for the age of a value.
    Age,
    /// Asks for its freshness.
    Freshness,
}

/// Has a child do this on a page `value:u64` without the processor's counter. Returns its wait status; -1 if this machine
/// cannot forbid the counter.
#[must_use]
pub fn without_counter(path: &CStr, what: Without) -> c_int {
    // SAFETY: the child that C forks has a copy of this string.
    unsafe { c_without_counter(path.as_ptr(), what as c_int) }
}

/// The same for a sealed page with the value 6, and another file.
#[must_use]
pub fn sealed_page(file: BorrowedFd<'_>, other: BorrowedFd<'_>) -> c_int {
    c_sealed_page(file.as_raw_fd(), other.as_raw_fd())
}
