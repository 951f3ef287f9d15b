// SPDX-License-Identifier: MIT OR Apache-2.0
//! The addresses of locks and buffers: the same for every contestant.
//!
//! A load is delayed by an earlier store whose address has the same low twelve bits. So each lock starts at a
//! page, and each buffer half a page behind the start of one.

use core::hint::black_box;

/// A value at the start of a page of its own.
#[repr(C, align(4096))]
pub(crate) struct PageAligned<V>(pub(crate) V);

/// A value half a page behind the start of one.
#[repr(C, align(4096))]
pub(crate) struct MidPage<V> {
    _gap: [u8; 2048],
    pub(crate) value: V,
}

impl<V> MidPage<V> {
    pub(crate) fn new(value: V) -> Box<Self> {
        Box::new(Self { _gap: [0; 2048], value })
    }
}

/// The number of stack offsets.
pub(crate) const STACK_OFFSETS: usize = 16;

/// Runs `work` with the stack moved down by one of several offsets.
///
/// A value returned by `read` is on the stack, at an address that depends on the caller. Each contestant runs
/// with every offset, so that the results do not depend on one address.
pub(crate) fn with_stack_offset<R>(offset: usize, work: &mut dyn FnMut() -> R) -> R {
    /// 272 is an odd multiple of 16, so 16 steps cover each quarter of a cache line and of a page.
    const STEP: usize = 272;

    #[inline(never)]
    fn lower<R, const BYTES: usize>(work: &mut dyn FnMut() -> R) -> R {
        let gap = [0u8; BYTES];
        black_box(&gap);
        let result = work();
        black_box(&gap);
        result
    }

    match offset % STACK_OFFSETS {
        0 => lower::<R, 0>(work),
        1 => lower::<R, STEP>(work),
        2 => lower::<R, { 2 * STEP }>(work),
        3 => lower::<R, { 3 * STEP }>(work),
        4 => lower::<R, { 4 * STEP }>(work),
        5 => lower::<R, { 5 * STEP }>(work),
        6 => lower::<R, { 6 * STEP }>(work),
        7 => lower::<R, { 7 * STEP }>(work),
        8 => lower::<R, { 8 * STEP }>(work),
        9 => lower::<R, { 9 * STEP }>(work),
        10 => lower::<R, { 10 * STEP }>(work),
        11 => lower::<R, { 11 * STEP }>(work),
        12 => lower::<R, { 12 * STEP }>(work),
        13 => lower::<R, { 13 * STEP }>(work),
        14 => lower::<R, { 14 * STEP }>(work),
        _ => lower::<R, { 15 * STEP }>(work),
    }
}
