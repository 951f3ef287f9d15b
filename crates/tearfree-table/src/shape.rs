// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layout of a file of rows: its header, and where everything is. Checks files of others.

use core::mem::offset_of;
use core::ops::Range;

use tearfree_page::layout::{BYTE_ORDER, LINE, MAX_SCHEMA};
use tearfree_page::{Damage, Schema, parts};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The most rows that a table can have.
pub const MAX_CAPACITY: u32 = 1 << 28;

const MAJOR: u16 = 1;
const MINOR: u16 = 0;

/// Rows, or words of the level below, for which one word of the tree of changes stands.
pub(crate) const FANOUT: usize = 64;
/// Where the life of a version is, in its slot.
pub(crate) const LIFE: usize = 8;
/// Where the key of a version is, in its slot.
pub(crate) const KEY: usize = 16;

/// The header of a file of rows. The first line never changes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(crate) struct Header {
    magic: [u8; 8],
    byte_order: u32,
    major: u16,
    minor: u16,
    total_len: u64,
    page_id: u64,
    capacity: u32,
    key_schema_len: u32,
    value_schema_len: u32,
    reserved: [u32; 5],
    used: u64,
    reserved_too: [u64; 7],
}

/// Where the number of used rows is.
pub(crate) const USED: usize = offset_of!(Header, used);
/// Where the texts of the two schemas are.
const TEXTS: usize = size_of::<Header>();

/// Where everything is in a file of rows.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) capacity: u32,
    pub(crate) key: Schema,
    pub(crate) value: Schema,
    texts: String,
    key_len: usize,
    /// Entries of the index: a power of two, at least twice the capacity.
    pub(crate) entries: usize,
    pub(crate) index: usize,
    /// For each level of the tree of changes, the lowest first, where it is.
    pub(crate) levels: Vec<usize>,
    /// Words in the lowest level.
    pub(crate) blocks: usize,
    pub(crate) rows: usize,
    pub(crate) row_stride: usize,
    pub(crate) slot_stride: usize,
    /// Where the value is in a slot.
    pub(crate) value_offset: usize,
    pub(crate) total_len: usize,
}

impl Shape {
    /// Computes the layout; `None` if it has no rows or too many, or is too long for the machine.
    pub(crate) fn new(capacity: u32, key: Schema, value: Schema) -> Option<Self> {
        if !(1..=MAX_CAPACITY).contains(&capacity) {
            return None;
        }
        let (texts, key_len) = {
            let key = key.to_string();
            (format!("{key}{value}"), key.len())
        };
        let rows = usize::try_from(capacity).ok()?;
        let entries = (2 * rows).next_power_of_two();
        let index = (TEXTS + texts.len()).next_multiple_of(LINE);
        let mut end = (index + entries * size_of::<u32>()).next_multiple_of(LINE);
        let blocks = rows.div_ceil(FANOUT);
        let (mut levels, mut words) = (Vec::new(), blocks);
        loop {
            levels.push(end);
            end = (end + words * size_of::<u64>()).next_multiple_of(LINE);
            if words == 1 {
                break;
            }
            words = words.div_ceil(FANOUT);
        }
        let value_offset = (KEY + key.size()).next_multiple_of(value.align());
        let slot_stride = (value_offset + value.size()).next_multiple_of(16);
        let row_stride = (2 * slot_stride).next_multiple_of(LINE);
        let total_len = row_stride.checked_mul(rows)?.checked_add(end)?;
        isize::try_from(total_len).ok()?;
        Some(Shape {
            capacity,
            key,
            value,
            texts,
            key_len,
            entries,
            index,
            levels,
            blocks,
            rows: end,
            row_stride,
            slot_stride,
            value_offset,
            total_len,
        })
    }

    /// Returns the header of a new file, with the texts of the schemas.
    pub(crate) fn header(&self, page_id: u64) -> Vec<u8> {
        let to_u32 = |len: usize| u32::try_from(len).expect("a schema is short");
        let header = Header {
            magic: parts::MAGIC,
            byte_order: BYTE_ORDER,
            major: MAJOR,
            minor: MINOR,
            total_len: self.total_len as u64,
            page_id,
            capacity: self.capacity,
            key_schema_len: to_u32(self.key_len),
            value_schema_len: to_u32(self.texts.len() - self.key_len),
            reserved: [0; 5],
            used: 0,
            reserved_too: [0; 7],
        };
        [header.as_bytes(), self.texts.as_bytes()].concat()
    }

    /// Checks a private copy of the header. `copy_text` copies the schemas' texts out of the file; their range
    /// lies inside it.
    pub(crate) fn inspect(
        header: &Header,
        page_id: u64,
        file_len: u64,
        copy_text: impl FnOnce(Range<usize>) -> Vec<u8>,
    ) -> Result<Self, Damage> {
        if header.magic != parts::MAGIC {
            return Err(Damage::Magic);
        }
        if header.byte_order != BYTE_ORDER {
            return Err(Damage::ByteOrder);
        }
        if header.major != MAJOR {
            return Err(Damage::Version(header.major));
        }
        if header.total_len > file_len {
            return Err(Damage::Truncated);
        }
        let [key_len, value_len] =
            [header.key_schema_len, header.value_schema_len].map(|len| len as usize);
        let is_text = |len| (1..=MAX_SCHEMA).contains(&len);
        let end = (TEXTS + key_len.min(MAX_SCHEMA) + value_len.min(MAX_SCHEMA)) as u64;
        if !is_text(key_len) || !is_text(value_len) || end > header.total_len {
            return Err(Damage::Sizes);
        }
        let texts = copy_text(TEXTS..TEXTS + key_len + value_len);
        let texts = core::str::from_utf8(&texts).map_err(|_| Damage::SchemaText)?;
        let (key, value) = texts.split_at_checked(key_len).ok_or(Damage::SchemaText)?;
        let [key, value] = [key, value].map(str::parse::<Schema>);
        let (key, value) = (key.or(Err(Damage::SchemaText))?, value.or(Err(Damage::SchemaText))?);
        let shape = Self::new(header.capacity, key, value).ok_or(Damage::Sizes)?;
        let agrees = shape.texts == texts && shape.key_len == key_len;
        if !agrees || header.page_id != page_id {
            return Err(Damage::SchemaMismatch);
        }
        match shape.total_len as u64 == header.total_len {
            true => Ok(shape),
            false => Err(Damage::Sizes),
        }
    }
}
