// SPDX-License-Identifier: GPL-2.0
//! The subjects that are the kernel's own sequence locks, with C on one side and Rust on the other.

use core::mem::offset_of;

use tearfree::context::Context;
use tearfree::lock::WriterLock;
use tearfree::{LatchCount, SeqCount};
use tearfree_kernel::{IrqSave, KernelSeqLock, SpinLock};

use crate::action::Subject;
use crate::interruption::in_section;
use crate::locks::read_counted;
use crate::tally::ReadOutcome;
use crate::words::{SharedWords, Words, is_paced};

const WORDS: usize = 8;

/// The same layout as `struct hammer_shared`, where it is asserted too.
#[repr(C)]
pub(crate) struct KernelLocks {
    lock: KernelSeqLock,
    count: SeqCount<u32>,
    latch: LatchCount<u32>,
    writers: SpinLock,
    words: [SharedWords<WORDS>; 2],
}

const _: () = {
    assert!(size_of::<KernelLocks>() == 152);
    assert!(offset_of!(KernelLocks, count) == 8);
    assert!(offset_of!(KernelLocks, latch) == 12);
    assert!(offset_of!(KernelLocks, writers) == 16);
    assert!(offset_of!(KernelLocks, words) == 24);
};

unsafe extern "C" {
    safe fn hammer_shared_reset() -> *mut KernelLocks;
    safe fn hammer_seqlock_write(paced: u32);
    safe fn hammer_seqlock_write_irqsave(paced: u32);
    fn hammer_seqlock_read(words: *mut u64, paced: u32) -> u32;
    safe fn hammer_seqcount_write(paced: u32);
    fn hammer_seqcount_read(words: *mut u64, paced: u32) -> u32;
    safe fn hammer_latch_write(paced: u32);
    fn hammer_latch_read(words: *mut u64, paced: u32) -> u32;
}

impl KernelLocks {
    /// Sets everything to zero. Called when no thread of the last case is left.
    fn reset<'a>() -> &'a Self {
        // SAFETY: P11. The module's own memory, initialised, and touched atomically only, by the
        // kernel's functions and by ours.
        unsafe { &*hammer_shared_reset() }
    }
}

/// The language of a writer or reader.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// The kernel's functions.
    C,
    /// tearfree.
    Rust,
    /// Both in turn, each at both speeds.
    Both,
}

impl Language {
    #[inline]
    fn is_rust(self, turn: u64) -> bool {
        match self {
            Language::C => false,
            Language::Rust => true,
            Language::Both => (turn / 2).is_multiple_of(2),
        }
    }
}

/// Reads by a function of C, which returns how often it met a writer.
#[inline]
fn read_by_c(read: unsafe extern "C" fn(*mut u64, u32) -> u32, paced: bool) -> ReadOutcome {
    let mut words = Words::<WORDS>::FIRST;
    // SAFETY: there is room for the words; C fills it and keeps nothing.
    let met = unsafe { read(words.as_mut_ptr(), u32::from(paced)) };
    ReadOutcome::new(words.generation(), u64::from(met))
}

/// A `seqlock_t` that C and Rust use.
pub(crate) struct MixedSeqLock {
    shared: &'static KernelLocks,
    writer: Language,
    reader: Language,
    irqsave: bool,
}

impl MixedSeqLock {
    pub(crate) fn new(writer: Language, reader: Language) -> Self {
        MixedSeqLock { shared: KernelLocks::reset(), writer, reader, irqsave: false }
    }

    /// As [`new`](Self::new), with writers that disable interrupts.
    pub(crate) fn new_irqsave(writer: Language, reader: Language) -> Self {
        MixedSeqLock { irqsave: true, ..Self::new(writer, reader) }
    }

    fn write_by_rust(&self, paced: bool) {
        let words = &self.shared.words[0];
        let section = self.shared.lock.write();
        words.store(words.newest().wrapping_add(1), paced);
        drop(section);
    }
}

impl Subject for MixedSeqLock {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        let paced = is_paced(turn);
        match (self.writer.is_rust(turn), self.irqsave) {
            (true, true) => IrqSave::with(|| in_section(|| self.write_by_rust(paced))),
            (true, false) => self.write_by_rust(paced),
            (false, true) => hammer_seqlock_write_irqsave(u32::from(paced)),
            (false, false) => hammer_seqlock_write(u32::from(paced)),
        }
    }

    fn read(&self, turn: u64) -> ReadOutcome {
        if !self.reader.is_rust(turn) {
            return read_by_c(hammer_seqlock_read, is_paced(turn));
        }
        read_counted(self.shared.lock.count(), || self.shared.words[0].load(is_paced(turn)))
    }

    fn generation(&self) -> u64 {
        self.shared.words[0].newest()
    }

    fn has_count_of(&self, writes: u64) -> bool {
        self.shared.lock.count().sequence() == (writes as u32).wrapping_mul(2)
    }
}

/// A `seqcount_t` that C and Rust use, with a lock for its writers.
pub(crate) struct MixedSeqCount {
    shared: &'static KernelLocks,
    writer: Language,
    reader: Language,
}

impl MixedSeqCount {
    pub(crate) fn new(writer: Language, reader: Language) -> Self {
        MixedSeqCount { shared: KernelLocks::reset(), writer, reader }
    }
}

impl Subject for MixedSeqCount {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        if !self.writer.is_rust(turn) {
            hammer_seqcount_write(u32::from(is_paced(turn)));
            return;
        }
        let words = &self.shared.words[0];
        self.shared.writers.lock();
        let section = self.shared.count.write();
        words.store(words.newest().wrapping_add(1), is_paced(turn));
        drop(section);
        // SAFETY: P5. Taken above, in this thread.
        unsafe { self.shared.writers.unlock(()) };
    }

    fn read(&self, turn: u64) -> ReadOutcome {
        if !self.reader.is_rust(turn) {
            return read_by_c(hammer_seqcount_read, is_paced(turn));
        }
        read_counted(&self.shared.count, || self.shared.words[0].load(is_paced(turn)))
    }

    fn generation(&self) -> u64 {
        self.shared.words[0].newest()
    }

    fn has_count_of(&self, writes: u64) -> bool {
        self.shared.count.sequence() == (writes as u32).wrapping_mul(2)
    }
}

/// A `seqcount_latch_t` that C and Rust use. A read has met a writer if the count was odd for all of it: then
/// the first copy was being written.
pub(crate) struct MixedLatch {
    shared: &'static KernelLocks,
    writer: Language,
    reader: Language,
}

impl MixedLatch {
    pub(crate) fn new(writer: Language, reader: Language) -> Self {
        MixedLatch { shared: KernelLocks::reset(), writer, reader }
    }

    fn write_by_rust(&self, paced: bool) {
        let KernelLocks { latch, writers, words: [first, second], .. } = self.shared;
        writers.lock();
        let generation = first.newest().wrapping_add(1);
        latch.write_begin();
        first.store(generation, paced);
        latch.write_flip();
        second.store(generation, paced);
        latch.write_end();
        // SAFETY: P5. Taken above, in this thread.
        unsafe { writers.unlock(()) };
    }

    fn read_by_rust(&self, paced: bool) -> Words<WORDS> {
        let KernelLocks { latch, words: [first, second], .. } = self.shared;
        latch.read(|slot| if slot == 0 { first } else { second }.load(paced))
    }
}

impl Subject for MixedLatch {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        if self.writer.is_rust(turn) {
            self.write_by_rust(is_paced(turn));
        } else {
            hammer_latch_write(u32::from(is_paced(turn)));
        }
    }

    fn read(&self, turn: u64) -> ReadOutcome {
        let before = self.shared.latch.sequence();
        let outcome = if self.reader.is_rust(turn) {
            ReadOutcome::new(self.read_by_rust(is_paced(turn)).generation(), 0)
        } else {
            read_by_c(hammer_latch_read, is_paced(turn))
        };
        let was_inside = before % 2 == 1 && self.shared.latch.sequence() == before;
        match outcome {
            ReadOutcome::Whole { generation, .. } => {
                ReadOutcome::Whole { generation, met: u64::from(was_inside) }
            }
            other => other,
        }
    }

    fn generation(&self) -> u64 {
        self.shared.words[0].newest()
    }

    fn has_count_of(&self, writes: u64) -> bool {
        self.shared.latch.sequence() == (writes as u32).wrapping_mul(2)
    }
}
