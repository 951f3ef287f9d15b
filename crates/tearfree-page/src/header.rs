// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads and checks the header of a page, and builds that of a new one.

use core::fmt;
use core::ops::Range;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::layout::{
    BYTE_ORDER, FLAG_SEALED, FLAG_WAKES, FixedFields, Header, MAGIC, MAJOR, MAX_PAYLOAD,
    MAX_SCHEMA, MINOR, PAYLOAD, SLOTS, Stamp, WriterRecord, schema_offset,
};
use crate::ownership::Ownership;
use crate::schema::{Schema, fnv1a};

/// The contents of a page's header, checked: the slots and the schema lie inside the page and do not
/// overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Geometry {
    /// The schema of the payload.
    pub schema: Schema,
    /// The length of the page in bytes.
    pub total_len: usize,
    /// A random number that tells pages of the same name apart.
    pub page_id: u64,
    /// The boot ID of the kernel under which the page was created; zero if unknown.
    pub boot_id: [u8; 16],
    /// Orders the pages that had one name since the last boot: larger than that of each earlier one. With the
    /// generation it orders all their values.
    pub incarnation: u64,
    /// The inode of the file `lock` whose holder created the page; 0 for a sealed page.
    pub lock_inode: u64,
    /// When the page was created: nanoseconds since 1970.
    pub created_ns: u64,
    /// Whether the writer wakes waiting readers.
    pub wakes: bool,
    /// Whether the header says that the page is in a sealed memory file.
    pub sealed: bool,
}

/// What is wrong with the header of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The file is shorter than a header.
    TooShort,
    /// The file does not begin with [`MAGIC`](crate::layout::MAGIC).
    Magic,
    /// The page was created on a machine of the other byte order.
    ByteOrder,
    /// The page has this major version, which this program does not support.
    Version(u16),
    /// The file is shorter than the length in the header.
    Truncated,
    /// The slots or the schema are too long, or extend beyond the end of the page.
    Sizes,
    /// The schema's text is missing or invalid.
    SchemaText,
    /// The fingerprint, size or alignment in the header is not that of the schema.
    SchemaMismatch,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => f.write_str("it is shorter than a page's header"),
            Self::Magic => f.write_str("it does not begin with a page's magic number"),
            Self::ByteOrder => f.write_str("it has the byte order of another machine"),
            Self::Version(major) => {
                write!(f, "it has version {major}, and this program supports version {MAJOR}")
            }
            Self::Truncated => f.write_str("it is shorter than its header says"),
            Self::Sizes => f.write_str("its slots and schema do not fit into its length"),
            Self::SchemaText => {
                f.write_str("its schema is invalid, or has a kind that this program does not know")
            }
            Self::SchemaMismatch => f.write_str("its schema contradicts its header"),
        }
    }
}

/// Checks the header of a page. `bytes` is a private copy of the page, and `file_len` the length of its
/// file.
///
/// The result depends on the arguments alone. Any bytes are allowed.
///
/// # Errors
/// If the bytes are not a page, or a page of a version that is not supported.
pub fn inspect(bytes: &[u8], file_len: u64) -> Result<Geometry, Damage> {
    let (fixed, _) = FixedFields::read_from_prefix(bytes).map_err(|_| Damage::TooShort)?;
    inspect_parts(&fixed, file_len, |range| bytes.get(range).unwrap_or_default().to_vec())
}

/// Checks the header of a page of `file_len` bytes. `copy_text` copies the schema's text out of the page;
/// its range lies inside the page.
pub(crate) fn inspect_parts(
    fixed: &FixedFields,
    file_len: u64,
    copy_text: impl FnOnce(Range<usize>) -> Vec<u8>,
) -> Result<Geometry, Damage> {
    if fixed.magic != MAGIC {
        return Err(Damage::Magic);
    }
    if fixed.byte_order != BYTE_ORDER {
        return Err(Damage::ByteOrder);
    }
    if fixed.major != MAJOR {
        return Err(Damage::Version(fixed.major));
    }
    if fixed.total_len > file_len {
        return Err(Damage::Truncated);
    }
    let (total_len, range) = schema_range(fixed)?;
    let schema = parse_schema(fixed, &copy_text(range))?;
    Ok(Geometry {
        schema,
        total_len,
        page_id: fixed.page_id,
        boot_id: fixed.boot_id,
        incarnation: fixed.incarnation,
        lock_inode: fixed.lock_inode,
        created_ns: fixed.created_ns,
        wakes: fixed.flags & FLAG_WAKES != 0,
        sealed: fixed.flags & FLAG_SEALED != 0,
    })
}

/// Returns the length of the page, and the range of the schema in it.
fn schema_range(fixed: &FixedFields) -> Result<(usize, Range<usize>), Damage> {
    let (payload, text) = (to_usize(fixed.payload_size), to_usize(fixed.schema_len));
    // An empty schema at the end of the page would begin outside the mapping.
    if text == 0 {
        return Err(Damage::SchemaText);
    }
    if payload > MAX_PAYLOAD || text > MAX_SCHEMA {
        return Err(Damage::Sizes);
    }
    let begin = schema_offset(payload);
    let end = begin + text;
    match usize::try_from(fixed.total_len) {
        Ok(total_len) if end <= total_len => Ok((total_len, begin..end)),
        _ => Err(Damage::Sizes),
    }
}

fn parse_schema(fixed: &FixedFields, text: &[u8]) -> Result<Schema, Damage> {
    let text = core::str::from_utf8(text).map_err(|_| Damage::SchemaText)?;
    let schema: Schema = text.parse().map_err(|_| Damage::SchemaText)?;
    let agrees = schema.to_string() == text
        && fnv1a(text.as_bytes()) == fixed.fingerprint
        && schema.size() == to_usize(fixed.payload_size)
        && schema.align() == to_usize(fixed.payload_align);
    if agrees { Ok(schema) } else { Err(Damage::SchemaMismatch) }
}

fn to_usize(number: u32) -> usize {
    // Lossless: the crate supports 64-bit machines only.
    number as usize
}

/// The contents of a new page.
pub(crate) struct NewPage<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) value: &'a [u8],
    pub(crate) writer: WriterRecord,
    pub(crate) stamp: Stamp,
    pub(crate) page_id: u64,
    pub(crate) boot_id: [u8; 16],
    pub(crate) incarnation: u64,
    pub(crate) lock_inode: u64,
    pub(crate) wakes: bool,
    pub(crate) sealed: bool,
}

impl NewPage<'_> {
    /// Returns all bytes of the page, with generation 0 in slot 0.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let text = self.schema.to_string();
        let schema_offset = schema_offset(self.schema.size());
        let mut bytes = vec![0; schema_offset + text.len()];
        let mut header = Header::new_zeroed();
        header.fixed = FixedFields {
            magic: MAGIC,
            byte_order: BYTE_ORDER,
            major: MAJOR,
            minor: MINOR,
            total_len: bytes.len() as u64,
            fingerprint: self.schema.fingerprint(),
            payload_size: to_u32(self.schema.size()),
            payload_align: to_u32(self.schema.align()),
            schema_len: to_u32(text.len()),
            flags: u32::from(self.wakes) * FLAG_WAKES + u32::from(self.sealed) * FLAG_SEALED,
            page_id: self.page_id,
            created_ns: self.writer.since_ns,
            boot_id: self.boot_id,
            incarnation: self.incarnation,
            lock_inode: self.lock_inode,
            reserved: [0; 4],
        };
        let ownership = Ownership::live(self.writer.takeovers);
        (header.changing.state, header.changing.owner) = (ownership.state(), ownership.owner());
        header.writers[0] = self.writer;
        bytes[..SLOTS].copy_from_slice(header.as_bytes());
        bytes[SLOTS..][..PAYLOAD].copy_from_slice(self.stamp.as_bytes());
        bytes[SLOTS + PAYLOAD..][..self.value.len()].copy_from_slice(self.value);
        bytes[schema_offset..].copy_from_slice(text.as_bytes());
        bytes
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).expect("`MAX_PAYLOAD` and `MAX_SCHEMA` are far below 2^32")
}

#[cfg(test)]
mod tests;
