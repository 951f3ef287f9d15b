// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two ways to keep a value beside its count, behind one trait: in one copy, or in two.

use crate::copy::Shared;
use crate::latch::{LatchCount, LatchStart};
use crate::seqcount::{SeqCount, Start};

/// How a value is kept beside its count: as [`OneCopy`], or as [`TwoCopies`]. Sealed.
///
/// The readers' and the writer's steps are all that the two ways differ in.
pub trait Protocol: sealed::Sealed + Sized + 'static {
    /// What `Debug` calls the whole.
    #[doc(hidden)]
    const NAME: &'static str;
    /// Whether a reader that fails has a writer to wait for.
    #[doc(hidden)]
    const READERS_WAIT: bool;
    /// The value and its count.
    #[doc(hidden)]
    type Cell<T>;
    #[doc(hidden)]
    type Start: Copy;

    #[doc(hidden)]
    fn cell<T: Copy>(value: T) -> Self::Cell<T>;

    /// Begins a read, if there is a copy that no writer is changing.
    #[doc(hidden)]
    fn try_begin<T: Copy>(cell: &Self::Cell<T>) -> Option<Self::Start>;

    /// The copy to read from.
    #[doc(hidden)]
    fn copy_at<T: Copy>(cell: &Self::Cell<T>, start: Self::Start) -> &Shared<T>;

    /// Whether what was read since `start` may be torn.
    #[doc(hidden)]
    fn must_retry<T: Copy>(cell: &Self::Cell<T>, start: Self::Start) -> bool;

    /// The even count of the write that a read from `start` on sees.
    #[doc(hidden)]
    fn version_at(start: Self::Start) -> usize;

    /// The even count of the last complete write, acquired.
    #[doc(hidden)]
    fn version<T: Copy>(cell: &Self::Cell<T>) -> usize;

    /// The count as it is now, without any order.
    #[doc(hidden)]
    fn count<T: Copy>(cell: &Self::Cell<T>) -> usize;

    /// The copy that the one writer may read without looking at the count (P5).
    #[doc(hidden)]
    fn copy_of_writer<T: Copy>(cell: &Self::Cell<T>) -> &Shared<T>;

    /// Stores `value` and moves the count. The caller is the one writer (P5).
    #[doc(hidden)]
    fn publish<T: Copy>(cell: &Self::Cell<T>, value: &T);

    /// As `publish`, also where a writer was cut off. No one else uses the value, but for readers in
    /// handlers that interrupt this thread.
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
    // First, so that it is aligned as the whole is, and copied as fast as anything that is.
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
    type Cell<T> = Single<T>;
    type Start = Start;

    #[inline]
    fn cell<T: Copy>(value: T) -> Single<T> {
        Single::new(value)
    }

    #[inline]
    fn try_begin<T: Copy>(cell: &Single<T>) -> Option<Start> {
        cell.count.try_read_begin()
    }

    #[inline]
    fn copy_at<T: Copy>(cell: &Single<T>, _start: Start) -> &Shared<T> {
        &cell.payload
    }

    #[inline]
    fn must_retry<T: Copy>(cell: &Single<T>, start: Start) -> bool {
        cell.count.read_retry(start)
    }

    #[inline]
    fn version_at(start: Start) -> usize {
        start.sequence()
    }

    #[inline]
    fn version<T: Copy>(cell: &Single<T>) -> usize {
        cell.count.raw_read_begin().sequence()
    }

    #[inline]
    fn count<T: Copy>(cell: &Single<T>) -> usize {
        cell.count.sequence()
    }

    #[inline]
    fn copy_of_writer<T: Copy>(cell: &Single<T>) -> &Shared<T> {
        &cell.payload
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
    type Cell<T> = Double<T>;
    type Start = LatchStart;

    #[inline]
    fn cell<T: Copy>(value: T) -> Double<T> {
        Double::new(value)
    }

    #[inline]
    fn try_begin<T: Copy>(cell: &Double<T>) -> Option<LatchStart> {
        Some(cell.count.read_begin())
    }

    #[inline]
    fn copy_at<T: Copy>(cell: &Double<T>, start: LatchStart) -> &Shared<T> {
        &cell.slots[start.slot()]
    }

    #[inline]
    fn must_retry<T: Copy>(cell: &Double<T>, start: LatchStart) -> bool {
        cell.count.read_retry(start)
    }

    #[inline]
    fn version_at(start: LatchStart) -> usize {
        start.settled()
    }

    #[inline]
    fn version<T: Copy>(cell: &Double<T>) -> usize {
        cell.count.read_begin().settled()
    }

    #[inline]
    fn count<T: Copy>(cell: &Double<T>) -> usize {
        cell.count.sequence()
    }

    #[inline]
    fn copy_of_writer<T: Copy>(cell: &Double<T>) -> &Shared<T> {
        &cell.slots[0]
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
            // Readers use slot 0. Slot 1 may be half of a dead write, so it is whole before they go there.
            cell.slots[1].store(value);
            cell.count.write_begin();
        }
        // Readers use slot 1, which is whole; slot 0 may be half of a dead write.
        cell.slots[0].store(value);
        cell.count.write_flip();
        cell.slots[1].store(value);
        cell.count.write_end();
    }
}
