// SPDX-License-Identifier: MIT OR Apache-2.0
//! `InContext`: a writer lock that blocks a kind of interruption while it is held.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

use core::marker::PhantomData;

use super::{DefaultLock, WriterLock};
use crate::context::{Entered, SavedContext};

/// A writer lock that blocks a kind of interruption while it is held: for data that an interrupt handler
/// writes, too.
///
/// It does so in every call; for one call see [`within`](crate::Sequenced::within). Where a handler writes,
/// every *writer* has to block it in one of these two ways. Readers need not: they take no lock, and neither
/// does a thread that waits for a change.
///
/// ```
/// # #[cfg(all(feature = "std", unix))] {
/// use tearfree::{SeqLock, context::IrqSave, lock::{InContext, SpinLock}};
/// // Written by a signal handler and by threads; no signal arrives while a thread holds the lock.
/// static SEEN: SeqLock<(u64, u64), InContext<IrqSave, SpinLock>> =
///     SeqLock::with_lock((0, 0), InContext::new(SpinLock::new()));
/// SEEN.update(|seen| seen.0 += 1);
/// # }
/// ```
#[derive(Debug)]
pub struct InContext<C, L = DefaultLock> {
    lock: L,
    context: PhantomData<fn() -> C>,
}

impl<C: SavedContext, L> InContext<C, L> {
    /// Wraps `lock` into the context `C`, which has to nest: with `Irq` this does not compile.
    ///
    /// ```compile_fail
    /// # use tearfree::{context::Irq, lock::{InContext, SpinLock}};
    /// let _ = InContext::<Irq, _>::new(SpinLock::new());
    /// ```
    /// ```
    /// # #[cfg(all(feature = "std", unix))] {
    /// # use tearfree::{context::IrqSave, lock::{InContext, SpinLock}};
    /// let _ = InContext::<IrqSave, _>::new(SpinLock::new());
    /// # }
    /// ```
    #[must_use]
    pub const fn new(lock: L) -> Self {
        const { assert!(C::NESTS, "this context does not nest, as a lock type requires: use `IrqSave`") };
        InContext { lock, context: PhantomData }
    }
}

impl<C: SavedContext, L: Default> Default for InContext<C, L> {
    fn default() -> Self {
        InContext::new(L::default())
    }
}

// SAFETY: P5. The inner lock is held for the whole time between `lock` and `unlock`.
unsafe impl<C: SavedContext, L: WriterLock> WriterLock for InContext<C, L> {
    const UNLOCKED: Self = InContext::new(L::UNLOCKED);
    type Held = (Option<C::Saved>, L::Held);

    #[inline]
    fn lock(&self) -> Self::Held {
        // P10: the interruption is blocked before the lock is taken, until after it is released.
        let entered = Entered::<C>::new();
        let held = self.lock.lock();
        (entered.into_saved(), held)
    }

    #[inline]
    fn lock_for_read(&self) -> Self::Held {
        let entered = Entered::<C>::new();
        let held = self.lock.lock_for_read();
        (entered.into_saved(), held)
    }

    #[inline]
    fn try_lock(&self) -> Option<Self::Held> {
        let entered = Entered::<C>::new();
        let held = self.lock.try_lock()?;
        Some((entered.into_saved(), held))
    }

    #[inline]
    unsafe fn unlock(&self, (saved, held): Self::Held) {
        // SAFETY: P5. `held` is the second half of what `lock` or `try_lock` above returned to this
        // thread.
        unsafe { self.lock.unlock(held) };
        if let Some(saved) = saved {
            C::leave(saved);
        }
    }

    #[inline]
    unsafe fn unlock_after_read(&self, (saved, held): Self::Held) {
        // SAFETY: `held` comes from `self.lock`, through `lock_for_read` or `try_lock` above.
        unsafe { self.lock.unlock_after_read(held) };
        if let Some(saved) = saved {
            C::leave(saved);
        }
    }

    #[inline]
    fn request_turn(&self, wants_processor: bool) {
        self.lock.request_turn(wants_processor);
    }

    #[inline]
    fn back_off(&self, bytes: usize) {
        self.lock.back_off(bytes);
    }
}
