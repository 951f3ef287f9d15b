// SPDX-License-Identifier: MIT OR Apache-2.0
//! The writer side: a private copy, published at the end.

#![allow(unsafe_code, reason = "the writer's own copy becomes a value here (P4)")]

use core::fmt;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};

use super::Sequenced;
use super::protocol::{OneCopy, Protocol};
use crate::context::{Context, Entered, SavedContext, Thread};
use crate::lock::{DefaultLock, Holding, WriterLock};

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Replaces the value.
    ///
    /// Takes the writer lock, makes the count odd, copies, makes it even. Waits for other writers and
    /// for [locking readers](Self::read_excl), never for other readers. Where the lock is
    /// [`Fair`](crate::lock::Fair), a request of a starving reader makes it pause first, for a bounded
    /// time.
    ///
    /// # Panics
    /// In debug builds with `std`, if this thread holds the lock: see [re-entering](crate::SeqLock#re-entering).
    ///
    /// # Examples
    /// ```
    /// let lock = tearfree::SeqLock::new((0, 0));
    /// lock.set((1, 2));
    /// assert_eq!(lock.read(), (1, 2));
    /// ```
    #[doc(alias("write_seqlock", "write_sequnlock", "store"))]
    #[inline]
    pub fn set(&self, value: T) {
        self.lock.back_off(size_of::<T>());
        self.replace(&value);
    }

    /// As [`set`](Self::set), straight from where the value is: one copy in all, whatever the size.
    ///
    /// ```
    /// let table = [7_u64; 512];
    /// let lock = tearfree::SeqLock::new([0_u64; 512]);
    /// lock.set_from(&table);
    /// assert_eq!(lock.read(), table);
    /// ```
    #[inline]
    pub fn set_from(&self, value: &T) {
        self.lock.back_off(size_of::<T>());
        self.replace(value);
    }

    /// As [`set`](Self::set), with a kind of interruption kept out meanwhile.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", unix))] {
    /// use tearfree::{SeqLock, context::Bh};
    /// let lock = SeqLock::new(1);
    /// lock.set_in::<Bh>(2);
    /// assert_eq!(lock.read(), 2);
    /// # }
    /// ```
    #[inline]
    pub fn set_in<C: Context>(&self, value: T) {
        self.lock.back_off(size_of::<T>());
        C::with(|| self.replace(&value));
    }

    /// Changes the value by a closure that works on a private copy.
    ///
    /// Readers see the old value until the closure has returned, however long it takes. If it panics,
    /// nothing is published and the lock is free again: there is no poisoning.
    ///
    /// # Panics
    /// In debug builds with `std`, if this thread holds the lock: see [re-entering](crate::SeqLock#re-entering).
    ///
    /// # Examples
    /// ```
    /// let counters = tearfree::SeqLock::new([0_u32; 2]);
    /// let before = counters.update(|c| { let before = c[0]; c[0] += 1; before });
    /// assert_eq!((before, counters.read()), (0, [1, 0]));
    /// ```
    #[doc(alias("write_seqlock", "write_sequnlock"))]
    #[inline]
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        self.lock.back_off(size_of::<T>());
        self.change(change)
    }

    /// As [`update`](Self::update), with a kind of interruption kept out meanwhile.
    #[inline]
    pub fn update_in<C: Context, R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        self.lock.back_off(size_of::<T>());
        C::with(|| self.change(change))
    }

    /// As [`update`](Self::update), but publishes only if the closure gives `Ok`: an early return with
    /// `?` leaves the old value. Waits for other writers, as `update` does.
    ///
    /// # Errors
    /// What the closure returns.
    ///
    /// # Examples
    /// ```
    /// let balance = tearfree::SeqLock::new((10_u32, 0_u32));
    /// let pay = |amount| balance.update_or_discard(|(left, paid)| {
    ///     *paid += amount;
    ///     *left = left.checked_sub(amount).ok_or("not enough left")?;
    ///     Ok(*left)
    /// });
    /// assert_eq!(pay(4), Ok(6));
    /// assert_eq!(pay(7), Err("not enough left"));
    /// assert_eq!(balance.read(), (6, 4)); // nothing of the failed one
    /// ```
    #[doc(alias("try_update"))]
    #[inline]
    pub fn update_or_discard<R, E>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        self.lock.back_off(size_of::<T>());
        let _writer = Holding::new(&self.lock);
        let mut value = self.copy_as_writer();
        let result = change(&mut value)?;
        self.publish(&value);
        Ok(result)
    }

    /// Takes the writer lock and gives a private copy to work on: `write_seqlock`.
    ///
    /// The end of the guard publishes the copy and gives the lock back: `write_sequnlock`.
    /// [`WriteGuard::discard`], or (with `std`) a panic while the guard lives, publishes nothing.
    ///
    /// # Panics
    /// In debug builds with `std`, if this thread holds the lock: see [re-entering](crate::SeqLock#re-entering).
    ///
    /// # Examples
    /// ```
    /// let lock = tearfree::SeqLock::new((1, 1));
    /// {
    ///     let mut both = lock.write();
    ///     both.0 = 2;
    ///     assert_eq!(lock.read(), (1, 1)); // not yet
    ///     both.1 = 2;
    /// }
    /// assert_eq!(lock.read(), (2, 2));
    /// ```
    #[doc(alias("write_seqlock", "write_sequnlock", "scoped_seqlock_write"))]
    #[inline]
    pub fn write(&self) -> WriteGuard<'_, T, L, Thread, P> {
        self.write_in()
    }

    /// As [`write`](Self::write), if no other writer is inside: `write_tryseqlock`. Never waits,
    /// pauses or yields, whatever the lock.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let first = lock.write();
    /// assert!(lock.try_write().is_none());
    /// drop(first);
    /// *lock.try_write().unwrap() = 2;
    /// assert_eq!(lock.read(), 2);
    /// ```
    #[doc(alias("write_tryseqlock"))]
    #[inline]
    pub fn try_write(&self) -> Option<WriteGuard<'_, T, L, Thread, P>> {
        self.try_write_in()
    }

    /// As [`write`](Self::write), with a kind of interruption kept out for the life of the guard:
    /// `write_seqlock_irq`, `write_seqlock_irqsave`, `write_seqlock_bh`.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", unix))] {
    /// use tearfree::{SeqLock, context::IrqSave};
    /// let lock = SeqLock::new(1);
    /// *lock.write_in::<IrqSave>() = 2;
    /// assert_eq!(lock.read(), 2);
    /// # }
    /// ```
    #[doc(alias(
        "write_seqlock_irq",
        "write_sequnlock_irq",
        "write_seqlock_irqsave",
        "write_sequnlock_irqrestore",
        "write_seqlock_bh",
        "write_sequnlock_bh"
    ))]
    #[inline]
    pub fn write_in<C: SavedContext>(&self) -> WriteGuard<'_, T, L, C, P> {
        self.lock.back_off(size_of::<T>());
        // P10: entered before the lock is taken, left after it is given back.
        let entered = Entered::new();
        WriteGuard::of(self, Holding::new(&self.lock), entered)
    }

    /// As [`try_write`](Self::try_write), with a kind of interruption kept out.
    #[inline]
    pub fn try_write_in<C: SavedContext>(&self) -> Option<WriteGuard<'_, T, L, C, P>> {
        let entered = Entered::new();
        let holding = Holding::try_new(&self.lock)?;
        Some(WriteGuard::of(self, holding, entered))
    }

    #[inline]
    fn replace(&self, value: &T) {
        let _writer = Holding::new(&self.lock);
        self.publish(value);
    }

    #[inline]
    fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let _writer = Holding::new(&self.lock);
        let mut value = self.copy_as_writer();
        let result = change(&mut value);
        self.publish(&value);
        result
    }
}

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Stores `value`, moves the count, and wakes the waiters. The caller is the
    /// one writer (P5).
    #[inline]
    pub(super) fn publish(&self, value: &T) {
        P::publish(&self.cell, value);
        #[cfg(feature = "std")]
        self.waiters.wake();
    }

    /// The value as the one writer sees it, whom nobody disturbs (P5).
    #[inline]
    pub(super) fn copy_as_writer(&self) -> T {
        let mut value = MaybeUninit::uninit();
        P::copy_of_writer(&self.cell).load(&mut value);
        // SAFETY: P4, P5. Writers are excluded, so the bytes are those of the last write.
        unsafe { value.assume_init() }
    }
}

/// A private copy of the value, under the writer lock. Its end publishes the copy.
///
/// An early return ends the guard as well and so publishes what was changed until then: call
/// [`discard`](Self::discard) before, or use [`update_or_discard`](crate::Sequenced::update_or_discard).
#[must_use = "dropping the guard publishes at once"]
pub struct WriteGuard<
    'a,
    T: Copy,
    L: WriterLock = DefaultLock,
    C: SavedContext = Thread,
    P: Protocol = OneCopy,
> {
    lock: &'a Sequenced<T, L, P>,
    value: T,
    end: End,
    // Dropped in this order: the lock is given back, then the context is left.
    _holding: Holding<'a, L>,
    _entered: Entered<C>,
}

/// What the end of a guard does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Publish,
    Discard,
    /// Publishes though the thread panics: it did so already when the guard was made.
    #[cfg(feature = "std")]
    PublishInPanic,
}

impl End {
    #[inline]
    fn new() -> Self {
        #[cfg(feature = "std")]
        if std::thread::panicking() {
            return End::PublishInPanic;
        }
        End::Publish
    }

    #[inline]
    fn publishes(self) -> bool {
        match self {
            End::Discard => false,
            #[cfg(feature = "std")]
            End::Publish => !std::thread::panicking(),
            #[cfg(not(feature = "std"))]
            End::Publish => true,
            #[cfg(feature = "std")]
            End::PublishInPanic => true,
        }
    }
}

impl<'a, T: Copy, L: WriterLock, C: SavedContext, P: Protocol> WriteGuard<'a, T, L, C, P> {
    #[inline]
    fn of(lock: &'a Sequenced<T, L, P>, holding: Holding<'a, L>, entered: Entered<C>) -> Self {
        let value = lock.copy_as_writer();
        WriteGuard { lock, value, end: End::new(), _holding: holding, _entered: entered }
    }

    /// Gives the lock back without publishing: readers keep the old value.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let mut guard = lock.write();
    /// *guard = 2;
    /// guard.discard();
    /// assert_eq!(lock.read(), 1);
    /// ```
    #[inline]
    pub fn discard(mut self) {
        self.end = End::Discard;
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext, P: Protocol> Drop for WriteGuard<'_, T, L, C, P> {
    #[inline]
    fn drop(&mut self) {
        if self.end.publishes() {
            self.lock.publish(&self.value);
        }
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext, P: Protocol> Deref for WriteGuard<'_, T, L, C, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext, P: Protocol> DerefMut for WriteGuard<'_, T, L, C, P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Copy + fmt::Debug, L: WriterLock, C: SavedContext, P: Protocol> fmt::Debug
    for WriteGuard<'_, T, L, C, P>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteGuard").field(&self.value).finish()
    }
}
