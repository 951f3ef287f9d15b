// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a read of a `SeqCount` began.

use crate::count::Count;

/// The count at the beginning of a read, for [`SeqCount::read_retry`](crate::SeqCount::read_retry).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "data read without `read_retry` may mix two writes"]
pub struct Start<C: Count = usize>(pub(super) C);

impl<C: Count> Start<C> {
    /// Returns the count, which is even.
    #[inline]
    #[must_use]
    pub fn sequence(self) -> C {
        self.0
    }
}
