// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers that take no lock.

#![allow(unsafe_code, reason = "validated copies become values here (P4)")]

use core::mem::{MaybeUninit, forget};
#[cfg(feature = "std")]
use core::time::Duration;

use super::{SeqLock, Version};
use crate::context::Context;
use crate::copy::Shared;
#[cfg(feature = "std")]
use crate::lock::Briefly;
use crate::lock::WriterLock;
use crate::wait::Patience;

/// How often the count may move under a reader before it tries to keep writers out for one copy.
#[cfg(not(tearfree_loom))]
const RESTLESS: u32 = 4;
/// Models write twice only, and have to get this far.
#[cfg(tearfree_loom)]
const RESTLESS: u32 = 1;

/// Whether a reader that fails again and again may try the writer lock.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    TryLock,
    /// For values whose writer does not take the lock.
    None,
}

impl<T: Copy, L: WriterLock> SeqLock<T, L> {
    /// A copy of the value, never a mix of two writes.
    ///
    /// Waits while a writer is inside its copy: spins, then (with `std`) yields and sleeps, and looks
    /// at the count after each step. It never waits for what another writer does in
    /// [`update`](Self::update) or under a guard. If writers never rest, it tries to keep them out for
    /// the length of one copy, so that it gets through.
    ///
    /// In a signal or interrupt handler that can hit the writer in its copy, this waits for ever: keep
    /// the handler out ([contexts](crate::context)), or use [`try_read`](Self::try_read) or
    /// [`SeqLatch`](crate::SeqLatch).
    ///
    /// # Ordering
    /// Sees at least the last write that happened before, and everything that happened before that
    /// write.
    #[doc(alias("read_seqbegin", "read_seqretry", "load", "scoped_seqlock_read", "ss_lockless"))]
    #[inline]
    #[must_use]
    pub fn read(&self) -> T {
        self.read_as(Fallback::TryLock)
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
        self.read_into_as(Fallback::TryLock, to);
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

    /// One attempt at a newer value; otherwise `last` stays what it is. True if it was replaced.
    ///
    /// For readers that would rather work with the last good value than wait.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(5);
    /// let mut last = 0;
    /// assert!(lock.read_or_last(&mut last));
    /// assert_eq!(last, 5);
    /// ```
    #[inline]
    pub fn read_or_last(&self, last: &mut T) -> bool {
        match self.try_read() {
            Some(value) => {
                *last = value;
                true
            }
            None => false,
        }
    }

    /// As [`read`](Self::read), but gives up after `timeout`.
    ///
    /// One attempt is made in any case, so a zero `timeout` is [`try_read`](Self::try_read).
    ///
    /// ```
    /// use std::time::Duration;
    /// let lock = tearfree::SeqLock::new(5);
    /// assert_eq!(lock.read_timeout(Duration::from_millis(1)), Some(5));
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn read_timeout(&self, timeout: Duration) -> Option<T> {
        self.read_timeout_as(Fallback::TryLock, timeout)
    }

    /// As [`read`](Self::read), with a kind of interruption kept out: `read_seqbegin_irqsave` and
    /// `read_seqretry_irqrestore`.
    ///
    /// ```
    /// # #[cfg(all(feature = "std", unix))] {
    /// use tearfree::{SeqLock, context::IrqSave};
    /// let lock = SeqLock::new(5);
    /// assert_eq!(lock.read_in::<IrqSave>(), 5);
    /// # }
    /// ```
    #[doc(alias("read_seqbegin_irqsave", "read_seqretry_irqrestore"))]
    #[inline]
    #[must_use]
    pub fn read_in<C: Context>(&self) -> T {
        C::with(|| self.read())
    }

    #[inline]
    fn try_read_versioned(&self) -> Option<(T, Version)> {
        let mut copy = MaybeUninit::uninit();
        let ((), version) = self.try_consistent(|| self.payload.load(&mut copy))?;
        // SAFETY: P4. The copy was validated.
        Some((unsafe { copy.assume_init() }, version))
    }

    /// A small copy can stay in registers: only the cold path needs an address for it. A large one is
    /// made where the caller wants it.
    #[inline]
    pub(super) fn read_as(&self, fallback: Fallback) -> T {
        if Shared::<T>::IS_LARGE {
            // SAFETY: P4. The copy was validated.
            return unsafe { self.read_in_place(fallback).assume_init() };
        }
        match self.try_read() {
            Some(value) => value,
            None => self.read_contended(fallback),
        }
    }

    #[cold]
    #[inline(never)]
    fn read_contended(&self, fallback: Fallback) -> T {
        self.read_versioned_contended(fallback).0
    }

    #[inline]
    pub(super) fn read_versioned_as(&self, fallback: Fallback) -> (T, Version) {
        match self.try_read_versioned() {
            Some(read) => read,
            None => self.read_versioned_contended(fallback),
        }
    }

    #[cold]
    #[inline(never)]
    fn read_versioned_contended(&self, fallback: Fallback) -> (T, Version) {
        let mut copy = MaybeUninit::uninit();
        let load = || self.payload.load(&mut copy);
        let ((), version) = self.consistent_at_last(fallback, load);
        // SAFETY: P4. The last copy was validated.
        (unsafe { copy.assume_init() }, version)
    }

    /// A read whose copy is made where the caller wants it. Not inlined, because only then does the
    /// compiler take the caller's place for `copy`, and the bytes are copied once.
    #[inline(never)]
    fn read_in_place(&self, fallback: Fallback) -> MaybeUninit<T> {
        if let Some(start) = self.count.try_read_begin() {
            let copy = self.payload.load_in_place();
            if !self.count.read_retry(start) {
                return copy;
            }
        }
        self.read_in_place_contended(fallback)
    }

    #[cold]
    #[inline(never)]
    fn read_in_place_contended(&self, fallback: Fallback) -> MaybeUninit<T> {
        let mut copy = MaybeUninit::uninit();
        self.fill_contended(fallback, &mut copy);
        copy
    }

    #[inline]
    pub(super) fn read_into_as(&self, fallback: Fallback, to: &mut T) {
        // SAFETY: P4. `to` holds torn bytes only until `fill` returns, and nobody sees it before.
        let to = unsafe { &mut *core::ptr::from_mut(to).cast::<MaybeUninit<T>>() };
        self.fill(fallback, to);
    }

    #[cfg(feature = "std")]
    pub(super) fn read_timeout_as(&self, fallback: Fallback, timeout: Duration) -> Option<T> {
        if let Some(value) = self.try_read() {
            return Some(value);
        }
        let patience = Patience::until(std::time::Instant::now().checked_add(timeout));
        let mut copy = MaybeUninit::uninit();
        let load = || self.payload.load(&mut copy);
        self.consistent_contended(fallback, patience, load)?;
        // SAFETY: P4. The last copy was validated.
        Some(unsafe { copy.assume_init() })
    }

    /// Copies the value to `to`.
    #[inline]
    fn fill(&self, fallback: Fallback, to: &mut MaybeUninit<T>) {
        if self.try_consistent(|| self.payload.load(to)).is_none() {
            self.fill_contended(fallback, to);
        }
    }

    #[cold]
    #[inline(never)]
    fn fill_contended(&self, fallback: Fallback, to: &mut MaybeUninit<T>) {
        let torn = AbortOnUnwind;
        self.consistent_at_last(fallback, || self.payload.load(to));
        forget(torn);
    }

    /// Runs `copy` until what it copied is whole; gives its result and its version.
    #[inline]
    pub(super) fn consistent<R>(
        &self,
        fallback: Fallback,
        mut copy: impl FnMut() -> R,
    ) -> (R, Version) {
        match self.try_consistent(&mut copy) {
            Some(whole) => whole,
            None => self.consistent_at_last(fallback, copy),
        }
    }

    /// Looks at the count, copies, looks again.
    #[inline]
    pub(super) fn try_consistent<R>(&self, copy: impl FnOnce() -> R) -> Option<(R, Version)> {
        let start = self.count.try_read_begin()?;
        let copied = copy();
        if self.count.read_retry(start) { None } else { Some((copied, Version::of(start))) }
    }

    #[cold]
    #[inline(never)]
    fn consistent_at_last<R>(
        &self,
        fallback: Fallback,
        mut copy: impl FnMut() -> R,
    ) -> (R, Version) {
        loop {
            // Without a deadline one call is enough; the loop says so without a panic.
            if let Some(whole) = self.consistent_contended(fallback, Patience::new(), &mut copy) {
                return whole;
            }
        }
    }

    /// Attempts until one succeeds, or until the time of `patience` is over.
    fn consistent_contended<R>(
        &self,
        fallback: Fallback,
        mut patience: Patience,
        mut copy: impl FnMut() -> R,
    ) -> Option<(R, Version)> {
        let mut last = self.count.sequence();
        let mut moves = 0;
        loop {
            if let Some(whole) = self.try_consistent(&mut copy) {
                return Some(whole);
            }
            if patience.is_over() {
                return None;
            }
            let now = self.count.sequence();
            if now != last {
                // Writers get on, only this reader does not.
                moves += 1;
                last = now;
                patience.progress();
            }
            if moves >= RESTLESS
                && fallback == Fallback::TryLock
                && let Some(whole) = self.try_locked(&mut copy)
            {
                return Some(whole);
            }
            patience.wait();
        }
    }

    /// Copies under the writer lock, if that is free. Trying it does not wait for anybody's closure.
    #[cfg(feature = "std")]
    fn try_locked<R>(&self, copy: impl FnOnce() -> R) -> Option<(R, Version)> {
        let _no_writer = Briefly::try_new(&self.lock)?;
        self.try_consistent(copy)
    }

    /// Without `std` nothing tells how to keep an interrupt handler out, which could write and wait
    /// for us; so readers only retry, as in the kernel.
    #[cfg(not(feature = "std"))]
    fn try_locked<R>(&self, _copy: impl FnOnce() -> R) -> Option<(R, Version)> {
        None
    }
}

/// Torn bytes lie where a `T` belongs; unwinding now would show them.
struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        // Only reached while unwinding, where a second panic aborts.
        panic!("a writer lock unwound in the middle of a read");
    }
}
