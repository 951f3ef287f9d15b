// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names that C follows.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicU64, Ordering};

unsafe extern "C" {
    fn c_follow(path: *const c_char, last: u64, by_descriptor: bool, seen: &AtomicU64) -> c_int;
    fn c_follower_arguments(path: *const c_char) -> c_int;
}

/// Follows in C until the number is `last`, and sets `seen` to each number, and to the largest one at the end. Returns
/// the line of `followers.c` whose expectation failed, or 0.
pub fn follow(path: &CStr, last: u64, by_descriptor: bool, seen: &AtomicU64) -> c_int {
    // SAFETY: the path is a string, and C sets the atomic `seen`, all during this call.
    let line = unsafe { c_follow(path.as_ptr(), last, by_descriptor, seen) };
    // ORDERING: Relaxed: who waits for a number need not wait any more.
    seen.store(u64::MAX, Ordering::Relaxed);
    line
}

/// Returns the line of `followers.c` whose expectation failed on a path where nothing is, or 0.
#[must_use]
pub fn follower_arguments(path: &CStr) -> c_int {
    // SAFETY: C opens followers of this string, and closes them before it returns.
    unsafe { c_follower_arguments(path.as_ptr()) }
}
