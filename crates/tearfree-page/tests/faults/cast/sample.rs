// SPDX-License-Identifier: MIT OR Apache-2.0
//! A payload that accuses itself: every word derives from one number.

use tearfree_page::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use tearfree_page::{Describe, Fields, Kind, Payload};

/// `N` words.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub(crate) struct Sample<const N: usize>([u64; N]);

impl<const N: usize> Describe for Sample<N> {
    fn describe(name: &str, fields: &mut Fields) {
        fields.number(name, Kind::U64, Some(N));
    }
}

/// Small enough for registers, straight-line moves, and a call of `memcpy`.
pub(crate) type Small = Sample<2>;
pub(crate) type Medium = Sample<30>;
pub(crate) type Large = Sample<600>;

pub(crate) trait Accusing: Payload + PartialEq {
    fn of(number: u64) -> Self;

    /// The number of the whole value.
    ///
    /// # Panics
    /// If the value is torn.
    fn number(&self) -> u64;
}

impl<const N: usize> Accusing for Sample<N> {
    fn of(number: u64) -> Self {
        Sample(core::array::from_fn(|i| number.wrapping_mul(2 * i as u64 + 1)))
    }

    fn number(&self) -> u64 {
        assert_eq!(*self, Self::of(self.0[0]), "torn");
        self.0[0]
    }
}
