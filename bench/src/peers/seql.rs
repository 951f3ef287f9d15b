// SPDX-License-Identifier: MIT OR Apache-2.0
//! The crate `seql`: a copy of atomic words between two loads of the count; writers take a mutex of std.
//!
//! At its best: `read` and `write` are its only calls; a large result is built in the buffer, without a second copy.

use seql::MutexSeqLock;

use super::volatile::{inline_if_small, inline_if_small_into};
use crate::contestant::{Copies, Direct};

impl<T: Copy> Direct<T> for MutexSeqLock<T> {
    const NAME: &'static str = "seql 0.1";
    /// `write` takes a value; `read` wraps it twice, each by a copy.
    const COPIES: Copies = Copies::exactly(2, 4)
        .or_as_few_reads_as(2, "LLVM builds an `Option` in place where it inlines what wraps it");

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        inline_if_small(self, Self::read)
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        inline_if_small_into(self, out, Self::read);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.write(*value);
    }
}
