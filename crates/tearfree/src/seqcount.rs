// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCount`: the bare sequence count, for data that are the user's own atomics.
//!
//! The protocol of the whole crate is here, in `try_read_begin`, `read_retry`, `write_begin` and
//! `write_end`. [`SeqLock`](crate::SeqLock) adds the payload and the writer lock.

use core::fmt;

use crate::count::Count;
use crate::misuse;
use crate::order::{self, PLAIN};
use crate::wait::SpinWait;

mod guard;
mod read;
mod start;

pub use guard::SeqCountGuard;
pub use start::Start;

/// A sequence count: `seqcount_t`.
///
/// The writer makes the count odd, changes the data, and makes it even again. A reader loads the count,
/// reads the data, loads the count again, and retries if it was odd or has moved.
///
/// The data are **your own atomics**, read and stored with `Relaxed`: that is what makes this type
/// safe to use. If they are one `Copy` value, take [`SeqLock`](crate::SeqLock), which also keeps
/// writers apart. The writers of a `SeqCount` must be serialised by something else: one thread, or a
/// lock (see [`SeqCountWith`](crate::SeqCountWith)). Two at once give torn reads, not undefined
/// behaviour; debug builds panic when they see it.
///
/// `SeqCount<u32>` has the layout of the kernel's `seqcount_t` in builds without lock debugging.
///
/// # Invariants
/// Even while no writer is inside; each write adds two (P9).
///
/// # Examples
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use tearfree::SeqCount;
///
/// struct Clock { count: SeqCount, seconds: AtomicU64, nanoseconds: AtomicU64 }
/// static CLOCK: Clock = Clock {
///     count: SeqCount::new(),
///     seconds: AtomicU64::new(0),
///     nanoseconds: AtomicU64::new(0),
/// };
///
/// // The one writer.
/// {
///     let _writing = CLOCK.count.write();
///     CLOCK.seconds.store(1, Relaxed);
///     CLOCK.nanoseconds.store(500, Relaxed);
/// }
///
/// // Any reader.
/// let now = CLOCK.count.read(|| (CLOCK.seconds.load(Relaxed), CLOCK.nanoseconds.load(Relaxed)));
/// assert_eq!(now, (1, 500));
/// ```
#[doc(alias("seqcount_t", "seqcount_init", "SEQCNT_ZERO"))]
#[repr(transparent)]
pub struct SeqCount<C: Count = usize> {
    word: C::Atomic,
}

const _: () = {
    assert!(size_of::<SeqCount<u32>>() == 4 && align_of::<SeqCount<u32>>() == 4);
};

impl<C: Count> SeqCount<C> {
    /// Creates a count of zero: `seqcount_init`, `SEQCNT_ZERO`.
    ///
    /// ```
    /// use tearfree::SeqCount;
    /// static COUNT: SeqCount<u32> = SeqCount::new();
    /// assert_eq!(COUNT.sequence(), 0);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        SeqCount { word: C::ATOMIC_ZERO }
    }

    /// Creates a count over a word of another owner, such as the kernel's `seqcount_t`.
    ///
    /// # Safety
    /// For all of `'a`, `word` is valid for atomic loads, aligned for an atomic of its size, and
    /// accessed only atomically (P11). Only the reading calls may be used on a read-only
    /// mapping; the Rust documentation promises atomic loads there for `Relaxed` only, so that is a
    /// promise of the platform: on all supported ones an `Acquire` load is a plain load instruction.
    ///
    /// # Examples
    /// ```
    /// use tearfree::SeqCount;
    /// let mut word = 6_u32;
    /// // SAFETY: `word` is aligned, and nothing else touches it while `count` lives.
    /// let count = unsafe { SeqCount::from_ptr(&mut word) };
    /// count.write_begin();
    /// count.write_end();
    /// assert_eq!(count.sequence(), 8);
    /// ```
    #[inline]
    #[expect(unsafe_code, reason = "the word has another owner, for whom P11 holds")]
    #[must_use]
    pub const unsafe fn from_ptr<'a>(word: *mut C) -> &'a Self {
        // SAFETY: P11. The word stays, aligned and atomic, for `'a`. `SeqCount<C>` is transparent
        // over `C`'s atomic, which has the size and bit validity of `C`.
        unsafe { &*word.cast::<Self>() }
    }

    /// Waits until no writer is inside and begins a read: `read_seqcount_begin`.
    ///
    /// Spins briefly, then (with `std`) yields and sleeps, until the count is even. Inside of its own write
    /// section, and in a handler that interrupts it there, a thread would wait for itself. So would a child
    /// that was forked while another thread wrote: let it write the data again, and call
    /// [`write_end`](Self::write_end).
    ///
    /// # Panics
    /// In debug builds with `std`, inside of this thread's own write section.
    ///
    /// # Ordering
    /// What the reader reads next is at least as new as the write that made the count even.
    ///
    /// # Examples
    /// ```
    /// use tearfree::SeqCount;
    /// let count = SeqCount::<usize>::new();
    /// loop {
    ///     let start = count.read_begin();
    ///     // ... load the user's atomics ...
    ///     if !count.read_retry(start) { break }
    /// }
    /// ```
    #[doc(alias(
        "read_seqcount_begin",
        "raw_read_seqcount_begin",
        "__read_seqcount_begin",
        "read_seqbegin",
        "ck_sequence_read_begin"
    ))]
    #[inline]
    pub fn read_begin(&self) -> Start<C> {
        match self.try_read_begin() {
            Some(start) => start,
            None => self.read_begin_contended(),
        }
    }

    #[cold]
    #[inline(never)]
    fn read_begin_contended(&self) -> Start<C> {
        let mut spin_wait = SpinWait::new();
        loop {
            self.assert_not_own_section();
            spin_wait.wait();
            if let Some(start) = self.try_read_begin() {
                return start;
            }
        }
    }

    /// Panics, in builds that check, if this reader would wait for its own thread.
    #[inline(always)]
    fn assert_not_own_section(&self) {
        if misuse::CHECKED {
            misuse::assert_section_not_opened_here(self.address(), self.sequence().low());
        }
    }

    #[inline(always)]
    fn address(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Begins a read, or returns `None` at once while a writer is inside: `raw_seqcount_try_begin`.
    ///
    /// ```
    /// use tearfree::SeqCount;
    /// let count = SeqCount::<usize>::new();
    /// count.write_begin();
    /// assert!(count.try_read_begin().is_none());
    /// count.write_end();
    /// assert!(count.try_read_begin().is_some());
    /// ```
    #[doc(alias("raw_seqcount_try_begin"))]
    #[inline]
    #[must_use = "data read without `read_retry` may mix two writes"]
    pub fn try_read_begin(&self) -> Option<Start<C>> {
        // ORDERING: P3. Pairs with the store in `write_end`.
        let count = C::load(&self.word, order::begin());
        if count.is_writing() { None } else { Some(Start(count)) }
    }

    /// Begins a read without waiting; the read will fail if a writer is inside:
    /// `raw_seqcount_begin`.
    ///
    /// With an odd count [`read_retry`](Self::read_retry) will return `true`, because the start is the even
    /// count before it.
    ///
    /// ```
    /// use tearfree::SeqCount;
    /// let count = SeqCount::<usize>::new();
    /// count.write_begin();
    /// let start = count.raw_read_begin();
    /// assert!(count.read_retry(start));
    /// ```
    #[doc(alias("raw_seqcount_begin"))]
    #[inline]
    pub fn raw_read_begin(&self) -> Start<C> {
        // ORDERING: P3. Pairs with the store in `write_end`, or with the odd one in `write_begin`.
        Start(C::load(&self.word, order::begin()).settled())
    }

    /// Returns whether data read since `start` must be discarded: `read_seqcount_retry`.
    ///
    /// True means retry, as in the kernel: a writer was inside, or has been since.
    ///
    /// # Ordering
    /// The data loads made since `start` stay before this load of the count.
    #[doc(alias(
        "read_seqcount_retry",
        "__read_seqcount_retry",
        "read_seqretry",
        "ck_sequence_read_retry"
    ))]
    #[inline]
    #[must_use = "true means that the data may mix two writes"]
    pub fn read_retry(&self, start: Start<C>) -> bool {
        // ORDERING: P2. Pairs with the fence in `write_begin`: if any data word came from a write
        // that is not over, or from a later one, the load below sees a count other than `start`.
        order::fence_retry();
        C::load(&self.word, PLAIN) != start.0
    }

    /// Returns the present count, odd or even, without any ordering: `raw_read_seqcount`.
    #[doc(alias("raw_read_seqcount"))]
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> C {
        // ORDERING: Relaxed: a snapshot of the count; only `try_read_begin` begins a read.
        C::load(&self.word, PLAIN)
    }

    /// Opens a write section: the count becomes odd. `write_seqcount_begin`.
    ///
    /// Writers must be serialised by the caller; [`write`](Self::write) closes by itself.
    ///
    /// # Ordering
    /// Data stores after this are seen only together with the odd count.
    ///
    /// # Panics
    /// In debug builds, if a write section is already open.
    #[doc(alias(
        "write_seqcount_begin",
        "raw_write_seqcount_begin",
        "write_seqcount_begin_nested",
        "ck_sequence_write_begin"
    ))]
    #[inline]
    pub fn write_begin(&self) {
        let even = C::load_own(&self.word);
        debug_assert!(!even.is_writing(), "a write section is already open on this sequence count");
        // INVARIANT: even to odd, by the one writer.
        // ORDERING: P3. Carries the write before to `raw_read_begin`, which may name it by this count.
        C::store(&self.word, even.next(), order::odd());
        // ORDERING: P2. Pairs with the fence in `read_retry`. The Release store above does not do: it
        // orders what came before it, and lets the data overtake the odd count.
        order::fence_odd();
        misuse::note_section_opened(self.address(), even.next().low());
    }

    /// Closes a write section: the count becomes even. `write_seqcount_end`.
    ///
    /// # Ordering
    /// A reader that begins at this count sees every data store of the section.
    ///
    /// # Panics
    /// In debug builds, if no write section is open.
    #[doc(alias("write_seqcount_end", "raw_write_seqcount_end", "ck_sequence_write_end"))]
    #[inline]
    pub fn write_end(&self) {
        let odd = C::load_own(&self.word);
        debug_assert!(odd.is_writing(), "no write section is open on this sequence count");
        misuse::note_section_closed(self.address(), odd.low());
        // ORDERING: P3. Pairs with the load in `try_read_begin`.
        // INVARIANT: odd to even, by the one writer.
        C::store(&self.word, odd.next(), order::even());
    }

    /// Makes every open read fail, without making any reader wait: `write_seqcount_invalidate`.
    ///
    /// The data themselves are valid before and after, for instance a pointer that was unhashed.
    ///
    /// # Panics
    /// In debug builds, if a write section is open.
    #[doc(alias("write_seqcount_invalidate"))]
    #[inline]
    pub fn invalidate(&self) {
        let even = C::load_own(&self.word);
        debug_assert!(!even.is_writing(), "a write section is open on this sequence count");
        // ORDERING: P3. Pairs with `try_read_begin`: a reader that begins at the new count sees all stores
        // from before this call.
        order::fence_invalidate();
        // ORDERING: Relaxed: the fence above makes it a release.
        // INVARIANT: even to the next even, by the one writer.
        C::store(&self.word, even.next().next(), PLAIN);
    }

    /// Puts the stores before and those after into different versions: `raw_write_seqcount_barrier`.
    ///
    /// No reader sees a store from after this call without those from before it. One fence cheaper
    /// than an empty write section; the data have to be valid in between.
    ///
    /// # Panics
    /// In debug builds, if a write section is open.
    ///
    /// # Examples
    /// At least one of two doors is open at all times, and readers agree.
    /// ```
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    /// use tearfree::SeqCount;
    /// let (count, x, y) = (SeqCount::<usize>::new(), AtomicBool::new(true), AtomicBool::new(false));
    /// y.store(true, Relaxed);
    /// count.barrier();
    /// x.store(false, Relaxed);
    /// assert!(count.read(|| x.load(Relaxed) || y.load(Relaxed)));
    /// ```
    #[doc(alias("raw_write_seqcount_barrier"))]
    #[inline]
    pub fn barrier(&self) {
        let even = C::load_own(&self.word);
        debug_assert!(!even.is_writing(), "a write section is open on this sequence count");
        // INVARIANT: even to odd, by the one writer.
        // ORDERING: P3. Carries the write before to `raw_read_begin`, which may name it by this count.
        C::store(&self.word, even.next(), order::odd());
        // ORDERING: P2, P3. One fence serves both ends. Stores below it pair with the fence in
        // `read_retry` through the odd count above; stores before it reach readers that load the even
        // count below in `try_read_begin`.
        order::fence_barrier();
        // ORDERING: Relaxed: the fence above orders it behind the odd count and makes it a release.
        // INVARIANT: odd to even, by the one writer.
        C::store(&self.word, even.next().next(), PLAIN);
    }
}

impl<C: Count> Default for SeqCount<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Count> fmt::Debug for SeqCount<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SeqCount").field(&self.sequence()).finish()
    }
}
