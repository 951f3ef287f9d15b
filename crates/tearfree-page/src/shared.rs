// SPDX-License-Identifier: MIT OR Apache-2.0
//! A mapped page: its words and slots, by name. The one place that knows their addresses.

#![allow(unsafe_code, reason = "memory that other processes change is reached from here")]

use core::mem::{MaybeUninit, offset_of};
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::os::fd::BorrowedFd;
use std::path::Path;

use tearfree::raw::{self, PairCount};
use zerocopy::{FromBytes, IntoBytes};

use crate::error::Error;
use crate::header::{Damage, Geometry, inspect_parts};
use crate::layout::{
    Fixed, Header, Hot, LINE, MAX_PAYLOAD, MAX_SCHEMA, SLOTS, WriterRecord, schema_offset, stride,
};
use crate::mapping::Mapping;
use crate::status::Glance;
use crate::view::View;

/// How often a copy is tried before a reader gives up. Two publications during each of a thousand
/// copies are no writer's doing.
pub(crate) const ATTEMPTS: u32 = 1000;

/// A page in this process, whose geometry was checked once and is not looked at again.
#[derive(Debug)]
pub(crate) struct Shared {
    mapping: Mapping,
    /// The address of the two slots. All of the header before them is mapped too.
    slots: *mut u8,
    /// The size of the payload. Both slots are mapped.
    payload: usize,
}

// SAFETY: P6, P11. The pointers go into the mapping, which is `Send` and `Sync` for the same reason.
unsafe impl Send for Shared {}

// SAFETY: P6, P11. All access through the pointers is by racing copies and atomics, from any number
// of threads.
unsafe impl Sync for Shared {}

impl Shared {
    /// Checks the header of a page in the mapping itself, from a private copy of it.
    pub(crate) fn new(mapping: Mapping) -> Result<(Self, Geometry), Damage> {
        let mut fixed = [0; size_of::<Fixed>()];
        // SAFETY: P6. A header is mapped, and all processes change it by racing copies or from outside
        // of this program.
        unsafe { raw::load_bytes(mapping.at(0), as_uninit(&mut fixed)) };
        let text_of = |place: Range<usize>| {
            let mut text = vec![0; place.len()];
            // SAFETY: P6. `inspect_parts` asks for what is inside of the page, all of which is
            // mapped.
            unsafe { raw::load_bytes(mapping.at(place.start), as_uninit(&mut text)) };
            text
        };
        let fixed = Fixed::read_from_bytes(&fixed).map_err(|_| Damage::Short)?;
        let geometry = inspect_parts(&fixed, mapping.len() as u64, text_of)?;
        let (slots, payload) = (mapping.at(SLOTS), geometry.schema.size());
        Ok((Shared { mapping, slots, payload }, geometry))
    }

    /// Maps a page for a reader, or for its writer. `file_len` is what the system says about the file.
    pub(crate) fn map(
        file: BorrowedFd<'_>,
        file_len: u64,
        path: &Path,
        map: fn(BorrowedFd<'_>, usize, &Path) -> Result<Mapping, Error>,
    ) -> Result<(Self, Geometry), Error> {
        let damaged = |damage| Error::Damaged(path.to_owned(), damage);
        let len = usize::try_from(file_len).unwrap_or(usize::MAX).min(MAX_LEN);
        if len < size_of::<Header>() {
            return Err(damaged(Damage::Short));
        }
        Self::new(map(file, len, path)?).map_err(damaged)
    }

    /// The count of the payload.
    #[inline(always)]
    pub(crate) fn count(&self) -> &PairCount {
        // SAFETY: P11. A word of the header, which begins at a multiple of 4096 bytes; everybody
        // treats it as an atomic for as long as it is mapped.
        unsafe { PairCount::from_ptr(self.word(offset_of!(Header, hot) + offset_of!(Hot, count))) }
    }

    /// The half of the count that changes with every publication: what one can sleep on.
    pub(crate) fn futex(&self) -> &AtomicU32 {
        let low = if cfg!(target_endian = "little") { 0 } else { 4 };
        let at = offset_of!(Header, hot) + offset_of!(Hot, count) + low;
        // SAFETY: P11. Half of the count's word, aligned; it is only handed to the system.
        unsafe { AtomicU32::from_ptr(self.word(at)) }
    }

    #[inline(always)]
    pub(crate) fn valid_until(&self) -> &AtomicU64 {
        self.atomic(offset_of!(Header, hot) + offset_of!(Hot, valid_until))
    }

    #[inline(always)]
    pub(crate) fn time_namespace(&self) -> &AtomicU64 {
        self.atomic(offset_of!(Header, hot) + offset_of!(Hot, time_namespace))
    }

    #[inline(always)]
    pub(crate) fn state(&self) -> &AtomicU32 {
        let at = offset_of!(Header, hot) + offset_of!(Hot, state);
        // SAFETY: P11. A word of the header, aligned, which all processes use as an atomic.
        unsafe { AtomicU32::from_ptr(self.word::<u32>(at)) }
    }

    /// One of the user's words.
    #[inline(always)]
    pub(crate) fn user_word(&self, index: usize) -> &AtomicU64 {
        assert!(index < 8, "a page has the words 0 to 7");
        self.atomic(offset_of!(Header, words) + index * 8)
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

    /// The words beside the count.
    #[inline(always)]
    pub(crate) fn glance(&self, here: u64) -> Glance {
        // ORDERING: Relaxed: an independent word; at least as new as what `PairCount::read_begin`
        // acquired.
        let valid_until = self.valid_until().load(Relaxed);
        // ORDERING: Relaxed: a number that is only compared.
        let there = self.time_namespace().load(Relaxed);
        // ORDERING: Relaxed: an independent word; what it says about the value, the count has
        // ordered.
        let state = self.state().load(Relaxed);
        Glance::new(valid_until, here == there, state)
    }

    /// Copies a `T` out of a slot; torn until the count says otherwise.
    #[inline(always)]
    pub(crate) fn load<T: Copy>(&self, slot: usize) -> MaybeUninit<T> {
        // SAFETY: P6. The slot is a `T`'s, and has the size of one.
        unsafe { raw::load(self.slot_of::<T>(slot)) }
    }

    /// As [`load`](Self::load), for single numbers of a `T`.
    #[inline(always)]
    pub(crate) fn view<T>(&self) -> View<'_, T> {
        // SAFETY: P6. The slots are a `T`'s, and mapped for as long as this is borrowed.
        unsafe { View::new(self.slot_of::<T>(0)) }
    }

    /// As [`load`](Self::load), for fields of a `T`.
    #[inline(always)]
    pub(crate) fn fields<T>(&self, slot: usize) -> tearfree::View<'_, T> {
        // SAFETY: P6. The slot is a `T`'s, and mapped for as long as this is borrowed.
        unsafe { tearfree::View::from_ptr(self.slot_of::<T>(slot)) }
    }

    /// As [`load`](Self::load), into bytes.
    #[inline(always)]
    pub(crate) fn load_into(&self, slot: usize, to: &mut [u8]) {
        assert!(to.len() <= self.payload, "the payload has {} bytes", self.payload);
        // SAFETY: P6. The slot has as many bytes, as was just checked.
        unsafe { raw::load_bytes(self.slot(slot, self.payload), as_uninit(to)) };
    }

    /// The address of a slot of `T`s: whoever made this page's reader or writer of `T` checked that the
    /// schema is one of that size. So the place is known when the program is compiled.
    #[inline(always)]
    fn slot_of<T>(&self, slot: usize) -> *mut T {
        debug_assert!(size_of::<T>() == self.payload, "the page of another type");
        self.slot(slot, size_of::<T>()).cast()
    }

    #[inline(always)]
    fn slot(&self, slot: usize, payload: usize) -> *mut u8 {
        debug_assert!(slot < 2, "there are two slots");
        // SAFETY: both slots are inside of the mapping: `inspect_parts` found the schema behind them.
        unsafe { self.slots.add(slot * stride(payload)) }
    }

    /// The bytes of a slot.
    pub(crate) fn bytes(&self, slot: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.payload];
        self.load_into(slot, &mut bytes);
        bytes
    }

    /// Fills a slot, as the writer (P5, P14).
    #[inline(always)]
    pub(crate) fn store<T: Copy>(&self, slot: usize, value: &T) {
        // SAFETY: P6. The slot is a `T`'s; the mapping is writable, for this is the writer.
        unsafe { raw::store(value, self.slot_of::<T>(slot)) };
    }

    /// As [`store`](Self::store), from bytes.
    pub(crate) fn store_from(&self, slot: usize, bytes: &[u8]) {
        assert!(bytes.len() <= self.payload, "the payload has {} bytes", self.payload);
        // SAFETY: P6. The slot has as many bytes, as was just checked; the mapping is writable, for
        // this is the writer.
        unsafe { raw::store_bytes(bytes, self.slot(slot, self.payload)) };
    }

    /// Who the writer is, by the same protocol as the payload. `None` if it does not hold still.
    pub(crate) fn writer(&self) -> Option<WriterRecord> {
        let copy = |slot| {
            let mut bytes = [0; LINE];
            // SAFETY: P6. The record is a line of the header, which is mapped; `bytes` is private
            // and as long.
            unsafe { raw::load_bytes(self.record(slot), as_uninit(&mut bytes)) };
            bytes
        };
        let (bytes, _) = raw::attempts(self.writer_count(), ATTEMPTS, copy)?;
        WriterRecord::read_from_bytes(&bytes).ok()
    }

    /// Changes who the writer is, as the writer.
    pub(crate) fn set_writer(&self, record: &WriterRecord) {
        let count = self.writer_count();
        let current = count.read_begin().generation();
        let slot = count.write_begin(current);
        // SAFETY: P6. A line of the header, in the writer's mapping.
        unsafe { raw::store_bytes(record.as_bytes(), self.record(slot)) };
        count.write_end(current);
    }

    fn writer_count(&self) -> &PairCount {
        // SAFETY: P11. A word of the header, aligned, which all processes use as an atomic.
        unsafe { PairCount::from_ptr(self.word(offset_of!(Header, writer_count))) }
    }

    fn record(&self, slot: usize) -> *mut u8 {
        self.in_header(offset_of!(Header, writers) + slot * LINE)
    }

    #[inline(always)]
    fn in_header(&self, offset: usize) -> *mut u8 {
        debug_assert!(offset < size_of::<Header>() && self.mapping.len() >= size_of::<Header>());
        // SAFETY: inside of the header, which `inspect_parts` found whole; it ends where the slots begin.
        unsafe { self.slots.sub(SLOTS - offset) }
    }
}

/// Longer files are no pages; nothing beyond this is mapped.
const MAX_LEN: usize = schema_offset(MAX_PAYLOAD) + MAX_SCHEMA;

fn as_uninit(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    let (pointer, len) = (bytes.as_mut_ptr(), bytes.len());
    // SAFETY: the same bytes; only initialised ones are ever put there.
    unsafe { core::slice::from_raw_parts_mut(pointer.cast(), len) }
}
