// SPDX-License-Identifier: MIT OR Apache-2.0
//! `MappedPage`: the words and slots of a mapped page, by name. Only this file computes their addresses.

#![allow(unsafe_code, reason = "memory that other processes change is reached from here")]

use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::fstat;
use rustix::thread::futex;
use tearfree::raw::{self, PairCount};
use zerocopy::{FromBytes, IntoBytes};

use crate::byte_reader::Addresses;
use crate::error::{Error, Lost, system_error};
use crate::header::{Damage, Geometry, inspect_parts};
use crate::identity::{WriterIdentity, boot_id};
use crate::layout::{
    ChangingFields, FixedFields, Header, LINE, MAX_ATTEMPTS, MAX_PAYLOAD, MAX_SCHEMA, PAYLOAD,
    SLOTS, Stamp, WriterRecord, schema_offset, stride,
};
use crate::mapping::Mapping;
use crate::ownership::Ownership;
use crate::schema::Schema;
use crate::slot_view::SlotView;

/// A page in the memory of this process. Its header was checked when it was mapped, and is not trusted
/// again.
#[derive(Debug)]
pub(crate) struct MappedPage {
    /// Also held by the thread that waits for tasks and descriptors.
    mapping: Arc<Mapping>,
    /// The address of the payload in slot 0. Both slots and the header before them are mapped.
    payloads: *mut u8,
    /// The size of the payload.
    payload: usize,
    pub(crate) geometry: Geometry,
    /// The device and the inode of the file.
    pub(crate) file: (u64, u64),
}

// SAFETY: P6, P11. The pointers go into the mapping, which is `Send` and `Sync` for the same reason.
unsafe impl Send for MappedPage {}

// SAFETY: P6, P11. All access through the pointers is by racing copies and atomics, from any number
// of threads.
unsafe impl Sync for MappedPage {}

impl MappedPage {
    /// Maps a page and checks its header. `file_len` is the length of the file.
    pub(crate) fn map(
        file: BorrowedFd<'_>,
        file_len: u64,
        path: &Path,
        map: fn(BorrowedFd<'_>, usize, &Path) -> Result<Mapping, Error>,
    ) -> Result<Self, Error> {
        let damaged = |damage| Error::Damaged(path.to_owned(), damage);
        let len = usize::try_from(file_len).unwrap_or(usize::MAX).min(MAX_LEN);
        if len < size_of::<Header>() {
            return Err(damaged(Damage::TooShort));
        }
        let stat = fstat(file).map_err(system_error("stat", path))?;
        Self::new(map(file, len, path)?, (stat.st_dev, stat.st_ino)).map_err(damaged)
    }

    /// Checks a private copy of the header in the mapping.
    fn new(mapping: Mapping, file: (u64, u64)) -> Result<Self, Damage> {
        let mut fixed = [0; size_of::<FixedFields>()];
        // SAFETY: P6. A header is mapped, and all processes change it by racing copies or from outside
        // of this program.
        unsafe { raw::load_bytes(mapping.address_of(0), as_uninit(&mut fixed)) };
        let copy_text = |range: Range<usize>| {
            let mut text = vec![0; range.len()];
            // SAFETY: P6. `inspect_parts` asks for what is inside of the page, all of which is
            // mapped.
            unsafe { raw::load_bytes(mapping.address_of(range.start), as_uninit(&mut text)) };
            text
        };
        let fixed = FixedFields::read_from_bytes(&fixed).map_err(|_| Damage::TooShort)?;
        let geometry = inspect_parts(&fixed, mapping.len() as u64, copy_text)?;
        let payload = geometry.schema.size();
        let payloads = mapping.address_of(SLOTS + PAYLOAD);
        Ok(MappedPage { mapping: Arc::new(mapping), payloads, payload, geometry, file })
    }

    pub(crate) fn mapping(&self) -> &Arc<Mapping> {
        &self.mapping
    }

    /// Checks that the page has this schema.
    pub(crate) fn check_schema(&self, schema: &Schema, path: &Path) -> Result<(), Error> {
        if self.geometry.schema == *schema {
            return Ok(());
        }
        let (page, wanted) = (self.geometry.schema.to_string(), schema.to_string());
        Err(Error::SchemaMismatch { path: path.to_owned(), page, wanted })
    }

    /// Checks that the page was created since the last boot, as far as its boot is known.
    pub(crate) fn check_boot(&self, path: &Path) -> Result<(), Error> {
        let (current, created) = (boot_id(), self.geometry.boot_id);
        if current == created || current == [0; 16] || created == [0; 16] {
            return Ok(());
        }
        Err(Error::OtherBoot(path.to_owned()))
    }

    /// Returns the count of the payload.
    #[inline(always)]
    pub(crate) fn count(&self) -> &PairCount {
        // SAFETY: P11. A word of the header, which begins at a multiple of 4096 bytes; everybody
        // treats it as an atomic for as long as it is mapped.
        unsafe {
            PairCount::from_ptr(
                self.word(offset_of!(Header, changing) + offset_of!(ChangingFields, count)),
            )
        }
    }

    /// Returns the low half of the count, which every publication changes: the word to sleep on.
    pub(crate) fn futex(&self) -> &AtomicU32 {
        let low = if cfg!(target_endian = "little") { 0 } else { 4 };
        let offset = offset_of!(Header, changing) + offset_of!(ChangingFields, count) + low;
        // SAFETY: P11. Half of the count's word, aligned; it is only handed to the system.
        unsafe { AtomicU32::from_ptr(self.word(offset)) }
    }

    /// Wakes every process that sleeps on the count.
    #[inline(never)]
    pub(crate) fn wake(&self) {
        wake(self.futex());
    }

    /// Wakes every process that sleeps on the count or on the state.
    pub(crate) fn wake_all(&self) {
        wake(self.futex());
        wake(self.state_futex());
    }

    /// Returns the state and the owner, which are one word for all loads and stores.
    #[inline(always)]
    fn ownership_word(&self) -> &AtomicU64 {
        self.atomic(offset_of!(Header, changing) + offset_of!(ChangingFields, state))
    }

    #[inline(always)]
    pub(crate) fn ownership(&self) -> Ownership {
        // ORDERING: Relaxed: an independent word; what it says about the value, the count has
        // ordered.
        Ownership::from_word(self.ownership_word().load(Relaxed))
    }

    /// Replaces the state and the owner, unless another process did so first.
    pub(crate) fn change_ownership(&self, from: Ownership, to: Ownership) -> Result<(), Lost> {
        let word = self.ownership_word();
        // ORDERING: Relaxed: an independent word; the slots are ordered by the count, and the writers by
        // the lock.
        let changed = word.compare_exchange(from.word(), to.word(), Relaxed, Relaxed);
        changed.map(|_| ()).map_err(|_| Lost::TakenOver)
    }

    /// Changes the state. The owner stays.
    pub(crate) fn set_state(&self, state: u32) {
        let mut seen = self.ownership();
        while self.change_ownership(seen, seen.with_state(state)).is_err() {
            seen = self.ownership();
        }
    }

    /// Returns the state, as a word to sleep on.
    pub(crate) fn state_futex(&self) -> &AtomicU32 {
        let offset = offset_of!(Header, changing) + offset_of!(ChangingFields, state);
        // SAFETY: P11. Half of a word of the header, aligned; it is only handed to the system.
        unsafe { AtomicU32::from_ptr(self.word(offset)) }
    }

    /// Returns one of the user's words.
    ///
    /// # Panics
    /// If `index` is 8 or more.
    #[inline(always)]
    pub(crate) fn user_word(&self, index: usize) -> &AtomicU64 {
        assert!(index < 8, "there is no word {index}: a page has the words 0 to 7");
        self.atomic(offset_of!(Header, words) + index * 8)
    }

    /// Copies the user's words of another page.
    pub(crate) fn copy_words(&self, other: &Self) {
        for index in 0..8 {
            // ORDERING: Relaxed: an independent word of the old page.
            let word = other.user_word(index).load(Relaxed);
            // ORDERING: Relaxed: a word of a page that no reader has yet.
            self.user_word(index).store(word, Relaxed);
        }
    }

    #[inline(always)]
    fn atomic(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: P11. A word of the header, aligned, which all processes use as an atomic.
        unsafe { AtomicU64::from_ptr(self.word(offset)) }
    }

    #[inline(always)]
    fn word<W>(&self, offset: usize) -> *mut W {
        debug_assert!(offset.is_multiple_of(size_of::<W>()), "words are aligned");
        self.in_header(offset).cast()
    }

    /// Loads the stamp of a slot for a payload of `payload` bytes. It may be that of another value until the count has
    /// been checked. Each number is loaded as a whole.
    #[inline(always)]
    pub(crate) fn load_stamp(&self, slot: usize, payload: usize) -> Stamp {
        let stamp = self.stamp_address(slot, payload);
        // SAFETY: P6. The first number of the slot's stamp, which is mapped.
        let published_ns = unsafe { raw::load_number::<8, 0>(stamp, 0) };
        // SAFETY: P6. The second number of the slot's stamp.
        let valid_until = unsafe { raw::load_number::<8, 8>(stamp, 0) };
        // SAFETY: P6. The third number of the slot's stamp.
        let time_namespace = unsafe { raw::load_number::<8, 16>(stamp, 0) };
        Stamp { published_ns, valid_until, time_namespace, reserved: [0; 5] }
    }

    /// Copies a stamp into a slot. For the writer (P5, P14).
    #[inline(always)]
    pub(crate) fn store_stamp(&self, slot: usize, payload: usize, stamp: &Stamp) {
        // SAFETY: P6. The first line of the slot is a stamp's; the mapping is writable, for this is
        // the writer.
        unsafe { raw::store(stamp, self.stamp_address(slot, payload).cast()) };
    }

    /// Returns the end of the promise in the stamp of a slot. For the writer that stored the stamp.
    pub(crate) fn valid_until(&self, slot: usize) -> &AtomicU64 {
        let stamp = self.stamp_address(slot, self.payload);
        // SAFETY: the second number of a stamp, which is inside of the mapping.
        let address = unsafe { stamp.add(offset_of!(Stamp, valid_until)) };
        // SAFETY: P11. A word of the mapping, aligned as slots are; readers load it as a whole.
        unsafe { AtomicU64::from_ptr(address.cast()) }
    }

    #[inline(always)]
    fn stamp_address(&self, slot: usize, payload: usize) -> *mut u8 {
        // SAFETY: the stamp is the line before the payload, inside of the same slot.
        unsafe { self.slot(slot, payload).sub(PAYLOAD) }
    }

    /// Copies a `T` out of a slot. It may be torn until the count has been checked.
    #[inline(always)]
    pub(crate) fn load<T: Copy>(&self, slot: usize) -> MaybeUninit<T> {
        // SAFETY: P6. The slot is a `T`'s, and has the size of one.
        unsafe { raw::load(self.slot_of::<T>(slot)) }
    }

    /// Borrows the slots of a page of `T`s, to load single numbers.
    #[inline(always)]
    pub(crate) fn slot_view<T>(&self) -> SlotView<'_, T> {
        // SAFETY: P6. The slots are a `T`'s, and mapped for as long as this is borrowed.
        unsafe { SlotView::new(self.slot_of::<T>(0)) }
    }

    /// Borrows a slot of a page of `T`s, to copy fields.
    #[inline(always)]
    pub(crate) fn fields<T>(&self, slot: usize) -> tearfree::View<'_, T> {
        // SAFETY: P6. The slot is a `T`'s, and mapped for as long as this is borrowed.
        unsafe { tearfree::View::from_ptr(self.slot_of::<T>(slot)) }
    }

    /// Copies the bytes of a slot into `to`. They may be torn until the count has been checked.
    #[inline(always)]
    pub(crate) fn load_bytes(&self, slot: usize, to: &mut [u8]) {
        self.load_uninit(slot, as_uninit(to));
    }

    /// As [`load_bytes`](Self::load_bytes), and initialises all of `to`.
    #[inline(always)]
    pub(crate) fn load_uninit(&self, slot: usize, to: &mut [MaybeUninit<u8>]) {
        assert!(to.len() <= self.payload, "the payload has {} bytes", self.payload);
        // SAFETY: P6. The slot has as many bytes, as was just checked.
        unsafe { raw::load_bytes(self.slot(slot, self.payload), to) };
    }

    /// Returns where the count and the slots are.
    #[inline(always)]
    pub(crate) fn addresses(&self, time_namespace: u64) -> Addresses {
        let changing = offset_of!(Header, changing);
        Addresses {
            count: self.word(changing + offset_of!(ChangingFields, count)),
            state: self.word(changing + offset_of!(ChangingFields, state)),
            stamp: self.stamp_address(0, self.payload),
            payload: self.slot(0, self.payload),
            stride: stride(self.payload),
            size: self.payload,
            time_namespace,
        }
    }

    /// Returns the address of a slot of a page of `T`s. The schema was checked to be that of a `T`, so the
    /// offset is a constant.
    #[inline(always)]
    fn slot_of<T>(&self, slot: usize) -> *mut T {
        debug_assert!(size_of::<T>() == self.payload, "the page holds another type");
        self.slot(slot, size_of::<T>()).cast()
    }

    /// Returns the address of a slot's payload.
    #[inline(always)]
    fn slot(&self, slot: usize, payload: usize) -> *mut u8 {
        debug_assert!(slot < 2, "there are two slots");
        // SAFETY: both slots are inside of the mapping: `inspect_parts` found the schema behind them.
        unsafe { self.payloads.add(slot * stride(payload)) }
    }

    /// Returns the payload in a slot, and its stamp.
    pub(crate) fn stamped(&self, slot: usize) -> (Vec<u8>, Stamp) {
        (self.to_bytes(slot), self.load_stamp(slot, self.payload))
    }

    /// Returns the payload in a slot.
    pub(crate) fn to_bytes(&self, slot: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.payload];
        self.load_bytes(slot, &mut bytes);
        bytes
    }

    /// Copies a value into a slot. For the writer (P5, P14).
    #[inline(always)]
    pub(crate) fn store<T: Copy>(&self, slot: usize, value: &T) {
        // SAFETY: P6. The slot is a `T`'s; the mapping is writable, for this is the writer.
        unsafe { raw::store(value, self.slot_of::<T>(slot)) };
    }

    /// Copies bytes into a slot. For the writer (P5, P14).
    pub(crate) fn store_bytes(&self, slot: usize, bytes: &[u8]) {
        assert!(bytes.len() <= self.payload, "the payload has {} bytes", self.payload);
        // SAFETY: P6. The slot has as many bytes, as was just checked; the mapping is writable, for
        // this is the writer.
        unsafe { raw::store_bytes(bytes, self.slot(slot, self.payload)) };
    }

    /// Returns the writer and its boot; `None` if the record changes during each attempt to copy it.
    pub(crate) fn writer_identity(&self) -> Option<WriterIdentity> {
        Some(WriterIdentity { record: self.writer_record()?, boot_id: self.geometry.boot_id })
    }

    /// Copies the writer record by the same protocol as the payload.
    pub(crate) fn writer_record(&self) -> Option<WriterRecord> {
        let copy = |slot| {
            let mut bytes = [0; LINE];
            // SAFETY: P6. The record is a line of the header, which is mapped; `bytes` is private
            // and as long.
            unsafe { raw::load_bytes(self.record_address(slot), as_uninit(&mut bytes)) };
            bytes
        };
        let (bytes, _) = raw::attempts(self.writer_count(), MAX_ATTEMPTS, copy)?;
        WriterRecord::read_from_bytes(&bytes).ok()
    }

    /// Replaces the writer record. For the writer.
    pub(crate) fn set_writer_record(&self, record: &WriterRecord) {
        let count = self.writer_count();
        let current = count.read_begin().generation();
        let slot = count.write_begin(current);
        // SAFETY: P6. A line of the header, in the writer's mapping.
        unsafe { raw::store_bytes(record.as_bytes(), self.record_address(slot)) };
        count.write_end(current);
    }

    fn writer_count(&self) -> &PairCount {
        // SAFETY: P11. A word of the header, aligned, which all processes use as an atomic.
        unsafe { PairCount::from_ptr(self.word(offset_of!(Header, writer_count))) }
    }

    fn record_address(&self, slot: usize) -> *mut u8 {
        self.in_header(offset_of!(Header, writers) + slot * LINE)
    }

    #[inline(always)]
    fn in_header(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < size_of::<Header>() && self.mapping.len() >= size_of::<Header>());
        // SAFETY: inside of the header, which `inspect_parts` found whole; the slots begin at its end.
        unsafe { self.payloads.sub(SLOTS + PAYLOAD - offset) }
    }
}

fn wake(word: &AtomicU32) {
    // Cannot fail: the address is valid, and waking no one is not an error.
    let _ = futex::wake(word, futex::Flags::empty(), i32::MAX.unsigned_abs());
}

/// The longest page. The rest of a longer file is not mapped.
const MAX_LEN: usize = schema_offset(MAX_PAYLOAD) + MAX_SCHEMA;

fn as_uninit(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    let (pointer, len) = (bytes.as_mut_ptr(), bytes.len());
    // SAFETY: the same bytes; only initialised ones are ever put there.
    unsafe { core::slice::from_raw_parts_mut(pointer.cast(), len) }
}
