// SPDX-License-Identifier: MIT OR Apache-2.0
//! The engine of the checker `tearfree-axm`: each word of the payload is an access of its own.
//!
//! Models use payloads of whole words without padding, because the checker's words have values.

use crate::order::PLAIN;
use crate::sync::AtomicUsize;

const WORD: usize = size_of::<usize>();

/// # Safety
/// `payload` is the payload of a `Shared`, or a field of it, of `len` bytes.
unsafe fn words<'a>(payload: *const u8, len: usize) -> &'a [AtomicUsize] {
    assert!(payload.addr() & (WORD - 1) == 0, "models use fields at a word's boundary");
    assert!(len & (WORD - 1) == 0, "models use whole words");
    #[expect(clippy::cast_ptr_alignment, reason = "looked at above")]
    let words = payload.cast::<AtomicUsize>();
    // SAFETY: P6. The memory lies in an `UnsafeCell`, is valid and aligned, and all access it
    // through this engine, by atomics that have the size and bit validity of a word.
    unsafe { core::slice::from_raw_parts(words, len / WORD) }
}

#[path = "number.rs"]
mod number;

pub(super) use load as load_value;
pub(super) use number::load_number;

/// Up to here a value is returned in registers; a larger one is made in its final place.
pub(super) const LARGEST_VALUE: usize = 128;

/// # Safety
/// As for every engine: `from` is shared, `to` is private, and both are `len` bytes.
pub(super) unsafe fn load(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: P6. `from` is the shared side, a payload of `len` bytes.
    let from = unsafe { words(from, len) };
    for (at, word) in from.iter().enumerate() {
        // ORDERING: Relaxed, P6. Per byte; the count's fences, as in `read_retry`, carry the order.
        let value = word.load(PLAIN);
        // SAFETY: `from` has no more words than `to`, which is `len` bytes too.
        let to = unsafe { to.add(at * WORD) };
        // SAFETY: a word of `to`, which is private.
        unsafe { to.cast::<usize>().write_unaligned(value) };
    }
}

/// # Safety
/// As for every engine: `from` is private, `to` is shared, and both are `len` bytes.
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: P6. `to` is the shared side, a payload of `len` bytes.
    let to = unsafe { words(to, len) };
    for (at, word) in to.iter().enumerate() {
        // SAFETY: `to` has no more words than `from`, which is `len` bytes too.
        let from = unsafe { from.add(at * WORD) };
        // SAFETY: a word of `from`, which is private.
        let value = unsafe { from.cast::<usize>().read_unaligned() };
        // ORDERING: Relaxed, P6. Per byte; the count's fence in `write_begin` carries the order.
        word.store(value, PLAIN);
    }
}
