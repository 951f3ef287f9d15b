// SPDX-License-Identifier: MIT OR Apache-2.0
//! Checks that the bytes of a payload are values of its schema.

use core::fmt;

use super::definition::Schema;
use super::field::Field;
use super::kind::Kind;
use crate::layout::MAX_FIELD_NAME;

/// How many bytes of an invalid value its error shows.
const SHOWN: usize = 8;

/// A field whose bytes are not a value of its kind.
///
/// It has no pointers, so that a read in a signal handler can return it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct InvalidValue {
    field: [u8; MAX_FIELD_NAME],
    field_len: u8,
    wanted: &'static str,
    element: Option<u32>,
    bytes: [u8; SHOWN],
    shown: u8,
    len: u32,
}

impl InvalidValue {
    #[expect(clippy::cast_possible_truncation, reason = "a schema has names and values that fit")]
    fn new(field: &Field, element: usize, bytes: &[u8]) -> Self {
        let mut found = InvalidValue {
            field: [0; MAX_FIELD_NAME],
            field_len: field.name().len() as u8,
            wanted: match field.kind() {
                Kind::Bool => "a bool, which is 0 or 1",
                Kind::Text(_) => "UTF-8 padded with NULs",
                Kind::Enum(_) => "a number with a name",
                _ => "a value of the program's type",
            },
            element: field.count().map(|_| element as u32),
            bytes: [0; SHOWN],
            shown: bytes.len().min(SHOWN) as u8,
            len: bytes.len() as u32,
        };
        found.field[..field.name().len()].copy_from_slice(field.name().as_bytes());
        let shown = bytes.len().min(SHOWN);
        found.bytes[..shown].copy_from_slice(&bytes[..shown]);
        found
    }

    /// Returns the name of the field.
    #[must_use]
    pub fn field(&self) -> &str {
        core::str::from_utf8(&self.field[..self.field_len.into()]).unwrap_or_default()
    }

    /// Returns the index of the element in an array; `None` for a single value.
    #[must_use]
    pub fn element(&self) -> Option<usize> {
        self.element.map(|element| element as usize)
    }

    /// Returns the bytes of the value, at most the first eight.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.shown.into()]
    }
}

/// Prints what is invalid: `the field 'on' holds 07, which is not a bool`.
impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the field '{}", self.field())?;
        self.element.map_or(Ok(()), |element| write!(f, "[{element}]"))?;
        f.write_str("' holds the bytes")?;
        self.bytes().iter().try_for_each(|byte| write!(f, " {byte:02x}"))?;
        if self.len > u32::from(self.shown) {
            f.write_str(" …")?;
        }
        write!(f, ", not {}", self.wanted)
    }
}

impl fmt::Debug for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InvalidValue({self})")
    }
}

impl Schema {
    /// Checks that the bytes of a payload are values of their kinds. Does not allocate.
    ///
    /// # Errors
    /// The first field that is invalid.
    ///
    /// # Panics
    /// If `payload` does not have the size of the schema.
    ///
    /// ```
    /// let schema: tearfree_page::Schema = "number:u8 on:bool".parse()?;
    /// assert!(schema.check_values(&[7, 1]).is_ok());
    /// let invalid = schema.check_values(&[7, 7]).unwrap_err();
    /// assert_eq!((invalid.field(), invalid.bytes()), ("on", &[7][..]));
    /// # Ok::<(), tearfree_page::SchemaError>(())
    /// ```
    pub fn check_values(&self, payload: &[u8]) -> Result<(), InvalidValue> {
        assert!(payload.len() == self.size(), "a payload has {} bytes", self.size());
        self.find_invalid(0, payload).map_or(Ok(()), Err)
    }

    /// Describes what is invalid in these bytes of a payload, which are not values of their type.
    #[cold]
    #[inline(never)]
    pub(crate) fn invalid_in(&self, offset: usize, bytes: &[u8]) -> InvalidValue {
        // Not found: a hand-written `Describe` says less than its type.
        let found = self.find_invalid(offset, bytes);
        found.unwrap_or_else(|| InvalidValue::new(&self.fields()[0], 0, bytes))
    }

    /// Returns the first field in these bytes of a payload that is invalid. They begin at `offset`, and at
    /// the beginning of a value.
    pub(crate) fn find_invalid(&self, offset: usize, bytes: &[u8]) -> Option<InvalidValue> {
        let part = offset..offset + bytes.len();
        let checked = self.fields().iter().filter(|field| field.kind().is_checked());
        checked
            .flat_map(|field| {
                let size = field.kind().size();
                (0..field.count().unwrap_or(1))
                    .map(move |i| (field, i, field.bytes().start + i * size))
            })
            .filter(|(field, _, at)| part.start <= *at && at + field.kind().size() <= part.end)
            .find_map(|(field, element, at)| {
                let value = &bytes[at - offset..][..field.kind().size()];
                let is_valid = field.kind().is_valid(value);
                (!is_valid).then(|| InvalidValue::new(field, element, value))
            })
    }
}
