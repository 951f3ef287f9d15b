// SPDX-License-Identifier: MIT OR Apache-2.0
//! parking_lot's queue of parked threads, by the address of the word.

use core::ptr;
use core::sync::atomic::AtomicU32;
use std::time::Instant;

use parking_lot_core::{DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN};

use crate::order::PLAIN;

/// Sleeps while `word` is `expected`, until [`wake_all`] or `deadline`. May wake spuriously.
pub(in crate::wake) fn while_equal(word: &AtomicU32, expected: u32, deadline: Option<Instant>) {
    // ORDERING: Relaxed, P8. Under the queue's lock, which `wake_all` takes too: it wakes this
    // thread or comes first.
    let unchanged = || word.load(PLAIN) == expected;
    let key = ptr::from_ref(word).addr();
    // SAFETY: the key is the address of a word of ours; the closures neither panic nor park.
    unsafe {
        parking_lot_core::park(key, unchanged, || {}, |_, _| {}, DEFAULT_PARK_TOKEN, deadline);
    }
}

/// Wakes all threads that sleep on `word`.
pub(in crate::wake) fn wake_all(word: &AtomicU32) {
    let key = ptr::from_ref(word).addr();
    // SAFETY: the key is the address of a word of ours.
    unsafe {
        parking_lot_core::unpark_all(key, DEFAULT_UNPARK_TOKEN);
    }
}
