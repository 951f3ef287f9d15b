// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine under ThreadSanitizer: words that are acquire loads and release stores.
//!
//! The sanitizer sees no access that assembly makes, and knows no fences. Here it sees each word, and
//! the words themselves order what the fences order elsewhere: a reader that got a word of a write
//! has seen everything before it, the odd count among it (P2). That is right by the memory model,
//! too, only slower.
//!
//! Atomic words over padding are not defined in Rust. This build is for the sanitizer, which looks at
//! what the machine does, and for nothing else.

use core::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

/// A word moves as a pointer, so that pointers in the payload stay what they are.
type Word = AtomicPtr<u8>;

#[path = "number.rs"]
mod number;

pub(super) use load as load_value;
pub(super) use number::load_number;

/// Up to here a value is returned in registers; a larger one is made in its final place.
pub(super) const LARGEST_VALUE: usize = 128;

/// # Safety
/// `from` is a payload of `len` bytes, `to` is private memory of as many.
pub(super) unsafe fn load(from: *const u8, to: *mut u8, len: usize) {
    let mut at = 0;
    while at < len {
        // SAFETY: `at` is less than `len`, the length of both sides.
        let (from, to) = unsafe { (from.add(at).cast_mut(), to.add(at)) };
        if is_word(from, len - at) {
            // SAFETY: P6. A whole word of the payload, aligned by `is_word`, and touched by this
            // engine only.
            let word = unsafe { Word::from_ptr(from.cast()) };
            // ORDERING: P2. Pairs with the stores in `store`: the count's odd store came before them.
            let value = word.load(Ordering::Acquire);
            // SAFETY: `to` is private and has a word's room here.
            unsafe { to.cast::<*mut u8>().write_unaligned(value) };
            at += size_of::<Word>();
        } else {
            // SAFETY: P6. At least one byte of the payload is left; this engine alone touches it.
            let byte = unsafe { AtomicU8::from_ptr(from) };
            // ORDERING: P2. Pairs with the stores of bytes in `store`, which come after the odd
            // count.
            let value = byte.load(Ordering::Acquire);
            // SAFETY: `to` is private and has a byte's room here.
            unsafe { to.write(value) };
            at += 1;
        }
    }
}

/// # Safety
/// `to` is a payload of `len` bytes, `from` is private memory of as many.
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    let mut at = 0;
    while at < len {
        // SAFETY: `at` is less than `len`, the length of both sides.
        let (from, to) = unsafe { (from.add(at), to.add(at)) };
        if is_word(to, len - at) {
            // SAFETY: `from` is private and has a word left.
            let value = unsafe { from.cast::<*mut u8>().read_unaligned() };
            // SAFETY: P6. A whole word of the payload, aligned by `is_word`, and touched by this
            // engine only.
            let word = unsafe { Word::from_ptr(to.cast()) };
            // ORDERING: P2. Pairs with the loads in `load`: behind the odd store of `write_begin`.
            word.store(value, Ordering::Release);
            at += size_of::<Word>();
        } else {
            // SAFETY: `from` is private and has a byte left.
            let value = unsafe { from.read() };
            // SAFETY: P6. At least one byte of the payload is left; this engine alone touches it.
            let byte = unsafe { AtomicU8::from_ptr(to) };
            // ORDERING: P2. Pairs with the loads of bytes in `load`: they see the odd count that
            // came before.
            byte.store(value, Ordering::Release);
            at += 1;
        }
    }
}

fn is_word(payload: *mut u8, left: usize) -> bool {
    payload.cast::<Word>().is_aligned() && left >= size_of::<Word>()
}
