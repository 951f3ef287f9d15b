// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the bytes of a page to where everything is in it, or to what is wrong with them.

use core::fmt;

use zerocopy::{FromBytes, FromZeros, IntoBytes};

use crate::layout::{
    BYTE_ORDER, FLAG_SEALED, FLAG_WAKES, Fixed, Header, LINE, MAGIC, MAJOR, MAX_HEADER,
    MAX_PAYLOAD, MINOR, WriterRecord,
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
    /// Where the two slots begin.
    pub slots: [usize; 2],
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
    /// The schema is outside of the header, or overlaps it, or is too long.
    SchemaPlace,
    /// The schema is no text, or none that describes a payload.
    SchemaText,
    /// The fingerprint, the size or the alignment is not that of the schema.
    SchemaMismatch,
    /// The slots overlap each other or the header, or are outside of the page.
    SlotPlace,
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
            Self::SchemaPlace => f.write_str("its header puts the schema where none can be"),
            Self::SchemaText => f.write_str("its schema is no schema"),
            Self::SchemaMismatch => f.write_str("its schema and its header contradict each other"),
            Self::SlotPlace => f.write_str("its header puts the slots where none can be"),
        }
    }
}

/// Reads the header at the beginning of `bytes`, a private copy; the whole page has `file_len`.
///
/// The same bytes give the same answer, whatever they are; nothing is believed that was not checked.
/// `bytes` may be the whole page, or as much of it as the longest header takes.
///
/// # Errors
/// If it is no page, or none that this version understands.
pub fn inspect(bytes: &[u8], file_len: u64) -> Result<Geometry, Damage> {
    let (fixed, _) = Fixed::read_from_prefix(bytes).map_err(|_| Damage::Short)?;
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
    let schema = schema_in(&fixed, bytes)?;
    let (total_len, slots) = slots_in(&fixed, &schema)?;
    Ok(Geometry {
        schema,
        total_len,
        slots,
        page_id: fixed.page_id,
        boot_id: fixed.boot_id,
        created_ns: fixed.created_ns,
        wakes: fixed.flags & FLAG_WAKES != 0,
        sealed: fixed.flags & FLAG_SEALED != 0,
    })
}

fn schema_in(fixed: &Fixed, bytes: &[u8]) -> Result<Schema, Damage> {
    let begin = to_usize(fixed.schema_offset);
    let end = begin.checked_add(to_usize(fixed.schema_len)).ok_or(Damage::SchemaPlace)?;
    if begin < size_of::<Header>() || end > MAX_HEADER || end as u64 > fixed.total_len {
        return Err(Damage::SchemaPlace);
    }
    let text = bytes.get(begin..end).ok_or(Damage::Short)?;
    let text = core::str::from_utf8(text).map_err(|_| Damage::SchemaText)?;
    let schema: Schema = text.parse().map_err(|_| Damage::SchemaText)?;
    let agrees = schema.to_string() == text
        && fnv1a(text.as_bytes()) == fixed.fingerprint
        && schema.size() == to_usize(fixed.payload_size)
        && schema.align() == to_usize(fixed.payload_align);
    if agrees { Ok(schema) } else { Err(Damage::SchemaMismatch) }
}

/// Slots are whole lines behind the schema, the first one before the second.
fn slots_in(fixed: &Fixed, schema: &Schema) -> Result<(usize, [usize; 2]), Damage> {
    let place = |ok: bool| if ok { Ok(()) } else { Err(Damage::SlotPlace) };
    let (first, stride) = (to_usize(fixed.slot_offset), to_usize(fixed.slot_stride));
    let schema_end = to_usize(fixed.schema_offset) + to_usize(fixed.schema_len);
    place(first >= schema_end && first <= MAX_HEADER)?;
    place(first.is_multiple_of(LINE) && stride.is_multiple_of(LINE))?;
    place(stride >= schema.size() && stride <= MAX_PAYLOAD)?;
    let total_len = usize::try_from(fixed.total_len).map_err(|_| Damage::SlotPlace)?;
    place(first + 2 * stride <= total_len)?;
    Ok((total_len, [first, first + stride]))
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
        let schema_offset = size_of::<Header>();
        let slot_offset = (schema_offset + text.len()).next_multiple_of(LINE);
        let stride = self.schema.stride();
        let mut image = vec![0; slot_offset + 2 * stride];
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
            slot_offset: to_u32(slot_offset),
            slot_stride: to_u32(stride),
            schema_offset: to_u32(schema_offset),
            schema_len: to_u32(text.len()),
            page_id: self.page_id,
            boot_id: self.boot_id,
            created_ns: self.writer.since_ns,
            flags: u32::from(self.wakes) * FLAG_WAKES + u32::from(self.sealed) * FLAG_SEALED,
            reserved: [0; 9],
        };
        header.hot.valid_until = self.valid_until;
        header.hot.time_namespace = self.time_namespace;
        header.hot.state = STATE_LIVE;
        header.writers[0] = self.writer;
        image[..schema_offset].copy_from_slice(header.as_bytes());
        image[schema_offset..][..text.len()].copy_from_slice(text.as_bytes());
        image[slot_offset..][..self.value.len()].copy_from_slice(self.value);
        image
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).expect("`MAX_PAYLOAD` and `MAX_SCHEMA` are far below 2^32")
}

#[cfg(test)]
mod tests;
