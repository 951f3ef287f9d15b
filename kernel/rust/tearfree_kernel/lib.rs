// SPDX-License-Identifier: GPL-2.0
//! The Linux kernel's spinlock as a writer lock of the core crate, and its interrupts and softirqs as
//! contexts.
//!
//! | kernel | here |
//! | --- | --- |
//! | `spinlock_t` | [`SpinLock`], the writer lock of `SeqLock` and `SeqLatch` |
//! | `local_irq_disable`, `local_irq_enable` | [`Irq`] |
//! | `local_irq_save`, `local_irq_restore` | [`IrqSave`] |
//! | `local_bh_disable`, `local_bh_enable` | [`Bh`] |
//! | `seqlock_t` of kernel C code | [`KernelSeqLock`] |
//! | `cpu_relax` | `core::hint::spin_loop`, which the core crate waits with |
//!
//! So `lock.within::<IrqSave>().update(..)` is `write_seqlock_irqsave` and `write_sequnlock_irqrestore`.
//! The kernel's macros are functions in `modules/shim.c`.
#![no_std]

use core::cell::UnsafeCell;
use core::ffi::c_int;

use tearfree::context::SavedContext;
use tearfree::lock::WriterLock;
use tearfree::{SeqCount, SeqCountGuard};

unsafe extern "C" {
    safe fn tf_irq_disable();
    safe fn tf_irq_enable();
    safe fn tf_irq_save() -> usize;
    safe fn tf_irq_restore(flags: usize);
    safe fn tf_bh_disable();
    safe fn tf_bh_enable();
    fn tf_spin_lock(lock: *mut u32);
    fn tf_spin_trylock(lock: *mut u32) -> c_int;
    fn tf_spin_unlock(lock: *mut u32);
}

/// Disables hard interrupts on this processor, and enables them at the end: `_irq`.
///
/// As in the kernel, it is for code that runs with interrupts enabled.
pub enum Irq {}

impl SavedContext for Irq {
    type Saved = ();
    const NESTS: bool = false;

    #[inline]
    fn enter() {
        tf_irq_disable();
    }

    #[inline]
    fn leave((): ()) {
        tf_irq_enable();
    }
}

/// Disables hard interrupts on this processor, and restores their state at the end: `_irqsave`.
pub enum IrqSave {}

impl SavedContext for IrqSave {
    type Saved = usize;

    #[inline]
    fn enter() -> usize {
        tf_irq_save()
    }

    #[inline]
    fn leave(flags: usize) {
        tf_irq_restore(flags);
    }
}

/// Disables softirqs (timers, tasklets, network) on this processor: `_bh`.
pub enum Bh {}

impl SavedContext for Bh {
    type Saved = ();

    #[inline]
    fn enter() {
        tf_bh_disable();
    }

    #[inline]
    fn leave((): ()) {
        tf_bh_enable();
    }
}

/// The kernel's `spinlock_t`, of kernels without lock debugging and without PREEMPT_RT.
///
/// It disables preemption while it is held, so no reader waits for a writer that was preempted.
#[repr(transparent)]
pub struct SpinLock(UnsafeCell<u32>);

// The shim asserts the same of `spinlock_t`, and that an unlocked one is zero.
const _: () = assert!(size_of::<SpinLock>() == 4 && align_of::<SpinLock>() == 4);

// SAFETY: a lock is there to be shared; only the kernel's functions touch the word.
unsafe impl Sync for SpinLock {}

impl SpinLock {
    /// Creates an unlocked lock.
    pub const fn new() -> Self {
        SpinLock(UnsafeCell::new(0))
    }
}

impl Default for SpinLock {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: P5. The kernel's spinlock excludes, and its unlock and lock are release and acquire.
unsafe impl WriterLock for SpinLock {
    const UNLOCKED: Self = SpinLock::new();
    type Held = ();

    #[inline]
    fn lock(&self) {
        // SAFETY: the word is a `spinlock_t`, for as long as `self` lives.
        unsafe { tf_spin_lock(self.0.get()) }
    }

    #[inline]
    fn try_lock(&self) -> Option<()> {
        // SAFETY: as in `lock`.
        let taken = unsafe { tf_spin_trylock(self.0.get()) } != 0;
        taken.then_some(())
    }

    #[inline]
    unsafe fn unlock(&self, (): ()) {
        // SAFETY: as in `lock`; it is held, by the caller's promise.
        unsafe { tf_spin_unlock(self.0.get()) }
    }
}

/// A `seqlock_t` that kernel C code owns: its sequence count, and the lock of its writers.
#[repr(C)]
pub struct KernelSeqLock {
    count: SeqCount<u32>,
    lock: SpinLock,
}

// The shim asserts the same of `seqlock_t`.
const _: () = {
    assert!(size_of::<KernelSeqLock>() == 8);
    assert!(core::mem::offset_of!(KernelSeqLock, count) == 0);
    assert!(core::mem::offset_of!(KernelSeqLock, lock) == 4);
};

impl KernelSeqLock {
    /// Returns the lock at an address.
    ///
    /// # Safety
    /// `seqlock` is an initialised `seqlock_t` that lives for `'a` (P11).
    #[inline]
    pub unsafe fn from_ptr<'a>(seqlock: *mut KernelSeqLock) -> &'a Self {
        // SAFETY: P11, by the caller's promise. Both fields are cells.
        unsafe { &*seqlock }
    }

    /// Returns the count, for readers.
    #[inline]
    pub fn count(&self) -> &SeqCount<u32> {
        &self.count
    }

    /// Opens a write section: `write_seqlock`; dropping the guard is `write_sequnlock`. For `_irqsave` and
    /// the others, call it in a [`Context`](tearfree::context::Context).
    #[inline]
    pub fn write(&self) -> WriteGuard<'_> {
        self.lock.lock();
        WriteGuard { section: Some(self.count.write()), lock: &self.lock }
    }
}

/// An open write section of a [`KernelSeqLock`].
#[must_use = "the write section ends when this is dropped"]
pub struct WriteGuard<'a> {
    section: Option<SeqCountGuard<'a, u32>>,
    lock: &'a SpinLock,
}

impl Drop for WriteGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        // The count becomes even before the lock is released.
        self.section = None;
        // SAFETY: P5. `write` took it, and guards of sections stay in their thread.
        unsafe { self.lock.unlock(()) };
    }
}
