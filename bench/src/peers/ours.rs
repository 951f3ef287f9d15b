// SPDX-License-Identifier: MIT OR Apache-2.0
//! The types of this project: the lock, the split lock with a single writer, and the latch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tearfree::lock::{DefaultLock, Fair, WriterLock};
use tearfree::{Reader, SeqLatch, SeqLock, Writer};

use crate::contestant::{Contestant, Copies, Direct, Read, Write};
use crate::placement::PageAligned;

pub(super) const NAME: &str = "tearfree";
/// The lock whose writers back off for starving readers.
pub(super) const FAIR: &str = "tearfree fair";
pub(super) const BY_VALUE: &str = "tearfree by value";
pub(super) const SPLIT: &str = "tearfree split";
pub(super) const LATCH: &str = "tearfree latch";

/// The writer locks that are compared, with the name of their rows.
pub(crate) trait RowName: WriterLock {
    const NAME: &'static str;
}

impl RowName for DefaultLock {
    const NAME: &'static str = NAME;
}

impl RowName for Fair {
    const NAME: &'static str = FAIR;
}

impl<T: Copy + Send, L: RowName + Default> Direct<T> for SeqLock<T, L> {
    const NAME: &'static str = L::NAME;

    fn new(value: T) -> Self {
        value.into()
    }

    #[inline(always)]
    fn read(&self) -> T {
        self.read()
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        self.read_into(out);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.set_from(value);
    }
}

/// A `SeqLock` that is written by `set`: the compiler copies a large argument once more.
pub(crate) struct ByValue<T>(SeqLock<T>);

impl<T: Copy + Send> Direct<T> for ByValue<T> {
    const NAME: &'static str = BY_VALUE;

    fn new(value: T) -> Self {
        Self(SeqLock::new(value))
    }

    #[inline(always)]
    fn read(&self) -> T {
        self.0.read()
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        self.0.read_into(out);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.0.set(*value);
    }
}

impl<T: Copy + Send> Direct<T> for SeqLatch<T> {
    const NAME: &'static str = LATCH;
    /// A latch has two copies of its value.
    const COPIES: Copies = Copies::exactly(2, 1);

    fn new(value: T) -> Self {
        Self::new(value)
    }

    #[inline(always)]
    fn read(&self) -> T {
        self.read()
    }

    #[inline(always)]
    fn read_into(&self, out: &mut T) {
        self.read_into(out);
    }

    #[inline(always)]
    fn set(&self, value: &T) {
        self.set_from(value);
    }
}

/// The lock split into its one writer, which needs no writer lock, and its readers.
///
/// Both borrow the lock, so it is leaked: about one page of memory for each measured case.
pub(crate) struct Split<T: Copy + 'static> {
    writer: Mutex<Writer<&'static SeqLock<T>>>,
    reader: Reader<&'static SeqLock<T>>,
}

pub(crate) struct SplitWriter<'a, T: Copy + 'static>(MutexGuard<'a, Writer<&'static SeqLock<T>>>);

impl<T: Copy + Send> Contestant<T> for Split<T> {
    const NAME: &'static str = SPLIT;
    const ON_HEAP: bool = true;
    const MANY_WRITERS: bool = false;

    type Reader<'a> = Reader<&'static SeqLock<T>>;
    type Writer<'a> = SplitWriter<'a, T>;

    fn new(value: T) -> Self {
        let lock = Box::leak(Box::new(PageAligned(SeqLock::new(value))));
        let (writer, reader) = lock.0.split();
        Self { writer: Mutex::new(writer), reader }
    }

    fn reader(&self) -> Reader<&'static SeqLock<T>> {
        self.reader
    }

    // Taken once for a whole batch, outside the measured time.
    fn writer(&self) -> SplitWriter<'_, T> {
        SplitWriter(self.writer.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T: Copy + Send> Read<T> for Reader<&'static SeqLock<T>> {
    #[inline(always)]
    fn read(&mut self) -> T {
        Reader::read(self)
    }

    #[inline(always)]
    fn read_into(&mut self, out: &mut T) {
        Reader::read_into(self, out);
    }
}

impl<T: Copy + Send> Write<T> for SplitWriter<'_, T> {
    #[inline(always)]
    fn set(&mut self, value: &T) {
        self.0.set_from(value);
    }
}
