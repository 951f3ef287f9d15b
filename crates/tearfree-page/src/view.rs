// SPDX-License-Identifier: MIT OR Apache-2.0
//! `View`: single numbers of a value, before anybody knows that they belong together.

#![allow(unsafe_code, reason = "racing loads of single numbers (P6)")]

use core::fmt;
use core::marker::PhantomData;

use tearfree::raw;

use crate::layout::stride;

/// The newest value of a page, while [`Reader::try_current`](crate::Reader::try_current) looks at it.
///
/// Each number is whole, but two of them may come from two values. It reaches the first 16 KiB of a
/// value, as far as all processors can in one instruction.
pub struct View<'a, T> {
    slots: *const T,
    slot: usize,
    page: PhantomData<&'a T>,
}

impl<T> View<'_, T> {
    /// # Safety
    /// `slots` are those of a page of `T`s, which is mapped for as long as this lives.
    #[inline(always)]
    pub(crate) unsafe fn new(slots: *const T) -> Self {
        View { slots, slot: 0, page: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn in_slot(self, slot: usize) -> Self {
        View { slot, ..self }
    }

    /// The number of 8 bytes that lies at `AT`, as `offset_of!` says. One load.
    #[inline(always)]
    #[must_use]
    pub fn u64_at<const AT: usize>(&self) -> u64 {
        self.number::<8, AT>()
    }

    /// The number of 4 bytes that lies at `AT`, as wide as the register that it comes in. One load.
    #[inline(always)]
    #[must_use]
    pub fn u32_at<const AT: usize>(&self) -> u64 {
        self.number::<4, AT>()
    }

    #[inline(always)]
    fn number<const LEN: usize, const AT: usize>(&self) -> u64 {
        const { assert!(AT.is_multiple_of(LEN) && AT + LEN <= size_of::<T>(), "nothing is there") };
        let distance = self.slot * stride(size_of::<T>());
        // SAFETY: P6. The number is inside of the slot, and a mapping has no uninitialised bytes.
        unsafe { raw::load_number::<LEN, AT>(self.slots.cast(), distance) }
    }
}

impl<T> fmt::Debug for View<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").finish_non_exhaustive()
    }
}
