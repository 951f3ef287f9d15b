// SPDX-License-Identifier: MIT OR Apache-2.0
//! A writer lock inside of a value, and holding it.

#![allow(unsafe_code, reason = "a lock is given back, and a forked child replaces it")]

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::panic::RefUnwindSafe;

use super::{SpinLock, WriterLock};
use crate::misuse::Identity;

/// A writer lock inside of a value. A child that was forked while another thread held the lock has no
/// thread that gives it back, so a new one can be put in its place.
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

    /// Which lock this is, in builds that check, and what its thread does with it.
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

    /// See [`WriterLock::request_turn`].
    #[inline]
    pub(crate) fn request_turn(&self, wants_processor: bool)
    where
        L: WriterLock,
    {
        self.get().request_turn(wants_processor);
    }

    /// See [`WriterLock::back_off`].
    #[inline]
    pub(crate) fn back_off(&self, bytes: usize)
    where
        L: WriterLock,
    {
        self.get().back_off(bytes);
    }

    /// # Safety
    /// No other thread uses the lock, and no guard or other borrow of it lives in this one.
    pub(crate) unsafe fn replace_shared(&self, lock: L) {
        self.identity.reset();
        // The old lock is not dropped: what it points to may be held by threads that are gone.
        // SAFETY: the memory is inside of an `UnsafeCell`, and no borrow of it lives in any thread.
        unsafe { self.lock.get().write(lock) };
    }
}

impl Replaceable<SpinLock> {
    /// Takes the lock for a writer that may end in another thread.
    pub(crate) fn try_claim(&self) -> bool {
        self.get().try_lock().is_some()
    }

    /// # Safety
    /// The caller took the lock by `try_claim`, and gives it back once.
    pub(crate) unsafe fn give_back_claim(&self) {
        // SAFETY: P5. `try_claim` took it. A spin lock is given back by one store, which has the
        // same effect in each thread; what that thread did before happens before it.
        unsafe { self.get().unlock(()) };
    }
}

/// A writer lock that is held; its end gives the lock back.
pub(crate) struct Holding<'a, L: WriterLock> {
    lock: &'a Replaceable<L>,
    held: Option<L::Held>,
    /// A lock is given back by the thread that took it.
    not_send: PhantomData<*const ()>,
}

impl<'a, L: WriterLock> Holding<'a, L> {
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn new(lock: &'a Replaceable<L>) -> Self {
        lock.identity.assert_not_mine();
        Self::from_held(lock, lock.get().lock())
    }

    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    pub(crate) fn new_for_read(lock: &'a Replaceable<L>) -> Self {
        lock.identity.assert_not_mine();
        Self::from_held(lock, lock.get().lock_for_read())
    }

    #[inline]
    pub(crate) fn try_new(lock: &'a Replaceable<L>) -> Option<Self> {
        lock.get().try_lock().map(|held| Self::from_held(lock, held))
    }

    #[inline]
    fn from_held(lock: &'a Replaceable<L>, held: L::Held) -> Self {
        lock.identity.taken();
        Holding { lock, held: Some(held), not_send: PhantomData }
    }

    /// Gives the lock back at the end of a locking reader. The end of this value does nothing then.
    #[inline]
    pub(crate) fn unlock_after_read(&mut self) {
        if let Some(held) = self.held.take() {
            self.lock.identity.given_back();
            // SAFETY: P5. This lock gave `held`, to this thread: `Holding` cannot be sent.
            unsafe { self.lock.get().unlock_after_read(held) };
        }
    }
}

impl<L: WriterLock> Drop for Holding<'_, L> {
    #[inline]
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.lock.identity.given_back();
            // SAFETY: P5. This lock gave `held`, to this thread: `Holding` cannot be sent.
            unsafe { self.lock.get().unlock(held) };
        }
    }
}
