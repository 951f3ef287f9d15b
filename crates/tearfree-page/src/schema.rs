// SPDX-License-Identifier: MIT OR Apache-2.0
//! The schema of a payload, stored in the page as text: `price:f64 qty:u64`.

mod definition;
mod describe;
mod error;
mod field;
mod parse;

pub use definition::Schema;
pub(crate) use definition::fnv1a;
pub use describe::{Describe, SchemaBuilder, schema_of};
pub use error::SchemaError;
pub use field::{Field, NumberKind};

#[cfg(test)]
mod tests;
