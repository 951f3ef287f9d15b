// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole reads of a `SeqCount` by a closure, and the steps of one attempt.

use core::convert::Infallible;

use super::{SeqCount, Start};
use crate::count::Count;
use crate::read_side::{self, ReadSide, attempt, repeat};

impl<C: Count> SeqCount<C> {
    /// Reads until a read is consistent.
    ///
    /// `data` may run several times, and may see a mix of two writes: it must only load, not index,
    /// loop or act on what it loaded. If it writes under this count, no attempt succeeds.
    #[doc(alias("CK_SEQUENCE_READ"))]
    #[inline]
    pub fn read<R>(&self, mut data: impl FnMut() -> R) -> R {
        match attempt(self, |_| data()) {
            Some((result, _)) => result,
            None => self.read_contended(data),
        }
    }

    /// Attempts one read: `None` if a writer was inside or came in between. Never waits.
    ///
    /// What `data` loads may mix two writes: it must not index, loop or act on it.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// let (count, data) = (tearfree::SeqCount::<usize>::new(), AtomicU64::new(5));
    /// assert_eq!(count.try_read(|| data.load(Relaxed)), Some(5));
    /// count.write_begin();
    /// assert_eq!(count.try_read(|| data.load(Relaxed)), None);
    /// ```
    #[inline]
    pub fn try_read<R>(&self, data: impl FnOnce() -> R) -> Option<R> {
        attempt(self, |_| data()).map(|(result, _)| result)
    }

    #[cold]
    #[inline(never)]
    fn read_contended<R>(&self, mut data: impl FnMut() -> R) -> R {
        let wait_for_writer = || {
            let _start = self.read_begin();
            Ok::<(), Infallible>(())
        };
        let Ok((result, _)) = repeat(self, |_| data(), wait_for_writer);
        result
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
