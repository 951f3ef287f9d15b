// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SlotView`: single numbers of a value that is not yet validated.

#![allow(unsafe_code, reason = "racing loads of single numbers (P6)")]

use core::fmt;
use core::marker::PhantomData;

use tearfree::raw;

use crate::layout::stride;

/// The slot that [`Reader::try_current`](crate::Reader::try_current) reads.
///
/// No number is torn, but two of them may come from two values. It covers the first 16 KiB of a value,
/// which every processor can address with one instruction.
pub struct SlotView<'a, T> {
    payloads: *const T,
    slot: usize,
    page: PhantomData<&'a T>,
}

impl<T> SlotView<'_, T> {
    /// # Safety
    /// `payloads` points to the payload in slot 0 of a page of `T`s, which stays mapped as long as this value lives.
    #[inline(always)]
    pub(crate) unsafe fn new(payloads: *const T) -> Self {
        SlotView { payloads, slot: 0, page: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn in_slot(self, slot: usize) -> Self {
        SlotView { slot, ..self }
    }

    /// Loads the 8-byte number at offset `AT`, which `offset_of!` gives.
    #[inline(always)]
    #[must_use]
    pub fn u64_at<const AT: usize>(&self) -> u64 {
        self.load::<8, AT>()
    }

    /// Loads the 4-byte number at offset `AT`, zero-extended to 8 bytes.
    #[inline(always)]
    #[must_use]
    pub fn u32_at<const AT: usize>(&self) -> u64 {
        self.load::<4, AT>()
    }

    #[inline(always)]
    fn load<const LEN: usize, const AT: usize>(&self) -> u64 {
        const {
            assert!(
                AT.is_multiple_of(LEN) && AT + LEN <= size_of::<T>(),
                "`AT` is unaligned or beyond the value"
            )
        };
        let distance = self.slot * stride(size_of::<T>());
        // SAFETY: P6. The number is inside of the slot, and a mapping has no uninitialised bytes.
        unsafe { raw::load_number::<LEN, AT>(self.payloads.cast(), distance) }
    }
}

impl<T> fmt::Debug for SlotView<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlotView").finish_non_exhaustive()
    }
}
