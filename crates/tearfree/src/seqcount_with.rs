// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCountWith`: a sequence count whose writers prove by a guard that they hold a lock.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use crate::count::Count;
use crate::seqcount::{SeqCount, SeqCountGuard, Start};

/// A lock that serialises the writers of a [`SeqCountWith`], by its guards.
///
/// Implemented for the mutexes and read-write locks of `std` and, with the features `lock_api_04` and
/// `lock_api_05`, of everything that builds on lock_api 0.4 and 0.5. The kernel's four kinds are one trait
/// here: `seqcount_spinlock_t`, `seqcount_raw_spinlock_t`, `seqcount_mutex_t` take the guard of a mutex,
/// `seqcount_rwlock_t` that of the write half of a read-write lock.
///
/// It is safe to implement: a guard that does not exclude other writers causes torn reads of your own
/// atomics, not undefined behaviour.
pub trait AssociatedLock {
    /// The guard of the lock, held for writing.
    type Guard<'a>
    where
        Self: 'a;
}

#[cfg(feature = "lock_api_05")]
impl<R: lock_api_05::RawMutex, T: ?Sized> AssociatedLock for lock_api_05::Mutex<R, T> {
    type Guard<'a>
        = lock_api_05::MutexGuard<'a, R, T>
    where
        Self: 'a;
}

#[cfg(feature = "lock_api_05")]
impl<R: lock_api_05::RawRwLock, T: ?Sized> AssociatedLock for lock_api_05::RwLock<R, T> {
    type Guard<'a>
        = lock_api_05::RwLockWriteGuard<'a, R, T>
    where
        Self: 'a;
}

#[cfg(feature = "lock_api_04")]
impl<R: lock_api_04::RawMutex, T: ?Sized> AssociatedLock for lock_api_04::Mutex<R, T> {
    type Guard<'a>
        = lock_api_04::MutexGuard<'a, R, T>
    where
        Self: 'a;
}

#[cfg(feature = "lock_api_04")]
impl<R: lock_api_04::RawRwLock, T: ?Sized> AssociatedLock for lock_api_04::RwLock<R, T> {
    type Guard<'a>
        = lock_api_04::RwLockWriteGuard<'a, R, T>
    where
        Self: 'a;
}

#[cfg(feature = "std")]
impl<T: ?Sized> AssociatedLock for std::sync::Mutex<T> {
    type Guard<'a>
        = std::sync::MutexGuard<'a, T>
    where
        Self: 'a;
}

#[cfg(feature = "std")]
impl<T: ?Sized> AssociatedLock for std::sync::RwLock<T> {
    type Guard<'a>
        = std::sync::RwLockWriteGuard<'a, T>
    where
        Self: 'a;
}

/// A sequence count bound to the lock of its writers: `seqcount_spinlock_t`, `seqcount_mutex_t`,
/// `seqcount_rwlock_t`, `seqcount_raw_spinlock_t`.
///
/// [`write`](Self::write) takes the lock's guard as proof. What lockdep asserts in the kernel, the
/// compiler asserts here. The caller has to pass a guard of *the same* lock each time: debug builds panic
/// when two writers are inside at once, and do not notice two locks that take turns.
///
/// The data are your own atomics, as with [`SeqCount`].
///
/// # Examples
/// ```
/// # #[cfg(feature = "std")] {
/// use std::sync::{Mutex, atomic::{AtomicU64, Ordering::Relaxed}};
/// use tearfree::SeqCountWith;
///
/// struct Account { lock: Mutex<()>, count: SeqCountWith<Mutex<()>>, paid: AtomicU64, left: AtomicU64 }
/// let account = Account {
///     lock: Mutex::new(()),
///     count: SeqCountWith::new(),
///     paid: AtomicU64::new(0),
///     left: AtomicU64::new(100),
/// };
///
/// let mut guard = account.lock.lock().unwrap();
/// {
///     let _writing = account.count.write(&mut guard);
///     account.paid.store(30, Relaxed);
///     account.left.store(70, Relaxed);
/// }
/// let sum = account.count.read(|| account.paid.load(Relaxed) + account.left.load(Relaxed));
/// assert_eq!(sum, 100);
/// # }
/// ```
///
/// Without the guard of such a lock it does not compile:
/// ```compile_fail
/// use std::sync::{Mutex, RwLock};
/// let (lock, count) = (RwLock::new(()), tearfree::SeqCountWith::<Mutex<()>>::new());
/// let mut guard = lock.write().unwrap();
/// count.write(&mut guard);
/// ```
#[doc(alias(
    "seqcount_spinlock_t",
    "seqcount_raw_spinlock_t",
    "seqcount_rwlock_t",
    "seqcount_mutex_t",
    "seqcount_LOCKNAME_t",
    "seqcount_spinlock_init",
    "seqcount_raw_spinlock_init",
    "seqcount_rwlock_init",
    "seqcount_mutex_init",
    "SEQCNT_SPINLOCK_ZERO",
    "SEQCNT_RAW_SPINLOCK_ZERO",
    "SEQCNT_RWLOCK_ZERO",
    "SEQCNT_MUTEX_ZERO"
))]
pub struct SeqCountWith<L: ?Sized, C: Count = usize> {
    count: SeqCount<C>,
    bound_to: PhantomData<fn(&L)>,
}

impl<L: ?Sized, C: Count> SeqCountWith<L, C> {
    /// Creates a count of zero.
    #[must_use]
    pub const fn new() -> Self {
        SeqCountWith { count: SeqCount::new(), bound_to: PhantomData }
    }
}

impl<L: AssociatedLock + ?Sized, C: Count> SeqCountWith<L, C> {
    /// Opens a write section under the lock that `guard` holds; dropping the result closes it.
    ///
    /// While the section is open it dereferences to the lock's guard.
    ///
    /// # Panics
    /// In debug builds, if a section is already open: there are two locks, or one that does not exclude.
    #[doc(alias("write_seqcount_begin", "write_seqcount_end"))]
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn write<'a, 'g, 'l>(
        &'a self,
        guard: &'g mut L::Guard<'l>,
    ) -> SeqCountWithGuard<'a, 'g, L::Guard<'l>, C> {
        SeqCountWithGuard { _section: self.count.write(), guard }
    }

    /// Ends a write section that was cut off, if there is one: for a child process that was forked while
    /// another thread wrote, and for a section whose guard was forgotten.
    ///
    /// Store the data again before. In a child the lock itself usually stays held, too; `guard` is then of
    /// the lock that replaces it.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use std::sync::Mutex;
    /// use tearfree::SeqCountWith;
    /// let (lock, count) = (Mutex::new(()), SeqCountWith::<Mutex<()>>::new());
    /// let mut guard = lock.lock().unwrap();
    /// core::mem::forget(count.write(&mut guard)); // readers would never return
    /// // ... store the data ...
    /// count.reset(&mut guard);
    /// drop(count.write(&mut guard));
    /// count.read(|| ());
    /// # }
    /// ```
    pub fn reset(&self, _guard: &mut L::Guard<'_>) {
        if self.count.try_read_begin().is_none() {
            self.count.write_end();
        }
    }

    /// Makes every open read fail, as [`SeqCount::invalidate`], under the lock.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    #[doc(alias("write_seqcount_invalidate"))]
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn invalidate(&self, _guard: &mut L::Guard<'_>) {
        self.count.invalidate();
    }

    /// Puts the stores before and after into different versions, as [`SeqCount::barrier`], under the lock.
    ///
    /// # Panics
    /// As [`write`](Self::write).
    #[doc(alias("raw_write_seqcount_barrier"))]
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn barrier(&self, _guard: &mut L::Guard<'_>) {
        self.count.barrier();
    }
}

impl<L: ?Sized, C: Count> SeqCountWith<L, C> {
    /// Begins a read as [`SeqCount::read_begin`] does. Where a section was cut off it never returns: see [`reset`](Self::reset).
    #[inline]
    pub fn read_begin(&self) -> Start<C> {
        self.count.read_begin()
    }

    /// Begins a read as [`SeqCount::try_read_begin`] does.
    #[inline]
    #[must_use = "data read without `read_retry` may mix two writes"]
    pub fn try_read_begin(&self) -> Option<Start<C>> {
        self.count.try_read_begin()
    }

    /// Begins a read as [`SeqCount::raw_read_begin`] does.
    #[inline]
    pub fn raw_read_begin(&self) -> Start<C> {
        self.count.raw_read_begin()
    }

    /// Returns the same as [`SeqCount::read_retry`].
    #[inline]
    #[must_use = "true means that the data may mix two writes"]
    pub fn read_retry(&self, start: Start<C>) -> bool {
        self.count.read_retry(start)
    }

    /// Reads as [`SeqCount::read`] does.
    #[inline]
    pub fn read<R>(&self, data: impl FnMut() -> R) -> R {
        self.count.read(data)
    }

    /// Attempts a read as [`SeqCount::try_read`] does.
    #[inline]
    pub fn try_read<R>(&self, data: impl FnOnce() -> R) -> Option<R> {
        self.count.try_read(data)
    }

    /// Returns the same as [`SeqCount::sequence`].
    #[inline]
    #[must_use]
    pub fn sequence(&self) -> C {
        self.count.sequence()
    }
}

impl<L: ?Sized, C: Count> Default for SeqCountWith<L, C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<L: ?Sized, C: Count> fmt::Debug for SeqCountWith<L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SeqCountWith").field(&self.sequence()).finish()
    }
}

/// An open write section of a [`SeqCountWith`]. Dereferences to the lock's guard.
#[derive(Debug)]
#[must_use = "the write section ends when this is dropped"]
pub struct SeqCountWithGuard<'a, 'g, G, C: Count = usize> {
    _section: SeqCountGuard<'a, C>,
    guard: &'g mut G,
}

impl<G, C: Count> Deref for SeqCountWithGuard<'_, '_, G, C> {
    type Target = G;

    #[inline]
    fn deref(&self) -> &G {
        self.guard
    }
}

impl<G, C: Count> DerefMut for SeqCountWithGuard<'_, '_, G, C> {
    #[inline]
    fn deref_mut(&mut self) -> &mut G {
        self.guard
    }
}
