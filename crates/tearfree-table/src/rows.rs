// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Rows`: the words and slots of a mapped file of rows, by name. Only this file computes their addresses.

#![allow(unsafe_code, reason = "memory that other processes change is reached from here")]

use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use tearfree::raw::{self, PairCount};
use tearfree_page::layout::MAX_ATTEMPTS;
use tearfree_page::parts::{Mapping, checked};
use tearfree_page::{InvalidValue, Payload, Unsettled};

use crate::choose::{Choice, choose, choose_to_write, generation_before, is_committed};
use crate::shape::{FANOUT, KEY, LIFE, Shape, USED};

/// The rows of a table in the memory of this process. The header was checked when they were mapped.
#[derive(Debug)]
pub(crate) struct Rows {
    mapping: Mapping,
    pub(crate) shape: Shape,
}

/// One attempt to copy a row as of a tick.
pub(crate) enum Attempt<R> {
    /// The copy, and the tick of its version.
    Copied(u64, R),
    /// The row has no version.
    Empty,
    /// All versions are newer. If the tick is still the committed one, the row has none.
    Newer,
    /// The version was replaced during the copy.
    Torn,
}

impl Rows {
    /// Wraps a mapping of a whole file of rows of this shape.
    pub(crate) fn new(mapping: Mapping, shape: Shape) -> Self {
        assert!(shape.total_len <= mapping.len(), "the whole file is mapped");
        Rows { mapping, shape }
    }

    /// Returns the number of rows from the first one on that have ever been used; a hostile writer can claim any.
    pub(crate) fn used(&self) -> u32 {
        // ORDERING: Relaxed: stored before the tick that committed the rows, which the caller has acquired.
        let used = self.atomic(USED).load(Relaxed);
        u32::try_from(used).unwrap_or(u32::MAX).min(self.shape.capacity)
    }

    pub(crate) fn set_used(&self, used: u32) {
        // ORDERING: Relaxed: the commit of the batch publishes it.
        self.atomic(USED).store(used.into(), Relaxed);
    }

    /// Returns an entry of the index.
    pub(crate) fn entry(&self, at: usize) -> &AtomicU32 {
        assert!(at < self.shape.entries, "the index has {} entries", self.shape.entries);
        let word = self.mapping.address_of(self.shape.index + at * size_of::<u32>());
        // SAFETY: P11. A word of the index, which begins at a line; all processes use it as an atomic.
        unsafe { AtomicU32::from_ptr(word.cast()) }
    }

    /// Returns a word of the tree of changes.
    fn newest_tick(&self, level: usize, at: usize) -> &AtomicU64 {
        debug_assert!(at < self.shape.blocks.div_ceil(span(level)), "the level has this word");
        self.atomic(self.shape.levels[level] + at * size_of::<u64>())
    }

    /// Notes in the tree of changes that the batch of `tick` changes a row.
    fn mark_changed(&self, row: u32, tick: u64) {
        let mut at = row as usize;
        for level in 0..self.shape.levels.len() {
            at /= FANOUT;
            let word = self.newest_tick(level, at);
            // ORDERING: Relaxed: only this writer stores there.
            if word.load(Relaxed) < tick {
                // ORDERING: Relaxed: the commit of the batch publishes it.
                word.store(tick, Relaxed);
            }
        }
    }

    /// Returns the first block of rows, from `block` on, that may have a version newer than `since`.
    pub(crate) fn next_changed(&self, mut block: usize, since: u64) -> Option<usize> {
        while block < self.shape.blocks {
            let is_old = |&level: &usize| {
                // ORDERING: Relaxed: stored before the tick that the caller has acquired.
                block.is_multiple_of(span(level))
                    && self.newest_tick(level, block / span(level)).load(Relaxed) <= since
            };
            match (0..self.shape.levels.len()).rev().find(is_old) {
                Some(level) => block += span(level),
                None => return Some(block),
            }
        }
        None
    }

    fn atomic(&self, offset: usize) -> &AtomicU64 {
        debug_assert!(offset.is_multiple_of(8), "words are aligned");
        // SAFETY: P11. An aligned word of the mapping, which all processes use as an atomic.
        unsafe { AtomicU64::from_ptr(self.mapping.address_of(offset).cast()) }
    }

    /// Returns the address of a slot: of its sequence, behind which the version lies.
    fn slot(&self, row: u32, slot: usize) -> *mut u8 {
        let shape = &self.shape;
        assert!(row < shape.capacity && slot < 2, "the table has {} rows", shape.capacity);
        self.mapping
            .address_of(shape.rows + row as usize * shape.row_stride + slot * shape.slot_stride)
    }

    /// Returns the sequence of a slot, as the count of a pair.
    fn count(&self, row: u32, slot: usize) -> &PairCount {
        // SAFETY: P11. The first word of a slot, aligned to 16 bytes; all processes use it as an atomic.
        unsafe { PairCount::from_ptr(self.slot(row, slot).cast()) }
    }

    /// Copies a row as of `committed`, by `copy`, which gets the version that may be torn until this returns.
    #[inline]
    pub(crate) fn attempt<R>(
        &self,
        row: u32,
        committed: u64,
        copy: impl FnOnce(&Version<'_>) -> R,
    ) -> Attempt<R> {
        // In any order. Each is loaded with Acquire, so what a slot's writer did before is seen when the other one
        // is validated.
        let starts = [0, 1].map(|slot| self.count(row, slot).read_begin());
        let (slot, tick) = match choose(starts.map(raw::PairStart::sequence), committed) {
            Choice::Slot { slot, tick } => (slot, tick),
            Choice::Empty => return Attempt::Empty,
            Choice::Newer => return Attempt::Newer,
        };
        let copied = copy(&Version { rows: self, address: self.slot(row, slot) });
        match self.count(row, slot).read_retry(starts[slot]) {
            true => Attempt::Torn,
            false => Attempt::Copied(tick, copied),
        }
    }

    /// Copies the newest committed version of a row; `None` if it never had one. `committed` loads the committed tick.
    #[inline]
    pub(crate) fn read<R>(
        &self,
        row: u32,
        committed: impl Fn() -> u64,
        copy: impl Fn(&Version<'_>) -> R,
    ) -> Result<Option<(u64, R)>, Unsettled> {
        let mut tick = committed();
        for _ in 0..MAX_ATTEMPTS {
            match self.attempt(row, tick, &copy) {
                Attempt::Copied(tick, copied) => return Ok(Some((tick, copied))),
                Attempt::Empty => return Ok(None),
                Attempt::Newer => {
                    let now = committed();
                    if now == tick {
                        return Ok(None);
                    }
                    tick = now;
                }
                Attempt::Torn => tick = committed(),
            }
        }
        Err(Unsettled)
    }

    /// Stores a version of a row. For the writer, in the batch of `tick`.
    pub(crate) fn store<K: Payload, V: Payload>(
        &self,
        row: u32,
        tick: u64,
        life: u64,
        key: &K,
        value: Option<&V>,
    ) {
        let version = self.begin(row, tick);
        version.store_life(life);
        version.store_key(key);
        if let Some(value) = value {
            version.store_value(value);
        }
        self.end(row, tick, version);
    }

    fn begin(&self, row: u32, tick: u64) -> Version<'_> {
        self.mark_changed(row, tick);
        let slot = choose_to_write(self.sequences(row), tick);
        self.count(row, slot).write_begin(generation_before(tick));
        Version { rows: self, address: self.slot(row, slot) }
    }

    fn end(&self, _row: u32, tick: u64, version: Version<'_>) {
        // SAFETY: P11. The sequence is the first word of the version's slot.
        let count = unsafe { PairCount::from_ptr(version.address.cast()) };
        count.write_end(generation_before(tick));
    }

    fn sequences(&self, row: u32) -> [u64; 2] {
        [0, 1].map(|slot| self.count(row, slot).sequence())
    }

    /// Takes back what was written to a row after `committed`. For the writer.
    pub(crate) fn roll_back(&self, row: u32, committed: u64) {
        for (slot, sequence) in self.sequences(row).into_iter().enumerate() {
            if sequence != 0 && !is_committed(sequence, committed) {
                // Makes the sequence 0: no version. No reader uses the slot, for its tick was never committed.
                self.count(row, slot).write_end(u64::MAX);
            }
        }
    }

    /// Copies the versions of another file as of `committed`, which stay there. Rows without one stay empty here.
    pub(crate) fn copy_versions(&self, old: &Self, committed: u64) {
        let len = self.shape.slot_stride - LIFE;
        for row in 0..old.used() {
            let copy = |version: &Version<'_>| version.bytes(LIFE, len);
            if let Attempt::Copied(tick, bytes) = old.attempt(row, committed, copy) {
                let version = self.begin(row, tick);
                // SAFETY: P6. The rest of the slot behind its sequence, of the same shape in both files; this one
                // is the writer's own.
                unsafe { raw::store_bytes(&bytes, version.at(LIFE)) };
                self.end(row, tick, version);
            }
        }
        self.set_used(old.used());
    }
}

/// Returns for how many blocks one word of a level stands.
fn span(level: usize) -> usize {
    1 << (FANOUT.ilog2() as usize * level)
}

/// A version of a row in its slot. What is copied may be torn until the slot's sequence has been checked.
#[derive(Clone, Copy)]
pub(crate) struct Version<'a> {
    rows: &'a Rows,
    address: *mut u8,
}

impl Version<'_> {
    fn at(self, offset: usize) -> *mut u8 {
        debug_assert!(offset < self.rows.shape.slot_stride, "inside of the slot");
        // SAFETY: the slot is mapped, and the offset of a part of it is inside.
        unsafe { self.address.add(offset) }
    }

    #[inline]
    pub(crate) fn life(self) -> u64 {
        // SAFETY: P6. The second number of a slot.
        unsafe { raw::load_number::<8, { LIFE }>(self.address, 0) }
    }

    #[inline]
    pub(crate) fn key<K: Payload>(self) -> MaybeUninit<K> {
        self.check_size::<K>(self.rows.shape.key.size());
        // SAFETY: P6. The slot has a key here, of this size.
        unsafe { raw::load(self.at(KEY).cast()) }
    }

    /// Copies the key as `len` bytes, which is its size.
    pub(crate) fn key_bytes(self, len: usize) -> Vec<u8> {
        self.bytes(KEY, len)
    }

    #[inline]
    pub(crate) fn value<V: Payload>(self) -> MaybeUninit<V> {
        self.check_size::<V>(self.rows.shape.value.size());
        // SAFETY: P6. The slot has a value here, of this size.
        unsafe { raw::load(self.at(self.rows.shape.value_offset).cast()) }
    }

    fn bytes(self, from: usize, len: usize) -> Vec<u8> {
        assert!(from + len <= self.rows.shape.slot_stride, "inside of the slot");
        let mut bytes = vec![MaybeUninit::new(0); len];
        // SAFETY: P6. They lie inside of the slot, as was just checked.
        unsafe { raw::load_bytes(self.at(from), &mut bytes) };
        // SAFETY: all of them are initialised, before the copy already.
        bytes.into_iter().map(|byte| unsafe { byte.assume_init() }).collect()
    }

    fn store_life(self, life: u64) {
        // SAFETY: P6. The second number of a slot; the mapping is writable, for this is the writer.
        unsafe { raw::store(&life, self.at(LIFE).cast()) };
    }

    fn store_key<K: Payload>(self, key: &K) {
        self.check_size::<K>(self.rows.shape.key.size());
        // SAFETY: P6. The slot has a key here, of this size; the mapping is writable.
        unsafe { raw::store(key, self.at(KEY).cast()) };
    }

    fn store_value<V: Payload>(self, value: &V) {
        self.check_size::<V>(self.rows.shape.value.size());
        // SAFETY: P6. The slot has a value here, of this size; the mapping is writable.
        unsafe { raw::store(value, self.at(self.rows.shape.value_offset).cast()) };
    }

    /// The file's schemas were compared with the types' when it was opened, so this cannot fail.
    #[inline]
    fn check_size<T>(self, size: usize) {
        assert!(size_of::<T>() == size, "the rows have another type");
    }
}

impl Rows {
    /// Returns the life of a place as of a tick. For the writer, beside whom no version changes.
    pub(crate) fn life(&self, row: u32, tick: u64) -> u64 {
        match self.attempt(row, tick, |version| version.life()) {
            Attempt::Copied(_, life) => life,
            _ => 0,
        }
    }

    /// Returns the key in a copy that was validated, if its bytes are one.
    #[inline]
    pub(crate) fn check_key<K: Payload>(&self, copy: &MaybeUninit<K>) -> Result<K, InvalidValue> {
        // SAFETY: all bytes were copied from the file, whose bytes are all initialised.
        unsafe { checked(copy, 0, &self.shape.key) }
    }

    /// Returns the value in a copy that was validated, if its bytes are one.
    #[inline]
    pub(crate) fn check_value<V: Payload>(&self, copy: &MaybeUninit<V>) -> Result<V, InvalidValue> {
        // SAFETY: all bytes were copied from the file, whose bytes are all initialised.
        unsafe { checked(copy, 0, &self.shape.value) }
    }
}
