// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a wait with a deadline finds if a change comes at the last moment.
//!
//! This program has a `clock_gettime` of its own, in which a test can do something whenever its thread
//! looks at the clock.
#![allow(unsafe_code, reason = "stands in for a function of the C library")]

use core::cell::Cell;
use core::time::Duration;

use tearfree::SeqLock;

static LOCK: SeqLock<u32> = SeqLock::new(0);

thread_local! {
    /// At which look at the clock this thread changes the value, counted down.
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

/// The thread may lose its processor behind each step. What came before the deadline is no timeout.
#[test]
fn a_change_before_the_look_at_the_clock_is_no_timeout() {
    for look in 1..=2 {
        let seen = LOCK.version();
        CHANGES_AT.set(look);
        let has_changed = LOCK.wait_changed(seen, Some(Duration::ZERO));
        assert_eq!(CHANGES_AT.get(), 0, "the clock was looked at {look} times");
        assert!(has_changed, "a change before look {look} was taken for a timeout");
    }
}
