// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls that need the lock without other users: plain access to the value, and a reset in a forked child.

#![allow(unsafe_code, reason = "a forked child replaces the lock, which has no other user then")]

use core::ops::Deref;

use super::protocol::{Double, OneCopy, Protocol, TwoCopies};
use super::{Reader, Sequenced};
use crate::lock::WriterLock;

impl<T: Copy, L: WriterLock> Sequenced<T, L, OneCopy> {
    /// Returns a reference to the value itself: `&mut` proves that no other thread uses the lock.
    ///
    /// ```
    /// let mut lock = tearfree::SeqLock::new(1);
    /// *lock.get_mut() += 1;
    /// assert_eq!(lock.read(), 2);
    /// ```
    ///
    /// For [`Version`](super::Version)s this counts as a write.
    ///
    /// # Panics
    /// In a child process that was forked in the middle of a write: the value is torn. Call
    /// [`reset`](Self::reset) instead.
    #[cfg_attr(debug_assertions, track_caller)]
    pub fn get_mut(&mut self) -> &mut T {
        self.assert_whole();
        self.cell.count.invalidate();
        self.cell.payload.get_mut()
    }

    /// Returns the value.
    ///
    /// ```
    /// assert_eq!(tearfree::SeqLock::new(7).into_inner(), 7);
    /// ```
    ///
    /// # Panics
    /// As [`get_mut`](Self::get_mut).
    #[cfg_attr(debug_assertions, track_caller)]
    #[must_use]
    pub fn into_inner(self) -> T {
        self.assert_whole();
        self.cell.payload.into_inner()
    }

    /// Panics if the count is odd; `&mut self` and `self` prove that no thread of this process is in a write.
    #[inline]
    #[cfg_attr(debug_assertions, track_caller)]
    fn assert_whole(&self) {
        assert!(
            self.cell.count.try_read_begin().is_some(),
            "the value is torn: this process was forked in the middle of a write; call `reset`"
        );
    }
}

impl<T: Copy, L: WriterLock> Sequenced<T, L, TwoCopies> {
    /// Returns the value, from the copy that readers use.
    ///
    /// ```
    /// assert_eq!(tearfree::SeqLatch::new(7).into_inner(), 7);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        let Double { slots: [even, odd], count } = self.cell;
        // P7: this copy is whole, also in a child that was forked in the middle of a write.
        match count.read_begin().slot() {
            0 => even.into_inner(),
            _ => odd.into_inner(),
        }
    }
}

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Sets the value to `value`, the count to an even one, and the writer lock to unlocked, in any state.
    ///
    /// For a child process that was forked while another thread wrote, and for a lock whose guard was
    /// forgotten. For [`Version`](super::Version)s this is a write. The old writer lock is not dropped.
    ///
    /// ```
    /// let mut lock = tearfree::SeqLock::new(1);
    /// core::mem::forget(lock.write()); // `lock.set(2)` would never return
    /// lock.reset(2);
    /// lock.set(3);
    /// assert_eq!(lock.read(), 3);
    /// ```
    pub fn reset(&mut self, value: T) {
        // SAFETY: `&mut` proves that no other thread and no guard uses the lock.
        unsafe { self.reset_after_fork(value) };
    }

    /// Resets as [`reset`](Self::reset) does a lock that is shared, such as a `static`.
    ///
    /// # Safety
    /// No other thread of this process uses the lock, as right after `fork` in the child; no guard of it and
    /// no writer that [claimed](crate::Sequenced::try_claim) it lives in this thread, and no call of it is
    /// under way here, but for reads of a latch in handlers.
    ///
    /// # Examples
    /// ```
    /// use tearfree::SeqLock;
    /// static LIMITS: SeqLock<(u32, u32)> = SeqLock::new((1, 10));
    /// // ... in a child that has just been forked:
    /// // SAFETY: this is the only thread, and it has no guard.
    /// unsafe { LIMITS.reset_after_fork((1, 10)) };
    /// LIMITS.set((2, 10));
    /// assert_eq!(LIMITS.read(), (2, 10));
    /// ```
    pub unsafe fn reset_after_fork(&self, value: T) {
        // SAFETY: no other thread uses the lock, and no guard, writer or call of this thread
        // borrows it.
        unsafe { self.lock.replace_shared(L::UNLOCKED) };
        P::restart(&self.cell, &value);
    }
}

impl<T, L, P, H> Reader<H>
where
    T: Copy,
    L: WriterLock,
    P: Protocol,
    H: Deref<Target = Sequenced<T, L, P>>,
{
    /// Resets as [`Sequenced::reset_after_fork`] does: all readers in the child see `value`. The child cannot
    /// reach a [`Writer`](crate::Writer) of another thread, so split a new lock where the child has to write.
    ///
    /// # Safety
    /// As for [`Sequenced::reset_after_fork`]; and no write of a [`Writer`](crate::Writer) is under way in this thread.
    pub unsafe fn reset_after_fork(&self, value: T) {
        // SAFETY: no other thread, guard, call or `Writer` uses the lock behind this reader.
        unsafe { self.shared.reset_after_fork(value) };
    }
}

#[cfg(all(test, not(tearfree_axm)))]
mod tests {
    use crate::{SeqLatch, SeqLock};

    fn in_the_middle_of_a_write() -> SeqLock<[u64; 3]> {
        let lock = SeqLock::new([1; 3]);
        core::mem::forget(lock.write());
        lock.cell.count.write_begin();
        lock
    }

    #[test]
    #[should_panic(expected = "call `reset`")]
    fn a_torn_value_is_not_borrowed() {
        in_the_middle_of_a_write().get_mut();
    }

    #[test]
    #[should_panic(expected = "call `reset`")]
    fn a_torn_value_is_not_returned() {
        let _ = in_the_middle_of_a_write().into_inner();
    }

    #[test]
    fn a_lock_that_was_reset_is_a_new_one() {
        let mut lock = in_the_middle_of_a_write();
        let before = lock.version();
        lock.reset([5; 3]);
        assert_ne!(lock.version(), before);
        assert_eq!(lock.read(), [5; 3]);
        lock.try_write().expect("it is free")[0] = 6;
        assert_eq!((lock.read(), *lock.get_mut()), ([6, 5, 5], [6, 5, 5]));
        let before = lock.version();
        lock.reset([7; 3]);
        assert_ne!(lock.version(), before, "a reset of a lock at rest is a write, too");
        assert_eq!(lock.into_inner(), [7; 3]);
    }

    #[test]
    fn a_write_that_was_cut_off_leaves_the_value_before_it() {
        let cut_off = || {
            let latch = SeqLatch::<u64>::new(1);
            latch.cell.count.write_begin();
            latch.cell.slots[0].store(&2); // half of a write
            latch
        };
        assert_eq!(cut_off().read(), 1);
        assert_eq!(cut_off().into_inner(), 1);
        let mut latch = cut_off();
        latch.reset(3);
        assert_eq!(latch.read(), 3);
        latch.set(4);
        assert_eq!((latch.read(), latch.into_inner()), (4, 4));
        // Cut off in its second half, the new value is there.
        let cut_off_later = || {
            let latch = cut_off();
            latch.cell.count.write_flip();
            latch.cell.slots[1].store(&99);
            latch
        };
        assert_eq!(cut_off_later().into_inner(), 2);
        let mut latch = cut_off_later();
        latch.reset(5);
        assert_eq!((latch.read(), latch.into_inner()), (5, 5));
    }
}
