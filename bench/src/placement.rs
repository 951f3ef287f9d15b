// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where things lie in memory: alike for every contestant, or else luck would be measured.
//!
//! A load is held up by an earlier store whose address has the same low twelve bits. So each lock
//! starts a page, and each buffer that it is copied to or from starts in the middle of one.

use core::hint::black_box;

/// A value at the start of a page of its own.
#[repr(C, align(4096))]
pub(crate) struct Page<V>(pub(crate) V);

/// A value half a page behind the start of one.
#[repr(C, align(4096))]
pub(crate) struct HalfPage<V> {
    _gap: [u8; 2048],
    pub(crate) value: V,
}

impl<V> HalfPage<V> {
    pub(crate) fn new(value: V) -> Box<Self> {
        Box::new(Self { _gap: [0; 2048], value })
    }
}

/// In how many places of the stack `at_stack_place` can run something.
pub(crate) const STACK_PLACES: usize = 16;

/// Runs `work` with the stack moved down by one of several distances.
///
/// A value returned by `read` lies on the stack, wherever that happens to be. Each contestant
/// meets every place in turn; the best and the median are then about the contestant.
pub(crate) fn at_stack_place<R>(place: usize, work: &mut dyn FnMut() -> R) -> R {
    /// 272 is odd in units of 16, so 16 steps of it meet each quarter of a line and of a page.
    const STEP: usize = 272;

    #[inline(never)]
    fn lower<R, const BYTES: usize>(work: &mut dyn FnMut() -> R) -> R {
        let gap = [0u8; BYTES];
        black_box(&gap);
        let result = work();
        black_box(&gap);
        result
    }

    match place % STACK_PLACES {
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
