// SPDX-License-Identifier: MIT OR Apache-2.0
//! The crate `seqlock`: a volatile copy between two loads of the count.
//!
//! At its best: `read` is its only call; a large result is built in the buffer, without a second copy.

use seqlock::SeqLock;

use super::volatile::{inline_if_small, inline_if_small_into};
use crate::contestant::{Copies, Direct};

impl<T: Copy> Direct<T> for SeqLock<T> {
    const NAME: &'static str = "seqlock 0.2";
    /// `read` copies into a variable, and that into its result.
    const COPIES: Copies = Copies::exactly(1, 2);

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
        *self.lock_write() = *value;
    }
}
