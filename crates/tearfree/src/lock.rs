// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writer locks: what keeps the writers of a [`SeqLock`](crate::SeqLock) apart.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

use core::fmt;

mod fair;
mod holding;
mod in_context;

pub use fair::Fair;
pub(crate) use holding::{Holding, Replaceable};
pub use in_context::InContext;

use crate::order::{self, PLAIN};
use crate::sync::AtomicBool;
use crate::wait::Patience;

/// A lock that keeps writers apart. Readers do not take it.
///
/// With the feature `lock_api` (part of `std`) every [`lock_api::RawMutex`] is one, so that
/// `SeqLock<T, parking_lot::RawMutex>` works.
///
/// # Safety
/// Between a `lock` (or a `try_lock` that gave `Some`) and the `unlock` that consumes its `Held`, no
/// other acquisition succeeds; and everything before an `unlock` happens before everything after the
/// next acquisition (P5).
///
/// # Examples
/// A writer lock for programs that have one thread only.
/// ```
/// use std::cell::Cell;
/// use tearfree::{SeqLock, lock::WriterLock};
///
/// #[derive(Default)]
/// struct OneThread(Cell<bool>); // not `Sync`, so neither is a `SeqLock` with it
///
/// // SAFETY: the flag excludes, and only one thread can reach it.
/// unsafe impl WriterLock for OneThread {
///     const UNLOCKED: Self = OneThread(Cell::new(false));
///     type Held = ();
///     fn lock(&self) { assert!(self.try_lock().is_some(), "the lock is held by this very thread") }
///     fn try_lock(&self) -> Option<()> { (!self.0.replace(true)).then_some(()) }
///     unsafe fn unlock(&self, (): ()) { self.0.set(false) }
/// }
///
/// let value = SeqLock::with_lock(1_u64, OneThread::default());
/// value.set(2);
/// assert_eq!(value.read(), 2);
/// ```
pub unsafe trait WriterLock {
    /// A lock that nobody holds.
    const UNLOCKED: Self;

    /// What the lock wants back at the end: nothing, or saved interrupt flags.
    type Held;

    /// Takes the lock, waiting for it as long as it takes.
    fn lock(&self) -> Self::Held;

    /// Takes the lock if that needs no waiting.
    fn try_lock(&self) -> Option<Self::Held>;

    /// Gives the lock back.
    ///
    /// # Safety
    /// `held` comes from this lock, in this thread.
    unsafe fn unlock(&self, held: Self::Held);

    /// Gives the lock back, to a thread that waits for it if there is one and the lock knows it.
    ///
    /// Called at the end of a [locking reader](crate::Sequenced::read_excl), so that readers that take
    /// the lock again and again do not keep writers out. Unless it is overridden, it is
    /// [`unlock`](Self::unlock).
    ///
    /// # Safety
    /// As for `unlock`.
    #[inline]
    unsafe fn unlock_fair(&self, held: Self::Held) {
        // SAFETY: `held` comes from this lock, in this thread.
        unsafe { self.unlock(held) };
    }

    /// Called by a reader whose attempts fail again and again because writers never rest.
    ///
    /// `wants_processor` says that the reader seems to share the writer's processor. Does nothing
    /// unless the lock is [`Fair`]. Takes no lock, and never waits.
    #[inline]
    fn request_turn(&self, wants_processor: bool) {
        let _ = wants_processor;
    }

    /// Called by a writer of a value of `bytes` bytes before it takes the lock and before it enters a
    /// context. Attempts (`try_write`) never call it.
    ///
    /// Does nothing unless the lock is [`Fair`], which pauses here if a reader requested its turn.
    #[inline]
    fn back_off(&self, bytes: usize) {
        let _ = bytes;
    }
}

#[cfg(feature = "lock_api")]
// SAFETY: P5 is the contract of `RawMutex`.
unsafe impl<R: lock_api::RawMutex> WriterLock for R {
    const UNLOCKED: Self = R::INIT;
    type Held = R::Guard;

    #[inline]
    fn lock(&self) -> Self::Held {
        lock_api::RawMutex::lock(self)
    }

    #[inline]
    fn try_lock(&self) -> Option<Self::Held> {
        lock_api::RawMutex::try_lock(self)
    }

    #[inline]
    unsafe fn unlock(&self, held: Self::Held) {
        // SAFETY: P5, by the caller's promise.
        unsafe { lock_api::RawMutex::unlock(self, held) }
    }
}

/// A test-and-set lock that spins, and with `std` yields and sleeps after a while.
///
/// For `no_std`, and for writers in signal handlers, where a lock that parks threads cannot be used.
///
/// ```
/// use tearfree::{SeqLock, lock::SpinLock};
/// static TICKS: SeqLock<u64, SpinLock> = SeqLock::with_lock(0, SpinLock::new());
/// TICKS.update(|ticks| *ticks += 1);
/// assert_eq!(TICKS.read(), 1);
/// ```
///
/// Its layout is one byte, 0 while nobody holds it and 1 while somebody does: `spinlock_t` of the
/// crate `tearfree-capi`, so that C and Rust can share one.
#[repr(transparent)]
pub struct SpinLock {
    taken: AtomicBool,
}

impl SpinLock {
    /// A lock that nobody holds.
    #[must_use]
    pub const fn new() -> Self {
        SpinLock { taken: AtomicBool::new(false) }
    }

    #[cold]
    #[inline(never)]
    fn lock_contended(&self) {
        let mut patience = Patience::new();
        loop {
            // Looking is cheaper than trying: it leaves the line shared.
            // ORDERING: P5. A hint only; the exchange in `try_lock` carries the order.
            let looks_free = !self.taken.load(PLAIN);
            if looks_free && self.try_lock().is_some() {
                return;
            }
            patience.wait();
        }
    }
}

// SAFETY: P5. The flag goes from false to true in one exchange, so one acquisition succeeds; the
// orders of `try_lock` and `unlock` pair.
unsafe impl WriterLock for SpinLock {
    const UNLOCKED: Self = SpinLock::new();
    type Held = ();

    #[inline]
    fn lock(&self) {
        if self.try_lock().is_none() {
            self.lock_contended();
        }
    }

    #[inline]
    fn try_lock(&self) -> Option<()> {
        // ORDERING: P5. Pairs with the store in `unlock`.
        let was_taken = self.taken.swap(true, order::lock_taken());
        if was_taken { None } else { Some(()) }
    }

    #[inline]
    unsafe fn unlock(&self, (): ()) {
        // ORDERING: P5. Pairs with the exchange in `try_lock`.
        self.taken.store(false, order::lock_freed());
    }
}

impl Default for SpinLock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SpinLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // ORDERING: P5. A look from outside, for people; `try_lock` decides.
        f.debug_struct("SpinLock").field("taken", &self.taken.load(PLAIN)).finish()
    }
}

#[cfg(all(feature = "std", not(tearfree_axm)))]
type Inner = parking_lot::RawMutex;
#[cfg(any(not(feature = "std"), tearfree_axm))]
type Inner = SpinLock;

/// The writer lock of a [`SeqLock`](crate::SeqLock) that names none.
///
/// One type in all builds: with `std` it is parking_lot's mutex, one byte that blocks; without, it is
/// [`SpinLock`].
pub struct DefaultLock(Inner);

// SAFETY: P5, by the lock inside.
unsafe impl WriterLock for DefaultLock {
    const UNLOCKED: Self = DefaultLock(<Inner as WriterLock>::UNLOCKED);
    type Held = <Inner as WriterLock>::Held;

    #[inline]
    fn lock(&self) -> Self::Held {
        WriterLock::lock(&self.0)
    }

    #[inline]
    fn try_lock(&self) -> Option<Self::Held> {
        WriterLock::try_lock(&self.0)
    }

    #[inline]
    unsafe fn unlock(&self, held: Self::Held) {
        // SAFETY: P5, by the caller's promise.
        unsafe { WriterLock::unlock(&self.0, held) }
    }

    #[cfg(all(feature = "std", not(tearfree_axm)))]
    #[inline]
    unsafe fn unlock_fair(&self, held: Self::Held) {
        // SAFETY: `held` comes from this lock, in this thread.
        unsafe { lock_api::RawMutexFair::unlock_fair(&self.0, held) }
    }
}

impl Default for DefaultLock {
    fn default() -> Self {
        DefaultLock::UNLOCKED
    }
}

impl fmt::Debug for DefaultLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultLock")
    }
}
