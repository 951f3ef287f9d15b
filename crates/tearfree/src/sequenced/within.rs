// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls with a kind of interruption blocked: the kernel's `_irq`, `_irqsave` and `_bh` forms.

use core::fmt;
use core::marker::PhantomData;

use super::protocol::Protocol;
use super::{ExclGuard, Sequenced, Version, WriteGuard};
use crate::context::{Context, Entered, SavedContext};
use crate::lock::WriterLock;

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Returns a handle whose calls block a kind of interruption: `write_seqlock_irqsave` is
    /// `within::<IrqSave>().write()`.
    ///
    /// Where a handler writes, or reads and cannot wait, each writer has to block it. Each call costs what the
    /// context costs. For a lock that does so in every call, see [`InContext`](crate::lock::InContext).
    ///
    /// ```
    /// # #[cfg(all(feature = "std", unix))] {
    /// use tearfree::{SeqLock, context::IrqSave};
    /// static SEEN: SeqLock<u64> = SeqLock::new(1);
    /// let blocking = SEEN.within::<IrqSave>(); // nothing is blocked yet
    /// blocking.update(|seen| *seen += 1); // no signal handler runs in this thread meanwhile
    /// *blocking.write() += 1; // nor while this guard lives
    /// blocking.set_from(&(blocking.read() + 1));
    /// assert_eq!(blocking.update_or_discard(|_| Err::<(), _>("no")), Err("no"));
    /// assert_eq!(blocking.read(), 4);
    /// # }
    /// ```
    #[inline]
    #[must_use]
    pub fn within<C: Context>(&self) -> Within<'_, T, L, C, P> {
        Within { lock: self, context: PhantomData }
    }
}

/// A handle of a [`SeqLock`](crate::SeqLock) or [`SeqLatch`](crate::SeqLatch) whose calls block a kind of
/// interruption. Created by [`within`](Sequenced::within). For calls that it lacks, use the guard of
/// [`write`](Self::write).
pub struct Within<'a, T, L, C, P: Protocol> {
    lock: &'a Sequenced<T, L, P>,
    context: PhantomData<fn() -> C>,
}

impl<T: Copy, L: WriterLock, C: Context, P: Protocol> Within<'_, T, L, C, P> {
    /// Reads as [`Sequenced::read`] does: `read_seqbegin_irqsave` and `read_seqretry_irqrestore`.
    #[doc(alias("read_seqbegin_irqsave", "read_seqretry_irqrestore"))]
    #[inline]
    #[must_use]
    pub fn read(self) -> T {
        C::with(|| self.lock.read())
    }

    /// Replaces the value as [`Sequenced::set`] does.
    #[inline]
    pub fn set(self, value: T) {
        self.set_from(&value);
    }

    /// Replaces the value as [`Sequenced::set_from`] does.
    #[inline]
    pub fn set_from(self, value: &T) {
        self.lock.back_off();
        C::with(|| self.lock.publish_locked(value));
    }

    /// Replaces the value as [`Sequenced::replace`] does.
    #[inline]
    #[must_use = "if the old value is not needed, `set` is cheaper"]
    pub fn replace(self, value: T) -> T {
        self.update(|current| core::mem::replace(current, value))
    }

    /// Replaces the value as [`Sequenced::set_versioned`] does.
    #[inline]
    #[must_use = "if the version is not needed, `set` is the call"]
    pub fn set_versioned(self, value: T) -> Version {
        self.lock.back_off();
        C::with(|| self.lock.publish_versioned(&value))
    }

    /// Replaces the value as [`Sequenced::set_if_current`] does.
    ///
    /// # Errors
    /// The present version, if it is not `seen`.
    #[inline]
    pub fn set_if_current(self, seen: Version, value: T) -> Result<Version, Version> {
        self.lock.back_off();
        C::with(|| self.lock.publish_if_current(seen, &value))
    }

    /// Changes the value as [`Sequenced::update`] does.
    #[inline]
    pub fn update<R>(self, change: impl FnOnce(&mut T) -> R) -> R {
        self.lock.back_off();
        C::with(|| self.lock.change(change))
    }

    /// Changes the value as [`Sequenced::update_or_discard`] does.
    ///
    /// # Errors
    /// The error of the closure.
    #[inline]
    pub fn update_or_discard<R, E>(
        self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        self.lock.back_off();
        C::with(|| {
            let _writer = self.lock.hold();
            self.lock.change_as_writer(change)
        })
    }

    /// Reads as [`Sequenced::read_or_lock`] does, with the interruption blocked in the locked read:
    /// `read_seqbegin_or_lock_irqsave` and `done_seqretry_irqrestore`, or `scoped_seqlock_read` with
    /// `ss_lock_irqsave`.
    #[doc(alias("read_seqbegin_or_lock_irqsave", "done_seqretry_irqrestore", "ss_lock_irqsave"))]
    #[inline]
    #[must_use]
    pub fn read_or_lock(self) -> T {
        match self.lock.try_read() {
            Some(value) => value,
            None => C::with(|| self.lock.read_locked()),
        }
    }
}

impl<'a, T: Copy, L: WriterLock, C: SavedContext, P: Protocol> Within<'a, T, L, C, P> {
    /// Locks as [`Sequenced::write`] does, with the interruption blocked while the guard lives: `write_seqlock_irq`, `write_seqlock_irqsave`,
    /// `write_seqlock_bh`.
    #[doc(alias(
        "write_seqlock_irq",
        "write_sequnlock_irq",
        "write_seqlock_irqsave",
        "write_sequnlock_irqrestore",
        "write_seqlock_bh",
        "write_sequnlock_bh"
    ))]
    #[inline]
    pub fn write(self) -> WriteGuard<'a, T, L, C, P> {
        self.lock.back_off();
        // P10: entered before the lock is taken, left after it is released.
        let entered = Entered::new();
        self.lock.guard(self.lock.hold(), entered)
    }

    /// Locks as [`Sequenced::try_write`] does, with the interruption blocked while the guard lives.
    #[inline]
    #[must_use]
    pub fn try_write(self) -> Option<WriteGuard<'a, T, L, C, P>> {
        let entered = Entered::new();
        let holding = self.lock.try_hold()?;
        Some(self.lock.guard(holding, entered))
    }

    /// Locks as [`Sequenced::read_excl`] does, with the interruption blocked while the guard lives: `read_seqlock_excl_irq`,
    /// `read_seqlock_excl_irqsave`, `read_seqlock_excl_bh`.
    #[doc(alias(
        "read_seqlock_excl_irq",
        "read_sequnlock_excl_irq",
        "read_seqlock_excl_irqsave",
        "read_sequnlock_excl_irqrestore",
        "read_seqlock_excl_bh",
        "read_sequnlock_excl_bh"
    ))]
    #[inline]
    pub fn read_excl(self) -> ExclGuard<'a, T, L, C> {
        // P10: entered before the lock is taken, left after it is released.
        let entered = Entered::new();
        self.lock.guard_excl(self.lock.hold_for_read(), entered)
    }

    /// Locks as [`Sequenced::try_read_excl`] does, with the interruption blocked while the guard lives.
    #[inline]
    #[must_use]
    pub fn try_read_excl(self) -> Option<ExclGuard<'a, T, L, C>> {
        let entered = Entered::new();
        let holding = self.lock.try_hold()?;
        Some(self.lock.guard_excl(holding, entered))
    }
}

impl<T, L, C, P: Protocol> Clone for Within<'_, T, L, C, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, L, C, P: Protocol> Copy for Within<'_, T, L, C, P> {}

impl<T: Copy + fmt::Debug, L: WriterLock, C, P: Protocol> fmt::Debug for Within<'_, T, L, C, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Within").field(self.lock).finish()
    }
}
