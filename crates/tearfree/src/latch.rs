// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LatchCount` and `SeqLatch`: two copies, so that readers never wait.

#![allow(unsafe_code, reason = "validated copies become values here (P4)")]

use core::fmt;
use core::mem::MaybeUninit;
use core::panic::{RefUnwindSafe, UnwindSafe};

use crate::copy::Shared;
use crate::count::Count;
use crate::lock::{DefaultLock, Holding, Replaceable, WriterLock};
use crate::order::{self, PLAIN};
use crate::seqlock::Version;

mod owned;

/// The bare latch count: `seqcount_latch_t`, for two copies of your own atomics.
///
/// While the count is odd, readers use slot 1 and the writer changes slot 0; while it is even, the
/// other way round. So a reader always finds a slot that nobody is changing, even one that interrupts
/// the writer. For one `Copy` value, take [`SeqLatch`].
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

/// The count at the beginning of a latch read, to be handed to [`LatchCount::read_retry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "data read without `read_retry` may mix two writes"]
pub struct LatchStart<C: Count = usize>(C);

impl<C: Count> LatchStart<C> {
    /// Which of the two copies to read: 0 or 1.
    #[inline]
    #[must_use]
    pub fn slot(self) -> usize {
        usize::from(self.0.is_writing())
    }

    /// The count itself, odd or even.
    #[inline]
    #[must_use]
    pub fn sequence(self) -> C {
        self.0
    }
}

impl<C: Count> LatchCount<C> {
    /// A count of zero: readers begin with slot 0.
    #[must_use]
    pub const fn new() -> Self {
        LatchCount { word: C::ATOMIC_ZERO }
    }

    /// A count over a word that someone else owns.
    ///
    /// # Safety
    /// As for [`SeqCount::from_ptr`](crate::SeqCount::from_ptr) (P11).
    #[inline]
    #[must_use]
    pub const unsafe fn from_ptr<'a>(word: *mut C) -> &'a Self {
        // SAFETY: P11, by the caller's promise. `LatchCount<C>` is transparent over `C`'s atomic,
        // which has the size and bit validity of `C`.
        unsafe { &*word.cast::<Self>() }
    }

    /// Begins a read and says which slot to use. Never waits.
    #[doc(alias("read_seqcount_latch", "raw_read_seqcount_latch"))]
    #[inline]
    pub fn read_begin(&self) -> LatchStart<C> {
        // ORDERING: P7. Pairs with the stores in `write_begin` and `write_flip`: the slot that this
        // count names was whole before they were made.
        LatchStart(C::load(&self.word, order::begin()))
    }

    /// Whether what was read since `start` must be thrown away: the writer has moved on.
    #[doc(alias("read_seqcount_latch_retry", "raw_read_seqcount_latch_retry"))]
    #[inline]
    #[must_use = "true means that the data may mix two writes"]
    pub fn read_retry(&self, start: LatchStart<C>) -> bool {
        // ORDERING: P7. Pairs with the fences in `write_begin` and `write_flip`: whoever saw a word
        // stored after them sees a count other than `start`.
        order::fence_retry();
        C::load(&self.word, PLAIN) != start.0
    }

    /// Reads from the slot that is whole until a read is consistent. `data` may run several times.
    #[inline]
    pub fn read<R>(&self, mut data: impl FnMut(usize) -> R) -> R {
        loop {
            let start = self.read_begin();
            let result = data(start.slot());
            if !self.read_retry(start) {
                return result;
            }
        }
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

    /// Ends a write. Nothing is left to do: the next [`write_begin`](Self::write_begin) orders slot 1.
    #[doc(alias("write_seqcount_latch_end"))]
    #[inline]
    pub fn write_end(&self) {}

    /// The count as it is now, without any order.
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> C {
        // ORDERING: P7. No order of its own: a number to look at, not the `read_begin` of a read.
        C::load(&self.word, PLAIN)
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

/// A value in two copies: `seqcount_latch_t` and its `data[2]`.
///
/// Readers never wait for a writer: not when it has lost its processor, not when they interrupt it in
/// the middle of a write (a signal handler, a non-maskable interrupt). They retry only if two writes
/// were faster than their one copy. The price is that a write copies twice, and that memory holds two
/// copies.
///
/// Writers take the lock `L`, as in [`SeqLock`](crate::SeqLock).
///
/// In a child process that was forked in the middle of a write, readers go on with the whole copy; the
/// writer lock stays locked there until [`reset_after_fork`](Self::reset_after_fork).
///
/// # Examples
/// ```
/// use tearfree::SeqLatch;
/// static CLOCK: SeqLatch<(u64, u32)> = SeqLatch::new((0, 0));
/// CLOCK.set((1, 500));
/// CLOCK.update(|clock| clock.1 += 1);
/// assert_eq!(CLOCK.read(), (1, 501));
/// ```
#[doc(alias("seqcount_latch_t", "DEFINE_SEQLATCH"))]
#[repr(C)]
pub struct SeqLatch<T, L = DefaultLock> {
    slots: [Shared<T>; 2],
    count: LatchCount,
    lock: Replaceable<L>,
}

impl<T: Copy> SeqLatch<T> {
    /// A latch around `value`.
    #[must_use]
    pub const fn new(value: T) -> Self {
        SeqLatch::with_lock(value, DefaultLock::UNLOCKED)
    }
}

impl<T: Copy, L: WriterLock> SeqLatch<T, L> {
    /// A latch around `value` whose writers are kept apart by `lock`.
    ///
    /// ```
    /// use tearfree::{SeqLatch, lock::SpinLock};
    /// static CLOCK: SeqLatch<u64, SpinLock> = SeqLatch::with_lock(0, SpinLock::new());
    /// ```
    #[must_use]
    pub const fn with_lock(value: T, lock: L) -> Self {
        SeqLatch {
            count: LatchCount::new(),
            lock: Replaceable::new(lock),
            slots: [Shared::new(value), Shared::new(value)],
        }
    }

    /// A copy of the value, never a mix of two writes. Never waits for a writer.
    ///
    /// # Ordering
    /// Sees at least the last write that happened before. A reader that interrupts a write sees the
    /// value before it, or the new one.
    #[doc(alias("read_seqcount_latch", "read_seqcount_latch_retry"))]
    #[inline]
    #[must_use]
    pub fn read(&self) -> T {
        if Shared::<T>::IS_LARGE {
            // SAFETY: P4, P7. The copy was validated.
            return unsafe { self.read_in_place().assume_init() };
        }
        self.read_started().0
    }

    /// The value and the version that it has.
    ///
    /// ```
    /// let latch = tearfree::SeqLatch::new(1);
    /// let (_, before) = latch.read_versioned();
    /// latch.set(2);
    /// assert_ne!(latch.version(), before);
    /// ```
    #[inline]
    #[must_use]
    pub fn read_versioned(&self) -> (T, Version) {
        let (value, start) = self.read_started();
        (value, Version::new(start.sequence().settled(), self.lock.mark()))
    }

    /// The version of the value that a reader would get now.
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        Version::new(self.count.read_begin().sequence().settled(), self.lock.mark())
    }

    /// Replaces the value. Waits for other writers, never for readers.
    #[doc(alias("write_seqcount_latch"))]
    #[inline]
    pub fn set(&self, value: T) {
        let _writer = Holding::new(&self.lock);
        self.publish(&value);
    }

    /// Changes the value by a closure that works on a private copy; a panic publishes nothing.
    ///
    /// ```
    /// let latch = tearfree::SeqLatch::new([1, 1]);
    /// let sum = latch.update(|both| { both[0] += 1; both[0] + both[1] });
    /// assert_eq!((sum, latch.read()), (3, [2, 1]));
    /// ```
    #[doc(alias("write_seqcount_latch_begin", "write_seqcount_latch_end"))]
    #[inline]
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let _writer = Holding::new(&self.lock);
        let mut value = self.copy_as_writer();
        let result = change(&mut value);
        self.publish(&value);
        result
    }

    #[inline]
    fn read_started(&self) -> (T, LatchStart) {
        let mut copy = MaybeUninit::uninit();
        let start = self.fill(&mut copy);
        // SAFETY: P4, P7. The copy was validated.
        (unsafe { copy.assume_init() }, start)
    }

    /// As in `SeqLock`: not inlined, so that the bytes are copied once.
    #[inline(never)]
    fn read_in_place(&self) -> MaybeUninit<T> {
        loop {
            let start = self.count.read_begin();
            let copy = self.slots[start.slot()].load_in_place();
            if !self.count.read_retry(start) {
                return copy;
            }
        }
    }

    #[inline]
    fn fill(&self, to: &mut MaybeUninit<T>) -> LatchStart {
        loop {
            let start = self.count.read_begin();
            self.slots[start.slot()].load(to);
            if !self.count.read_retry(start) {
                return start;
            }
        }
    }

    /// Stores `value` into both slots. The caller is the one writer (P5).
    #[inline]
    fn publish(&self, value: &T) {
        self.count.write_begin();
        self.slots[0].store(value);
        self.count.write_flip();
        self.slots[1].store(value);
        self.count.write_end();
    }

    /// The value as the one writer sees it, whom nobody disturbs (P5).
    #[inline]
    fn copy_as_writer(&self) -> T {
        let mut value = MaybeUninit::uninit();
        self.slots[0].load(&mut value);
        // SAFETY: P4, P5. Writers are excluded, so the bytes are those of the last write.
        unsafe { value.assume_init() }
    }
}

impl<T: Copy + Default, L: WriterLock> Default for SeqLatch<T, L> {
    fn default() -> Self {
        T::default().into()
    }
}

impl<T: Copy, L: WriterLock> From<T> for SeqLatch<T, L> {
    fn from(value: T) -> Self {
        Self::with_lock(value, L::UNLOCKED)
    }
}

impl<T: Copy + fmt::Debug, L: WriterLock> fmt::Debug for SeqLatch<T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, start) = self.read_started();
        f.debug_struct("SeqLatch")
            .field("sequence", &start.sequence())
            .field("value", &value)
            .finish()
    }
}

// As for `SeqLock`: a panic publishes nothing, so nothing is poisoned.
impl<T, L> UnwindSafe for SeqLatch<T, L> {}
impl<T, L> RefUnwindSafe for SeqLatch<T, L> {}
