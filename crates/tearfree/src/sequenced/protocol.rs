// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two ways to store a value beside its count, behind one trait: in one copy, or in two.

use crate::copy::Shared;
use crate::latch::LatchCount;
use crate::read_side::ReadSide;
use crate::seqcount::SeqCount;

/// How a value is stored beside its count: as [`OneCopy`], or as [`TwoCopies`]. Sealed.
///
/// What readers do differently is in the `ReadSide` of the two counts.
pub trait Protocol: sealed::Sealed + Sized + 'static {
    /// The name for `Debug`.
    #[doc(hidden)]
    const NAME: &'static str;
    /// Whether readers may have to wait for a writer.
    #[doc(hidden)]
    const READERS_WAIT: bool;
    #[doc(hidden)]
    type Count: ReadSide<Number = usize>;
    /// The value and its count.
    #[doc(hidden)]
    type Cell<T>;

    #[doc(hidden)]
    fn new_cell<T: Copy>(value: T) -> Self::Cell<T>;

    #[doc(hidden)]
    fn count<T>(cell: &Self::Cell<T>) -> &Self::Count;

    /// Returns the copies, by slot. The one writer may read the first one without the count (P5).
    #[doc(hidden)]
    fn copies<T>(cell: &Self::Cell<T>) -> &[Shared<T>];

    /// Returns the number of the last complete write, by an acquire load.
    #[doc(hidden)]
    fn newest(count: &Self::Count) -> usize;

    /// Returns the present count, without any ordering.
    #[doc(hidden)]
    fn sequence(count: &Self::Count) -> usize;

    /// Stores `value` and moves the count. The caller is the one writer (P5).
    #[doc(hidden)]
    fn publish<T: Copy>(cell: &Self::Cell<T>, value: &T);

    /// Publishes `value` also where a writer was cut off. Only readers in handlers that interrupt this thread
    /// may use the value meanwhile.
    #[doc(hidden)]
    fn restart<T: Copy>(cell: &Self::Cell<T>, value: &T);
}

mod sealed {
    pub trait Sealed {}
}

/// One copy: readers wait while the writer changes it. A [`SeqLock`](crate::SeqLock).
#[derive(Debug)]
pub enum OneCopy {}

/// Two copies: readers use the one that the writer does not change. A [`SeqLatch`](crate::SeqLatch).
#[derive(Debug)]
pub enum TwoCopies {}

impl sealed::Sealed for OneCopy {}
impl sealed::Sealed for TwoCopies {}

#[repr(C)]
#[derive(Debug)]
#[doc(hidden)]
pub struct Single<T> {
    // First, so that it has the alignment of the whole struct.
    pub(super) payload: Shared<T>,
    pub(super) count: SeqCount,
}

impl<T: Copy> Single<T> {
    pub(super) const fn new(value: T) -> Self {
        Single { payload: Shared::new(value), count: SeqCount::new() }
    }
}

impl Protocol for OneCopy {
    const NAME: &'static str = "SeqLock";
    const READERS_WAIT: bool = true;
    type Count = SeqCount;
    type Cell<T> = Single<T>;

    #[inline]
    fn new_cell<T: Copy>(value: T) -> Single<T> {
        Single::new(value)
    }

    #[inline]
    fn count<T>(cell: &Single<T>) -> &SeqCount {
        &cell.count
    }

    #[inline]
    fn copies<T>(cell: &Single<T>) -> &[Shared<T>] {
        core::slice::from_ref(&cell.payload)
    }

    #[inline]
    fn newest(count: &SeqCount) -> usize {
        count.raw_read_begin().sequence()
    }

    #[inline]
    fn sequence(count: &SeqCount) -> usize {
        count.sequence()
    }

    #[inline]
    fn publish<T: Copy>(cell: &Single<T>, value: &T) {
        cell.count.write_begin();
        cell.payload.store(value);
        cell.count.write_end();
    }

    fn restart<T: Copy>(cell: &Single<T>, value: &T) {
        if cell.count.try_read_begin().is_some() {
            cell.count.write_begin();
        }
        cell.payload.store(value);
        cell.count.write_end();
    }
}

#[repr(C)]
#[derive(Debug)]
#[doc(hidden)]
pub struct Double<T> {
    pub(super) slots: [Shared<T>; 2],
    pub(super) count: LatchCount,
}

impl<T: Copy> Double<T> {
    pub(super) const fn new(value: T) -> Self {
        Double { slots: [Shared::new(value), Shared::new(value)], count: LatchCount::new() }
    }
}

impl Protocol for TwoCopies {
    const NAME: &'static str = "SeqLatch";
    const READERS_WAIT: bool = false;
    type Count = LatchCount;
    type Cell<T> = Double<T>;

    #[inline]
    fn new_cell<T: Copy>(value: T) -> Double<T> {
        Double::new(value)
    }

    #[inline]
    fn count<T>(cell: &Double<T>) -> &LatchCount {
        &cell.count
    }

    #[inline]
    fn copies<T>(cell: &Double<T>) -> &[Shared<T>] {
        &cell.slots
    }

    #[inline]
    fn newest(count: &LatchCount) -> usize {
        count.read_begin().settled()
    }

    #[inline]
    fn sequence(count: &LatchCount) -> usize {
        count.sequence()
    }

    #[inline]
    fn publish<T: Copy>(cell: &Double<T>, value: &T) {
        cell.count.write_begin();
        cell.slots[0].store(value);
        cell.count.write_flip();
        cell.slots[1].store(value);
        cell.count.write_end();
    }

    fn restart<T: Copy>(cell: &Double<T>, value: &T) {
        if cell.count.read_begin().slot() == 0 {
            // Readers use slot 0. Slot 1 may be half of an unfinished write, so it is made whole before they use it.
            cell.slots[1].store(value);
            cell.count.write_begin();
        }
        // Readers use slot 1, which is whole; slot 0 may be half of an unfinished write.
        cell.slots[0].store(value);
        cell.count.write_flip();
        cell.slots[1].store(value);
        cell.count.write_end();
    }
}
