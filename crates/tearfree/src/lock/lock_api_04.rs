// SPDX-License-Identifier: MIT OR Apache-2.0
//! The mutexes of lock_api 0.4 as writer locks.

use core::fmt;

use lock_api_04::RawMutex;

use super::WriterLock;

/// A writer lock made of a [`RawMutex`] of lock_api 0.4.
///
/// ```
/// use tearfree::{SeqLock, lock::LockApi04};
/// static TICKS: SeqLock<u64, LockApi04<parking_lot::RawMutex>> = SeqLock::with_lock(0, LockApi04::new());
/// TICKS.set(1);
/// assert_eq!(TICKS.read(), 1);
/// ```
#[repr(transparent)]
pub struct LockApi04<R>(pub(super) R);

impl<R: RawMutex> LockApi04<R> {
    /// Creates an unlocked lock.
    #[must_use]
    pub const fn new() -> Self {
        LockApi04(R::INIT)
    }
}

// SAFETY: P5. `RawMutex` is an unsafe trait with the same contract as this one.
unsafe impl<R: RawMutex> WriterLock for LockApi04<R> {
    const UNLOCKED: Self = LockApi04::new();
    type Held = ();

    #[inline]
    fn lock(&self) -> Self::Held {
        self.0.lock()
    }

    #[inline]
    fn try_lock(&self) -> Option<Self::Held> {
        self.0.try_lock().then_some(())
    }

    #[inline]
    unsafe fn unlock(&self, (): Self::Held) {
        // SAFETY: the caller holds this lock in this thread, which is all that `RawMutex::unlock`
        // requires.
        unsafe { self.0.unlock() }
    }
}

impl<R: RawMutex> Default for LockApi04<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for LockApi04<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockApi04")
    }
}
