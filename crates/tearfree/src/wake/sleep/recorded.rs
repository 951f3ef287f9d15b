// SPDX-License-Identifier: MIT OR Apache-2.0
//! The checker's own sleep, which reports a thread that is never woken.

use std::time::Instant;

use crate::sync::AtomicU32;

/// Sleeps while `word` is `expected`, until [`wake_all`]. Models have no time.
pub(in crate::wake) fn while_equal(word: &AtomicU32, expected: u32, _: Option<Instant>) {
    word.wait(expected);
}

/// Wakes all threads that sleep on `word`.
pub(in crate::wake) fn wake_all(word: &AtomicU32) {
    word.wake_all();
}
