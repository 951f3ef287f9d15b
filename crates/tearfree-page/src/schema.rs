// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a payload is made of, as text that is kept in the page: `price:f64 qty:u64`.

mod describe;
mod text;

use core::fmt;

pub use describe::{Describe, Fields, schema_of};
pub use text::SchemaError;

use crate::layout::{MAX_PAYLOAD, MAX_SCHEMA};

/// The type of a field, or of the elements of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say everything")]
pub enum Kind {
    U8,
    U16,
    U32,
    U64,
    U128,
    I8,
    I16,
    I32,
    I64,
    I128,
    F32,
    F64,
}

impl Kind {
    /// All kinds, with their names in a schema.
    pub const NAMES: [(&'static str, Kind); 12] = [
        ("u8", Kind::U8),
        ("u16", Kind::U16),
        ("u32", Kind::U32),
        ("u64", Kind::U64),
        ("u128", Kind::U128),
        ("i8", Kind::I8),
        ("i16", Kind::I16),
        ("i32", Kind::I32),
        ("i64", Kind::I64),
        ("i128", Kind::I128),
        ("f32", Kind::F32),
        ("f64", Kind::F64),
    ];

    /// The size in bytes, which is the alignment too.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Kind::U8 | Kind::I8 => 1,
            Kind::U16 | Kind::I16 => 2,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
            Kind::U64 | Kind::I64 | Kind::F64 => 8,
            Kind::U128 | Kind::I128 => 16,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Kind::NAMES.iter().find(|(_, kind)| kind == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// One field: a number, or an array of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    name: String,
    kind: Kind,
    count: Option<usize>,
    offset: usize,
}

impl Field {
    /// Its name; that of a field of a nested struct has a dot in it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of it, or of its elements.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The number of elements if it is an array.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        self.count
    }

    /// Which bytes of the payload it is.
    #[must_use]
    pub fn bytes(&self) -> core::ops::Range<usize> {
        self.offset..self.offset + self.kind.size() * self.count.unwrap_or(1)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.kind)?;
        self.count.map_or(Ok(()), |count| write!(f, "[{count}]"))
    }
}

/// The fields of a payload, in their order, without gaps.
///
/// A schema is written as its fields with a blank between them, each as `name:kind` or
/// `name:kind[count]`. The same text is in the page; two programs agree about a page if, and only if,
/// they have the same text.
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
    /// The fields in their order.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The size of the payload in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.fields.last().map_or(0, |last| last.bytes().end)
    }

    /// The alignment of the payload in bytes.
    #[must_use]
    pub fn align(&self) -> usize {
        self.fields.iter().map(|field| field.kind.size()).max().unwrap_or(1)
    }

    /// FNV-1a (64 bits) of the text: what a page and a program compare first.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        fnv1a(self.to_string().as_bytes())
    }

    /// Adds a field behind the others.
    fn push(&mut self, name: &str, kind: Kind, count: Option<usize>) -> Result<(), SchemaError> {
        let field = Field { name: name.to_owned(), kind, count, offset: self.size() };
        let elements = count.unwrap_or(1);
        if !text::is_name(name) {
            return Err(SchemaError::Name(name.to_owned()));
        }
        if self.fields.iter().any(|other| other.name == name) {
            return Err(SchemaError::Twice(name.to_owned()));
        }
        if elements == 0 {
            return Err(SchemaError::Empty(field.to_string()));
        }
        if !field.offset.is_multiple_of(kind.size()) {
            return Err(SchemaError::Gap { field: field.to_string(), offset: field.offset, kind });
        }
        if self.fields.len() == text::MAX_FIELDS
            || elements > (MAX_PAYLOAD - field.offset) / kind.size()
        {
            return Err(SchemaError::TooLarge);
        }
        self.fields.push(field);
        Ok(())
    }

    /// Checks what can be said only about all fields together.
    fn complete(self) -> Result<Self, SchemaError> {
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

/// The hash of Fowler, Noll and Vo, which is a few lines in any language.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests;
