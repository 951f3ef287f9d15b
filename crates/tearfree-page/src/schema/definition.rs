// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Schema`: a list of fields, and the rules that it keeps.

use core::fmt;

use super::error::SchemaError;
use super::field::Field;
use super::kind::Kind;
use crate::layout::{MAX_FIELD_NAME, MAX_FIELDS, MAX_PAYLOAD, MAX_SCHEMA};

/// The fields of a payload, in order and without gaps.
///
/// A schema is written as a list of fields separated by spaces, each `name:kind` or
/// `name:kind[count]`, for example `on:bool`, `name:text[16]` or `state:u8{idle=0,busy=1}`. The page stores the same text; two programs can share a page if and only if
/// their texts are equal.
///
/// ```
/// use tearfree_page::Schema;
/// let schema: Schema = "price:f64 qty:u64 history:f32[4]".parse()?;
/// assert_eq!(schema.size(), 32);
/// assert_eq!(schema.fields()[2].bytes(), 16..32);
/// assert_eq!(schema.to_string(), "price:f64 qty:u64 history:f32[4]");
/// # Ok::<(), tearfree_page::SchemaError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    fields: Vec<Field>,
}

impl Schema {
    /// Returns the fields in order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Returns the size of the payload in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.fields.last().map_or(0, |last| last.bytes().end)
    }

    /// Returns the alignment of the payload in bytes.
    #[must_use]
    pub fn align(&self) -> usize {
        self.fields.iter().map(|field| field.kind.align()).max().unwrap_or(1)
    }

    /// Returns the 64-bit FNV-1a hash of the text, which the header of a page stores.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        fnv1a(self.to_string().as_bytes())
    }

    /// Appends a field.
    pub(super) fn push(
        &mut self,
        name: &str,
        kind: Kind,
        count: Option<usize>,
    ) -> Result<(), SchemaError> {
        kind.check()?;
        let (size, align) = (kind.size(), kind.align());
        let field = Field { name: name.to_owned(), kind, count, offset: self.size() };
        let elements = count.unwrap_or(1);
        if !is_field_name(name) {
            return Err(SchemaError::InvalidName(name.to_owned()));
        }
        if self.fields.iter().any(|other| other.name == name) {
            return Err(SchemaError::DuplicateName(name.to_owned()));
        }
        if elements == 0 {
            return Err(SchemaError::InvalidCount(field.to_string()));
        }
        if !field.offset.is_multiple_of(align) {
            return Err(SchemaError::Gap { field: field.to_string(), offset: field.offset, align });
        }
        if self.fields.len() == MAX_FIELDS || elements > (MAX_PAYLOAD - field.offset) / size {
            return Err(SchemaError::TooLarge);
        }
        self.fields.push(field);
        Ok(())
    }

    /// Checks what only the complete list of fields shows.
    pub(super) fn complete(self) -> Result<Self, SchemaError> {
        if self.fields.is_empty() {
            return Err(SchemaError::NoFields);
        }
        if self.to_string().len() > MAX_SCHEMA {
            return Err(SchemaError::TooLarge);
        }
        let rest = self.size() % self.align();
        if rest != 0 {
            return Err(SchemaError::GapAtEnd { missing: self.align() - rest });
        }
        Ok(self)
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.fields.iter().enumerate() {
            write!(f, "{}{field}", if i == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// Computes the 64-bit FNV-1a hash. It takes a few lines in any language.
#[must_use]
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn is_field_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.len() <= MAX_FIELD_NAME
        && name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '.')
}
