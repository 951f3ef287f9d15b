// SPDX-License-Identifier: MIT OR Apache-2.0
//! What needs the latch alone: taking the value out, and a fresh start in a forked child.

#![allow(unsafe_code, reason = "a lock that a forked child replaces, as its caller promises")]

use super::SeqLatch;
use crate::lock::WriterLock;

impl<T: Copy, L: WriterLock> SeqLatch<T, L> {
    /// Takes the value out: that of the copy that readers use.
    ///
    /// ```
    /// assert_eq!(tearfree::SeqLatch::new(7).into_inner(), 7);
    /// ```
    #[must_use]
    pub fn into_inner(self) -> T {
        let [even, odd] = self.slots;
        // P7: this copy is whole, also in a child that was forked in the middle of a write.
        match self.count.read_begin().slot() {
            0 => even.into_inner(),
            _ => odd.into_inner(),
        }
    }

    /// Begins again with `value`, whatever state the latch is in, and with a free writer lock:
    /// [`SeqLock::reset`](crate::SeqLock::reset).
    pub fn reset(&mut self, value: T) {
        // SAFETY: `&mut` proves that no other thread and no guard uses the latch.
        unsafe { self.reset_after_fork(value) };
    }

    /// As [`reset`](Self::reset), for a latch that others could reach, such as a `static`. Signal handlers
    /// may read meanwhile.
    ///
    /// # Safety
    /// No other thread of this process uses the latch, as right after `fork` in the child, and no call of
    /// it is under way in this thread, but for reads in handlers that interrupt this one.
    ///
    /// # Examples
    /// ```
    /// use tearfree::SeqLatch;
    /// static CLOCK: SeqLatch<(u64, u32)> = SeqLatch::new((0, 0));
    /// // ... in a child that has just been forked:
    /// // SAFETY: this is the only thread, and it is in no call of the latch.
    /// unsafe { CLOCK.reset_after_fork((1, 0)) };
    /// CLOCK.update(|clock| clock.1 += 1);
    /// assert_eq!(CLOCK.read(), (1, 1));
    /// ```
    pub unsafe fn reset_after_fork(&self, value: T) {
        // SAFETY: no one else uses the lock, by the contract of this function, which says the same.
        unsafe { self.lock.replace_shared(L::UNLOCKED) };
        if self.count.read_begin().slot() == 0 {
            // Readers use slot 0. Slot 1 may be half of a dead write, so it is whole before they go there.
            self.slots[1].store(&value);
            self.count.write_begin();
        }
        // Readers use slot 1, which is whole; slot 0 may be half of a dead write.
        self.slots[0].store(&value);
        self.count.write_flip();
        self.slots[1].store(&value);
        self.count.write_end();
    }
}

#[cfg(all(test, not(tearfree_axm)))]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_was_cut_off_leaves_the_value_before_it() {
        let cut_off = || {
            let latch = SeqLatch::<u64>::new(1);
            latch.count.write_begin();
            latch.slots[0].store(&2); // half of a write, as it were
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
            latch.count.write_flip();
            latch.slots[1].store(&99);
            latch
        };
        assert_eq!(cut_off_later().into_inner(), 2);
        let mut latch = cut_off_later();
        latch.reset(5);
        assert_eq!((latch.read(), latch.into_inner()), (5, 5));
    }
}
