// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be wrong with a schema.

use core::fmt;

use crate::layout::{MAX_FIELDS, MAX_PAYLOAD, MAX_SCHEMA};

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
    /// A kind is not written as it has to be: the names or numbers of an enum, or a size of 0.
    InvalidKind(String),
    /// An array has no elements, or its count is not a decimal number.
    InvalidCount(String),
    /// A field would need a gap before it.
    Gap {
        /// The field as it was written.
        field: String,
        /// The offset at which it would begin.
        offset: usize,
        /// The alignment of its kind.
        align: usize,
    },
    /// The payload would need a gap at its end.
    GapAtEnd {
        /// The size of that gap in bytes.
        missing: usize,
    },
    /// The schema has more fields, or more bytes, than a page can hold.
    TooLarge,
}

impl SchemaError {
    /// Describes what is wrong.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::NoFields => "the schema has no fields".to_owned(),
            Self::InvalidField(field) => format!("invalid field '{field}'"),
            Self::InvalidName(name) => format!("invalid field name '{name}'"),
            Self::DuplicateName(name) => format!("two fields are named '{name}'"),
            Self::UnknownKind(kind) => format!("unknown kind '{kind}'"),
            Self::InvalidKind(kind) => format!("invalid kind '{kind}'"),
            Self::InvalidCount(field) => format!("invalid array length in '{field}'"),
            Self::Gap { field, offset, align } => format!(
                "'{field}' would begin at byte {offset}, but its kind begins at a multiple of {align}"
            ),
            Self::GapAtEnd { missing } => {
                format!("the payload would end in a gap of {missing} bytes")
            }
            Self::TooLarge => format!(
                "the schema has more than {MAX_FIELDS} fields, {MAX_PAYLOAD} bytes or {MAX_SCHEMA} \
                 bytes of text"
            ),
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoFields => "write name:kind, as in price:f64",
            Self::InvalidField(_) => "write name:kind or name:kind[count]",
            Self::InvalidName(_) => {
                "use 1 to 64 letters, digits, '_' and '.', beginning with a letter or '_'"
            }
            Self::DuplicateName(_) => "rename one of them",
            Self::UnknownKind(_) => {
                "use one of u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 bool text[16] \
                 u8{idle=0,busy=1}"
            }
            Self::InvalidKind(_) => {
                "write text[16] or u8{idle=0,busy=1}: 1 to 256 names of letters, digits and '_' with \
                 ascending numbers of that kind"
            }
            Self::InvalidCount(_) => "write a number from 1 in the brackets",
            Self::Gap { .. } => "put larger kinds first, or add u8 padding before it",
            Self::GapAtEnd { .. } => "add a u8 array of that size at the end",
            Self::TooLarge => "use several pages",
        }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what(), self.advice())
    }
}

impl core::error::Error for SchemaError {}
