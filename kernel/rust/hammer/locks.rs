// SPDX-License-Identifier: GPL-2.0
//! tearfree's own locks under the hammer.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tearfree::context::SavedContext;
use tearfree::lock::WriterLock;
use tearfree::{SeqCount, SeqLatch, SeqLock};
use tearfree_kernel::{IrqSave, SpinLock};

use crate::tally::Look;
use crate::words::{SharedWords, Words, is_paced};

/// Something shared, whose writers bring it to the next generation.
pub(crate) trait Subject: Sync {
    /// Whether its words go one by one, every other time with a pause after each.
    const WORD_BY_WORD: bool = false;

    /// Writes the next generation. `turn` numbers the calls of one caller, who may choose by it.
    fn write(&self, turn: u64);

    /// Reads, and says what it saw.
    fn read(&self, turn: u64) -> Look;

    /// The generation when nobody writes any more.
    fn generation(&self) -> u64;

    /// Whether the count has moved as often as `writes` writes move it, where it can be seen.
    fn counts(&self, _writes: u64) -> bool {
        true
    }
}

/// A `SeqLock`, written and read by each of its calls in turn.
pub(crate) struct Locked<const N: usize, L = SpinLock>(SeqLock<Words<N>, L>);

impl<const N: usize, L: WriterLock> Locked<N, L> {
    pub(crate) const fn new(lock: L) -> Self {
        Locked(SeqLock::with_lock(Words::FIRST, lock))
    }
}

impl<const N: usize, L: WriterLock + Sync> Subject for Locked<N, L> {
    fn write(&self, turn: u64) {
        match turn % 3 {
            0 => self.0.update(Words::advance),
            1 => self.0.write().advance(),
            _ => match self.0.try_write() {
                Some(mut words) => words.advance(),
                None => self.0.update(Words::advance),
            },
        }
    }

    fn read(&self, turn: u64) -> Look {
        if let Some(words) = self.0.try_read() {
            return Look::at(words.generation(), 0);
        }
        let words = match turn % 3 {
            0 => self.0.read(),
            1 => {
                let mut words = Words::FIRST;
                self.0.read_into(&mut words);
                words
            }
            _ => self.0.read_versioned().0,
        };
        Look::at(words.generation(), 1)
    }

    fn generation(&self) -> u64 {
        self.0.read().generation().unwrap_or(0)
    }
}

/// A `SeqLock` whose writers keep `C` out at each call, and which interruptions read.
pub(crate) struct Kept<const N: usize, C>(SeqLock<Words<N>, SpinLock>, PhantomData<fn(C)>);

impl<const N: usize, C> Kept<N, C> {
    pub(crate) const fn new() -> Self {
        Kept(SeqLock::with_lock(Words::FIRST, SpinLock::new()), PhantomData)
    }
}

impl<const N: usize, C: SavedContext> Subject for Kept<N, C> {
    fn write(&self, turn: u64) {
        if turn.is_multiple_of(2) {
            self.0.within::<C>().update(Words::advance);
        } else {
            self.0.within::<C>().write().advance();
        }
    }

    /// The plain `read`: it would wait for ever in an interruption that hit the writer.
    fn read(&self, _: u64) -> Look {
        Look::at(self.0.read().generation(), 0)
    }

    fn generation(&self) -> u64 {
        self.0.read().generation().unwrap_or(0)
    }
}

/// The readers that keep interrupts out or take the lock, of a value that interrupts write.
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

    fn read(&self, turn: u64) -> Look {
        let before = self.0.version();
        let words = match turn % 3 {
            0 => self.0.within::<IrqSave>().read(),
            1 => self.0.within::<IrqSave>().read_or_lock(),
            _ => *self.0.within::<IrqSave>().read_excl(),
        };
        Look::at(words.generation(), u64::from(self.0.version() != before))
    }

    fn generation(&self) -> u64 {
        self.0.read().generation().unwrap_or(0)
    }
}

/// A `SeqLock` whose writers keep nothing out, and readers that give up: the control which shows
/// that interruptions do hit writers in their copy.
pub(crate) struct LeftOn<const N: usize>(SeqLock<Words<N>, SpinLock>);

impl<const N: usize> LeftOn<N> {
    const ATTEMPTS: u32 = 100;

    pub(crate) const fn new() -> Self {
        LeftOn(SeqLock::with_lock(Words::FIRST, SpinLock::new()))
    }
}

impl<const N: usize> Subject for LeftOn<N> {
    fn write(&self, _: u64) {
        self.0.update(Words::advance);
    }

    fn read(&self, _: u64) -> Look {
        for _ in 0..Self::ATTEMPTS {
            if let Some(words) = self.0.try_read() {
                return Look::at(words.generation(), 0);
            }
        }
        Look::Stuck
    }

    fn generation(&self) -> u64 {
        self.0.read().generation().unwrap_or(0)
    }
}

/// A `SeqLatch`. Its readers have met a writer if one was at work when they came.
pub(crate) struct Latched<const N: usize> {
    latch: SeqLatch<Words<N>, SpinLock>,
    at_work: AtomicBool,
}

impl<const N: usize> Latched<N> {
    pub(crate) const fn new() -> Self {
        Latched {
            latch: SeqLatch::with_lock(Words::FIRST, SpinLock::new()),
            at_work: AtomicBool::new(false),
        }
    }
}

impl<const N: usize> Subject for Latched<N> {
    fn write(&self, _: u64) {
        self.latch.update(|words| {
            words.advance();
            // ORDERING: Relaxed: a hint for the statistics; it orders nothing of the latch.
            self.at_work.store(true, Relaxed);
        });
        // ORDERING: Relaxed: the hint is cleared; readers that miss that count one more meeting.
        self.at_work.store(false, Relaxed);
    }

    fn read(&self, _: u64) -> Look {
        // ORDERING: Relaxed: counted, and used for nothing else.
        let met = self.at_work.load(Relaxed);
        Look::at(self.latch.read().generation(), u64::from(met))
    }

    fn generation(&self) -> u64 {
        self.latch.read().generation().unwrap_or(0)
    }
}

/// A `SeqCount<u32>` beside words of its own, as a driver would use it.
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
        self.words.put(self.words.newest().wrapping_add(1), is_paced(turn));
        drop(section);
        // SAFETY: P5. Taken above, in this thread.
        unsafe { self.writers.unlock(()) };
    }

    fn read(&self, turn: u64) -> Look {
        read_counted(&self.count, || self.words.take(is_paced(turn)))
    }

    fn generation(&self) -> u64 {
        self.words.newest()
    }

    fn counts(&self, writes: u64) -> bool {
        self.count.sequence() == (writes as u32).wrapping_mul(2)
    }
}

/// Reads until a read is consistent; each failed attempt has met a writer.
#[inline]
pub(crate) fn read_counted<const N: usize>(
    count: &SeqCount<u32>,
    take: impl Fn() -> Words<N>,
) -> Look {
    let mut met = u64::from(count.try_read_begin().is_none());
    loop {
        let start = count.read_begin();
        let words = take();
        if !count.read_retry(start) {
            return Look::at(words.generation(), met);
        }
        met += 1;
    }
}

/// The same words without any protocol: the control which shows that they do tear.
pub(crate) struct Bare<const N: usize> {
    words: SharedWords<N>,
}

impl<const N: usize> Bare<N> {
    pub(crate) const fn new() -> Self {
        Bare { words: SharedWords::new() }
    }
}

impl<const N: usize> Subject for Bare<N> {
    const WORD_BY_WORD: bool = true;

    fn write(&self, turn: u64) {
        self.words.put(self.words.newest().wrapping_add(1), is_paced(turn));
    }

    fn read(&self, turn: u64) -> Look {
        Look::at(self.words.take(is_paced(turn)).generation(), 0)
    }

    fn generation(&self) -> u64 {
        self.words.newest()
    }
}
