// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where everything is in a page. PROTOCOL.md draws it; the assertions below hold the two together.

use core::mem::offset_of;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The first bytes of every page. A copy that was changed by a text tool or cut to seven bits lacks them.
pub const MAGIC: [u8; 8] = *b"\x89TFP\r\n\x1a\n";
/// Tells in which byte order the page was made; it reads `0x0A0B0C0D` in the right one.
pub const BYTE_ORDER: u32 = 0x0A0B_0C0D;
/// Pages of another major version are laid out in another way.
pub const MAJOR: u16 = 1;
/// A larger minor version has more, and everything that is here.
pub const MINOR: u16 = 0;

/// The unit of the layout: what the writer changes at different times lies in different cache lines.
pub const LINE: usize = 64;
/// The largest payload.
pub const MAX_PAYLOAD: usize = 16 << 20;
/// The longest text of a schema.
pub const MAX_SCHEMA: usize = 64 << 10;
/// Where slot 0 begins: the two slots follow the header, and the schema follows them. So a reader that
/// knows the type of the payload has the places of the slots in its instructions.
pub const SLOTS: usize = size_of::<Header>();

/// From the beginning of slot 0 to that of slot 1, for a payload of so many bytes.
#[must_use]
pub const fn stride(payload: usize) -> usize {
    payload.next_multiple_of(LINE)
}

/// Where the schema's text begins, behind two slots for a payload of so many bytes.
#[must_use]
pub const fn schema_offset(payload: usize) -> usize {
    SLOTS + 2 * stride(payload)
}

/// The writer wakes those who wait, at each publication.
pub(crate) const FLAG_WAKES: u32 = 1;
/// The page is in a sealed memory file.
pub(crate) const FLAG_SEALED: u32 = 2;

/// Lines 0 and 1: written before anybody sees the page, and never changed.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Fixed {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`BYTE_ORDER`].
    pub byte_order: u32,
    /// [`MAJOR`].
    pub major: u16,
    /// [`MINOR`], or a larger one.
    pub minor: u16,
    /// The length of the whole page in bytes.
    pub total_len: u64,
    /// FNV-1a (64 bits) of the schema's text.
    pub fingerprint: u64,
    /// The payload's size in bytes.
    pub payload_size: u32,
    /// The payload's alignment in bytes.
    pub payload_align: u32,
    /// The length of the schema's text in bytes.
    pub schema_len: u32,
    /// Bit 0: the writer wakes waiters. Bit 1: sealed.
    pub flags: u32,
    /// A random number, by which two pages of one name differ.
    pub page_id: u64,
    /// When the page was made: nanoseconds since 1970.
    pub created_ns: u64,
    /// The kernel's boot id, in which the times of this page have a meaning.
    pub boot_id: [u8; 16],
    /// Zero.
    pub reserved: [u64; 6],
}

/// Line 2: what each read looks at. Each word is whole by itself.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Hot {
    /// The count of the payload's two slots.
    pub count: u64,
    /// Until when the writer promised to publish again: `CLOCK_BOOTTIME` in nanoseconds, or
    /// [`u64::MAX`] without a promise.
    pub valid_until: u64,
    /// The inode of the time namespace whose `CLOCK_BOOTTIME` that is, or 0 if the writer does not know.
    pub time_namespace: u64,
    /// 1 live, 2 ended, 3 superseded.
    pub state: u32,
    /// Zero.
    pub reserved: [u32; 9],
}

/// A slot of lines 4 and 5: who writes, since when, and what it promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct WriterRecord {
    /// How many writers came before this one.
    pub takeovers: u64,
    /// Its process, as its own PID namespace numbers it.
    pub pid: u32,
    /// Its effective user.
    pub uid: u32,
    /// The inode of its PID namespace, or 0 if it does not know.
    pub pid_namespace: u64,
    /// When its process began, in clock ticks after the boot, or 0 if it does not know.
    pub start_time: u64,
    /// Since when it is the writer: nanoseconds since 1970.
    pub since_ns: u64,
    /// How long after a publication the next one follows at the latest, in nanoseconds; 0: no promise.
    pub lifetime_ns: u64,
    /// Zero.
    pub reserved: [u64; 2],
}

/// Everything before the slots.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// Lines 0 and 1.
    pub fixed: Fixed,
    /// Line 2.
    pub hot: Hot,
    /// Line 3: the count of the writer record's two slots.
    pub writer_count: u64,
    /// Zero.
    pub reserved: [u64; 7],
    /// Lines 4 and 5.
    pub writers: [WriterRecord; 2],
    /// Line 6: words that are whole by themselves, for the user.
    pub words: [u64; 8],
}

const _: () = {
    assert!(size_of::<Fixed>() == 2 * LINE && size_of::<Hot>() == LINE);
    assert!(size_of::<WriterRecord>() == LINE && size_of::<Header>() == 7 * LINE);
    assert!(offset_of!(Fixed, byte_order) == 8 && offset_of!(Fixed, total_len) == 16);
    assert!(offset_of!(Fixed, major) == 12 && offset_of!(Fixed, minor) == 14);
    assert!(offset_of!(Fixed, fingerprint) == 24 && offset_of!(Fixed, payload_size) == 32);
    assert!(offset_of!(Fixed, payload_align) == 36 && offset_of!(Fixed, schema_len) == 40);
    assert!(offset_of!(Fixed, flags) == 44 && offset_of!(Fixed, page_id) == 48);
    assert!(offset_of!(Fixed, created_ns) == 56 && offset_of!(Fixed, boot_id) == 64);
    assert!(offset_of!(Header, hot) == 128 && offset_of!(Hot, valid_until) == 8);
    assert!(offset_of!(Hot, time_namespace) == 16 && offset_of!(Hot, state) == 24);
    assert!(offset_of!(Header, writer_count) == 192);
    assert!(offset_of!(Header, writers) == 256 && offset_of!(Header, words) == 384);
    assert!(offset_of!(WriterRecord, pid) == 8 && offset_of!(WriterRecord, uid) == 12);
    assert!(offset_of!(WriterRecord, pid_namespace) == 16);
    assert!(offset_of!(WriterRecord, start_time) == 24);
    assert!(offset_of!(WriterRecord, since_ns) == 32);
    assert!(offset_of!(WriterRecord, lifetime_ns) == 40);
};
