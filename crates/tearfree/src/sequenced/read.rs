// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers that take no lock.

#![allow(unsafe_code, reason = "validated copies become values here (P4)")]

use core::mem::MaybeUninit;
#[cfg(feature = "std")]
use core::time::Duration;

use super::contended;
use super::protocol::Protocol;
use super::{Sequenced, Version};
use crate::copy::{Shared, Untyped};
use crate::lock::WriterLock;
use crate::read_side::attempt;

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Returns a copy of the value, never a mix of two writes.
    ///
    /// Waits while a writer is inside its copy: spins, then (with `std`) yields and sleeps, and loads the
    /// count after each step. It never waits for the closure of [`update`](Self::update) or for a guard of
    /// [`write`](Self::write). Beside writers without pauses a reader of a large value can starve. Against
    /// that, use [`Fair`](crate::lock::Fair) as the lock, [`read_or_lock`](Self::read_or_lock), which queues
    /// with the writers, or [`try_read_for`](Self::try_read_for), which gives up.
    ///
    /// In a handler that interrupts a writer mid-copy, this never returns, and panics in debug builds with
    /// `std`: block its signal ([contexts](crate::context)), or use [`try_read`](Self::try_read) or
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

    /// Reads as [`read`](Self::read) does, directly into `to`: one copy in all for any size of `T`.
    ///
    /// ```
    /// let table = tearfree::SeqLock::new([7_u64; 512]);
    /// let mut mine = [0; 512];
    /// table.read_into(&mut mine);
    /// assert_eq!(mine, [7; 512]);
    /// ```
    #[inline]
    pub fn read_into(&self, to: &mut T) {
        // SAFETY: P4. `to` holds torn bytes only until this returns, and is borrowed until then.
        let to = unsafe { &mut *core::ptr::from_mut(to).cast::<MaybeUninit<T>>() };
        self.fill(to);
    }

    /// Attempts one read: `None` if a writer was inside or came in between. Never waits.
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

    /// Reads as [`read`](Self::read) does, but gives up after `timeout`.
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
        let deadline = std::time::Instant::now().checked_add(timeout);
        let mut copy = MaybeUninit::uninit();
        let (count, copies) = (P::count(&self.cell), Untyped::new(P::copies(&self.cell)));
        // SAFETY: `copies` are those of `T`s, and `copy` is one.
        unsafe {
            contended::fill_until::<P, L>(count, &self.lock, copies, bytes(&mut copy), deadline)
        }?;
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
        let mut copy = MaybeUninit::uninit();
        self.fill_contended(&mut copy);
        // SAFETY: P4. The last copy was validated.
        unsafe { copy.assume_init() }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn read_versioned_contended(&self) -> (T, Version) {
        let mut copy = MaybeUninit::uninit();
        let version = self.fill_contended(&mut copy);
        // SAFETY: P4. The last copy was validated.
        (unsafe { copy.assume_init() }, version)
    }

    /// Calls `fill`, not inlined: only then does the compiler omit a variable of the caller and use the final
    /// destination of the value, so that the bytes are copied once.
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

    /// The code for each type: it calls the code that exists once for all types.
    #[cold]
    #[inline(never)]
    fn fill_contended(&self, to: &mut MaybeUninit<T>) -> Version {
        let (count, copies) = (P::count(&self.cell), Untyped::new(P::copies(&self.cell)));
        // SAFETY: `copies` are those of `T`s, and `to` is one.
        let number = unsafe { contended::fill::<P, L>(count, &self.lock, copies, bytes(to)) };
        Version::new(number, self.lock.identity().id())
    }

    /// Loads the count, copies, and loads the count again.
    #[inline]
    pub(super) fn try_consistent<R>(
        &self,
        copy: impl FnOnce(&Shared<T>) -> R,
    ) -> Option<(R, Version)> {
        let copies = P::copies(&self.cell);
        let (copied, number) = attempt(P::count(&self.cell), |slot| copy(&copies[slot]))?;
        Some((copied, Version::new(number, self.lock.identity().id())))
    }

    /// Runs `copy` until what it copied is whole, and returns its result.
    pub(super) fn consistent_contended<R>(&self, mut copy: impl FnMut(&Shared<T>) -> R) -> R {
        let copies = P::copies(&self.cell);
        let copy = |slot: usize| copy(&copies[slot]);
        contended::repeat_until_whole::<P, L, _>(P::count(&self.cell), &self.lock, copy).0
    }
}

fn bytes<T>(value: &mut MaybeUninit<T>) -> &mut [MaybeUninit<u8>] {
    // SAFETY: P4. The same bytes; none of them is said to be initialised.
    unsafe { core::slice::from_raw_parts_mut(value.as_mut_ptr().cast(), size_of::<T>()) }
}
