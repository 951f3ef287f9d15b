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
