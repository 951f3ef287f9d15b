// SPDX-License-Identifier: MIT OR Apache-2.0
//! Atomic words without a lock: no data race, but torn values, which shows that the check works.

use crate::contestant::{Copies, Direct};
use crate::payload::Payload;

pub(super) const NAME: &str = "no lock";

pub(crate) struct Bare<T: Payload>(T::Bare);

impl<T: Payload> Direct<T> for Bare<T> {
    const NAME: &'static str = NAME;
    /// It builds arrays from words.
    const COPIES: Copies = Copies::exactly(2, 3);

    fn new(value: T) -> Self {
        Self(value.to_bare())
    }

    #[inline(always)]
    fn read(&self) -> T {
        T::load_bare(&self.0)
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        *out = T::load_bare(&self.0);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        T::store_bare(&self.0, value);
    }
}
