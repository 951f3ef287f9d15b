// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mutexes of lock_api 0.5 as writer locks.

use core::fmt;

use lock_api::RawMutex;

use super::WriterLock;

/// A writer lock made of a [`RawMutex`] of lock_api 0.5.
///
/// ```
/// use tearfree::{SeqLock, lock::LockApi};
/// static TICKS: SeqLock<u64, LockApi<parking_lot_013::RawMutex>> = SeqLock::with_lock(0, LockApi::new());
/// TICKS.set(1);
/// assert_eq!(TICKS.read(), 1);
/// ```
#[repr(transparent)]
pub struct LockApi<R>(R);

impl<R: RawMutex> LockApi<R> {
    /// Creates an unlocked lock.
    #[must_use]
    pub const fn new() -> Self {
        LockApi(R::INIT)
    }
}

// SAFETY: P5 is the contract of `RawMutex`.
unsafe impl<R: RawMutex> WriterLock for LockApi<R> {
    const UNLOCKED: Self = LockApi::new();
    type Held = R::Guard;

    #[inline]
    fn lock(&self) -> Self::Held {
        self.0.lock()
    }

    #[inline]
    fn try_lock(&self) -> Option<Self::Held> {
        self.0.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self, held: Self::Held) {
        // SAFETY: the caller holds this lock, by the contract of `WriterLock::unlock`.
        unsafe { self.0.unlock(held) }
    }
}

impl<R: RawMutex> Default for LockApi<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for LockApi<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockApi")
    }
}
