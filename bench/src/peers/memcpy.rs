// SPDX-License-Identifier: MIT OR Apache-2.0
//! The limit: a copy of a plain value on one thread.

use core::cell::Cell;

use crate::contestant::Direct;

pub(super) const NAME: &str = "memcpy";

pub(crate) struct Memcpy<T>(Cell<T>);

impl<T: Copy> Direct<T> for Memcpy<T> {
    const NAME: &'static str = NAME;

    fn new(value: T) -> Self {
        Self(Cell::new(value))
    }

    #[inline(always)]
    fn read(&self) -> T {
        self.0.get()
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = self.0.get();
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.0.set(*value);
    }
}
