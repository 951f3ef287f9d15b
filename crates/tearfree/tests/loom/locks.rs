// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shipped spin lock, and writer locks for the models of what stands on such a lock.

#![allow(unsafe_code, reason = "a lock is a promise; here some are kept, and one is broken")]

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, PoisonError};

use loom::cell::UnsafeCell;
use loom::sync::{Mutex, MutexGuard};
use loom::thread;
use tearfree::lock::{SpinLock, WriterLock};

use crate::explore::Model;

/// Loom watches the cell, and complains if two threads can be in it.
struct Owned {
    lock: SpinLock,
    value: UnsafeCell<usize>,
}

// SAFETY: P5. The value is touched under the lock only, which loom checks.
unsafe impl Sync for Owned {}

impl Owned {
    fn add_one(&self) -> usize {
        self.lock.lock();
        let before = self.value.with_mut(|value| {
            // SAFETY: P5. The lock is held, so nobody else is here.
            let value = unsafe { &mut *value };
            *value += 1;
            *value - 1
        });
        // SAFETY: taken above, by this thread.
        unsafe { self.lock.unlock(()) };
        before
    }
}

pub(crate) const SPIN: Model = Model {
    name: "spin lock, two threads",
    body: || {
        let owned = Arc::new(Owned { lock: SpinLock::new(), value: UnsafeCell::new(0) });
        let other = {
            let owned = Arc::clone(&owned);
            thread::spawn(move || owned.add_one())
        };
        let mine = owned.add_one();
        format!("{mine} here, {} there", other.join().unwrap())
    },
    preemptions: None,
    outcomes: &["0 here, 1 there", "1 here, 0 there"],
};

/// A lock whose waiters sleep, as far as loom is concerned.
///
/// Loom never runs a thread earlier than it did if the thread had yielded there, so it leaves out
/// some of what can happen around threads that spin. Around threads that sleep it does not.
#[derive(Default)]
pub(crate) struct Blocking(Mutex<()>);

impl Blocking {
    fn held(guard: MutexGuard<'_, ()>) -> MutexGuard<'static, ()> {
        // SAFETY: only the lifetime changes, and `Holding` gives the guard back before the lock goes.
        unsafe { core::mem::transmute(guard) }
    }
}

// SAFETY: P5, by the mutex inside.
unsafe impl WriterLock for Blocking {
    fn unlocked() -> Self {
        Blocking::default()
    }

    type Held = MutexGuard<'static, ()>;

    fn lock(&self) -> Self::Held {
        Self::held(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn try_lock(&self) -> Option<Self::Held> {
        self.0.try_lock().ok().map(Self::held)
    }

    unsafe fn unlock(&self, held: Self::Held) {
        drop(held);
    }
}

/// A lock that counts how often it is taken.
pub(crate) struct Counted<L> {
    lock: L,
    taken: Arc<AtomicUsize>,
}

impl<L: WriterLock> Counted<L> {
    /// The lock, and how often it was taken; loom has no part in the latter.
    pub(crate) fn new() -> (Self, Arc<AtomicUsize>) {
        let counted = Self::unlocked();
        let taken = Arc::clone(&counted.taken);
        (counted, taken)
    }
}

// SAFETY: P5, by the lock inside.
unsafe impl<L: WriterLock> WriterLock for Counted<L> {
    fn unlocked() -> Self {
        Counted { lock: L::unlocked(), taken: Arc::default() }
    }

    type Held = L::Held;

    fn lock(&self) -> L::Held {
        let held = self.lock.lock();
        self.taken.fetch_add(1, Relaxed);
        held
    }

    fn try_lock(&self) -> Option<L::Held> {
        let held = self.lock.try_lock()?;
        self.taken.fetch_add(1, Relaxed);
        Some(held)
    }

    unsafe fn unlock(&self, held: L::Held) {
        // SAFETY: P5, by the caller's promise.
        unsafe { self.lock.unlock(held) };
    }
}

/// A lock that keeps nobody out: what if a step were not made under the writer lock?
pub(crate) struct NoLock;

// SAFETY: the promise is broken on purpose, for loom to find out. Payloads are loom's atomics here,
// so that gives wrong values, not undefined behaviour.
unsafe impl WriterLock for NoLock {
    fn unlocked() -> Self {
        NoLock
    }

    type Held = ();

    fn lock(&self) {}

    fn try_lock(&self) -> Option<()> {
        Some(())
    }

    unsafe fn unlock(&self, (): ()) {}
}
