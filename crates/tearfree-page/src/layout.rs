// SPDX-License-Identifier: MIT OR Apache-2.0
//! The layout of a page and the constants of its protocol, as in PROTOCOL.md.

use core::mem::offset_of;

use crate::offsets::COUNT;
pub use crate::offsets::{LINE, MAX_ATTEMPTS, PAYLOAD, SLOTS, stride};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The first bytes of every page. A text conversion or a 7-bit transfer of the file damages them.
pub const MAGIC: [u8; 8] = *b"\x89TFP\r\n\x1a\n";
/// Marks the byte order: a program of the other byte order reads another number.
pub const BYTE_ORDER: u32 = 0x0A0B_0C0D;
/// The major version. Pages of another one have another layout.
pub const MAJOR: u16 = 1;
/// The minor version. A larger one adds to this layout and changes nothing in it.
pub const MINOR: u16 = 0;

/// The largest payload in bytes.
pub const MAX_PAYLOAD: usize = 16 << 20;
/// The longest text of a schema in bytes.
pub const MAX_SCHEMA: usize = 64 << 10;
/// The most fields of a schema.
pub const MAX_FIELDS: usize = 1024;
/// The longest name of a field in bytes.
pub const MAX_FIELD_NAME: usize = 64;
/// Returns the offset of the schema's text, which follows two slots for a payload of `payload` bytes.
#[must_use]
pub const fn schema_offset(payload: usize) -> usize {
    SLOTS + 2 * stride(payload)
}

/// The writer wakes waiting readers at each publication.
pub(crate) const FLAG_WAKES: u32 = 1;
/// The page is in a sealed memory file.
pub(crate) const FLAG_SEALED: u32 = 2;

/// The state of a page whose writer has not said that it ended.
pub(crate) const STATE_LIVE: u32 = 1;
/// The state of a page whose writer ended in good order.
pub(crate) const STATE_ENDED: u32 = 2;
/// The state of a page that was replaced or removed.
pub(crate) const STATE_SUPERSEDED: u32 = 3;

/// What the generation skips where the earlier writer of a page may be alive. It can still publish what it had begun, and
/// what its processor does before the loss of the page reaches it: a few values, in time far fewer than these.
pub(crate) const GENERATION_GAP: u64 = 1 << 20;

/// The value of `valid_until` without a promise.
pub(crate) const NO_PROMISE: u64 = u64::MAX;
/// The largest other value of `valid_until`. `u64::MAX - 1` is never in a page; readers give it a meaning.
pub(crate) const LAST_PROMISE: u64 = u64::MAX - 2;

/// Lines 0 and 1: complete before the page is visible to others, and constant from then on.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct FixedFields {
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
    /// A random number that tells pages of the same name apart.
    pub page_id: u64,
    /// When the page was created: nanoseconds since 1970.
    pub created_ns: u64,
    /// The kernel's boot id. The times in this page are of that boot.
    pub boot_id: [u8; 16],
    /// Orders the pages that had one name since the last boot: larger than that of each earlier one.
    pub incarnation: u64,
    /// The inode of the file `lock` whose holder created the page; 0 for a sealed page.
    pub lock_inode: u64,
    /// Zero.
    pub reserved: [u64; 4],
}

/// Line 2: the words that every read loads. Each is an independent atomic.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ChangingFields {
    /// The count of the two slots.
    pub count: u64,
    /// 1 live, 2 ended, 3 superseded.
    pub state: u32,
    /// The low half of the `takeovers` of the writer. A writer compares it and `state`, which is one load, with its own
    /// before it stores anything.
    pub owner: u32,
    /// Zero.
    pub reserved: [u64; 6],
}

/// Line 4 or 5: the writer, since when it writes, and what it promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct WriterRecord {
    /// How many writers the page had before this one.
    pub takeovers: u64,
    /// The process ID of the writer in its own PID namespace.
    pub pid: u32,
    /// The effective user ID of the writer.
    pub uid: u32,
    /// The inode of its PID namespace, or 0 if unknown.
    pub pid_namespace: u64,
    /// The start time of its process in clock ticks after the boot, or 0 if unknown.
    pub start_time: u64,
    /// When it became the writer: nanoseconds since 1970.
    pub since_ns: u64,
    /// The promised longest time between two publications in nanoseconds, or 0 without a promise.
    pub lifetime_ns: u64,
    /// The inode of its time namespace, by which `start_time` is, or 0 if unknown.
    pub time_namespace: u64,
    /// Zero.
    pub reserved: u64,
}

/// The first line of a slot: when its value was published, and until when its writer vouches for it. It is
/// written and validated with the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Stamp {
    /// When the publication began: `CLOCK_BOOTTIME` in nanoseconds, or 0 if unknown.
    pub published_ns: u64,
    /// The time by which the writer promised to publish again: `CLOCK_BOOTTIME` in nanoseconds, or
    /// [`u64::MAX`] without a promise. The one word of a published slot that its writer may still change.
    pub valid_until: u64,
    /// The inode of the time namespace of that clock, or 0 if unknown.
    pub time_namespace: u64,
    /// Zero.
    pub reserved: [u64; 5],
}

/// Everything before the slots.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Header {
    /// Lines 0 and 1.
    pub fixed: FixedFields,
    /// Line 2.
    pub changing: ChangingFields,
    /// Line 3: the count of the writer record's two slots.
    pub writer_count: u64,
    /// Zero.
    pub reserved: [u64; 7],
    /// Lines 4 and 5.
    pub writers: [WriterRecord; 2],
    /// Line 6: independent words for the user.
    pub words: [u64; 8],
}

const _: () = {
    assert!(size_of::<FixedFields>() == 2 * LINE && size_of::<ChangingFields>() == LINE);
    assert!(size_of::<WriterRecord>() == LINE && size_of::<Header>() == 7 * LINE);
    assert!(offset_of!(FixedFields, byte_order) == 8 && offset_of!(FixedFields, total_len) == 16);
    assert!(offset_of!(FixedFields, major) == 12 && offset_of!(FixedFields, minor) == 14);
    assert!(
        offset_of!(FixedFields, fingerprint) == 24 && offset_of!(FixedFields, payload_size) == 32
    );
    assert!(
        offset_of!(FixedFields, payload_align) == 36 && offset_of!(FixedFields, schema_len) == 40
    );
    assert!(offset_of!(FixedFields, flags) == 44 && offset_of!(FixedFields, page_id) == 48);
    assert!(offset_of!(FixedFields, created_ns) == 56 && offset_of!(FixedFields, boot_id) == 64);
    assert!(
        offset_of!(FixedFields, incarnation) == 80 && offset_of!(FixedFields, lock_inode) == 88
    );
    assert!(size_of::<Header>() == SLOTS && size_of::<Stamp>() == PAYLOAD);
    assert!(offset_of!(Header, changing) + offset_of!(ChangingFields, count) == COUNT);
    assert!(offset_of!(Header, changing) == 128 && offset_of!(ChangingFields, state) == 8);
    assert!(offset_of!(ChangingFields, owner) == 12);
    assert!(size_of::<Stamp>() == LINE && offset_of!(Stamp, published_ns) == 0);
    assert!(offset_of!(Stamp, valid_until) == 8 && offset_of!(Stamp, time_namespace) == 16);
    assert!(offset_of!(Header, writer_count) == 192);
    assert!(offset_of!(Header, writers) == 256 && offset_of!(Header, words) == 384);
    assert!(offset_of!(WriterRecord, pid) == 8 && offset_of!(WriterRecord, uid) == 12);
    assert!(offset_of!(WriterRecord, pid_namespace) == 16);
    assert!(offset_of!(WriterRecord, start_time) == 24);
    assert!(offset_of!(WriterRecord, since_ns) == 32);
    assert!(offset_of!(WriterRecord, lifetime_ns) == 40);
    assert!(offset_of!(WriterRecord, time_namespace) == 48);
};
