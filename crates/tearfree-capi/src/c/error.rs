// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ErrorNumber`, and the text of a thread's last error.

#![allow(unsafe_code, reason = "functions for C")]

use core::cell::RefCell;
use core::ffi::{CStr, c_char, c_int};
use core::panic::AssertUnwindSafe;
use std::ffi::CString;
use std::panic::catch_unwind;

macro_rules! numbers {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// Why a call failed: the numbers of `tearfree.h`. A number never changes its meaning, and is
        /// never used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i32)]
        pub(crate) enum ErrorNumber {
            $($name = $number,)*
        }

        impl ErrorNumber {
            /// Returns the general meaning of a number.
            fn text(number: c_int) -> Option<&'static CStr> {
                match number {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

numbers! {
    Bug = 1, c"tearfree has a bug; please report it with the text of the error";
    Signal = 2, c"not a signal number; use 1 to 64, such as SIGALRM";
    Argument = 3, c"a null pointer or another invalid argument; see the text of the error";
    Name = 4, c"invalid page name; use letters, digits, '-', '_' and '.', or a path";
    NoDirectory = 5, c"there is no directory for pages; log in so that it is created, or give a path";
    Missing = 6, c"there is no such page; start its writer";
    Damaged = 7, c"the file is not a valid page; remove it or replace it";
    NotAFile = 8, c"not a regular file; give the directory of a page";
    OtherBoot = 9, c"the page is from before the last boot; start its writer";
    Schema = 10, c"the page has another schema; use that";
    NoSchema = 11, c"invalid schema; write `name:kind name:kind[count]`";
    Size = 12, c"the value has another size; call tearfree_page_size";
    Owner = 13, c"the page belongs to a user who is not trusted; use a page of this user or of root";
    NotSealed = 14, c"not a sealed memory file; create the page as one";
    Unsettled = 15, c"the page changed twice during each of many copies; try again";
    System = 16, c"a system call failed; see the text of the error";
    TimedOut = 17, c"timed out; wait again, or longer";
    Superseded = 18, c"the page was replaced by a new one; open it again";
    Other = 19, c"another error; see the text of the error";
    Counter = 20, c"the clock needs a counter that this build cannot read; use a build for this machine";
    TimeNamespace = 21, c"the clock belongs to another time namespace; read it there";
    Busy = 22, c"the page already has a writer; stop that process first, or write to another page";
    NoSpace = 23, c"no space for the page; free some space, or give a path elsewhere";
    Forked = 24, c"a forked child cannot write to its parent's page; let the parent write";
    Ended = 25, c"the writer has ended; create the page again, or take it over";
    Discarded = 26, c"the callback of an update refused it; nothing was published";
    Nested = 27, c"the writer is in use by this thread already; call it after that call has returned";
    Value = 28, c"a field of the value is not valid for its kind; see the text of the error";
    Lost = 29, c"the writer has lost its page: another one took it over, replaced it or removed it; close it";
    InUse = 30, c"another thread uses the follower; open one for each thread";
}

/// A failure: its number, and a text that says what happened and what to do.
pub(crate) type Failure = (ErrorNumber, String);

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// Runs the body of a call; returns the number of its failure, and keeps the text for this thread. Nothing
/// unwinds into C.
pub(crate) fn fallible(call: impl FnOnce() -> Result<(), Failure>) -> c_int {
    // The call may be half done; the number tells the caller that this is a bug.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => 0,
        Ok(Err((number, text))) => failed(number, &text),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            failed(ErrorNumber::Bug, &text.unwrap_or_else(|| "a panic without a text".to_owned()))
        }
    }
}

fn failed(number: ErrorNumber, text: &str) -> c_int {
    // A zero byte would end the text in C.
    let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
    let _ = LAST.try_with(|last| last.replace(text));
    number as c_int
}

/// Returns what happened in this thread's last failed call, and what to do.
///
/// The text is valid until the next failed call of this thread. It is empty if no call failed.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_last_error() -> *const c_char {
    // In a thread that is ending the text may be gone already.
    LAST.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// Returns the general meaning of an error number. The text is always valid.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_error_text(number: c_int) -> *const c_char {
    let text = match number {
        0 => c"no error",
        _ => {
            ErrorNumber::text(number).unwrap_or(c"not an error number of this version of tearfree")
        }
    };
    text.as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last() -> String {
        // SAFETY: the text ends with a zero byte and stays until the next failure of this thread.
        let text = unsafe { CStr::from_ptr(tearfree_last_error()) };
        text.to_string_lossy().into_owned()
    }

    #[test]
    fn a_panic_becomes_an_error_number_and_its_text_is_kept() {
        assert_eq!(fallible(|| panic!("a {}", "fault")), 1);
        assert_eq!(last(), "a fault");
        assert_eq!(fallible(|| panic!("another")), 1);
        assert_eq!(last(), "another");
        assert_eq!(fallible(|| std::panic::panic_any(5)), 1);
        assert_eq!(last(), "a panic without a text");
    }

    #[test]
    fn a_success_keeps_the_last_error() {
        assert_eq!(fallible(|| Err((ErrorNumber::Size, "wrong\0size".to_owned()))), 12);
        assert_eq!(fallible(|| Ok(())), 0);
        assert_eq!(last(), "wrong?size");
    }

    #[test]
    fn every_number_has_a_text() {
        let texts = (1..=30).map(ErrorNumber::text);
        assert!(texts.into_iter().all(|text| text.is_some_and(|text| !text.is_empty())));
        assert!(ErrorNumber::text(0).is_none() && ErrorNumber::text(31).is_none());
    }
}
