// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be wrong with a schema.

use core::fmt;

use super::field::NumberKind;
use crate::layout::{MAX_FIELD_NAME, MAX_FIELDS, MAX_PAYLOAD, MAX_SCHEMA};

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaError {
    /// The schema has no field.
    NoFields,
    /// A field is not written as `name:kind` or `name:kind[count]`.
    InvalidField(String),
    /// A field has an invalid name.
    InvalidName(String),
    /// Two fields have the same name.
    DuplicateName(String),
    /// A field has an unknown kind.
    UnknownKind(String),
    /// An array has no elements, or its count is not a decimal number.
    InvalidCount(String),
    /// A field would need a gap before it.
    Gap {
        /// The field as it was written.
        field: String,
        /// The offset at which it would begin.
        offset: usize,
        /// Its kind, whose size is its alignment.
        kind: NumberKind,
    },
    /// The payload would need a gap at its end.
    GapAtEnd {
        /// The size of that gap in bytes.
        missing: usize,
    },
    /// The schema has more fields, or more bytes, than a page can hold.
    TooLarge,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFields => {
                f.write_str("the schema has no fields; write name:kind, as in price:f64")
            }
            Self::InvalidField(field) => {
                write!(f, "invalid field '{field}'; write name:kind or name:kind[count]")
            }
            Self::InvalidName(name) => write!(
                f,
                "invalid field name '{name}'; use 1 to {MAX_FIELD_NAME} letters, digits, '_' and \
                 '.', beginning with a letter or '_'"
            ),
            Self::DuplicateName(name) => {
                write!(f, "two fields are named '{name}'; rename one of them")
            }
            Self::UnknownKind(kind) => {
                write!(f, "unknown kind '{kind}'; use one of")?;
                NumberKind::NAMES.iter().try_for_each(|(name, _)| write!(f, " {name}"))
            }
            Self::InvalidCount(field) => {
                write!(
                    f,
                    "invalid array length in '{field}'; write a number from 1 in the brackets"
                )
            }
            Self::Gap { field, offset, kind } => write!(
                f,
                "'{field}' would begin at byte {offset}, but a {kind} begins at a multiple of {}; \
                 put larger kinds first, or add u8 padding before it",
                kind.size()
            ),
            Self::GapAtEnd { missing } => write!(
                f,
                "the payload would end in a gap of {missing} bytes; add a field of kind \
                 u8[{missing}] at the end"
            ),
            Self::TooLarge => write!(
                f,
                "the schema is too large: a page holds at most {MAX_FIELDS} fields, {MAX_PAYLOAD} \
                 bytes and {MAX_SCHEMA} bytes of schema text; use several pages"
            ),
        }
    }
}

impl core::error::Error for SchemaError {}
