// SPDX-License-Identifier: GPL-2.0
//! The kernel's own sequence locks under the hammer, C on one side and Rust on the other.

use core::mem::offset_of;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tearfree::context::Context;
use tearfree::lock::WriterLock;
use tearfree::{LatchCount, SeqCount};
use tearfree_kernel::{IrqSave, KernelSeqLock, SpinLock};

use crate::locks::{Subject, read_counted};
use crate::tally::Look;
use crate::words::{SharedWords, Words, is_paced};

const WORDS: usize = 8;

/// The twin of `struct hammer_shared`, which asserts the same layout.
#[repr(C)]
pub(crate) struct Shared {
    lock: KernelSeqLock,
    count: SeqCount<u32>,
    latch: LatchCount<u32>,
    writers: SpinLock,
    words: [SharedWords<WORDS>; 2],
}

const _: () = {
    assert!(size_of::<Shared>() == 152);
    assert!(offset_of!(Shared, count) == 8);
    assert!(offset_of!(Shared, latch) == 12);
    assert!(offset_of!(Shared, writers) == 16);
    assert!(offset_of!(Shared, words) == 24);
};

unsafe extern "C" {
    safe fn hammer_shared_anew() -> *mut Shared;
    safe fn hammer_seqlock_write(paced: u32);
    safe fn hammer_seqlock_write_irqsave(paced: u32);
    fn hammer_seqlock_read(words: *mut u64, paced: u32) -> u32;
    safe fn hammer_seqcount_write(paced: u32);
    fn hammer_seqcount_read(words: *mut u64, paced: u32) -> u32;
    safe fn hammer_latch_write(paced: u32);
    fn hammer_latch_read(words: *mut u64, paced: u32) -> u32;
}

impl Shared {
    /// All of it at zero. Nobody uses it any more when this is called.
    fn anew<'a>() -> &'a Self {
        // SAFETY: P11. The module's own memory, initialised, and touched atomically only, by the
        // kernel's functions and by ours.
        unsafe { &*hammer_shared_anew() }
    }
}

/// Which side does it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// The kernel's functions, in C.
    C,
    /// tearfree.
    Rust,
    /// Both, each at both speeds.
    Both,
}

impl By {
    #[inline]
    fn is_rust(self, turn: u64) -> bool {
        match self {
            By::C => false,
            By::Rust => true,
            By::Both => (turn / 2).is_multiple_of(2),
        }
    }
}

/// Reads by a function of C, which gives how often a writer was in the way.
#[inline]
fn read_by_c(read: unsafe extern "C" fn(*mut u64, u32) -> u32, paced: bool) -> Look {
    let mut words = Words::<WORDS>::FIRST;
    // SAFETY: there is room for the words; C fills it and keeps nothing.
    let met = unsafe { read(words.as_mut_ptr(), u32::from(paced)) };
    Look::at(words.generation(), u64::from(met))
}

/// A `seqlock_t`.
pub(crate) struct SeqLockOfKernel {
    shared: &'static Shared,
    writer: By,
    reader: By,
    irqsave: bool,
}

impl SeqLockOfKernel {
    pub(crate) fn new(writer: By, reader: By) -> Self {
        SeqLockOfKernel { shared: Shared::anew(), writer, reader, irqsave: false }
    }

    /// The same, whose writers keep interrupts out.
    pub(crate) fn irqsave(writer: By, reader: By) -> Self {
        SeqLockOfKernel { irqsave: true, ..Self::new(writer, reader) }
    }

    fn write_by_rust(&self, paced: bool) {
        let words = &self.shared.words[0];
        let section = self.shared.lock.write();
        words.put(words.newest().wrapping_add(1), paced);
        drop(section);
    }
}

impl Subject for SeqLockOfKernel {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        let paced = is_paced(turn);
        match (self.writer.is_rust(turn), self.irqsave) {
            (true, true) => IrqSave::with(|| self.write_by_rust(paced)),
            (true, false) => self.write_by_rust(paced),
            (false, true) => hammer_seqlock_write_irqsave(u32::from(paced)),
            (false, false) => hammer_seqlock_write(u32::from(paced)),
        }
    }

    fn read(&self, turn: u64) -> Look {
        if !self.reader.is_rust(turn) {
            return read_by_c(hammer_seqlock_read, is_paced(turn));
        }
        read_counted(self.shared.lock.count(), || self.shared.words[0].take(is_paced(turn)))
    }

    fn generation(&self) -> u64 {
        self.shared.words[0].newest()
    }

    fn counts(&self, writes: u64) -> bool {
        self.shared.lock.count().sequence() == (writes as u32).wrapping_mul(2)
    }
}

/// A `seqcount_t`, whose writers take a lock of their own.
pub(crate) struct SeqCountOfKernel {
    shared: &'static Shared,
    writer: By,
    reader: By,
}

impl SeqCountOfKernel {
    pub(crate) fn new(writer: By, reader: By) -> Self {
        SeqCountOfKernel { shared: Shared::anew(), writer, reader }
    }
}

impl Subject for SeqCountOfKernel {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        if !self.writer.is_rust(turn) {
            hammer_seqcount_write(u32::from(is_paced(turn)));
            return;
        }
        let words = &self.shared.words[0];
        self.shared.writers.lock();
        let section = self.shared.count.write();
        words.put(words.newest().wrapping_add(1), is_paced(turn));
        drop(section);
        // SAFETY: P5. Taken above, in this thread.
        unsafe { self.shared.writers.unlock(()) };
    }

    fn read(&self, turn: u64) -> Look {
        if !self.reader.is_rust(turn) {
            return read_by_c(hammer_seqcount_read, is_paced(turn));
        }
        read_counted(&self.shared.count, || self.shared.words[0].take(is_paced(turn)))
    }

    fn generation(&self) -> u64 {
        self.shared.words[0].newest()
    }

    fn counts(&self, writes: u64) -> bool {
        self.shared.count.sequence() == (writes as u32).wrapping_mul(2)
    }
}

/// A `seqcount_latch_t`. Its readers have met a writer if one was at work when they came.
pub(crate) struct LatchOfKernel {
    shared: &'static Shared,
    writer: By,
    reader: By,
    at_work: AtomicBool,
}

impl LatchOfKernel {
    pub(crate) fn new(writer: By, reader: By) -> Self {
        let at_work = AtomicBool::new(false);
        LatchOfKernel { shared: Shared::anew(), writer, reader, at_work }
    }

    fn write_by_rust(&self, paced: bool) {
        let Shared { latch, writers, words: [first, second], .. } = self.shared;
        writers.lock();
        let generation = first.newest().wrapping_add(1);
        latch.write_begin();
        first.put(generation, paced);
        latch.write_flip();
        second.put(generation, paced);
        latch.write_end();
        // SAFETY: P5. Taken above, in this thread.
        unsafe { writers.unlock(()) };
    }

    fn read_by_rust(&self, paced: bool) -> Words<WORDS> {
        let Shared { latch, words: [first, second], .. } = self.shared;
        latch.read(|slot| if slot == 0 { first } else { second }.take(paced))
    }
}

impl Subject for LatchOfKernel {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        // ORDERING: Relaxed: a hint for the statistics; it orders nothing of the latch.
        self.at_work.store(true, Relaxed);
        if self.writer.is_rust(turn) {
            self.write_by_rust(is_paced(turn));
        } else {
            hammer_latch_write(u32::from(is_paced(turn)));
        }
        // ORDERING: Relaxed: the hint is cleared; readers that miss that count one more meeting.
        self.at_work.store(false, Relaxed);
    }

    fn read(&self, turn: u64) -> Look {
        // ORDERING: Relaxed: counted, and used for nothing else.
        let met = u64::from(self.at_work.load(Relaxed));
        if self.reader.is_rust(turn) {
            return Look::at(self.read_by_rust(is_paced(turn)).generation(), met);
        }
        match read_by_c(hammer_latch_read, is_paced(turn)) {
            Look::Whole { generation, .. } => Look::Whole { generation, met },
            other => other,
        }
    }

    fn generation(&self) -> u64 {
        self.shared.words[0].newest()
    }

    fn counts(&self, writes: u64) -> bool {
        self.shared.latch.sequence() == (writes as u32).wrapping_mul(2)
    }
}
