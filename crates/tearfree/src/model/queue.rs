// SPDX-License-Identifier: MIT OR Apache-2.0
//! parking_lot_core's queue, as loom understands it.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Not part of what loom explores.
static SLEPT: AtomicUsize = AtomicUsize::new(0);

/// How often a waiter fell asleep, in all executions until now: models prove with it that they got
/// that far.
pub fn slept() -> usize {
    // ORDERING: P8. Loom runs the threads that count in `park` on one thread of the system.
    SLEPT.load(Relaxed)
}

/// parking_lot_core's queue, by its contract: `unchanged` runs under the queue's lock, which
/// `wake_all` takes too.
pub(crate) struct Parked {
    queue: loom::sync::Mutex<()>,
    woken: loom::sync::Condvar,
}

impl Parked {
    pub(crate) fn new() -> Self {
        Parked { queue: loom::sync::Mutex::new(()), woken: loom::sync::Condvar::new() }
    }

    pub(crate) fn park(&self, unchanged: impl Fn() -> bool) {
        let queue = self.queue.lock().unwrap();
        if unchanged() {
            // ORDERING: P8. A number for `slept`.
            SLEPT.fetch_add(1, Relaxed);
            drop(self.woken.wait(queue).unwrap());
        }
    }

    pub(crate) fn wake_all(&self) {
        let _queue = self.queue.lock().unwrap();
        self.woken.notify_all();
    }
}
