// SPDX-License-Identifier: MIT OR Apache-2.0
//! Converts arguments from C: strings, schemas and timeouts.

#![allow(unsafe_code, reason = "pointers from C")]

use core::ffi::{CStr, c_char};
use core::time::Duration;

use tearfree_page::{Error, Schema};

use super::error::{ErrorNumber, Failure};
use super::page::failure;

/// The failure of a call that got a null pointer.
pub(super) fn null(what: &str) -> Failure {
    (ErrorNumber::Argument, format!("{what} is a null pointer; pass a valid pointer"))
}

/// Returns the string at a pointer.
///
/// # Safety
/// `text` is null or points to a string that ends with a zero byte and stays for `'a`.
pub(super) unsafe fn str_from_ptr<'a>(
    text: *const c_char,
    what: &str,
) -> Result<&'a CStr, Failure> {
    if text.is_null() {
        return Err(null(what));
    }
    // SAFETY: `text` is not null, so it points to a string, which stays for `'a`.
    Ok(unsafe { CStr::from_ptr(text) })
}

/// Returns the schema in the string at a pointer.
///
/// # Safety
/// `schema` is null or a string.
pub(super) unsafe fn schema_from_ptr(schema: *const c_char) -> Result<Schema, Failure> {
    // SAFETY: null is refused there; a string stays longer than this call.
    parse_schema(&unsafe { str_from_ptr(schema, "the schema") }?.to_string_lossy())
}

/// Returns the schema in a text.
pub(super) fn parse_schema(text: &str) -> Result<Schema, Failure> {
    text.parse().map_err(|error| failure(&Error::InvalidSchema(error)))
}

/// Converts a timeout in nanoseconds. `None`: negative, which means no timeout.
pub(super) fn timeout(ns: i64) -> Option<Duration> {
    u64::try_from(ns).ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_in_nanoseconds_and_a_negative_one_is_none() {
        assert_eq!(timeout(0), Some(Duration::ZERO));
        assert_eq!(timeout(1_500), Some(Duration::from_nanos(1_500)));
        assert_eq!(timeout(i64::MAX), Some(Duration::from_nanos(i64::MAX.unsigned_abs())));
        assert_eq!((timeout(-1), timeout(i64::MIN)), (None, None));
    }
}
