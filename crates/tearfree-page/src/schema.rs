// SPDX-License-Identifier: MIT OR Apache-2.0
//! The schema of a payload, stored in the page as text: `price:f64 qty:u64`.

mod definition;
mod describe;
mod error;
mod field;
mod kind;
mod parse;
mod validity;

pub use definition::{Schema, fnv1a};
pub use describe::{Describe, SchemaBuilder, enum_kind, schema_of};
pub use error::SchemaError;
pub use field::{Field, NumberKind};
pub use kind::{EnumKind, Kind, OpaqueKind};
pub use validity::InvalidValue;

#[cfg(test)]
mod tests;
