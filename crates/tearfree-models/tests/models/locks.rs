// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shipped spin lock, and writer locks for other models.

#![allow(unsafe_code, reason = "implements locks, one of which breaks the contract on purpose")]

use core::cell::Cell;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use tearfree::lock::{SpinLock, WriterLock};
use tearfree_axm::{AtomicU32, Plain, Program};

use crate::explore::Model;

/// A plain word, for which the checker reports a data race if two threads can access it at once.
struct Owned {
    lock: SpinLock,
    value: Plain,
}

impl Owned {
    fn add_one(&self) -> String {
        self.lock.lock();
        let before = self.value.get();
        self.value.set(before + 1);
        // SAFETY: taken above, by this thread.
        unsafe { self.lock.unlock(()) };
        before.to_string()
    }
}

pub(crate) const SPIN: Model = Model {
    name: "spin lock, three threads",
    explore: |complaint| {
        Program::new(Owned { lock: SpinLock::new(), value: Plain::new(0) })
            .thread(Owned::add_one)
            .thread(Owned::add_one)
            .thread(Owned::add_one)
            .look_for(complaint)
    },
    outcomes: &["0, 1, 2", "0, 2, 1", "1, 0, 2", "1, 2, 0", "2, 0, 1", "2, 1, 0"],
};

thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// A lock that counts how often it is taken during [`counting`].
pub(crate) struct Counted<L>(L);

/// Runs `body`, and returns how often it took a `Counted` lock.
pub(crate) fn counting<R>(body: impl FnOnce() -> R) -> (R, usize) {
    TAKEN.set(0);
    let result = body();
    (result, TAKEN.get())
}

// SAFETY: P5. The inner lock excludes.
unsafe impl<L: WriterLock> WriterLock for Counted<L> {
    const UNLOCKED: Self = Counted(L::UNLOCKED);

    type Held = L::Held;

    fn lock(&self) -> L::Held {
        let held = self.0.lock();
        TAKEN.set(TAKEN.get() + 1);
        held
    }

    fn try_lock(&self) -> Option<L::Held> {
        let held = self.0.try_lock()?;
        TAKEN.set(TAKEN.get() + 1);
        Some(held)
    }

    unsafe fn unlock(&self, held: L::Held) {
        // SAFETY: P5. The caller took this lock by `lock` or `try_lock`, which took the inner one.
        unsafe { self.0.unlock(held) };
    }
}

/// A lock whose waiters sleep. An execution in which a thread finds a spin lock taken is cut; with this lock
/// it continues.
pub(crate) struct Blocking(AtomicU32);

impl Blocking {
    const FREE: u32 = 0;
    const TAKEN: u32 = 1;
    const TAKEN_WITH_WAITERS: u32 = 2;
}

// SAFETY: P5. One exchange at a time finds the lock free; Acquire and Release pair.
unsafe impl WriterLock for Blocking {
    const UNLOCKED: Self = Blocking(AtomicU32::new(Self::FREE));

    type Held = ();

    fn lock(&self) {
        if self.try_lock().is_none() {
            while self.0.swap(Self::TAKEN_WITH_WAITERS, Acquire) != Self::FREE {
                self.0.wait(Self::TAKEN_WITH_WAITERS);
            }
        }
    }

    fn try_lock(&self) -> Option<()> {
        self.0.compare_exchange(Self::FREE, Self::TAKEN, Acquire, Relaxed).ok().map(drop)
    }

    unsafe fn unlock(&self, (): ()) {
        if self.0.swap(Self::FREE, Release) == Self::TAKEN_WITH_WAITERS {
            self.0.wake_all();
        }
    }
}

/// A lock that excludes no thread, to show that the steps under the writer lock need it.
pub(crate) struct NoLock;

// SAFETY: breaks the contract on purpose, so that the checker finds the fault. The checker runs one thread
// at a time, so the result is wrong values, not undefined behaviour.
unsafe impl WriterLock for NoLock {
    const UNLOCKED: Self = NoLock;

    type Held = ();

    fn lock(&self) {}

    fn try_lock(&self) -> Option<()> {
        Some(())
    }

    unsafe fn unlock(&self, (): ()) {}
}
