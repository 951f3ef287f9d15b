// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine of a machine with one thread and no interrupts: WebAssembly without threads.

#[cfg(target_has_atomic = "64")]
#[path = "number.rs"]
mod number;

pub(super) use load as load_value;
#[cfg(target_has_atomic = "64")]
pub(super) use number::load_number;

/// Up to here a value is returned in registers; a larger one is made in its final place.
pub(super) const LARGEST_VALUE: usize = 128;

/// # Safety
/// `from` is a payload of `len` bytes, `to` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn load(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: P6. There is one thread, so the payload at `from` stays as it is; `to` is private and
    // as long.
    unsafe { to.copy_from_nonoverlapping(from, len) };
}

/// # Safety
/// `to` is a payload of `len` bytes, `from` is private memory of as many.
#[inline(always)]
pub(super) unsafe fn store(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: P6. There is one thread, so no one reads the payload at `to`; `from` is private and
    // as long.
    unsafe { to.copy_from_nonoverlapping(from, len) };
}
