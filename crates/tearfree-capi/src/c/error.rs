// SPDX-License-Identifier: MIT OR Apache-2.0
//! Error numbers, and the text of a thread's last error.

#![allow(unsafe_code, reason = "functions for C")]

use core::cell::RefCell;
use core::ffi::{CStr, c_char, c_int};
use core::panic::AssertUnwindSafe;
use std::ffi::CString;
use std::panic::catch_unwind;

macro_rules! numbers {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        /// Why a call failed: the numbers of `tearfree.h`. A number never changes its meaning, and none
        /// is used again.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(i32)]
        pub(crate) enum Number {
            $($name = $number,)*
        }

        impl Number {
            /// What a number means, in general.
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
    Bug = 1, c"tearfree has a fault; please report it with the text of the error";
    Signal = 2, c"not a signal number; use 1 to 64, such as SIGALRM";
    Argument = 3, c"a null pointer; give one that points to something";
    Name = 4, c"not the name of a page; use letters, digits, dots, - and _, or a path";
    NoDirectory = 5, c"there is no directory for pages; log in so that it is made, or give a path";
    Missing = 6, c"there is no such page; start its writer";
    Damaged = 7, c"there is something else than a page; remove it or replace it";
    NotAFile = 8, c"not a regular file; give the directory of a page";
    OtherBoot = 9, c"the page is from before the last start of the machine; start its writer";
    Schema = 10, c"the page holds other values than asked for; use its schema";
    NoSchema = 11, c"not a schema; write `name:kind name:kind[count]`";
    Size = 12, c"the value has another size; ask for it";
    Owner = 13, c"the page is of a user who is not trusted";
    NotSealed = 14, c"not a sealed memory file; have the page made as one";
    Unsettled = 15, c"the page changed twice during each of many copies; try again";
    System = 16, c"the system refused something; the text of the error says what";
    TimedOut = 17, c"what was waited for did not happen in that time";
    Superseded = 18, c"a new page has taken the place of this one; open it again";
    Other = 19, c"something else; the text of the error says what";
    Counter = 20, c"the clock needs a counter that cannot be read here";
    TimeNamespace = 21, c"the clock counts by a monotonic clock that is another one in here";
}

/// A failure: its number, and what happened and what to do next.
pub(crate) type Failure = (Number, String);

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// Runs what a call does; gives C the number of its failure and keeps the text for this thread.
/// Nothing unwinds into C.
pub(crate) fn fallible(call: impl FnOnce() -> Result<(), Failure>) -> c_int {
    // What the call was about may be half done, and the caller is told that this is a fault.
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => 0,
        Ok(Err((number, text))) => failed(number, &text),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            failed(Number::Bug, &text.unwrap_or_else(|| "a panic without a text".to_owned()))
        }
    }
}

fn failed(number: Number, text: &str) -> c_int {
    // A zero byte, as a file name in the text could not have it, would end the text in C.
    let text = CString::new(text.replace('\0', "?")).unwrap_or_default();
    let _ = LAST.try_with(|last| last.replace(text));
    number as c_int
}

/// What happened in this thread's last call that failed, and what to do next.
///
/// The text stays until the next call of this thread that fails. Empty if none has.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_last_error() -> *const c_char {
    // A thread that is about to end may have lost its text already.
    LAST.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"".as_ptr())
}

/// What an error number means, in general. The text stays for ever.
#[unsafe(no_mangle)]
pub extern "C" fn tearfree_error_text(number: c_int) -> *const c_char {
    let text = match number {
        0 => c"no error",
        _ => Number::text(number).unwrap_or(c"not an error number of this version of tearfree"),
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
        assert_eq!(fallible(|| Err((Number::Size, "wrong\0size".to_owned()))), 12);
        assert_eq!(fallible(|| Ok(())), 0);
        assert_eq!(last(), "wrong?size");
    }

    #[test]
    fn every_number_has_a_text() {
        let texts = (1..=21).map(Number::text);
        assert!(texts.into_iter().all(|text| text.is_some_and(|text| !text.is_empty())));
        assert!(Number::text(0).is_none() && Number::text(22).is_none());
    }
}
