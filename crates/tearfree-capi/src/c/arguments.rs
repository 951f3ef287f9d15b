// SPDX-License-Identifier: MIT OR Apache-2.0
//! What C gives to a call: texts and timeouts.

#![allow(unsafe_code, reason = "pointers from C")]

use core::ffi::{CStr, c_char};
use core::time::Duration;

use super::error::{Failure, Number};

pub(super) fn null(what: &str) -> Failure {
    (Number::Argument, format!("{what} is a null pointer; give one that points to something"))
}

/// The text behind a pointer.
///
/// # Safety
/// `text` is null or points to a string that ends with a zero byte and stays for `'a`.
pub(super) unsafe fn text_of<'a>(text: *const c_char, what: &str) -> Result<&'a CStr, Failure> {
    if text.is_null() {
        return Err(null(what));
    }
    // SAFETY: `text` is not null, so it points to a string, which stays for `'a`.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// A time in nanoseconds; for as long as it takes if it is negative.
pub(super) fn timeout(ns: i64) -> Option<Duration> {
    u64::try_from(ns).ok().map(Duration::from_nanos)
}
