// SPDX-License-Identifier: GPL-2.0
//! Tutorial two's driver: two threads as in tutorial one, and a device by which programs read and set
//! the value.
#![no_std]

use core::ffi::{c_int, c_ulong, c_void};

use tearfree::SeqLock;
use tearfree_kernel::SpinLock;

unsafe extern "C" {
    safe fn tf_should_stop() -> c_int;
    safe fn tf_sleep_one_second();
    safe fn etx_print(value: c_ulong);
}

static ETX_GLOBAL_VARIABLE: SeqLock<c_ulong, SpinLock> = SeqLock::with_lock(0, SpinLock::new());

/// The tutorial's `thread_function1`.
#[unsafe(no_mangle)]
extern "C" fn etx_thread1(_: *mut c_void) -> c_int {
    while tf_should_stop() == 0 {
        ETX_GLOBAL_VARIABLE.update(|value| *value = value.wrapping_add(1));
        tf_sleep_one_second();
    }
    0
}

/// The tutorial's `thread_function2`.
#[unsafe(no_mangle)]
extern "C" fn etx_thread2(_: *mut c_void) -> c_int {
    while tf_should_stop() == 0 {
        etx_print(ETX_GLOBAL_VARIABLE.read());
        tf_sleep_one_second();
    }
    0
}

/// Returns the value for a read of the device.
#[unsafe(no_mangle)]
extern "C" fn etx_get() -> c_ulong {
    ETX_GLOBAL_VARIABLE.read()
}

/// Sets the value for a write to the device.
#[unsafe(no_mangle)]
extern "C" fn etx_set(value: c_ulong) {
    ETX_GLOBAL_VARIABLE.set(value);
}
