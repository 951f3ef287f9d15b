// SPDX-License-Identifier: MIT OR Apache-2.0
//! A field of a schema, and the kinds of numbers that it can hold.

use core::fmt;

use super::kind::Kind;

/// The type of a number: of a field, or of the elements of an array field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the types")]
pub enum NumberKind {
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

impl NumberKind {
    /// All kinds with their names in a schema.
    pub const NAMES: [(&'static str, NumberKind); 12] = [
        ("u8", NumberKind::U8),
        ("u16", NumberKind::U16),
        ("u32", NumberKind::U32),
        ("u64", NumberKind::U64),
        ("u128", NumberKind::U128),
        ("i8", NumberKind::I8),
        ("i16", NumberKind::I16),
        ("i32", NumberKind::I32),
        ("i64", NumberKind::I64),
        ("i128", NumberKind::I128),
        ("f32", NumberKind::F32),
        ("f64", NumberKind::F64),
    ];

    /// Returns the size in bytes, which is also the alignment.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            NumberKind::U8 | NumberKind::I8 => 1,
            NumberKind::U16 | NumberKind::I16 => 2,
            NumberKind::U32 | NumberKind::I32 | NumberKind::F32 => 4,
            NumberKind::U64 | NumberKind::I64 | NumberKind::F64 => 8,
            NumberKind::U128 | NumberKind::I128 => 16,
        }
    }

    /// Returns the number of these bytes; `None` for kinds that no enum has, and for another length.
    pub(super) fn to_integer(self, bytes: &[u8]) -> Option<i128> {
        Some(match self {
            NumberKind::U8 => u8::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::U16 => u16::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::U32 => u32::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::U64 => u64::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::I8 => i8::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::I16 => i16::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::I32 => i32::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::I64 => i64::from_ne_bytes(bytes.try_into().ok()?).into(),
            NumberKind::U128 | NumberKind::I128 | NumberKind::F32 | NumberKind::F64 => return None,
        })
    }

    /// Returns the bytes of this number; `None` if it is out of range, and for kinds that no enum has.
    pub(super) fn integer_to_bytes(self, number: i128) -> Option<Vec<u8>> {
        Some(match self {
            NumberKind::U8 => u8::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::U16 => u16::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::U32 => u32::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::U64 => u64::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::I8 => i8::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::I16 => i16::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::I32 => i32::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::I64 => i64::try_from(number).ok()?.to_ne_bytes().to_vec(),
            NumberKind::U128 | NumberKind::I128 | NumberKind::F32 | NumberKind::F64 => return None,
        })
    }
}

impl fmt::Display for NumberKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NumberKind::NAMES.iter().find(|(_, kind)| kind == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// One field: a value of a [`Kind`], or an array of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) count: Option<usize>,
    pub(super) offset: usize,
}

impl Field {
    /// Returns the name. The name of a field of a nested struct contains a dot.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the kind of the value, or of the elements of an array.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Returns the number of elements of an array; `None` for a single value.
    #[must_use]
    pub fn count(&self) -> Option<usize> {
        self.count
    }

    /// Returns the bytes of the payload that hold the field.
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
