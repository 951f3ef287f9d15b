// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs when the object is loaded: everything that may allocate or open files.

#![allow(unsafe_code, reason = "the loader calls what stands in .init_array")]

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::env;
use std::io::Write;

use tearfree_clock::Clock;

use crate::next::find_all;

/// The environment variable with the name of the page.
const VARIABLE: &str = "TEARFREE_CLOCK";

/// The clock, or null until it is opened. It is never freed.
static CLOCK: AtomicPtr<Clock> = AtomicPtr::new(ptr::null_mut());

/// Returns the clock that the program sees, if one was opened.
#[inline]
pub(crate) fn clock() -> Option<&'static Clock> {
    // ORDERING: P12. The clock was made before its address was stored; pairs with `setup`.
    let clock = CLOCK.load(Ordering::Acquire);
    // SAFETY: null, or from `Box::leak`, and never changed afterwards.
    unsafe { clock.as_ref() }
}

#[used]
#[unsafe(link_section = ".init_array")]
static SETUP: extern "C" fn() = setup;

extern "C" fn setup() {
    find_all();
    let Some(page) = env::var_os(VARIABLE) else {
        return warn(&format!("{VARIABLE} is not set; set it to the name of a clock's page"));
    };
    match Clock::open_page(&page) {
        Ok(clock) => {
            // The first reading finds the vDSO, which must be done before the program needs the time.
            let _ = clock.now();
            // ORDERING: P12. The clock is whole before anybody sees its address; pairs with `clock`.
            CLOCK.store(Box::leak(Box::new(clock)), Ordering::Release);
        }
        Err(error) => warn(&error.to_string()),
    }
}

/// Warns that the program runs on the host's time.
fn warn(text: &str) {
    let _ =
        writeln!(std::io::stderr(), "tearfree-preload: {text}; the program sees the host's time");
}
