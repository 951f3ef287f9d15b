// SPDX-License-Identifier: MIT OR Apache-2.0
//! The calls of writers, which publish a private copy.

#![allow(unsafe_code, reason = "the writer's own copy becomes a value here (P4)")]

use core::convert::Infallible;
use core::mem::MaybeUninit;
#[cfg(feature = "std")]
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

use super::protocol::Protocol;
use super::{Sequenced, Version, WriteGuard};
use crate::context::{Entered, Thread};
use crate::lock::{Holding, WriterLock};
#[cfg(feature = "std")]
use crate::wait::SpinWait;

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Replaces the value.
    ///
    /// Takes the writer lock, makes the count odd, copies, makes it even. Waits for other writers and for
    /// [locking readers](Self::read_excl), never for other readers. With [`Fair`](crate::lock::Fair) it first
    /// pauses, for a bounded time, if a starving reader requested its turn.
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
        self.back_off();
        self.publish_locked(&value);
    }

    /// Replaces the value by a copy of `*value`: one copy in all for any size.
    ///
    /// ```
    /// let table = [7_u64; 512];
    /// let lock = tearfree::SeqLock::new([0_u64; 512]);
    /// lock.set_from(&table);
    /// assert_eq!(lock.read(), table);
    /// ```
    #[inline]
    pub fn set_from(&self, value: &T) {
        self.back_off();
        self.publish_locked(value);
    }

    /// Replaces the value, and returns the old one.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// assert_eq!((lock.replace(2), lock.read()), (1, 2));
    /// ```
    #[doc(alias("swap", "exchange"))]
    #[inline]
    #[must_use = "if the old value is not needed, `set` is cheaper"]
    pub fn replace(&self, value: T) -> T {
        self.update(|current| core::mem::replace(current, value))
    }

    /// Replaces the value, and returns the version of the new one, for a [wait](Self::wait_changed) that only
    /// later writes end.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let mut seen = lock.set_versioned(2);
    /// assert_eq!(lock.read_if_changed(&mut seen), None);
    /// ```
    #[inline]
    #[must_use = "if the version is not needed, `set` is the call"]
    pub fn set_versioned(&self, value: T) -> Version {
        self.back_off();
        self.publish_versioned(&value)
    }

    /// Replaces the value if its version is still `seen`, and returns the new version.
    ///
    /// # Errors
    /// The present version, if it is not `seen`. Read the value again, and retry.
    ///
    /// # Examples
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let (value, seen) = lock.read_versioned();
    /// let seen = lock.set_if_current(seen, value + 1).expect("there is no other writer");
    /// lock.set(7);
    /// assert!(lock.set_if_current(seen, 3).is_err());
    /// assert_eq!(lock.read(), 7);
    /// ```
    #[doc(alias("compare_exchange"))]
    #[inline]
    pub fn set_if_current(&self, seen: Version, value: T) -> Result<Version, Version> {
        self.back_off();
        self.publish_if_current(seen, &value)
    }

    /// Changes the value by a closure, which gets a private copy.
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
        self.back_off();
        self.change(change)
    }

    /// Changes the value as [`update`](Self::update) does, but publishes only if the closure returns `Ok`: an
    /// early return with `?` leaves the old value. Waits for other writers, as `update` does.
    ///
    /// # Errors
    /// The error of the closure.
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
        self.back_off();
        let _writer = self.hold();
        self.change_as_writer(change)
    }

    /// Takes the writer lock and returns a guard with a private copy: `write_seqlock`.
    ///
    /// Dropping the guard publishes the copy and releases the lock: `write_sequnlock`.
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
        self.back_off();
        self.guard(self.hold(), Entered::new())
    }

    /// Locks as [`write`](Self::write) does, if the lock is free: `write_tryseqlock`. Never waits, pauses or
    /// yields, with any lock.
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
    #[must_use]
    pub fn try_write(&self) -> Option<WriteGuard<'_, T, L, Thread, P>> {
        Some(self.guard(self.try_hold()?, Entered::new()))
    }

    /// Locks as [`write`](Self::write) does, but gives up after `timeout`.
    ///
    /// One attempt is made in any case. It polls the lock, at intervals that grow to a millisecond, and does
    /// not queue: beside other writers each attempt may fail.
    ///
    /// ```
    /// use std::time::Duration;
    /// let lock = tearfree::SeqLock::new(1);
    /// let first = lock.write();
    /// assert!(lock.try_write_for(Duration::from_millis(1)).is_none());
    /// drop(first);
    /// *lock.try_write_for(Duration::from_millis(1)).unwrap() = 2;
    /// assert_eq!(lock.read(), 2);
    /// ```
    #[cfg(feature = "std")]
    #[doc(alias("try_lock_for"))]
    #[must_use]
    pub fn try_write_for(&self, timeout: Duration) -> Option<WriteGuard<'_, T, L, Thread, P>> {
        let mut spin_wait = SpinWait::with_deadline(Instant::now().checked_add(timeout));
        loop {
            if let Some(guard) = self.try_write() {
                return Some(guard);
            }
            if spin_wait.is_over() {
                return None;
            }
            spin_wait.wait();
        }
    }

    /// Pauses if the lock is fair and a starving reader requested its turn.
    #[inline]
    pub(super) fn back_off(&self) {
        self.lock.back_off(size_of::<T>());
    }

    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub(super) fn hold(&self) -> Holding<'_, L> {
        Holding::new(&self.lock)
    }

    #[inline]
    pub(super) fn try_hold(&self) -> Option<Holding<'_, L>> {
        Holding::try_new(&self.lock)
    }

    #[inline]
    pub(super) fn publish_versioned(&self, value: &T) -> Version {
        let _writer = self.hold();
        self.publish(value);
        self.version()
    }

    #[inline]
    pub(super) fn publish_if_current(&self, seen: Version, value: &T) -> Result<Version, Version> {
        let _writer = self.hold();
        let current = self.version();
        if current != seen {
            return Err(current);
        }
        self.publish(value);
        Ok(self.version())
    }

    #[inline]
    pub(super) fn publish_locked(&self, value: &T) {
        let _writer = self.hold();
        self.publish(value);
    }

    #[inline]
    pub(super) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let _writer = self.hold();
        let Ok(result) = self.change_as_writer(|value| Ok::<R, Infallible>(change(value)));
        result
    }

    /// Changes a private copy, and publishes it if `change` returns `Ok`. The caller is the one writer (P5).
    #[inline]
    pub(super) fn change_as_writer<R, E>(
        &self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut value = self.copy_as_writer();
        let result = change(&mut value)?;
        self.publish(&value);
        Ok(result)
    }

    /// Stores `value`, moves the count, and wakes the waiters. The caller is the one writer (P5).
    #[inline]
    pub(super) fn publish(&self, value: &T) {
        self.lock.identity().note_publication_begins();
        P::publish(&self.cell, value);
        self.lock.identity().note_publication_ended();
        #[cfg(any(feature = "std", feature = "critical-section"))]
        self.waiters.wake();
    }

    /// Returns the current value; the lock holder needs no validation (P5).
    #[inline]
    pub(super) fn copy_as_writer(&self) -> T {
        let mut value = MaybeUninit::uninit();
        P::copies(&self.cell)[0].load(&mut value);
        // SAFETY: P4, P5. Writers are excluded, so the bytes are those of the last write.
        unsafe { value.assume_init() }
    }
}
