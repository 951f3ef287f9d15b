// SPDX-License-Identifier: MIT OR Apache-2.0
//! `PairCount`: two slots; a write changes the one that readers do not use.

#![allow(unsafe_code, reason = "a count over a word of another owner (P11)")]

use crate::order::{self, PLAIN};
use crate::read_side::{self, ReadSide};
use crate::sync::AtomicU64;

/// The count of a value in two slots, which writes use in turn.
///
/// ```text
/// count 2g:     slot g % 2 holds generation g, whole
/// count 2g + 1: the same, while the other slot is being written
/// ```
///
/// Unlike with a [`LatchCount`](crate::LatchCount), a write makes one copy instead of two; and if the
/// writer dies, at any step, readers still find the last whole value, and the next writer goes on from
/// there. A read fails only if two more generations were begun during its one copy.
///
/// There is one writer at a time. It keeps the generation that it published last, and does not read it
/// from the count, which other processes can overwrite.
///
/// # Invariants
/// Slot `count / 2 % 2` is whole (P14).
#[derive(Debug)]
#[repr(transparent)]
pub struct PairCount {
    word: AtomicU64,
}

/// The count at the beginning of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "data read without `read_retry` may mix two writes"]
pub struct PairStart(u64);

impl PairStart {
    /// Returns the slot to read from: 0 or 1.
    #[inline(always)]
    #[must_use]
    pub fn slot(self) -> usize {
        slot_of(self.generation())
    }

    /// Returns the count, odd while the generation after this one is being written.
    #[inline(always)]
    #[must_use]
    pub fn sequence(self) -> u64 {
        self.0
    }

    /// Returns the generation in that slot.
    #[inline(always)]
    #[must_use]
    pub fn generation(self) -> u64 {
        self.0 / 2
    }
}

/// Returns the slot of a generation.
#[inline(always)]
#[must_use]
pub fn slot_of(generation: u64) -> usize {
    usize::from(generation % 2 != 0)
}

impl PairCount {
    /// Creates a count whose slot 0 holds generation 0.
    #[must_use]
    pub const fn new() -> Self {
        PairCount { word: AtomicU64::new(0) }
    }

    /// Creates a count over a word of another owner, such as a page between processes.
    ///
    /// # Safety
    /// As for [`SeqCount::from_ptr`](crate::SeqCount::from_ptr) (P11).
    #[inline]
    #[must_use]
    pub const unsafe fn from_ptr<'a>(word: *mut u64) -> &'a Self {
        // SAFETY: P11. The word stays, aligned and atomic, for `'a`. `PairCount` is transparent
        // over the atomic, which has the size and bit validity of `u64`.
        unsafe { &*word.cast::<Self>() }
    }

    /// Begins a read; the result names the slot to use. Never waits.
    #[inline(always)]
    pub fn read_begin(&self) -> PairStart {
        // ORDERING: P14. Pairs with both stores, in `write_begin` and in `write_end`: the slot that
        // this count names was whole before they were made.
        PairStart(self.word.load(order::begin()))
    }

    /// Returns whether data read since `start` must be discarded: a writer may have changed the slot.
    #[inline(always)]
    #[must_use = "true means that the data may mix two writes"]
    pub fn read_retry(&self, start: PairStart) -> bool {
        let second = self.load_after_copy();
        // Mostly the count has not moved. If it has: the slot is changed from the odd count of the
        // generation after the next one on.
        second != start.0 && second.wrapping_sub(start.generation() * 2) > 2
    }

    /// Returns whether the generation that `start` names is still the newest one.
    #[inline(always)]
    #[must_use]
    pub fn is_current(&self, start: PairStart) -> bool {
        PairStart(self.load_after_copy()).generation() == start.generation()
    }

    /// Loads the count after the copy.
    #[inline(always)]
    fn load_after_copy(&self) -> u64 {
        // ORDERING: P14. Pairs with the fence in `write_begin`: a reader that saw a word stored after it
        // sees its odd count, or a later one.
        order::fence_retry();
        self.word.load(PLAIN)
    }

    /// Begins the write of the generation after `current`, and returns the slot to change.
    ///
    /// After a writer died in a write, the next writer begins the same write again, with the same count.
    #[inline(always)]
    pub fn write_begin(&self, current: u64) -> usize {
        // INVARIANT: even to odd, or odd to the same odd after a death, by the one writer.
        // ORDERING: P14. Readers begin at odd counts too, so this store has to carry the slot of
        // `current` as well; pairs with `read_begin`.
        self.word.store(current.wrapping_mul(2).wrapping_add(1), order::pair_odd());
        // ORDERING: P14. The slot changes after that; pairs with the fence in `load_after_copy`.
        order::fence_odd();
        slot_of(current.wrapping_add(1))
    }

    /// Publishes the generation after `current`, and returns its number.
    #[inline(always)]
    pub fn write_end(&self, current: u64) -> u64 {
        let even = current.wrapping_mul(2).wrapping_add(2);
        // INVARIANT: odd to even, by the one writer.
        // ORDERING: P14. The slot is whole before readers go there; pairs with `read_begin`.
        self.word.store(even, order::even());
        even / 2
    }

    /// Returns the present count, without any ordering.
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> u64 {
        // ORDERING: Relaxed: a snapshot of the count; only `read_begin` begins a read.
        self.word.load(PLAIN)
    }
}

impl read_side::sealed::Sealed for PairCount {}

impl ReadSide for PairCount {
    type Start = PairStart;
    type Number = u64;

    #[inline(always)]
    fn try_begin(&self) -> Option<PairStart> {
        Some(self.read_begin())
    }

    #[inline(always)]
    fn slot(start: PairStart) -> usize {
        start.slot()
    }

    #[inline(always)]
    fn must_retry(&self, start: PairStart) -> bool {
        self.read_retry(start)
    }

    #[inline(always)]
    fn number(start: PairStart) -> u64 {
        start.generation()
    }
}

/// The read side of a pair for a reader that needs a whole value that was still
/// [the newest](PairCount::is_current) at the end of the read.
#[derive(Clone, Copy, Debug)]
pub struct Current<'a>(pub &'a PairCount);

impl read_side::sealed::Sealed for Current<'_> {}

impl ReadSide for Current<'_> {
    type Start = PairStart;
    type Number = u64;

    #[inline(always)]
    fn try_begin(&self) -> Option<PairStart> {
        Some(self.0.read_begin())
    }

    #[inline(always)]
    fn slot(start: PairStart) -> usize {
        start.slot()
    }

    #[inline(always)]
    fn must_retry(&self, start: PairStart) -> bool {
        !self.0.is_current(start)
    }

    #[inline(always)]
    fn number(start: PairStart) -> u64 {
        start.generation()
    }
}

impl Default for PairCount {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(tearfree_axm)))]
mod tests {
    use super::*;

    /// Also where the generations wrap, and from either count at which a read begins.
    #[test]
    fn a_slot_is_whole_until_its_next_write_begins_and_current_until_the_other_is_published() {
        for first in [0, 5, u64::MAX / 2 - 1, u64::MAX / 2] {
            for is_written_first in [false, true] {
                let count = PairCount { word: AtomicU64::new(first * 2) };
                if is_written_first {
                    count.write_begin(first);
                }
                let start = count.read_begin();
                assert_eq!((start.generation(), start.slot()), (first, (first % 2) as usize));
                assert_ne!(count.write_begin(first), start.slot());
                assert!(!count.read_retry(start) && count.is_current(start));
                let second = count.write_end(first);
                assert!(!count.read_retry(start) && !count.is_current(start));
                assert_eq!(count.write_begin(second), start.slot());
                assert!(count.read_retry(start), "its slot is being changed");
                count.write_end(second);
                assert!(count.read_retry(start));
            }
        }
    }
}
