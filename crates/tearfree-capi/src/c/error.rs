// SPDX-License-Identifier: MIT OR Apache-2.0
//! Error numbers, and the text of a thread's last error.

#![allow(unsafe_code, reason = "functions for C")]

use core::cell::RefCell;
use core::ffi::{CStr, c_char, c_int};
use core::panic::UnwindSafe;
use std::ffi::CString;
use std::panic::catch_unwind;

/// Why a call failed: the numbers of `tearfree.h`. A number never changes its meaning, and none is
/// used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(crate) enum Number {
    /// The library has a fault: a panic was caught.
    Bug = 1,
    /// A signal number is outside 1 to 64.
    Signal = 2,
}

impl Number {
    const ALL: [Self; 2] = [Self::Bug, Self::Signal];

    fn text(self) -> &'static CStr {
        match self {
            Self::Bug => c"tearfree has a fault; please report it with the text before",
            Self::Signal => c"not a signal number; use 1 to 64, such as SIGALRM",
        }
    }
}

/// A failure: its number, and what happened and what to do next.
pub(crate) type Failure = (Number, String);

thread_local! {
    static LAST: RefCell<CString> = RefCell::default();
}

/// Runs what a call does; gives C the number of its failure and keeps the text for this thread.
/// Nothing unwinds into C.
pub(crate) fn fallible(call: impl FnOnce() -> Result<(), Failure> + UnwindSafe) -> c_int {
    match catch_unwind(call) {
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
    let known = Number::ALL.into_iter().find(|known| *known as c_int == number);
    let text = match (number, known) {
        (0, _) => c"no error",
        (_, Some(known)) => known.text(),
        (_, None) => c"not an error number of this version of tearfree",
    };
    text.as_ptr()
}
