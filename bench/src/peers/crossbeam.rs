// SPDX-License-Identifier: MIT OR Apache-2.0
//! `AtomicCell`: an atomic for small values, else one of 67 sequence locks shared by the process.
//!
//! At its best: `load` and `store` are its only calls for the job.

use crossbeam_utils::atomic::AtomicCell;

use super::volatile::{inline_if_small, inline_if_small_into};
use crate::contestant::{Copies, Direct};

impl<T: Copy> Direct<T> for AtomicCell<T> {
    const NAME: &'static str = "AtomicCell";
    /// `load` copies into a variable, and that into two results.
    const COPIES: Copies = Copies::exactly(1, 3);

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        inline_if_small(self, Self::load)
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        inline_if_small_into(self, out, Self::load);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.store(*value);
    }
}
