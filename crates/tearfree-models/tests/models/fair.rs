// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Fair`: a request for a turn is a hint, and costs a writer one pause at most.

#![allow(unsafe_code, reason = "only the holder of a bare lock may release it")]

use tearfree::lock::{Fair, SpinLock, WriterLock};
use tearfree_axm::{Plain, Program, Report, pauses};

use crate::explore::Model;
use crate::locks::NoLock;

/// `Fair` pauses 64 times, and once more for a value of this size.
const BYTES: usize = 16;
const ONE_PAUSE: usize = 65;

struct Owned<L> {
    lock: L,
    value: Plain,
}

impl<L: WriterLock> Owned<L> {
    /// A blocking write. Here it only tries the lock, so that each pause is one for a reader.
    fn write(&self) {
        self.lock.back_off(BYTES);
        if let Some(held) = self.lock.try_lock() {
            self.value.set(self.value.get() + 1);
            // SAFETY: taken above, by this thread.
            unsafe { self.lock.unlock(held) };
        }
    }
}

/// One writer writes twice, another one once, beside a reader that requests its turn, once or twice. No
/// execution is cut, so no writer waits for another thread.
fn requests<L: WriterLock>(requests: &'static [bool], complaint: Option<&str>) -> Report {
    let state = Owned { lock: L::UNLOCKED, value: Plain::new(0) };
    let mut report = Program::new(state)
        .thread(|owned| {
            owned.write();
            let first = pauses();
            owned.write();
            format!("{first} {}", pauses())
        })
        .thread(|owned| {
            owned.write();
            pauses().to_string()
        })
        .silent(|owned| requests.iter().for_each(|&wants| owned.lock.request_turn(wants)))
        .pauses(3 * ONE_PAUSE)
        .look_for(complaint);
    if report.cut > 0 {
        report.failures.insert("a writer pauses more often than it writes".into(), String::new());
    }
    report
}

/// The flag is cleared by the writer that pauses, and two that see it at once both pause. No writer pauses
/// twice for one request.
pub(crate) const REQUEST: Model = Model {
    name: "fair lock, a request",
    explore: |complaint| requests::<Fair<SpinLock>>(&[true], complaint),
    outcomes: &["0 0, 0", "0 0, 65", "0 65, 0", "0 65, 65", "65 65, 0", "65 65, 65"],
};

pub(crate) const TWO_REQUESTS: Model = Model {
    name: "fair lock, two requests",
    explore: |complaint| requests::<Fair<SpinLock>>(&[false, false], complaint),
    outcomes: &[
        "0 0, 0",
        "0 0, 65",
        "0 65, 0",
        "0 65, 65",
        "65 130, 0",
        // Both writers see the first request, and one of them the second one, too.
        "65 130, 65",
        "65 65, 0",
        "65 65, 65",
    ],
};

pub(crate) const WITHOUT_LOCK: Model = Model {
    name: "fair without a lock",
    explore: |complaint| requests::<Fair<NoLock>>(&[true], complaint),
    ..REQUEST
};
