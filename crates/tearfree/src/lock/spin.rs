// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SpinLock`: a flag that writers set by an atomic exchange.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

use core::fmt;

use super::WriterLock;
use crate::order::{self, PLAIN};
use crate::sync::AtomicBool;
use crate::wait::SpinWait;

/// A test-and-set lock that spins, and with `std` yields and sleeps after a while.
///
/// For `no_std`, and for writers in signal handlers, where a lock that parks threads cannot be used.
///
/// ```
/// use tearfree::{SeqLock, lock::SpinLock};
/// static TICKS: SeqLock<u64, SpinLock> = SeqLock::with_lock(0, SpinLock::new());
/// TICKS.update(|ticks| *ticks += 1);
/// assert_eq!(TICKS.read(), 1);
/// ```
///
/// On a processor without an atomic exchange (ARMv6-M, RISC-V without `A`) it is taken in a critical
/// section; the crate requires the feature `critical-section` there.
///
/// Its layout is one byte, 0 while it is free and 1 while it is held: `spinlock_t` of the
/// crate `tearfree-capi`, so that C and Rust can share one.
#[repr(transparent)]
pub struct SpinLock {
    taken: AtomicBool,
}

impl SpinLock {
    /// Creates an unlocked lock.
    #[must_use]
    pub const fn new() -> Self {
        SpinLock { taken: AtomicBool::new(false) }
    }

    /// Takes the lock; returns whether it was taken before.
    #[cfg(target_has_atomic = "8")]
    #[inline]
    fn was_taken(&self) -> bool {
        // ORDERING: P5. Pairs with the store in `unlock`.
        self.taken.swap(true, order::lock_taken())
    }

    /// As above, on a processor without an atomic exchange: nothing interrupts a critical section.
    #[cfg(all(not(target_has_atomic = "8"), feature = "critical-section"))]
    fn was_taken(&self) -> bool {
        critical_section::with(|_| {
            // ORDERING: P5. Pairs with the store in `unlock`.
            let was_taken = self.taken.load(order::lock_taken());
            // ORDERING: Relaxed, P5. One step with the load above, as nothing interrupts; that load
            // has the order.
            self.taken.store(true, PLAIN);
            was_taken
        })
    }

    #[cold]
    #[inline(never)]
    fn lock_contended(&self) {
        let mut spin_wait = SpinWait::new();
        loop {
            // A load is cheaper than an exchange: it leaves the cache line shared.
            // ORDERING: Relaxed: a hint that an attempt may succeed; the exchange in `try_lock`
            // carries the order.
            let seems_free = !self.taken.load(PLAIN);
            if seems_free && self.try_lock().is_some() {
                return;
            }
            spin_wait.wait();
        }
    }
}

// SAFETY: P5. The flag goes from false to true in one exchange, so one acquisition succeeds; the
// orders of `try_lock` and `unlock` pair.
unsafe impl WriterLock for SpinLock {
    const UNLOCKED: Self = SpinLock::new();
    type Held = ();

    #[inline]
    fn lock(&self) {
        if self.try_lock().is_none() {
            self.lock_contended();
        }
    }

    #[inline]
    fn try_lock(&self) -> Option<()> {
        if self.was_taken() { None } else { Some(()) }
    }

    #[inline]
    unsafe fn unlock(&self, (): ()) {
        // ORDERING: P5. Pairs with the exchange in `try_lock`.
        self.taken.store(false, order::lock_freed());
    }
}

impl Default for SpinLock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SpinLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // ORDERING: Relaxed: a snapshot to print; it is used for nothing else.
        f.debug_struct("SpinLock").field("taken", &self.taken.load(PLAIN)).finish()
    }
}
