// SPDX-License-Identifier: GPL-2.0
//! The subjects that are tearfree's own locks.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tearfree::context::SavedContext;
use tearfree::lock::WriterLock;
use tearfree::{SeqCount, SeqLatch, SeqLock};
use tearfree_kernel::{IrqSave, SpinLock};

use crate::action::Subject;
use crate::interruption::in_section;
use crate::tally::ReadOutcome;
use crate::words::{SharedWords, Words, is_paced};

/// A `SeqLock`, written and read by its different calls in turn.
pub(crate) struct Locked<const N: usize, L = SpinLock> {
    lock: SeqLock<Words<N>, L>,
    keeps_out: bool,
}

impl<const N: usize, L: WriterLock> Locked<N, L> {
    pub(crate) const fn new(lock: L) -> Self {
        Locked { lock: SeqLock::with_lock(Words::FIRST, lock), keeps_out: false }
    }

    /// As [`new`](Self::new), with a lock that keeps an interruption out while it is held.
    pub(crate) const fn new_in_context(lock: L) -> Self {
        Locked { lock: SeqLock::with_lock(Words::FIRST, lock), keeps_out: true }
    }

    fn advance(&self, words: &mut Words<N>) {
        if self.keeps_out {
            in_section(|| words.advance());
        } else {
            words.advance();
        }
    }
}

impl<const N: usize, L: WriterLock + Sync> Subject for Locked<N, L> {
    fn write(&self, turn: u64) {
        match turn % 3 {
            0 => self.lock.update(|words| self.advance(words)),
            1 => self.advance(&mut self.lock.write()),
            _ => match self.lock.try_write() {
                Some(mut words) => self.advance(&mut words),
                None => self.lock.update(|words| self.advance(words)),
            },
        }
    }

    fn read(&self, turn: u64) -> ReadOutcome {
        if let Some(words) = self.lock.try_read() {
            return ReadOutcome::new(words.generation(), 0);
        }
        // A writer was inside when it began, or changed the value during the copy.
        let words = match turn % 3 {
            0 => self.lock.read(),
            1 => {
                let mut words = Words::FIRST;
                self.lock.read_into(&mut words);
                words
            }
            _ => self.lock.read_versioned().0,
        };
        ReadOutcome::new(words.generation(), 1)
    }

    fn generation(&self) -> u64 {
        self.lock.read().generation().unwrap_or(0)
    }
}

/// A `SeqLock` whose writers are in the context `C` at each call, and which interruptions read.
pub(crate) struct InContextOf<const N: usize, C>(SeqLock<Words<N>, SpinLock>, PhantomData<fn(C)>);

impl<const N: usize, C> InContextOf<N, C> {
    pub(crate) const fn new() -> Self {
        InContextOf(SeqLock::with_lock(Words::FIRST, SpinLock::new()), PhantomData)
    }
}

impl<const N: usize, C: SavedContext> Subject for InContextOf<N, C> {
    fn write(&self, turn: u64) {
        let advance = |words: &mut Words<N>| in_section(|| words.advance());
        if turn.is_multiple_of(2) {
            self.0.within::<C>().update(advance);
        } else {
            advance(&mut self.0.within::<C>().write());
        }
    }

    /// The plain `read`, which would never return in an interruption of the writer.
    fn read(&self, _: u64) -> ReadOutcome {
        ReadOutcome::new(self.0.read().generation(), 0)
    }

    fn generation(&self) -> u64 {
        self.0.read().generation().unwrap_or(0)
    }
}

/// A `SeqLock` that interrupts write, with readers that disable interrupts or take the lock.
pub(crate) struct Exclusive<const N: usize>(SeqLock<Words<N>, SpinLock>);

impl<const N: usize> Exclusive<N> {
    pub(crate) const fn new() -> Self {
        Exclusive(SeqLock::with_lock(Words::FIRST, SpinLock::new()))
    }
}

impl<const N: usize> Subject for Exclusive<N> {
    fn write(&self, _: u64) {
        self.0.within::<IrqSave>().update(Words::advance);
    }

    fn read(&self, turn: u64) -> ReadOutcome {
        let words = match turn % 3 {
            0 => self.0.within::<IrqSave>().read(),
            1 => self.0.within::<IrqSave>().read_or_lock(),
            _ => {
                let locked = self.0.within::<IrqSave>().read_excl();
                in_section(|| *locked)
            }
        };
        ReadOutcome::new(words.generation(), 0)
    }

    fn generation(&self) -> u64 {
        self.0.read().generation().unwrap_or(0)
    }
}

/// A `SeqLock` whose writers leave interrupts on, and whose readers give up: the control that shows that
/// interruptions do hit writers mid-copy.
pub(crate) struct InterruptsOn<const N: usize>(SeqLock<Words<N>, SpinLock>);

impl<const N: usize> InterruptsOn<N> {
    const ATTEMPTS: u32 = 100;

    pub(crate) const fn new() -> Self {
        InterruptsOn(SeqLock::with_lock(Words::FIRST, SpinLock::new()))
    }
}

impl<const N: usize> Subject for InterruptsOn<N> {
    fn write(&self, _: u64) {
        self.0.update(Words::advance);
    }

    fn read(&self, _: u64) -> ReadOutcome {
        for _ in 0..Self::ATTEMPTS {
            if let Some(words) = self.0.try_read() {
                return ReadOutcome::new(words.generation(), 0);
            }
        }
        ReadOutcome::Stuck
    }

    fn generation(&self) -> u64 {
        self.0.read().generation().unwrap_or(0)
    }
}

/// A `SeqLatch`. A read has met a writer if all of it was while one write was being published.
pub(crate) struct Latched<const N: usize> {
    latch: SeqLatch<Words<N>, SpinLock>,
    /// Keeps the other writers out until `sections` has been counted up.
    writers: SpinLock,
    /// Counted up before and after each publication: odd while one is under way.
    sections: AtomicU64,
}

impl<const N: usize> Latched<N> {
    pub(crate) const fn new() -> Self {
        Latched {
            latch: SeqLatch::with_lock(Words::FIRST, SpinLock::new()),
            writers: SpinLock::new(),
            sections: AtomicU64::new(0),
        }
    }

    /// Counts one end of a publication. The caller has taken `writers`.
    fn count_end(&self) {
        // ORDERING: Relaxed: a hint for the statistics, which `writers` keeps from others; it orders
        // nothing of the latch.
        let sections = self.sections.load(Relaxed);
        // ORDERING: Relaxed: the same hint. A read that sees it late counts one meeting less.
        self.sections.store(sections.wrapping_add(1), Relaxed);
    }
}

impl<const N: usize> Subject for Latched<N> {
    fn write(&self, _: u64) {
        self.writers.lock();
        self.latch.update(|words| {
            words.advance();
            self.count_end();
        });
        self.count_end();
        // SAFETY: P5. Taken above, in this thread.
        unsafe { self.writers.unlock(()) };
    }

    fn read(&self, _: u64) -> ReadOutcome {
        // ORDERING: Relaxed: counted, and used for nothing else.
        let sections = || self.sections.load(Relaxed);
        let (before, words, after) = (sections(), self.latch.read(), sections());
        let was_inside = before % 2 == 1 && before == after;
        ReadOutcome::new(words.generation(), u64::from(was_inside))
    }

    fn generation(&self) -> u64 {
        self.latch.read().generation().unwrap_or(0)
    }
}

/// A `SeqCount<u32>` beside the words that it protects, as in a driver.
pub(crate) struct Counted<const N: usize> {
    count: SeqCount<u32>,
    writers: SpinLock,
    words: SharedWords<N>,
}

impl<const N: usize> Counted<N> {
    pub(crate) const fn new() -> Self {
        Counted { count: SeqCount::new(), writers: SpinLock::new(), words: SharedWords::new() }
    }
}

impl<const N: usize> Subject for Counted<N> {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        self.writers.lock();
        let section = self.count.write();
        self.words.store(self.words.newest().wrapping_add(1), is_paced(turn));
        drop(section);
        // SAFETY: P5. Taken above, in this thread.
        unsafe { self.writers.unlock(()) };
    }

    fn read(&self, turn: u64) -> ReadOutcome {
        read_counted(&self.count, || self.words.load(is_paced(turn)))
    }

    fn generation(&self) -> u64 {
        self.words.newest()
    }

    fn has_count_of(&self, writes: u64) -> bool {
        self.count.sequence() == (writes as u32).wrapping_mul(2)
    }
}

/// Reads until a read is consistent. Each failed attempt has met a writer.
#[inline]
pub(crate) fn read_counted<const N: usize>(
    count: &SeqCount<u32>,
    load: impl Fn() -> Words<N>,
) -> ReadOutcome {
    let mut met = u64::from(count.try_read_begin().is_none());
    loop {
        let start = count.read_begin();
        let words = load();
        if !count.read_retry(start) {
            return ReadOutcome::new(words.generation(), met);
        }
        met += 1;
    }
}

/// Words without any protection: the control that shows that they do tear.
pub(crate) struct Unprotected<const N: usize> {
    words: SharedWords<N>,
}

impl<const N: usize> Unprotected<N> {
    pub(crate) const fn new() -> Self {
        Unprotected { words: SharedWords::new() }
    }
}

impl<const N: usize> Subject for Unprotected<N> {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        self.words.store(self.words.newest().wrapping_add(1), is_paced(turn));
    }

    fn read(&self, turn: u64) -> ReadOutcome {
        ReadOutcome::new(self.words.load(is_paced(turn)).generation(), 0)
    }

    fn generation(&self) -> u64 {
        self.words.newest()
    }
}
