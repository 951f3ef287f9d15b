// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cutting a copy into register-sized moves.

use core::mem::MaybeUninit;

/// Four chunks of the same type.
pub(super) type Four<T> = (MaybeUninit<T>, MaybeUninit<T>, MaybeUninit<T>, MaybeUninit<T>);

/// One way of moving a chunk of `1`, `2`, `4`, `8`, `16` or `32` bytes.
pub(super) trait Move {
    /// Moves `N` bytes.
    ///
    /// # Safety
    /// Both pointers are valid for `N` bytes; no alignment is needed.
    unsafe fn chunk<const N: usize>(from: *const u8, to: *mut u8);

    /// Moves four chunks of `N` bytes, 8 or more, in one block: its instructions add the distances.
    ///
    /// # Safety
    /// Both pointers are valid for four times `N` bytes; no alignment is needed.
    unsafe fn four_chunks<const N: usize>(from: *const u8, to: *mut u8);
}

/// Moves `len` bytes, each one once, in chunks of at most `WIDEST` bytes. Where `len` is a constant,
/// the compiler decides every condition and unrolls the loops: straight-line moves are left.
///
/// # Safety
/// Both pointers are valid for `len` bytes.
#[inline(always)]
pub(super) unsafe fn moves<M: Move, const WIDEST: usize>(from: *const u8, to: *mut u8, len: usize) {
    let mut at = 0;
    macro_rules! step {
        ($chunks:ident, $size:expr, $bytes:expr) => {{
            // SAFETY: `at` and these bytes are at most `len`, for which both are valid.
            let (from, to) = unsafe { (from.add(at), to.add(at)) };
            // SAFETY: `len - at` bytes are left on both sides, and these are no more.
            unsafe { M::$chunks::<{ $size }>(from, to) };
            at += $bytes;
        }};
    }
    macro_rules! tail {
        ($($size:literal)*) => {$(
            if WIDEST > $size && len & $size != 0 {
                step!(chunk, $size, $size);
            }
        )*};
    }
    while at + 4 * WIDEST <= len {
        step!(four_chunks, WIDEST, 4 * WIDEST);
    }
    while at + WIDEST <= len {
        step!(chunk, WIDEST, WIDEST);
    }
    tail! { 16 8 4 2 1 }
    debug_assert!(at == len);
}
