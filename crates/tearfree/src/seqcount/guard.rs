// SPDX-License-Identifier: MIT OR Apache-2.0
//! The write section of a `SeqCount` as a guard.

use core::marker::PhantomData;

use super::SeqCount;
use crate::count::Count;

/// An open write section of a [`SeqCount`]; its end makes the count even.
#[derive(Debug)]
#[must_use = "the write section ends when this is dropped"]
pub struct SeqCountGuard<'a, C: Count = usize> {
    count: &'a SeqCount<C>,
    /// A write section belongs to the thread that was serialised as the writer.
    not_send: PhantomData<*const ()>,
}

impl<'a, C: Count> SeqCountGuard<'a, C> {
    /// The section was opened.
    #[inline]
    pub(super) fn new(count: &'a SeqCount<C>) -> Self {
        SeqCountGuard { count, not_send: PhantomData }
    }
}

impl<C: Count> Drop for SeqCountGuard<'_, C> {
    #[inline]
    fn drop(&mut self) {
        self.count.write_end();
    }
}
