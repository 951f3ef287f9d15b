// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine under Miri: plain bytes, each word under one global lock.
//!
//! Miri has no atomic access to uninitialised bytes, so atomic words would reject every type with
//! padding. Here a word is copied whole under a lock; between two words everything can happen. Miri
//! thus checks the use of every type and every torn copy, but not the orders of the count, which the
//! lock makes stronger than they are: those are the business of the model tests.

use core::sync::atomic::{AtomicBool, Ordering};

/// As in the other engines, a copy is cut into words.
const WORD: usize = size_of::<usize>();

static ONE_WORD_AT_A_TIME: AtomicBool = AtomicBool::new(false);

#[path = "number.rs"]
mod number;

pub(super) use load as load_value;
pub(super) use number::load_number;

/// Up to here a value is returned in registers; a larger one is made in its final place.
pub(super) const LARGEST_VALUE: usize = 128;

/// # Safety
/// `from` is a payload of `len` bytes, `to` is private memory of as many.
pub(super) unsafe fn load(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: P6. `from` is the side that others use through this engine, `to` the private one.
    unsafe { copy(from, to, len) };
}

/// # Safety
/// `to` is a payload of `len` bytes, `from` is private memory of as many.
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: P6. `to` is the side that others use through this engine, `from` the private one.
    unsafe { copy(from, to, len) };
}

/// # Safety
/// Both are `len` bytes; one is private, and every access to the other one goes through here.
unsafe fn copy(from: *const u8, to: *mut u8, len: usize) {
    let mut at = 0;
    while at < len {
        let chunk = WORD.min(len - at);
        // ORDERING: takes the lock: pairs with the store below in `copy`, so plain copies of words
        // are ordered.
        while ONE_WORD_AT_A_TIME.swap(true, Ordering::Acquire) {
            core::hint::spin_loop();
        }
        // SAFETY: `at` is less than `len`, the length of both sides.
        let (from, to) = unsafe { (from.add(at), to.add(at)) };
        // SAFETY: P6. The lock excludes every other copy, and the two do not overlap.
        unsafe { to.copy_from_nonoverlapping(from, chunk) };
        // ORDERING: gives the lock back: pairs with the swap above in `copy`.
        ONE_WORD_AT_A_TIME.store(false, Ordering::Release);
        at += chunk;
    }
}
