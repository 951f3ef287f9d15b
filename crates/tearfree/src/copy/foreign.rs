// SPDX-License-Identifier: MIT OR Apache-2.0
//! Racing copies from and to memory that someone else owns, a page between processes for instance.

use core::mem::MaybeUninit;

use super::engine;

/// Copies a `T` out of memory that others may be storing to. Its bytes may come from several stores.
///
/// # Safety
/// `from` is valid for reads of `size_of::<T>()` bytes; no alignment is needed. While this runs, no
/// one stores there but through this crate's copies, or from outside of this program (P6).
#[inline(always)]
#[must_use]
pub unsafe fn load<T: Copy>(from: *const T) -> MaybeUninit<T> {
    if size_of::<T>() > engine::LARGEST_VALUE {
        // SAFETY: P6. It demands of `from` what this function demands.
        return unsafe { load_in_place(from) };
    }
    let mut copy = MaybeUninit::<T>::uninit();
    // SAFETY: P6. No one else stores plainly to the `T` at `from` meanwhile; `copy` is private and
    // a `T` in size.
    unsafe { engine::load_value(from.cast(), copy.as_mut_ptr().cast(), size_of::<T>()) };
    copy
}

/// As [`load`] for a large `T`: not inlined, and with one local that is returned, so that the compiler
/// puts it into the caller's place and the bytes are copied once.
///
/// # Safety
/// As for [`load`].
#[inline(never)]
unsafe fn load_in_place<T: Copy>(from: *const T) -> MaybeUninit<T> {
    let mut copy = MaybeUninit::<T>::uninit();
    // SAFETY: P6. The `T` at `from` is only stored to by copies; `copy` is private and has its
    // size.
    unsafe { engine::load(from.cast(), copy.as_mut_ptr().cast(), size_of::<T>()) };
    copy
}

/// As [`load`], of a number of `LEN` bytes, 4 or 8, that lies `distance` and `AT` bytes behind `from`.
/// `AT` is what the instructions of all processors can add: a multiple of `LEN` below 16 KiB.
///
/// # Safety
/// As for [`load`], for the number. Its bytes are initialised.
#[inline(always)]
#[must_use]
pub unsafe fn load_number<const LEN: usize, const AT: usize>(
    from: *const u8,
    distance: usize,
) -> u64 {
    const { assert!(LEN == 4 || LEN == 8, "a number of 4 or 8 bytes") };
    const { assert!(AT < 16 * 1024 && AT & (LEN - 1) == 0, "it is too far away, or between two") };
    // SAFETY: P6. The number at `distance + AT` is valid for reads, and only copies store to it.
    let number = unsafe { engine::load_number::<LEN, AT>(from, distance) };
    // SAFETY: P4. Any initialised bytes are a number; that they are initialised is the caller's
    // part.
    unsafe { number.assume_init() }
}

/// As [`load`], for as many bytes as `to` holds; afterwards all of them are initialised if those at
/// `from` are.
///
/// # Safety
/// As for [`load`], for `to.len()` bytes.
#[inline(always)]
pub unsafe fn load_bytes(from: *const u8, to: &mut [MaybeUninit<u8>]) {
    // SAFETY: P6. `from` is valid for `to.len()` bytes, to which only copies store; `to` is a
    // private slice.
    unsafe { engine::load(from, to.as_mut_ptr().cast(), to.len()) };
}

/// Copies `value` to where others may be reading.
///
/// # Safety
/// `to` is valid for writes of `size_of::<T>()` bytes; no alignment is needed. While this runs, no
/// one reads or stores there but through this crate's copies, or from outside of this program (P6).
#[inline(always)]
pub unsafe fn store<T: Copy>(value: &T, to: *mut T) {
    let from = core::ptr::from_ref(value).cast();
    // SAFETY: P6. Only copies touch the `T` at `to` meanwhile; `value` is borrowed, so no one
    // stores to it.
    unsafe { engine::store(from, to.cast(), size_of::<T>()) };
}

/// As [`store`], for bytes.
///
/// # Safety
/// As for [`store`], for `value.len()` bytes.
#[inline(always)]
pub unsafe fn store_bytes(value: &[u8], to: *mut u8) {
    // SAFETY: P6. Only copies touch these `value.len()` bytes at `to`; the slice `value` is
    // borrowed.
    unsafe { engine::store(value.as_ptr(), to, value.len()) };
}
