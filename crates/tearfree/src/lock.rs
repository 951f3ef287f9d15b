// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writer locks: what keeps the writers of a [`SeqLock`](crate::SeqLock) apart.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

use core::fmt;

mod fair;
mod holding;
mod in_context;
#[cfg(feature = "lock_api_04")]
mod lock_api_04;
#[cfg(feature = "lock_api_05")]
mod lock_api_05;
#[cfg(feature = "std")]
#[cfg_attr(not(tearfree_axm), expect(unreachable_pub, reason = "for the models, by `model`"))]
pub(crate) mod parking;

pub use fair::Fair;
pub(crate) use holding::{Holding, Replaceable};
pub use in_context::InContext;
#[cfg(feature = "lock_api_04")]
pub use lock_api_04::LockApi04;
#[cfg(feature = "lock_api_05")]
pub use lock_api_05::LockApi05;

use crate::order::{self, PLAIN};
use crate::sync::AtomicBool;
use crate::wait::Patience;

/// A lock that keeps writers apart. Readers do not take it.
///
/// A `RawMutex` of lock_api becomes one by a wrapper: of lock_api 0.4, as parking_lot 0.12 and spin
/// have it, by `LockApi04` (feature `lock_api_04`); of lock_api 0.5, as parking_lot 0.13
/// has it, by `LockApi05` (feature `lock_api_05`).
///
/// # Safety
/// Between a `lock` (or a `try_lock` that gave `Some`) and the `unlock` that consumes its `Held`, no
/// other acquisition succeeds; and everything before an `unlock` happens before everything after the
/// next acquisition (P5).
///
/// [`request_turn`](Self::request_turn) does not unwind: it is called while a reader holds torn bytes.
///
/// # Examples
/// A writer lock for programs that have one thread only.
/// ```
/// use std::cell::Cell;
/// use tearfree::{SeqLock, lock::WriterLock};
///
/// #[derive(Default)]
/// struct OneThread(Cell<bool>); // not `Sync`, so neither is a `SeqLock` with it
///
/// // SAFETY: the flag excludes, and only one thread can reach it.
/// unsafe impl WriterLock for OneThread {
///     const UNLOCKED: Self = OneThread(Cell::new(false));
///     type Held = ();
///     fn lock(&self) { assert!(self.try_lock().is_some(), "the lock is held by this very thread") }
///     fn try_lock(&self) -> Option<()> { (!self.0.replace(true)).then_some(()) }
///     unsafe fn unlock(&self, (): ()) { self.0.set(false) }
/// }
///
/// let value = SeqLock::with_lock(1_u64, OneThread::default());
/// value.set(2);
/// assert_eq!(value.read(), 2);
/// ```
pub unsafe trait WriterLock {
    /// An unlocked lock.
    const UNLOCKED: Self;

    /// What the lock wants back at the end: nothing, or saved interrupt flags.
    type Held;

    /// Takes the lock, waiting for it as long as it takes.
    fn lock(&self) -> Self::Held;

    /// Takes the lock if that needs no waiting.
    fn try_lock(&self) -> Option<Self::Held>;

    /// Gives the lock back.
    ///
    /// # Safety
    /// `held` comes from this lock, in this thread.
    unsafe fn unlock(&self, held: Self::Held);

    /// Takes the lock for a [locking reader](crate::Sequenced::read_excl). Unless it is overridden, it is
    /// [`lock`](Self::lock).
    #[inline]
    fn lock_for_read(&self) -> Self::Held {
        self.lock()
    }

    /// Gives back what a locking reader took.
    ///
    /// A lock that knows its waiting writers can let one of them go first here, so that readers that take
    /// the lock again and again do not keep writers out. Unless it is overridden, it is
    /// [`unlock`](Self::unlock).
    ///
    /// # Safety
    /// As for `unlock`; and the lock was taken by `lock_for_read` or `try_lock`.
    #[inline]
    unsafe fn unlock_after_read(&self, held: Self::Held) {
        // SAFETY: this lock has no `lock_for_read` of its own, so `held` comes from `lock` or
        // `try_lock`.
        unsafe { self.unlock(held) };
    }

    /// Called by a reader whose attempts fail again and again because writers never rest.
    ///
    /// `wants_processor` says that the reader seems to share the writer's processor. Does nothing
    /// unless the lock is [`Fair`]. Takes no lock, never waits, and never panics: see the trait's
    /// [Safety](Self#safety).
    #[inline]
    fn request_turn(&self, wants_processor: bool) {
        let _ = wants_processor;
    }

    /// Called by a writer of a value of `bytes` bytes before it takes the lock and before it enters a
    /// context. Attempts (`try_write`) never call it.
    ///
    /// Does nothing unless the lock is [`Fair`], which pauses here if a reader requested its turn.
    #[inline]
    fn back_off(&self, bytes: usize) {
        let _ = bytes;
    }
}

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
/// section, by the feature `critical-section`, which the crate demands there.
///
/// Its layout is one byte, 0 while it is free and 1 while it is held: `spinlock_t` of the
/// crate `tearfree-capi`, so that C and Rust can share one.
#[repr(transparent)]
pub struct SpinLock {
    taken: AtomicBool,
}

impl SpinLock {
    /// An unlocked lock.
    #[must_use]
    pub const fn new() -> Self {
        SpinLock { taken: AtomicBool::new(false) }
    }

    /// Takes the lock; whether it was taken before.
    #[cfg(target_has_atomic = "8")]
    #[inline]
    fn was_taken(&self) -> bool {
        // ORDERING: P5. Pairs with the store in `unlock`.
        self.taken.swap(true, order::lock_taken())
    }

    /// As above, on a processor that has no exchange: nothing interrupts a critical section.
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
        let mut patience = Patience::new();
        loop {
            // Looking is cheaper than trying: it leaves the line shared.
            // ORDERING: Relaxed: a hint that trying is worth it; the exchange in `try_lock` carries
            // the order.
            let looks_free = !self.taken.load(PLAIN);
            if looks_free && self.try_lock().is_some() {
                return;
            }
            patience.wait();
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

#[cfg(all(feature = "std", not(tearfree_axm)))]
type Inner = parking::ParkingLock<parking::OfTheProcess>;
#[cfg(any(not(feature = "std"), tearfree_axm))]
type Inner = SpinLock;

/// The writer lock of a [`SeqLock`](crate::SeqLock) that names none.
///
/// One type in all builds: with `std` it blocks, by parking_lot's queue, and a locking reader hands it to a
/// writer that waits; without, it is [`SpinLock`]. At most two bytes.
pub struct DefaultLock(Inner);

// SAFETY: P5. Each method is that of the lock inside, which keeps the contract.
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
