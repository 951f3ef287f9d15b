// SPDX-License-Identifier: MIT OR Apache-2.0
//! The write section of a `SeqCount` as a guard.

use core::marker::PhantomData;

use super::SeqCount;
use crate::count::Count;

impl<C: Count> SeqCount<C> {
    /// Opens a write section, which is closed when the guard is dropped.
    ///
    /// # Panics
    /// In debug builds, if a write section is already open.
    #[doc(alias("scoped_write_seqcount"))]
    #[inline]
    pub fn write(&self) -> SeqCountGuard<'_, C> {
        self.write_begin();
        SeqCountGuard { count: self, not_send: PhantomData }
    }
}

/// An open write section of a [`SeqCount`]; dropping it makes the count even.
#[derive(Debug)]
#[must_use = "the write section ends when this is dropped"]
pub struct SeqCountGuard<'a, C: Count = usize> {
    count: &'a SeqCount<C>,
    /// A write section belongs to the thread that was serialised as the writer.
    not_send: PhantomData<*const ()>,
}

impl<C: Count> Drop for SeqCountGuard<'_, C> {
    #[inline]
    fn drop(&mut self) {
        self.count.write_end();
    }
}
