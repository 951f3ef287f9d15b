// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writer locks, which exclude the writers of a [`SeqLock`](crate::SeqLock) from each other.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

mod default;
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
mod spin;

pub use default::DefaultLock;
pub use fair::Fair;
pub(crate) use holding::{Holding, Replaceable};
pub use in_context::InContext;
#[cfg(feature = "lock_api_04")]
pub use lock_api_04::LockApi04;
#[cfg(feature = "lock_api_05")]
pub use lock_api_05::LockApi05;
pub use spin::SpinLock;

/// A lock that excludes writers from each other. Readers do not take it.
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
///     fn lock(&self) { assert!(self.try_lock().is_some(), "this thread holds the lock already") }
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

    /// What `unlock` needs back: nothing, or saved interrupt flags.
    type Held;

    /// Takes the lock; waits until it is free.
    fn lock(&self) -> Self::Held;

    /// Takes the lock if it is free, without waiting.
    fn try_lock(&self) -> Option<Self::Held>;

    /// Releases the lock.
    ///
    /// # Safety
    /// `held` comes from this lock, in this thread.
    unsafe fn unlock(&self, held: Self::Held);

    /// Takes the lock for a [locking reader](crate::Sequenced::read_excl). The default is
    /// [`lock`](Self::lock).
    #[inline]
    fn lock_for_read(&self) -> Self::Held {
        self.lock()
    }

    /// Releases the lock of a locking reader.
    ///
    /// A lock that knows its waiting writers can hand itself to one of them here, so that readers that take
    /// the lock again and again do not starve writers. The default is [`unlock`](Self::unlock).
    ///
    /// # Safety
    /// As for `unlock`; and the lock was taken by `lock_for_read` or `try_lock`.
    #[inline]
    unsafe fn unlock_after_read(&self, held: Self::Held) {
        // SAFETY: this lock has no `lock_for_read` of its own, so `held` comes from `lock` or
        // `try_lock`.
        unsafe { self.unlock(held) };
    }

    /// Requests that writers pause, for a reader whose attempts fail again and again.
    ///
    /// `wants_processor` means that the reader seems to share the writer's processor. Does nothing
    /// unless the lock is [`Fair`]. Takes no lock, never waits, and never panics: see the trait's
    /// [Safety](Self#safety).
    #[inline]
    fn request_turn(&self, wants_processor: bool) {
        let _ = wants_processor;
    }

    /// Pauses if a reader requested its turn. A writer of a value of `bytes` bytes calls it before it takes
    /// the lock and before it enters a context. Attempts (`try_write`) never call it.
    ///
    /// Does nothing unless the lock is [`Fair`].
    #[inline]
    fn back_off(&self, bytes: usize) {
        let _ = bytes;
    }
}
