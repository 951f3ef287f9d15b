// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arc-swap`: readers borrow a counted pointer, each write allocates.
//!
//! Readers could use the value in place; here they copy it, as all contestants do.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::contestant::Direct;

pub(crate) struct Swap<T>(ArcSwap<T>);

impl<T: Copy> Direct<T> for Swap<T> {
    const NAME: &'static str = "arc-swap";

    fn new(value: T) -> Self {
        Self(ArcSwap::from_pointee(value))
    }

    #[inline(always)]
    fn read(&self) -> T {
        **self.0.load()
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = **self.0.load();
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.0.store(Arc::new(*value));
    }
}
