// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LatchCount`: two copies, so that readers never wait.

#![allow(unsafe_code, reason = "a count can lie in memory of others (P11)")]

use core::convert::Infallible;
use core::fmt;

use crate::count::Count;
use crate::order::{self, PLAIN};
use crate::read_side::{self, ReadSide, attempt, repeat};

/// The bare latch count: `seqcount_latch_t`, for two copies of your own atomics.
///
/// While the count is odd, readers use slot 1 and the writer changes slot 0; while it is even, the
/// other way round. So a reader always finds a slot that is not being changed, even one that interrupts
/// the writer. For one `Copy` value, take [`SeqLatch`](crate::SeqLatch).
///
/// Writers must be serialised by the caller.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use tearfree::LatchCount;
///
/// let (count, data) = (LatchCount::<usize>::new(), [AtomicU64::new(0), AtomicU64::new(0)]);
///
/// count.write_begin(); // readers go to slot 1
/// data[0].store(7, Relaxed);
/// count.write_flip(); // readers go to slot 0
/// data[1].store(7, Relaxed);
/// count.write_end();
///
/// assert_eq!(count.read(|slot| data[slot].load(Relaxed)), 7);
/// ```
#[doc(alias("seqcount_latch_t", "SEQCNT_LATCH_ZERO", "seqcount_latch_init"))]
#[repr(transparent)]
pub struct LatchCount<C: Count = usize> {
    word: C::Atomic,
}

/// The count at the beginning of a latch read, for [`LatchCount::read_retry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "data read without `read_retry` may mix two writes"]
pub struct LatchStart<C: Count = usize>(C);

impl<C: Count> LatchStart<C> {
    /// Returns which of the two copies to read: 0 or 1.
    #[inline]
    #[must_use]
    pub fn slot(self) -> usize {
        usize::from(self.0.is_writing())
    }

    /// Returns the count, odd or even.
    #[inline]
    #[must_use]
    pub fn sequence(self) -> C {
        self.0
    }

    /// Returns the even count of the write that a read from here on sees.
    #[inline]
    pub(crate) fn settled(self) -> C {
        self.0.settled()
    }
}

impl<C: Count> LatchCount<C> {
    /// Creates a count of zero: readers begin with slot 0.
    #[must_use]
    pub const fn new() -> Self {
        LatchCount { word: C::ATOMIC_ZERO }
    }

    /// Creates a count over a word of another owner.
    ///
    /// # Safety
    /// As for [`SeqCount::from_ptr`](crate::SeqCount::from_ptr) (P11).
    #[inline]
    #[must_use]
    pub const unsafe fn from_ptr<'a>(word: *mut C) -> &'a Self {
        // SAFETY: P11. The word stays, aligned and atomic, for `'a`. `LatchCount<C>` is transparent
        // over `C`'s atomic, which has the size and bit validity of `C`.
        unsafe { &*word.cast::<Self>() }
    }

    /// Begins a read; the result names the slot to use. Never waits.
    #[doc(alias("read_seqcount_latch", "raw_read_seqcount_latch"))]
    #[inline]
    pub fn read_begin(&self) -> LatchStart<C> {
        // ORDERING: P7. Pairs with the stores in `write_begin` and `write_flip`: the slot that this
        // count names was whole before they were made.
        LatchStart(C::load(&self.word, order::begin()))
    }

    /// Returns whether data read since `start` must be discarded: the writer has moved on.
    #[doc(alias("read_seqcount_latch_retry", "raw_read_seqcount_latch_retry"))]
    #[inline]
    #[must_use = "true means that the data may mix two writes"]
    pub fn read_retry(&self, start: LatchStart<C>) -> bool {
        // ORDERING: P7. Pairs with the fences in `write_begin` and `write_flip`: a reader that saw a word
        // stored after them sees a count other than `start`.
        order::fence_retry();
        C::load(&self.word, PLAIN) != start.0
    }

    /// Reads from the slot that is whole, until a read is consistent. `data` may run several times.
    #[inline]
    pub fn read<R>(&self, data: impl FnMut(usize) -> R) -> R {
        let Ok((result, _)) = repeat(self, data, || Ok::<(), Infallible>(()));
        result
    }

    /// Attempts one read: `None` if the writer moved on in between.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    /// let (count, data) = (tearfree::LatchCount::<usize>::new(), [5, 5].map(AtomicU64::new));
    /// assert_eq!(count.try_read(|slot| data[slot].load(Relaxed)), Some(5));
    /// assert_eq!(count.try_read(|_| count.write_begin()), None);
    /// ```
    #[inline]
    pub fn try_read<R>(&self, data: impl FnOnce(usize) -> R) -> Option<R> {
        attempt(self, data).map(|(result, _)| result)
    }

    /// Sends readers to slot 1; then the writer changes slot 0.
    ///
    /// # Panics
    /// In debug builds, if a write is already open.
    #[doc(alias("write_seqcount_latch_begin", "raw_write_seqcount_latch"))]
    #[inline]
    pub fn write_begin(&self) {
        let even = C::load_own(&self.word);
        debug_assert!(!even.is_writing(), "a write is already open on this latch");
        // ORDERING: P7. Slot 1 is whole before readers are sent there; pairs with `read_begin`.
        C::store(&self.word, even.next(), order::latch_odd());
        // ORDERING: P7. Slot 0 changes after that; pairs with the fence in `read_retry`.
        order::fence_latch_odd();
    }

    /// Sends readers to slot 0; then the writer changes slot 1.
    ///
    /// # Panics
    /// In debug builds, if no write is open.
    #[doc(alias("write_seqcount_latch", "raw_write_seqcount_latch"))]
    #[inline]
    pub fn write_flip(&self) {
        let odd = C::load_own(&self.word);
        debug_assert!(odd.is_writing(), "no write is open on this latch");
        // ORDERING: P7. Slot 0 is whole before readers are sent there; pairs with `read_begin`.
        C::store(&self.word, odd.next(), order::latch_even());
        // ORDERING: P7. Slot 1 changes after that; pairs with the fence in `read_retry`.
        order::fence_latch_even();
    }

    /// Ends a write. It does nothing: the next [`write_begin`](Self::write_begin) orders slot 1.
    #[doc(alias("write_seqcount_latch_end"))]
    #[inline]
    pub fn write_end(&self) {}

    /// Returns the present count, without any ordering.
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> C {
        // ORDERING: Relaxed: a snapshot of the count; only `read_begin` begins a read.
        C::load(&self.word, PLAIN)
    }
}

impl<C: Count> read_side::sealed::Sealed for LatchCount<C> {}

impl<C: Count> ReadSide for LatchCount<C> {
    type Start = LatchStart<C>;
    type Number = C;

    #[inline(always)]
    fn try_begin(&self) -> Option<LatchStart<C>> {
        Some(self.read_begin())
    }

    #[inline(always)]
    fn slot(start: LatchStart<C>) -> usize {
        start.slot()
    }

    #[inline(always)]
    fn must_retry(&self, start: LatchStart<C>) -> bool {
        self.read_retry(start)
    }

    #[inline(always)]
    fn number(start: LatchStart<C>) -> C {
        start.settled()
    }
}

impl<C: Count> Default for LatchCount<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Count> fmt::Debug for LatchCount<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LatchCount").field(&self.sequence()).finish()
    }
}
