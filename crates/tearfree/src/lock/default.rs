// SPDX-License-Identifier: MIT OR Apache-2.0
//! `DefaultLock`: the writer lock of a value whose type names none.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

use core::fmt;

use super::WriterLock;

#[cfg(all(feature = "std", not(tearfree_axm)))]
type Inner = super::parking::ParkingLock<super::parking::OfTheProcess>;
#[cfg(any(not(feature = "std"), tearfree_axm))]
type Inner = super::SpinLock;

/// The writer lock of a [`SeqLock`](crate::SeqLock) that names none.
///
/// One type in all builds: with `std` it blocks, by parking_lot's queue, and a locking reader hands it to a
/// waiting writer; without `std` it is [`SpinLock`](super::SpinLock). At most two bytes.
pub struct DefaultLock(Inner);

// SAFETY: P5. Each method calls that of the inner lock, which keeps the contract.
unsafe impl WriterLock for DefaultLock {
    const UNLOCKED: Self = DefaultLock(Inner::UNLOCKED);
    type Held = ();

    #[inline]
    fn lock(&self) {
        self.0.lock();
    }

    #[inline]
    fn lock_for_read(&self) {
        self.0.lock_for_read();
    }

    #[inline]
    fn try_lock(&self) -> Option<()> {
        self.0.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self, (): ()) {
        // SAFETY: the caller holds this lock, so it holds the one inside, which `lock` or
        // `try_lock` took.
        unsafe { self.0.unlock(()) }
    }

    #[inline]
    unsafe fn unlock_after_read(&self, (): ()) {
        // SAFETY: the caller took this lock by `lock_for_read` or `try_lock`, which took the one
        // inside in the same way.
        unsafe { self.0.unlock_after_read(()) }
    }
}

impl Default for DefaultLock {
    fn default() -> Self {
        DefaultLock::UNLOCKED
    }
}

impl fmt::Debug for DefaultLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DefaultLock")
    }
}
