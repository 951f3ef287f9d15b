// SPDX-License-Identifier: MIT OR Apache-2.0
//! A wait with a deadline, with a change just before the deadline.
//!
//! This program replaces `clock_gettime`, so that a test can act whenever its thread reads the clock.
#![allow(unsafe_code, reason = "stands in for a function of the C library")]

use core::cell::Cell;
use core::time::Duration;

use tearfree::SeqLock;

static LOCK: SeqLock<u32> = SeqLock::new(0);

thread_local! {
    /// At which reading of the clock this thread changes the value, counted down.
    static CHANGES_AT: Cell<u32> = const { Cell::new(0) };
}

/// # Safety
/// As that of the C library.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> i32 {
    let left = CHANGES_AT.replace(CHANGES_AT.get().saturating_sub(1));
    if left == 1 {
        LOCK.update(|value| *value += 1);
    }
    // SAFETY: the contract of this function.
    unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) as i32 }
}

/// The thread may be preempted after each step. A change before the deadline is no timeout.
#[test]
fn a_change_before_the_clock_is_read_is_no_timeout() {
    for reading in 1..=2 {
        let seen = LOCK.version();
        CHANGES_AT.set(reading);
        let has_changed = LOCK.wait_changed(seen, Some(Duration::ZERO));
        assert_eq!(CHANGES_AT.get(), 0, "the clock was read fewer than {reading} times");
        assert!(has_changed, "a change before reading {reading} was reported as a timeout");
    }
}
