// SPDX-License-Identifier: MIT OR Apache-2.0
//! The slow paths of readers and writers in C, which wait. The fast paths are in the headers.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::{c_uchar, c_uint};

use tearfree::SeqCount;
use tearfree::lock::{SpinLock, WriterLock};

/// Waits until the count is even; it may be odd again on return.
///
/// # Safety
/// `sequence` points to the count of a living `seqcount_t`, which may be on a read-only mapping.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_seqcount_wait(sequence: *const c_uint) {
    // SAFETY: P11, by the caller's promise; nothing is stored through it here.
    let count = unsafe { SeqCount::from_ptr(sequence.cast_mut()) };
    // The caller loads the count again, with the ordering that its read needs.
    let _ = count.read_begin();
}

/// Takes a contended spin lock.
///
/// # Safety
/// `taken` points to the byte of a living `spinlock_t` or `raw_spinlock_t`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_spin_lock_contended(taken: *mut c_uchar) {
    // SAFETY: P11, by the caller's promise; `SpinLock` is that byte, which is 0 or 1.
    let lock = unsafe { &*taken.cast::<SpinLock>() };
    lock.lock();
}
