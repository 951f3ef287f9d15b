// SPDX-License-Identifier: MIT OR Apache-2.0
//! From text to schema, and what can be wrong with it.

use core::fmt;
use core::str::FromStr;

use super::{Kind, Schema};
use crate::layout::{MAX_PAYLOAD, MAX_SCHEMA};

/// The most fields.
pub(super) const MAX_FIELDS: usize = 1024;
/// The longest name of a field.
const MAX_NAME: usize = 64;

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaError {
    /// There is no field.
    NoFields,
    /// A field is not written as `name:kind`.
    Form(String),
    /// A name is no identifier.
    Name(String),
    /// Two fields have this name.
    Twice(String),
    /// There is no such kind.
    Kind(String),
    /// An array without elements, or with a number of them that is none.
    Empty(String),
    /// A field would need a gap before it.
    Gap {
        /// The field as it was written.
        field: String,
        /// Where it would begin.
        offset: usize,
        /// Its kind, which begins at multiples of its size.
        kind: Kind,
    },
    /// The last field would need a gap behind it.
    GapAtEnd {
        /// The size of that gap in bytes.
        missing: usize,
    },
    /// More fields, or more bytes, than a page can have.
    TooLarge,
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFields => f.write_str("no field is given; write name:kind, as in price:f64"),
            Self::Form(field) => {
                write!(f, "'{field}' is no field; write name:kind or name:kind[count]")
            }
            Self::Name(name) => write!(
                f,
                "'{name}' cannot be a field's name; use letters, digits, _ and dots, at most \
                 {MAX_NAME}, and begin with a letter or _"
            ),
            Self::Twice(name) => write!(f, "two fields are called '{name}'; rename one of them"),
            Self::Kind(kind) => {
                write!(f, "there is no kind '{kind}'; there are")?;
                Kind::NAMES.iter().try_for_each(|(name, _)| write!(f, " {name}"))
            }
            Self::Empty(field) => {
                write!(f, "'{field}' has no elements; give a number from 1 on in the brackets")
            }
            Self::Gap { field, offset, kind } => write!(
                f,
                "'{field}' would begin at byte {offset}, but {kind} begins at multiples of {}; \
                 put larger kinds first, or add a filler of u8 before it",
                kind.size()
            ),
            Self::GapAtEnd { missing } => write!(
                f,
                "the payload would end in a gap of {missing} bytes; add a field of \
                 u8[{missing}] at the end"
            ),
            Self::TooLarge => write!(
                f,
                "a page holds at most {MAX_FIELDS} fields, {MAX_PAYLOAD} bytes and a schema of \
                 {MAX_SCHEMA} letters; share less, or several pages"
            ),
        }
    }
}

impl core::error::Error for SchemaError {}

impl FromStr for Schema {
    type Err = SchemaError;

    fn from_str(text: &str) -> Result<Self, SchemaError> {
        let mut schema = Schema::default();
        if text.len() > MAX_SCHEMA || text.split_ascii_whitespace().nth(MAX_FIELDS).is_some() {
            return Err(SchemaError::TooLarge);
        }
        for field in text.split_ascii_whitespace() {
            let form = || SchemaError::Form(field.to_owned());
            let (name, kind) = field.split_once(':').ok_or_else(form)?;
            let (kind, count) = match kind.split_once('[') {
                None => (kind, None),
                Some((kind, count)) => {
                    let count = count.strip_suffix(']').ok_or_else(form)?;
                    (kind, Some(number(count).ok_or_else(|| SchemaError::Empty(field.into()))?))
                }
            };
            schema.push(name, named(kind)?, count)?;
        }
        schema.complete()
    }
}

/// A number in its one way of being written, so that a schema has one text.
fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number: &usize| number.to_string() == text)
}

fn named(name: &str) -> Result<Kind, SchemaError> {
    let found = Kind::NAMES.iter().find(|(known, _)| *known == name);
    found.map(|&(_, kind)| kind).ok_or_else(|| SchemaError::Kind(name.to_owned()))
}

pub(super) fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.len() <= MAX_NAME
        && name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || c.is_ascii_digit() || c == '.')
}
