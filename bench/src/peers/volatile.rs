// SPDX-License-Identifier: MIT OR Apache-2.0
//! For the peers that copy by a volatile read.
//!
//! The compiler turns a volatile read of an array into one load for each element, 8192 in a row for
//! 64 KiB, and takes minutes to compile each place that has one. So a large value has one place only.

/// From here on a call is lost in what the volatile read costs.
const LARGE: usize = 512;

#[inline(always)]
pub(super) fn inline_if_small<L, T>(lock: &L, read: impl Fn(&L) -> T) -> T {
    if size_of::<T>() < LARGE { read(lock) } else { in_one_place(lock, read) }
}

#[inline(never)]
fn in_one_place<L, T>(lock: &L, read: impl Fn(&L) -> T) -> T {
    read(lock)
}
