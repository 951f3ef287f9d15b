// SPDX-License-Identifier: MIT OR Apache-2.0
//! The writer lock inside a value, and the state of holding it.

#![allow(unsafe_code, reason = "a lock is released, and a forked child replaces it")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::panic::RefUnwindSafe;

use super::{SpinLock, WriterLock};
use crate::misuse::Identity;

/// The writer lock inside a value. A child that was forked while another thread held the lock has no thread
/// that releases it, so the lock can be replaced by a new one.
pub(crate) struct Replaceable<L> {
    lock: UnsafeCell<L>,
    identity: Identity,
}

// SAFETY: shared access gives `&L` and nothing else, but for `replace_shared`, whose contract excludes others.
unsafe impl<L: Sync> Sync for Replaceable<L> {}

/// A panic finds the lock taken or free, and the guard that took it gives it back: as std's mutexes.
impl<L> RefUnwindSafe for Replaceable<L> {}

impl<L> Replaceable<L> {
    pub(crate) const fn new(lock: L) -> Self {
        Replaceable { lock: UnsafeCell::new(lock), identity: Identity::new() }
    }

    /// Returns the identity of this lock, in builds that check, for its ID and for records of its use.
    #[inline(always)]
    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    #[inline(always)]
    fn get(&self) -> &L {
        // SAFETY: the lock is alive, and nothing writes to it as a whole while it is borrowed:
        // `replace_shared` demands that.
        unsafe { &*self.lock.get() }
    }

    /// Calls [`WriterLock::request_turn`].
    #[inline]
    pub(crate) fn request_turn(&self, wants_processor: bool)
    where
        L: WriterLock,
    {
        self.get().request_turn(wants_processor);
    }

    /// Calls [`WriterLock::back_off`].
    #[inline]
    pub(crate) fn back_off(&self, bytes: usize)
    where
        L: WriterLock,
    {
        self.get().back_off(bytes);
    }

    /// Replaces the lock.
    ///
    /// # Safety
    /// No other thread uses the lock, and no guard or other borrow of it lives in this one.
    pub(crate) unsafe fn replace_shared(&self, lock: L) {
        self.identity.reset();
        // The old lock is not dropped: threads that no longer exist may hold what it points to.
        // SAFETY: the memory is inside of an `UnsafeCell`, and no borrow of it lives in any thread.
        unsafe { self.lock.get().write(lock) };
    }
}

impl Replaceable<SpinLock> {
    /// Takes the lock, if it is free, for a writer that may be dropped in another thread.
    pub(crate) fn try_claim(&self) -> bool {
        self.get().try_lock().is_some()
    }

    /// Releases what `try_claim` took.
    ///
    /// # Safety
    /// The caller took the lock by `try_claim`, and releases it once.
    pub(crate) unsafe fn release_claim(&self) {
        // SAFETY: P5. `try_claim` took it. One store releases a spin lock, with the same effect in
        // each thread; what the releasing thread did before happens before it.
        unsafe { self.get().unlock(()) };
    }
}

/// A writer lock that is held; dropping this releases it.
pub(crate) struct Holding<'a, L: WriterLock> {
    lock: &'a Replaceable<L>,
    held: Option<L::Held>,
    /// A lock is released by the thread that took it.
    not_send: PhantomData<*const ()>,
}

impl<'a, L: WriterLock> Holding<'a, L> {
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn new(lock: &'a Replaceable<L>) -> Self {
        lock.identity.assert_not_held_here();
        Self::from_held(lock, lock.get().lock())
    }

    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn new_for_read(lock: &'a Replaceable<L>) -> Self {
        lock.identity.assert_not_held_here();
        Self::from_held(lock, lock.get().lock_for_read())
    }

    #[inline]
    pub(crate) fn try_new(lock: &'a Replaceable<L>) -> Option<Self> {
        lock.get().try_lock().map(|held| Self::from_held(lock, held))
    }

    #[inline]
    fn from_held(lock: &'a Replaceable<L>, held: L::Held) -> Self {
        lock.identity.note_locked();
        Holding { lock, held: Some(held), not_send: PhantomData }
    }

    /// Releases the lock of a locking reader. Dropping this does nothing then.
    #[inline]
    pub(crate) fn unlock_after_read(&mut self) {
        if let Some(held) = self.held.take() {
            self.lock.identity.note_unlocked();
            // SAFETY: P5. This lock gave `held`, to this thread: `Holding` cannot be sent.
            unsafe { self.lock.get().unlock_after_read(held) };
        }
    }
}

impl<L: WriterLock> Drop for Holding<'_, L> {
    #[inline]
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.lock.identity.note_unlocked();
            // SAFETY: P5. This lock gave `held`, to this thread: `Holding` cannot be sent.
            unsafe { self.lock.get().unlock(held) };
        }
    }
}
