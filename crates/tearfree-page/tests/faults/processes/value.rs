// SPDX-License-Identifier: MIT OR Apache-2.0
//! Self-checking payloads: every word derives from one number, so a torn value is detected.

use tearfree_page::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use tearfree_page::{AnyBitPattern, Describe, NumberKind, Payload, SchemaBuilder};

/// A payload of `N` words.
#[derive(Clone, Copy, Debug, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(transparent)]
pub(crate) struct Words<const N: usize>([u64; N]);

impl<const N: usize> Describe for Words<N> {
    const ANY_BIT_PATTERN: Option<AnyBitPattern<Self>> = Some(AnyBitPattern::new());

    fn describe(name: &str, schema: &mut SchemaBuilder) {
        schema.number(name, NumberKind::U64, Some(N));
    }
}

/// Values that are copied through registers, by straight-line moves, and by a call of `memcpy`.
pub(crate) type Small = Words<2>;
pub(crate) type Medium = Words<30>;
pub(crate) type Large = Words<600>;

/// A payload that is made from one number.
pub(crate) trait SelfChecking: Payload + PartialEq {
    fn from_number(number: u64) -> Self;

    /// Returns the number that the value was made from.
    ///
    /// # Panics
    /// If the value is torn.
    fn number(&self) -> u64;
}

impl<const N: usize> SelfChecking for Words<N> {
    fn from_number(number: u64) -> Self {
        Words(core::array::from_fn(|i| number.wrapping_mul(2 * i as u64 + 1)))
    }

    fn number(&self) -> u64 {
        assert_eq!(*self, Self::from_number(self.0[0]), "torn");
        self.0[0]
    }
}
