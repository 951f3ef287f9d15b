// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls of the peers that copy by a volatile read.
//!
//! The compiler turns a volatile read of an array into one load for each element, 8192 in a row for 64 KiB,
//! which takes minutes to compile. So large values are read by one function that is not inlined.

/// From this size in bytes on, the cost of a call does not matter.
const LARGE: usize = 512;

#[inline(always)]
pub(super) fn inline_if_small<L, T>(lock: &L, read: impl Fn(&L) -> T) -> T {
    if size_of::<T>() < LARGE { read(lock) } else { not_inlined(lock, read) }
}

#[inline(never)]
fn not_inlined<L, T>(lock: &L, read: impl Fn(&L) -> T) -> T {
    read(lock)
}

/// As [`inline_if_small`], into a buffer: the compiler leaves out the copy of the result only where it sees both.
#[inline(always)]
pub(super) fn inline_if_small_into<L, T>(lock: &L, out: &mut T, read: impl Fn(&L) -> T) {
    if size_of::<T>() < LARGE { *out = read(lock) } else { not_inlined_into(lock, out, read) }
}

#[inline(never)]
fn not_inlined_into<L, T>(lock: &L, out: &mut T, read: impl Fn(&L) -> T) {
    *out = read(lock);
}
