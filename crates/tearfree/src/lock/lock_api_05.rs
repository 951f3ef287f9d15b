// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mutexes of lock_api 0.5 as writer locks.

use core::fmt;

use lock_api_05::RawMutex;

use super::WriterLock;

/// A writer lock made of a [`RawMutex`] of lock_api 0.5.
///
/// ```
/// use tearfree::{SeqLock, lock::LockApi05};
/// static TICKS: SeqLock<u64, LockApi05<parking_lot_013::RawMutex>> = SeqLock::with_lock(0, LockApi05::new());
/// TICKS.set(1);
/// assert_eq!(TICKS.read(), 1);
/// ```
#[repr(transparent)]
pub struct LockApi05<R>(R);

impl<R: RawMutex> LockApi05<R> {
    /// Creates an unlocked lock.
    #[must_use]
    pub const fn new() -> Self {
        LockApi05(R::INIT)
    }
}

// SAFETY: P5. `RawMutex` is an unsafe trait with the same contract as this one.
unsafe impl<R: RawMutex> WriterLock for LockApi05<R> {
    const UNLOCKED: Self = LockApi05::new();
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
        // SAFETY: the caller holds this lock in this thread, and `held` is what taking it returned.
        unsafe { self.0.unlock(held) }
    }
}

impl<R: RawMutex> Default for LockApi05<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for LockApi05<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockApi05")
    }
}
