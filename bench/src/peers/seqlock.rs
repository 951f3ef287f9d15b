// SPDX-License-Identifier: MIT OR Apache-2.0
//! The crate `seqlock`: a volatile copy between two loads of the count.

use seqlock::SeqLock;

use super::volatile::inline_if_small;
use crate::contestant::Direct;

impl<T: Copy> Direct<T> for SeqLock<T> {
    const NAME: &'static str = "seqlock 0.2";

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        inline_if_small(self, Self::read)
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = inline_if_small(self, Self::read);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        *self.lock_write() = *value;
    }
}
