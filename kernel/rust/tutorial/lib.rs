// SPDX-License-Identifier: GPL-2.0
//! Tutorial one's module: one thread adds 1 each second, another one prints the value.
#![no_std]

use core::ffi::{c_int, c_void};

use tearfree::SeqLock;
use tearfree_kernel::SpinLock;

unsafe extern "C" {
    safe fn tf_should_stop() -> c_int;
    safe fn tf_sleep_one_second();
    safe fn tutorial_print(value: c_int);
}

static GLOBAL_VAR: SeqLock<c_int, SpinLock> = SeqLock::with_lock(0, SpinLock::new());

/// The body of the tutorial's first thread.
#[unsafe(no_mangle)]
extern "C" fn tutorial_write(_: *mut c_void) -> c_int {
    while tf_should_stop() == 0 {
        GLOBAL_VAR.update(|value| *value = value.wrapping_add(1));
        tf_sleep_one_second();
    }
    0
}

/// The body of the tutorial's second thread.
#[unsafe(no_mangle)]
extern "C" fn tutorial_read(_: *mut c_void) -> c_int {
    while tf_should_stop() == 0 {
        tutorial_print(GLOBAL_VAR.read());
        tf_sleep_one_second();
    }
    0
}
