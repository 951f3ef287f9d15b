// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one writer of a shared value, such as a `static`.

#![allow(unsafe_code, reason = "the lock is released by the thread that drops the writer")]

use core::fmt;
use core::ops::Deref;

use super::protocol::Protocol;
use super::{Sequenced, Writer};
use crate::lock::SpinLock;

impl<T: Copy, P: Protocol> Sequenced<T, SpinLock, P> {
    /// Returns the one writer of a shared value; `None` while there is such a writer, or another writer is
    /// inside.
    ///
    /// It holds the lock until it is dropped, and can be sent to another thread. [`set`](Self::set) and all
    /// other calls that take the lock wait until then. For the readers, see [`reader`](Self::reader).
    ///
    /// If it is forgotten ([`mem::forget`](core::mem::forget)), the lock stays held: readers see the last
    /// value, `try_claim` and all other attempts fail, and `set` never returns. [`reset`](Self::reset) releases
    /// the lock.
    ///
    /// # Examples
    /// ```
    /// use tearfree::{SeqLock, lock::SpinLock};
    /// static POSE: SeqLock<(f64, f64), SpinLock> = SeqLock::with_lock((0.0, 0.0), SpinLock::new());
    ///
    /// let mut writer = POSE.try_claim().expect("there is no other writer");
    /// assert!(POSE.try_claim().is_none());
    /// let reader = POSE.reader();
    /// std::thread::spawn(move || writer.set((1.0, 2.0))).join().unwrap();
    /// assert_eq!(reader.read(), (1.0, 2.0));
    /// assert!(POSE.try_claim().is_some(), "the writer was dropped");
    /// ```
    #[must_use]
    pub fn try_claim(&self) -> Option<Writer<Claim<'_, T, P>>> {
        // Not `then_some`: it would create a claim in each case, and dropping that releases the lock.
        self.lock.try_claim().then(|| Writer::new(Claim { value: self }))
    }
}

/// The handle of a writer of [`try_claim`](Sequenced::try_claim) to the value; dropping it releases the lock.
pub struct Claim<'a, T: Copy, P: Protocol> {
    value: &'a Sequenced<T, SpinLock, P>,
}

impl<T: Copy, P: Protocol> Deref for Claim<'_, T, P> {
    type Target = Sequenced<T, SpinLock, P>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        self.value
    }
}

impl<T: Copy, P: Protocol> Drop for Claim<'_, T, P> {
    fn drop(&mut self) {
        // SAFETY: P5. This claim took the lock, in `try_claim`, and releases it once.
        unsafe { self.value.lock.release_claim() };
    }
}

impl<T: Copy + fmt::Debug, P: Protocol> fmt::Debug for Claim<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claim").field(self.value).finish()
    }
}
