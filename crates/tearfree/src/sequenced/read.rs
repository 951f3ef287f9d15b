// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers that take no lock.

#![allow(unsafe_code, reason = "validated copies become values here (P4)")]

use core::mem::MaybeUninit;
#[cfg(feature = "std")]
use core::time::Duration;

use super::protocol::Protocol;
use super::retry::Retry;
use super::{Sequenced, Version};
use crate::copy::Shared;
use crate::count::Count;
use crate::lock::WriterLock;
use crate::misuse;
use crate::wait::Patience;

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// A copy of the value, never a mix of two writes.
    ///
    /// Waits while a writer is inside its copy: spins, then (with `std`) yields and sleeps, and looks
    /// at the count after each step. It never waits for what another writer does in
    /// [`update`](Self::update) or under a guard. Beside writers that never rest a reader of a large
    /// value can starve: writers come first. [`Fair`](crate::lock::Fair) as the writers' lock lets it
    /// through, [`read_or_lock`](Self::read_or_lock) takes its turn among the writers, and
    /// [`try_read_for`](Self::try_read_for) gives up.
    ///
    /// In a handler that interrupts a writer mid-copy, this never returns, and panics in debug builds with
    /// `std`: keep the handler out ([contexts](crate::context)), or use [`try_read`](Self::try_read) or
    /// [`SeqLatch`](crate::SeqLatch). In a forked child, see [Fork](crate::SeqLock#fork).
    ///
    /// # Ordering
    /// Sees at least the last write that happened before, and everything that happened before that
    /// write.
    #[doc(alias("read_seqbegin", "read_seqretry", "load", "scoped_seqlock_read", "ss_lockless"))]
    #[inline]
    #[must_use]
    pub fn read(&self) -> T {
        let mut copy = MaybeUninit::uninit();
        if Shared::<T>::IS_LARGE {
            self.read_in_place(&mut copy);
        } else if self.try_consistent(|payload| payload.load_value(&mut copy)).is_none() {
            // A small copy can stay in registers: not even the cold path has its address. Both paths
            // end in the same variable, or the compiler takes the registers of one apart, field by
            // field, to meet the other.
            copy = MaybeUninit::new(self.read_contended());
        }
        // SAFETY: P4. The copy was validated.
        unsafe { copy.assume_init() }
    }

    /// As [`read`](Self::read), straight into `to`: one copy in all, whatever the size of `T`.
    ///
    /// ```
    /// let table = tearfree::SeqLock::new([7_u64; 512]);
    /// let mut mine = [0; 512];
    /// table.read_into(&mut mine);
    /// assert_eq!(mine, [7; 512]);
    /// ```
    #[inline]
    pub fn read_into(&self, to: &mut T) {
        // SAFETY: P4. `to` holds torn bytes only until this returns, and no one else has it before.
        let to = unsafe { &mut *core::ptr::from_mut(to).cast::<MaybeUninit<T>>() };
        self.fill(to);
    }

    /// One attempt: `None` if a writer was inside or came in between. Never waits.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(5);
    /// assert_eq!(lock.try_read(), Some(5));
    /// ```
    #[inline]
    #[must_use]
    pub fn try_read(&self) -> Option<T> {
        self.try_read_versioned().map(|(value, _)| value)
    }

    /// As [`read`](Self::read), but gives up after `timeout`.
    ///
    /// One attempt is made in any case, so a zero `timeout` is [`try_read`](Self::try_read).
    ///
    /// ```
    /// use std::time::Duration;
    /// let lock = tearfree::SeqLock::new(5);
    /// assert_eq!(lock.try_read_for(Duration::from_millis(1)), Some(5));
    /// ```
    #[cfg(feature = "std")]
    #[doc(alias("read_timeout"))]
    #[must_use]
    pub fn try_read_for(&self, timeout: Duration) -> Option<T> {
        if let Some(value) = self.try_read() {
            return Some(value);
        }
        let patience = Patience::until(std::time::Instant::now().checked_add(timeout));
        let mut copy = MaybeUninit::uninit();
        self.consistent_within(patience, |payload| payload.load(&mut copy))?;
        // SAFETY: P4. The last copy was validated.
        Some(unsafe { copy.assume_init() })
    }

    #[inline]
    pub(super) fn try_read_versioned(&self) -> Option<(T, Version)> {
        let mut copy = MaybeUninit::uninit();
        let ((), version) = self.try_consistent(|payload| payload.load_value(&mut copy))?;
        // SAFETY: P4. The copy was validated.
        Some((unsafe { copy.assume_init() }, version))
    }

    #[cold]
    #[inline(never)]
    fn read_contended(&self) -> T {
        self.read_versioned_contended().0
    }

    #[cold]
    #[inline(never)]
    pub(super) fn read_versioned_contended(&self) -> (T, Version) {
        let mut copy = MaybeUninit::uninit();
        let version = self.fill_contended(&mut copy);
        // SAFETY: P4. The last copy was validated.
        (unsafe { copy.assume_init() }, version)
    }

    /// As `fill`, not inlined, because only then does the compiler leave out the caller's variable and
    /// take the place for which the value is meant: the bytes are copied once.
    #[inline(never)]
    fn read_in_place(&self, to: &mut MaybeUninit<T>) {
        self.fill(to);
    }

    #[inline]
    fn fill(&self, to: &mut MaybeUninit<T>) {
        if self.try_fill(to).is_none() {
            self.fill_contended(to);
        }
    }

    /// Copies the value to `to`, once.
    #[inline]
    fn try_fill(&self, to: &mut MaybeUninit<T>) -> Option<Version> {
        self.try_consistent(|payload| payload.load(to)).map(|((), version)| version)
    }

    #[cold]
    #[inline(never)]
    fn fill_contended(&self, to: &mut MaybeUninit<T>) -> Version {
        self.consistent_contended(|payload| payload.load(to)).1
    }

    /// Looks at the count, copies, looks again.
    #[inline]
    pub(super) fn try_consistent<R>(
        &self,
        copy: impl FnOnce(&Shared<T>) -> R,
    ) -> Option<(R, Version)> {
        let start = P::try_begin(&self.cell)?;
        let copied = copy(P::copy_at(&self.cell, start));
        if P::must_retry(&self.cell, start) {
            return None;
        }
        let version = P::version_at(start);
        Some((copied, Version::new(version, self.lock.mark())))
    }

    /// Runs `copy` until what it copied is whole; gives its result and its version.
    pub(super) fn consistent_contended<R>(
        &self,
        mut copy: impl FnMut(&Shared<T>) -> R,
    ) -> (R, Version) {
        // A handler that interrupted this thread's own write would wait without end. This has to be exact:
        // in `read_into` the caller's value is torn by now.
        if misuse::CHECKED && P::READERS_WAIT && P::count(&self.cell).is_writing() {
            self.lock.assert_not_publishing();
        }
        loop {
            // Without a deadline one call is enough; the loop says so without a panic.
            if let Some(whole) = self.consistent_within(Patience::new(), &mut copy) {
                return whole;
            }
        }
    }

    /// Attempts until one succeeds, or until the time of `patience` is over.
    fn consistent_within<R>(
        &self,
        patience: Patience,
        mut copy: impl FnMut(&Shared<T>) -> R,
    ) -> Option<(R, Version)> {
        let mut retry = Retry::new(patience, P::count(&self.cell));
        loop {
            if let Some(whole) = self.try_consistent(&mut copy) {
                return Some(whole);
            }
            if retry.is_over() {
                return None;
            }
            if P::READERS_WAIT {
                if let Some(wants_processor) = retry.look(P::count(&self.cell)) {
                    self.lock.request_turn(wants_processor);
                }
                retry.wait();
            }
        }
    }
}

#[cfg(all(test, debug_assertions, feature = "std", not(tearfree_axm)))]
mod tests {
    use core::panic::AssertUnwindSafe;
    use core::time::Duration;
    use std::panic::catch_unwind;
    use std::thread;

    use crate::SeqLock;

    #[test]
    fn a_reader_inside_of_its_own_publication_is_told() {
        let lock = SeqLock::new([1_u64; 3]);
        let mut into = [0; 3];
        // As a handler finds it that interrupts the store.
        lock.lock.publication_begins();
        lock.cell.count.write_begin();
        assert!(catch_unwind(AssertUnwindSafe(|| lock.read())).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| lock.read_into(&mut into))).is_err());
        lock.cell.count.write_end();
        // It may read before the count is odd, and after it was.
        assert_eq!(lock.read(), [1; 3]);
        lock.lock.publication_ended();
    }

    #[test]
    fn a_section_of_a_count_that_was_in_the_same_memory_is_not_taken_for_the_lock_s() {
        let lock = SeqLock::new([1_u64; 3]);
        // This thread opened a section here, and does not end it.
        core::mem::forget(lock.cell.count.write());
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(2));
                lock.cell.count.write_end();
            });
            assert_eq!(lock.read(), [1; 3]);
        });
    }
}
