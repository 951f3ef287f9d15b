// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contexts: blocking a kind of interruption while a lock is held.
//!
//! A handler that interrupts a writer between its two steps, and then reads or writes the same lock,
//! would never return. The kernel has the `_irq`, `_irqsave` and `_bh` forms against that; here they
//! are types.
//!
//! | kernel | here, in user space | what it blocks in this thread |
//! | --- | --- | --- |
//! | `_irq` | [`Irq`] | every asynchronous signal; all of them are unblocked afterwards |
//! | `_irqsave` / `_irqrestore` | [`IrqSave`] | every asynchronous signal; the mask from before is restored afterwards |
//! | `_bh` | [`Bh`] | the signals chosen by [`set_bottom_half_signals`], by default timers, I/O and real-time signals |
//! | (bare metal) | `CriticalSection`, with the feature `critical-section` | what the program's `critical-section` implementation disables |
//! | (kernel) | own types | `local_irq_save`, `local_bh_disable` |
//!
//! For one call: [`within::<IrqSave>().write()`](crate::Sequenced::within) and its other methods. For
//! every call: [`InContext`](crate::lock::InContext) as the lock type.
//!
//! A handler that only reads needs none of this with a [`SeqLatch`](crate::SeqLatch), whose readers
//! never wait.

#[cfg(feature = "critical-section")]
mod critical;
#[cfg(all(feature = "std", unix))]
mod signals;

#[cfg(feature = "critical-section")]
pub use critical::CriticalSection;
#[cfg(all(feature = "std", unix))]
pub use signals::{
    Bh, InvalidSignal, Irq, IrqSave, Mask, bottom_half_signals, set_bottom_half_signals,
};

/// A kind of interruption that can be blocked during a call (P10).
pub trait Context {
    /// Runs `body` with the interruption blocked, and unblocks it afterwards, also when `body` panics.
    fn with<R>(body: impl FnOnce() -> R) -> R;
}

/// A [`Context`] whose state can be saved in a guard, so that it lasts beyond one call.
///
/// Guards are dropped in reverse order by default. In any other order, the state saved by the last one that
/// is dropped is restored, as with `local_irq_save` in the kernel.
///
/// # Examples
/// A context as kernel code would write it; here the "processor flag" is a variable.
/// ```
/// use std::cell::Cell;
/// use tearfree::{SeqLock, context::{Context, SavedContext}};
///
/// thread_local!(static INTERRUPTS_ON: Cell<bool> = const { Cell::new(true) });
///
/// enum LocalIrq {}
/// impl SavedContext for LocalIrq {
///     type Saved = bool;
///     fn enter() -> bool { INTERRUPTS_ON.replace(false) }
///     fn leave(flags: bool) { INTERRUPTS_ON.set(flags) }
/// }
///
/// let value = SeqLock::new(1);
/// {
///     let mut guard = value.within::<LocalIrq>().write();
///     assert!(!INTERRUPTS_ON.get());
///     *guard += 1;
/// }
/// assert!(INTERRUPTS_ON.get());
/// assert_eq!(value.read(), 2);
/// ```
pub trait SavedContext {
    /// What `leave` needs in order to restore: the `flags` of `local_irq_save`.
    type Saved;

    /// Blocks the interruption.
    fn enter() -> Self::Saved;

    /// Restores the state from before `enter`.
    fn leave(saved: Self::Saved);

    /// Whether `leave` restores the state, so that sections nest. It is false for [`Irq`], which unblocks
    /// everything; a lock type ([`InContext`](crate::lock::InContext)) needs a context that nests.
    const NESTS: bool = true;
}

impl<C: SavedContext> Context for C {
    #[inline]
    fn with<R>(body: impl FnOnce() -> R) -> R {
        let _leaves = Entered::<C>::new();
        body()
    }
}

/// A context that has been entered; dropping this leaves it.
#[derive(Debug)]
pub(crate) struct Entered<C: SavedContext>(Option<C::Saved>);

impl<C: SavedContext> Entered<C> {
    #[inline]
    pub(crate) fn new() -> Self {
        Entered(Some(C::enter()))
    }

    /// Returns what `leave` needs; the caller has to call it.
    #[inline]
    pub(crate) fn into_saved(mut self) -> Option<C::Saved> {
        self.0.take()
    }
}

impl<C: SavedContext> Drop for Entered<C> {
    #[inline]
    fn drop(&mut self) {
        if let Some(saved) = self.0.take() {
            C::leave(saved);
        }
    }
}

/// The context of ordinary code, which blocks nothing. The default of every guard.
#[derive(Debug)]
pub enum Thread {}

impl SavedContext for Thread {
    type Saved = ();

    #[inline]
    fn enter() {}

    #[inline]
    fn leave((): ()) {}
}
