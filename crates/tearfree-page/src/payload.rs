// SPDX-License-Identifier: MIT OR Apache-2.0
//! The types that a page can hold, and the macro that declares them.

use crate::error::{Error, check_size};
use crate::schema::{Describe, Schema, schema_of};

/// A type that a page can hold: plain bytes for which every bit pattern is valid, with a schema.
///
/// [`payload!`](crate::payload) declares such structs; numbers and arrays of payloads are payloads too.
/// A pointer, a `bool` or an enum is not: another process could store a bit pattern that is invalid for it.
pub trait Payload:
    Describe
    + zerocopy::FromBytes
    + zerocopy::IntoBytes
    + zerocopy::Immutable
    + zerocopy::KnownLayout
    + Copy
    + 'static
{
}

impl<T> Payload for T where
    T: Describe
        + zerocopy::FromBytes
        + zerocopy::IntoBytes
        + zerocopy::Immutable
        + zerocopy::KnownLayout
        + Copy
        + 'static
{
}

/// Returns the schema of a payload. A hand-written `Describe` may not match its type, so the size is
/// checked.
pub(crate) fn checked_schema<T: Payload>() -> Result<Schema, Error> {
    let schema = schema_of::<T>()?;
    check_size(size_of::<T>(), schema.size())?;
    Ok(schema)
}

/// Declares a struct that a page can hold: `#[repr(C)]`, without gaps, and valid for every bit pattern.
///
/// It derives `Clone`, `Copy`, zerocopy's `FromBytes`, `IntoBytes`, `Immutable` and `KnownLayout`, and
/// implements [`Describe`](crate::Describe). A struct with gaps, a `bool`, an enum or a reference does not compile.
///
/// ```
/// tearfree_page::payload! {
///     /// The price of a share.
///     #[derive(Debug, PartialEq)]
///     pub struct Quote {
///         /// In cents.
///         pub price: f64,
///         pub quantity: u64,
///     }
/// }
/// assert_eq!(tearfree_page::schema_of::<Quote>()?.to_string(), "price:f64 quantity:u64");
/// # Ok::<(), tearfree_page::SchemaError>(())
/// ```
///
/// If this crate has another name in your `Cargo.toml`, write `extern crate that_name as tearfree_page;` at
/// the root of your crate: zerocopy's derives find it by its own name only.
#[macro_export]
macro_rules! payload {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:ty),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(
            $crate::__private::Clone,
            $crate::__private::Copy,
            $crate::zerocopy::FromBytes,
            $crate::zerocopy::IntoBytes,
            $crate::zerocopy::Immutable,
            $crate::zerocopy::KnownLayout,
        )]
        #[zerocopy(crate = "::tearfree_page::zerocopy")]
        #[repr(C)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $kind,)+
        }

        impl $crate::Describe for $name {
            // A constant or static of the user's with a parameter's name would shadow it, so these are long.
            fn describe(
                __tearfree_name: &$crate::__private::str,
                __tearfree_schema: &mut $crate::SchemaBuilder,
            ) {
                $(__tearfree_schema.field::<$kind>(
                    __tearfree_name,
                    $crate::__private::stringify!($field),
                );)+
            }
        }
    };
}
