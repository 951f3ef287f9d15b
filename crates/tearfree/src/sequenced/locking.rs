// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers that take the writer lock: `read_seqlock_excl` and the read-or-lock form.

use core::fmt;
use core::ops::Deref;

use super::Sequenced;
use super::protocol::Protocol;
use crate::context::{Entered, SavedContext, Thread};
use crate::lock::{DefaultLock, Holding, WriterLock};

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Excludes writers, and other locking readers, while the guard lives: `read_seqlock_excl`.
    ///
    /// Does not change the count, so lockless readers are not affected. Waits for writers, their closures
    /// included. With [`DefaultLock`] and `std`, dropping the guard hands the lock to a waiting writer, so
    /// readers that take it again and again do not starve writers.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(5);
    /// let still = lock.read_excl();
    /// assert!(lock.try_write().is_none());
    /// assert_eq!(*still, 5);
    /// ```
    #[doc(alias("read_seqlock_excl", "read_sequnlock_excl"))]
    #[inline]
    pub fn read_excl(&self) -> ExclGuard<'_, T, L> {
        self.guard_excl(self.hold_for_read(), Entered::new())
    }

    /// Locks as [`read_excl`](Self::read_excl) does, if no writer and no other locking reader is inside.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(5);
    /// let writing = lock.write();
    /// assert!(lock.try_read_excl().is_none());
    /// ```
    #[inline]
    #[must_use]
    pub fn try_read_excl(&self) -> Option<ExclGuard<'_, T, L>> {
        Some(self.guard_excl(self.try_hold()?, Entered::new()))
    }

    /// Attempts one lockless read, and if that fails reads under the lock: `read_seqbegin_or_lock`,
    /// `need_seqretry` and `done_seqretry`, or `scoped_seqlock_read` with `ss_lock`.
    ///
    /// Returns once it has the lock, also beside writers without pauses. It may have to wait for the closure of
    /// a writer.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(5);
    /// assert_eq!(lock.read_or_lock(), 5);
    /// ```
    #[doc(alias(
        "read_seqbegin_or_lock",
        "need_seqretry",
        "done_seqretry",
        "scoped_seqlock_read",
        "ss_lock"
    ))]
    #[inline]
    #[must_use]
    pub fn read_or_lock(&self) -> T {
        match self.try_read() {
            Some(value) => value,
            None => self.read_locked(),
        }
    }

    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub(super) fn hold_for_read(&self) -> Holding<'_, L> {
        Holding::new_for_read(&self.lock)
    }

    #[inline]
    pub(super) fn guard_excl<'a, C: SavedContext>(
        &'a self,
        holding: Holding<'a, L>,
        entered: Entered<C>,
    ) -> ExclGuard<'a, T, L, C> {
        ExclGuard { value: self.copy_as_writer(), holding, _entered: entered }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn read_locked(&self) -> T {
        *self.read_excl()
    }
}

/// The value while writers are excluded; dropping this releases the lock.
#[must_use = "dropping the guard releases the lock"]
pub struct ExclGuard<'a, T: Copy, L: WriterLock = DefaultLock, C: SavedContext = Thread> {
    value: T,
    // Dropped in this order: the lock is released, then the context is left.
    holding: Holding<'a, L>,
    _entered: Entered<C>,
}

impl<T: Copy, L: WriterLock, C: SavedContext> Drop for ExclGuard<'_, T, L, C> {
    #[inline]
    fn drop(&mut self) {
        self.holding.unlock_after_read();
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext> Deref for ExclGuard<'_, T, L, C> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Copy + fmt::Debug, L: WriterLock, C: SavedContext> fmt::Debug for ExclGuard<'_, T, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExclGuard").field(&self.value).finish()
    }
}
