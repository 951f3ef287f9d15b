// SPDX-License-Identifier: MIT OR Apache-2.0
//! `BareSeqLock`: the `seqlock_t` of the C headers, in Rust.

#![allow(unsafe_code, reason = "a lock that C and Rust share is reached by a pointer")]

use core::marker::PhantomData;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{SeqCount, SeqCountGuard, Start};

/// A sequence count and its writers' lock: the `seqlock_t` of `linux/seqlock.h`, byte for byte.
///
/// It protects data that C and Rust share: atomics in Rust, accessed with `Relaxed`, and plain variables
/// in C, accessed by `READ_ONCE` and `WRITE_ONCE`. For data of Rust alone use [`tearfree::SeqLock`], which
/// contains the data.
///
/// # Examples
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use tearfree_capi::BareSeqLock;
///
/// #[repr(C)] // in C: struct clock { uint64_t seconds, nanoseconds; seqlock_t seq; };
/// struct Clock { seconds: AtomicU64, nanoseconds: AtomicU64, seq: BareSeqLock }
/// static CLOCK: Clock = Clock {
///     seconds: AtomicU64::new(0),
///     nanoseconds: AtomicU64::new(0),
///     seq: BareSeqLock::new(),
/// };
///
/// {
///     let _writing = CLOCK.seq.write();
///     CLOCK.seconds.store(1, Relaxed);
///     CLOCK.nanoseconds.store(500, Relaxed);
/// }
/// let now = CLOCK.seq.read(|| (CLOCK.seconds.load(Relaxed), CLOCK.nanoseconds.load(Relaxed)));
/// assert_eq!(now, (1, 500));
/// ```
#[doc(alias("seqlock_t", "seqlock_init", "DEFINE_SEQLOCK", "__SEQLOCK_UNLOCKED"))]
#[derive(Debug, Default)]
#[repr(C)]
pub struct BareSeqLock {
    count: SeqCount<u32>,
    lock: SpinLock,
}

// The C headers assert the same of their type.
const _: () = {
    assert!(size_of::<SeqCount<u32>>() == 4 && align_of::<SeqCount<u32>>() == 4);
    assert!(size_of::<SpinLock>() == 1 && align_of::<SpinLock>() == 1);
    assert!(size_of::<BareSeqLock>() == 8 && align_of::<BareSeqLock>() == 4);
    assert!(core::mem::offset_of!(BareSeqLock, count) == 0);
    assert!(core::mem::offset_of!(BareSeqLock, lock) == 4);
};

impl BareSeqLock {
    /// Creates an unlocked lock with a count of zero.
    #[must_use]
    pub const fn new() -> Self {
        BareSeqLock { count: SeqCount::<u32>::new(), lock: SpinLock::new() }
    }

    /// Returns the lock at a `seqlock_t *` of C.
    ///
    /// # Safety
    /// For all of `'a`, `lock` points to an initialised `seqlock_t` that is touched by the calls of
    /// the C headers and of this type only (P11).
    ///
    /// ```
    /// use tearfree_capi::BareSeqLock;
    /// let from_c = &raw const *Box::leak(Box::new(BareSeqLock::new()));
    /// // SAFETY: it was leaked, so it stays valid, and nothing else uses it.
    /// let lock = unsafe { BareSeqLock::from_ptr(from_c) };
    /// drop(lock.write());
    /// assert_eq!(lock.sequence(), 2);
    /// ```
    #[must_use]
    pub const unsafe fn from_ptr<'a>(lock: *const Self) -> &'a Self {
        // SAFETY: P11. The `seqlock_t` stays initialised for `'a`; the layouts are the same.
        unsafe { &*lock }
    }

    /// Waits until no writer is inside, and begins a read: `read_seqbegin`.
    #[doc(alias = "read_seqbegin")]
    #[inline]
    pub fn read_begin(&self) -> Start<u32> {
        self.count.read_begin()
    }

    /// Whether what was read since `start` must be discarded: `read_seqretry`.
    #[doc(alias = "read_seqretry")]
    #[inline]
    #[must_use = "true means that the data may be torn"]
    pub fn read_retry(&self, start: Start<u32>) -> bool {
        self.count.read_retry(start)
    }

    /// Reads until a read is consistent; `data` may run several times and must only load.
    #[inline]
    pub fn read<R>(&self, data: impl FnMut() -> R) -> R {
        self.count.read(data)
    }

    /// Takes the lock and opens a write section, which ends when the guard is dropped: `write_seqlock`.
    #[doc(alias("write_seqlock", "write_sequnlock"))]
    #[inline]
    pub fn write(&self) -> WriteGuard<'_> {
        self.open(self.read_excl())
    }

    /// As [`write`](Self::write) if the lock is free: `write_tryseqlock`.
    #[doc(alias = "write_tryseqlock")]
    #[inline]
    pub fn try_write(&self) -> Option<WriteGuard<'_>> {
        self.lock.try_lock()?;
        Some(self.open(ExclGuard { lock: &self.lock, not_send: PhantomData }))
    }

    #[inline]
    fn open<'a>(&'a self, excl: ExclGuard<'a>) -> WriteGuard<'a> {
        WriteGuard { _section: self.count.write(), _excl: excl }
    }

    /// Takes the lock without changing the count: `read_seqlock_excl`.
    #[doc(alias("read_seqlock_excl", "read_sequnlock_excl"))]
    #[inline]
    pub fn read_excl(&self) -> ExclGuard<'_> {
        self.lock.lock();
        ExclGuard { lock: &self.lock, not_send: PhantomData }
    }

    /// Returns the current count, odd or even.
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> u32 {
        self.count.sequence()
    }
}

/// An open write section of a [`BareSeqLock`].
#[derive(Debug)]
#[must_use = "the write section ends when this is dropped"]
pub struct WriteGuard<'a> {
    // Dropped in this order: the count becomes even, then the lock is released.
    _section: SeqCountGuard<'a, u32>,
    _excl: ExclGuard<'a>,
}

/// The writers' lock of a [`BareSeqLock`], held.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct ExclGuard<'a> {
    lock: &'a SpinLock,
    /// A lock is released by the thread that took it.
    not_send: PhantomData<*const ()>,
}

impl Drop for ExclGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: P5. The code that made this guard took the lock, in this thread.
        unsafe { self.lock.unlock(()) };
    }
}
