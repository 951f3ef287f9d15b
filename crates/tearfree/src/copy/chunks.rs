// SPDX-License-Identifier: MIT OR Apache-2.0
//! Cutting a copy into register-sized moves.

/// One way of moving a chunk of `1`, `2`, `4`, `8` or `16` bytes.
pub(super) trait Move {
    /// Moves `N` bytes.
    ///
    /// # Safety
    /// Both pointers are valid for `N` bytes; no alignment is needed.
    unsafe fn chunk<const N: usize>(from: *const u8, to: *mut u8);
}

/// Moves `len` bytes, each one once. `len` is a constant wherever this is called, so the compiler
/// decides every condition and unrolls the loop: straight-line moves are left.
///
/// # Safety
/// Both pointers are valid for `len` bytes.
#[inline(always)]
pub(super) unsafe fn moves<M: Move>(from: *const u8, to: *mut u8, len: usize) {
    let mut at = 0;
    // SAFETY (all of them): `at` plus the chunk is at most `len`, and the caller promises `len` bytes.
    macro_rules! one {
        ($size:literal) => {{
            // SAFETY: `at + $size <= len`, so both stay inside what the caller promises.
            let (from, to) = unsafe { (from.add(at), to.add(at)) };
            // SAFETY: as above, `$size` bytes are left on both sides.
            unsafe { M::chunk::<$size>(from, to) };
            at += $size;
        }};
    }
    while at + 16 <= len {
        one!(16);
    }
    if len & 8 != 0 {
        one!(8);
    }
    if len & 4 != 0 {
        one!(4);
    }
    if len & 2 != 0 {
        one!(2);
    }
    if len & 1 != 0 {
        one!(1);
    }
    debug_assert!(at == len);
}
