// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kinds of fields: numbers, `bool`, text, named numbers, and kinds of later versions.

use core::fmt;
use std::borrow::Cow;

use super::error::SchemaError;
use super::field::NumberKind;
use crate::layout::MAX_FIELD_NAME;
use crate::text::is_text;

/// The most names of an [`EnumKind`].
pub(super) const MAX_ENUM_NAMES: usize = 256;

/// The kind of a field, or of the elements of an array field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A number: `u64`. All bytes are valid.
    Number(NumberKind),
    /// One byte, 0 or 1: `bool`.
    Bool,
    /// UTF-8 of at most this many bytes, padded with NULs: `text[16]`.
    Text(usize),
    /// Named numbers: `u8{idle=0,busy=1}`. Other numbers are invalid.
    Enum(EnumKind),
    /// A kind of a later version, of which only the size is known: `uuid<16>`. All bytes are valid.
    Opaque(OpaqueKind),
}

impl Kind {
    /// Returns the size of one element in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Number(number) => number.size(),
            Self::Bool => 1,
            Self::Text(size) => *size,
            Self::Enum(kind) => kind.repr.size(),
            Self::Opaque(kind) => kind.size,
        }
    }

    /// Returns the alignment in bytes: the size of a number, and 1 for text.
    #[must_use]
    pub fn align(&self) -> usize {
        match self {
            Self::Number(_) | Self::Enum(_) | Self::Bool => self.size(),
            Self::Text(_) => 1,
            Self::Opaque(kind) => match kind.size {
                2 | 4 | 8 | 16 => kind.size,
                _ => 1,
            },
        }
    }

    /// Whether some bytes are not a value of this kind.
    #[must_use]
    pub fn is_checked(&self) -> bool {
        matches!(self, Self::Bool | Self::Text(_) | Self::Enum(_))
    }

    /// Whether these bytes are a value of this kind.
    ///
    /// ```
    /// use tearfree_page::Kind;
    /// assert!(Kind::Bool.is_valid(&[1]) && !Kind::Bool.is_valid(&[2]));
    /// ```
    #[must_use]
    pub fn is_valid(&self, bytes: &[u8]) -> bool {
        bytes.len() == self.size()
            && match self {
                Self::Number(_) | Self::Opaque(_) => true,
                Self::Bool => bytes[0] <= 1,
                Self::Text(_) => is_text(bytes),
                Self::Enum(kind) => kind.name_of(bytes).is_some(),
            }
    }

    /// Checks what a kind that was built by hand can have wrong.
    pub(super) fn check(&self) -> Result<(), SchemaError> {
        let is_valid = match self {
            Self::Number(_) | Self::Bool => true,
            Self::Text(size) => *size > 0,
            Self::Enum(kind) => kind.is_valid(),
            Self::Opaque(kind) => kind.is_valid(),
        };
        if is_valid { Ok(()) } else { Err(SchemaError::InvalidKind(self.to_string())) }
    }
}

impl From<NumberKind> for Kind {
    fn from(number: NumberKind) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Bool => f.write_str("bool"),
            Self::Text(size) => write!(f, "text[{size}]"),
            Self::Enum(kind) => kind.fmt(f),
            Self::Opaque(kind) => kind.fmt(f),
        }
    }
}

/// Named numbers, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnumKind {
    repr: NumberKind,
    names: Vec<(Cow<'static, str>, i128)>,
}

impl EnumKind {
    /// Creates a kind from its names and numbers, in any order. A schema refuses it if it is invalid: if it
    /// has no names or more than 256, if two names or numbers are equal, or if a number is not a `repr`.
    ///
    /// ```
    /// use tearfree_page::{EnumKind, NumberKind};
    /// let state = EnumKind::new(NumberKind::U8, [("busy", 1), ("idle", 0)]);
    /// assert_eq!(state.to_string(), "u8{idle=0,busy=1}");
    /// ```
    #[must_use]
    pub fn new<N: Into<Cow<'static, str>>>(
        repr: NumberKind,
        names: impl IntoIterator<Item = (N, i128)>,
    ) -> Self {
        let mut names: Vec<_> =
            names.into_iter().map(|(name, number)| (name.into(), number)).collect();
        names.sort_by_key(|(_, number)| *number);
        EnumKind { repr, names }
    }

    /// Returns the type of the numbers.
    #[must_use]
    pub fn repr(&self) -> NumberKind {
        self.repr
    }

    /// Returns the names with their numbers, which ascend.
    pub fn names(&self) -> impl ExactSizeIterator<Item = (&str, i128)> {
        self.names.iter().map(|(name, number)| (name.as_ref(), *number))
    }

    /// Returns the name of the number in these bytes; `None` if it has none.
    #[must_use]
    pub fn name_of(&self, bytes: &[u8]) -> Option<&str> {
        let number = self.repr.to_integer(bytes)?;
        let found = self.names.binary_search_by_key(&number, |(_, number)| *number).ok()?;
        Some(self.names[found].0.as_ref())
    }

    /// Returns the bytes of the number of this name.
    #[must_use]
    pub fn bytes_of(&self, name: &str) -> Option<Vec<u8>> {
        let (_, number) = self.names.iter().find(|(other, _)| other == name)?;
        self.repr.integer_to_bytes(*number)
    }

    fn is_valid(&self) -> bool {
        let is_ascending = self.names.windows(2).all(|pair| pair[0].1 < pair[1].1);
        let mut names: Vec<&str> = self.names.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        let is_unique = names.windows(2).all(|pair| pair[0] != pair[1]);
        let is_integer = |number: i128| self.repr.integer_to_bytes(number).is_some();
        (1..=MAX_ENUM_NAMES).contains(&self.names.len())
            && is_ascending
            && is_unique
            && self.names.iter().all(|(name, number)| is_enum_name(name) && is_integer(*number))
    }
}

impl fmt::Display for EnumKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{{", self.repr)?;
        for (i, (name, number)) in self.names.iter().enumerate() {
            write!(f, "{}{name}={number}", if i == 0 { "" } else { "," })?;
        }
        f.write_str("}")
    }
}

/// A kind that this version does not know: its name and its size.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpaqueKind {
    pub(super) name: String,
    pub(super) size: usize,
}

impl OpaqueKind {
    /// Returns the name of the kind.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn is_valid(&self) -> bool {
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let is_known = NumberKind::NAMES.iter().any(|(name, _)| *name == self.name);
        self.size > 0
            && self.name.len() <= MAX_FIELD_NAME
            && self.name.starts_with(|c: char| c.is_ascii_lowercase())
            && self.name.chars().all(is_word)
            && !is_known
            && self.name != "bool"
            && self.name != "text"
    }
}

impl fmt::Display for OpaqueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}<{}>", self.name, self.size)
    }
}

fn is_enum_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.len() <= MAX_FIELD_NAME
        && name.starts_with(is_letter)
        && name.chars().all(|c| is_letter(c) || c.is_ascii_digit())
}
