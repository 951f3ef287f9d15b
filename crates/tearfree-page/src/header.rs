// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the bytes of a page to where everything is in it, or to what is wrong with them.

use core::fmt;
use core::ops::Range;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::layout::{
    BYTE_ORDER, FLAG_SEALED, FLAG_WAKES, Fixed, Header, MAGIC, MAJOR, MAX_PAYLOAD, MAX_SCHEMA,
    MINOR, SLOTS, WriterRecord, schema_offset,
};
use crate::schema::{Schema, fnv1a};
use crate::status::STATE_LIVE;

/// What a page's header says, all of it checked: everything lies inside of the page, and nothing on
/// top of something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// What the payload is made of.
    pub schema: Schema,
    /// The length of the page in bytes.
    pub total_len: usize,
    /// By which two pages of one name differ.
    pub page_id: u64,
    /// The boot in which the page was made; zero if its writer did not know.
    pub boot_id: [u8; 16],
    /// When the page was made, in nanoseconds since 1970.
    pub created_ns: u64,
    /// Whether the writer wakes those who wait.
    pub wakes: bool,
    /// Whether the page says that it is in a sealed memory file.
    pub sealed: bool,
}

/// What is wrong with the header of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// Fewer bytes than a header has.
    Short,
    /// It does not begin as a page does.
    Magic,
    /// It was made on a machine of the other byte order.
    ByteOrder,
    /// Its layout is one that this program does not know.
    Major(u16),
    /// It says that it is longer than it is.
    Cut,
    /// The slots or the schema are too long, or reach beyond the end of the page.
    Sizes,
    /// The schema is no text, or none that describes a payload.
    SchemaText,
    /// The fingerprint, the size or the alignment is not that of the schema.
    SchemaMismatch,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("it is shorter than the header of a page"),
            Self::Magic => f.write_str("it does not begin as a page does"),
            Self::ByteOrder => f.write_str("it was made on a machine of the other byte order"),
            Self::Major(major) => {
                write!(f, "its layout has version {major}, and this program knows {MAJOR}")
            }
            Self::Cut => f.write_str("it is shorter than its header says"),
            Self::Sizes => f.write_str("it is shorter than its slots and its schema"),
            Self::SchemaText => f.write_str("its schema is no schema"),
            Self::SchemaMismatch => f.write_str("its schema and its header contradict each other"),
        }
    }
}

/// Checks the header of a page. `bytes` are a private copy of the page; its file has `file_len`.
///
/// The same bytes give the same answer, whatever they are; nothing is believed that was not checked.
///
/// # Errors
/// If it is no page, or none that this version understands.
pub fn inspect(bytes: &[u8], file_len: u64) -> Result<Geometry, Damage> {
    let (fixed, _) = Fixed::read_from_prefix(bytes).map_err(|_| Damage::Short)?;
    inspect_parts(&fixed, file_len, |place| bytes.get(place).unwrap_or_default().to_vec())
}

/// Checks the header of a page of `file_len` bytes. `text_of` copies the schema, from a place that is
/// inside of the page.
pub(crate) fn inspect_parts(
    fixed: &Fixed,
    file_len: u64,
    text_of: impl FnOnce(Range<usize>) -> Vec<u8>,
) -> Result<Geometry, Damage> {
    if fixed.magic != MAGIC {
        return Err(Damage::Magic);
    }
    if fixed.byte_order != BYTE_ORDER {
        return Err(Damage::ByteOrder);
    }
    if fixed.major != MAJOR {
        return Err(Damage::Major(fixed.major));
    }
    if fixed.total_len > file_len {
        return Err(Damage::Cut);
    }
    let (total_len, place) = schema_place(fixed)?;
    let schema = schema_of(fixed, &text_of(place))?;
    Ok(Geometry {
        schema,
        total_len,
        page_id: fixed.page_id,
        boot_id: fixed.boot_id,
        created_ns: fixed.created_ns,
        wakes: fixed.flags & FLAG_WAKES != 0,
        sealed: fixed.flags & FLAG_SEALED != 0,
    })
}

/// The length of the page, and where in it the schema is: behind the slots.
fn schema_place(fixed: &Fixed) -> Result<(usize, Range<usize>), Damage> {
    let (payload, text) = (to_usize(fixed.payload_size), to_usize(fixed.schema_len));
    // Without a schema there is nothing to look at, and perhaps no byte left where it would begin.
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

fn schema_of(fixed: &Fixed, text: &[u8]) -> Result<Schema, Damage> {
    let text = core::str::from_utf8(text).map_err(|_| Damage::SchemaText)?;
    let schema: Schema = text.parse().map_err(|_| Damage::SchemaText)?;
    let agrees = schema.to_string() == text
        && fnv1a(text.as_bytes()) == fixed.fingerprint
        && schema.size() == to_usize(fixed.payload_size)
        && schema.align() == to_usize(fixed.payload_align);
    if agrees { Ok(schema) } else { Err(Damage::SchemaMismatch) }
}

fn to_usize(number: u32) -> usize {
    // Lossless: the crate is for machines of 64 bits.
    number as usize
}

/// What a new page is made from.
pub(crate) struct Birth<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) value: &'a [u8],
    pub(crate) writer: WriterRecord,
    pub(crate) valid_until: u64,
    pub(crate) time_namespace: u64,
    pub(crate) page_id: u64,
    pub(crate) boot_id: [u8; 16],
    pub(crate) wakes: bool,
    pub(crate) sealed: bool,
}

impl Birth<'_> {
    /// All bytes of the new page; generation 0 is in slot 0.
    pub(crate) fn image(&self) -> Vec<u8> {
        let text = self.schema.to_string();
        let schema_offset = schema_offset(self.schema.size());
        let mut image = vec![0; schema_offset + text.len()];
        let mut header = Header::new_zeroed();
        header.fixed = Fixed {
            magic: MAGIC,
            byte_order: BYTE_ORDER,
            major: MAJOR,
            minor: MINOR,
            total_len: image.len() as u64,
            fingerprint: self.schema.fingerprint(),
            payload_size: to_u32(self.schema.size()),
            payload_align: to_u32(self.schema.align()),
            schema_len: to_u32(text.len()),
            flags: u32::from(self.wakes) * FLAG_WAKES + u32::from(self.sealed) * FLAG_SEALED,
            page_id: self.page_id,
            created_ns: self.writer.since_ns,
            boot_id: self.boot_id,
            reserved: [0; 6],
        };
        header.hot.valid_until = self.valid_until;
        header.hot.time_namespace = self.time_namespace;
        header.hot.state = STATE_LIVE;
        header.writers[0] = self.writer;
        image[..SLOTS].copy_from_slice(header.as_bytes());
        image[SLOTS..][..self.value.len()].copy_from_slice(self.value);
        image[schema_offset..].copy_from_slice(text.as_bytes());
        image
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).expect("`MAX_PAYLOAD` and `MAX_SCHEMA` are far below 2^32")
}

#[cfg(test)]
mod tests;
