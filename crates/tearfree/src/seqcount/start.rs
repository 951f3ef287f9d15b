// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a read of a `SeqCount` began, and the steps of an attempt to read.

use super::SeqCount;
use crate::count::Count;
use crate::read_side::{self, ReadSide};

/// The count at the beginning of a read, to be handed to [`SeqCount::read_retry`](crate::SeqCount::read_retry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "data read without `read_retry` may mix two writes"]
pub struct Start<C: Count = usize>(pub(super) C);

impl<C: Count> Start<C> {
    /// The count itself: even, as a reader got it.
    #[inline]
    pub fn sequence(self) -> C {
        self.0
    }
}

impl<C: Count> read_side::sealed::Sealed for SeqCount<C> {}

impl<C: Count> ReadSide for SeqCount<C> {
    type Start = Start<C>;
    type Number = C;

    #[inline(always)]
    fn try_begin(&self) -> Option<Start<C>> {
        self.try_read_begin()
    }

    #[inline(always)]
    fn slot(_start: Start<C>) -> usize {
        0
    }

    #[inline(always)]
    fn must_retry(&self, start: Start<C>) -> bool {
        self.read_retry(start)
    }

    #[inline(always)]
    fn number(start: Start<C>) -> C {
        start.sequence()
    }
}
