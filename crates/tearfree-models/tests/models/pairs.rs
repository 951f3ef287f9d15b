// SPDX-License-Identifier: MIT OR Apache-2.0
//! `PairCount`, the protocol of a page that processes share: its writer dies at any step, and another
//! one takes over.
//!
//! The slots are the model's own atomics. A writer holds a lock, which the system releases when the writer
//! dies.

#![allow(unsafe_code, reason = "only the holder of a bare lock may release it")]

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::raw::{Current, PairCount, attempt, slot_of};
use tearfree_axm::{AtomicUsize, Program, Report};

use crate::explore::{Model, generation};

/// The steps of a write after which its writer can die; the last one is its end.
pub(crate) const STEPS: usize = 4;

pub(crate) struct Pair {
    pub(crate) count: PairCount,
    slots: [[AtomicUsize; 2]; 2],
    lock: SpinLock,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let slots = [0, 1].map(|_| [0, 1].map(|_| AtomicUsize::new(0)));
        Pair { count: PairCount::new(), slots, lock: SpinLock::new() }
    }

    /// Takes the lock and writes. The last write ends after `steps`.
    fn own(&self, writes: usize, steps: usize) {
        self.lock.lock();
        let mut current = self.count.read_begin().generation();
        for write in 1..=writes {
            current = self.write(current, if write < writes { STEPS } else { steps });
        }
        // By the writer, or by the system after its death.
        // SAFETY: locked above, on this thread.
        unsafe { self.lock.unlock(()) };
    }

    /// Writes the next generation to all words; a writer that dies has stored another number. The slot of a dead
    /// writer is written again.
    pub(crate) fn write(&self, current: u64, steps: usize) -> u64 {
        if steps == 0 {
            return current;
        }
        let generation = current as usize + 1;
        let value = if steps < STEPS { 100 + generation } else { generation };
        let slot = self.count.write_begin(current);
        for word in self.slots[slot].iter().take(steps - 1) {
            word.store(value, Relaxed);
        }
        if steps == STEPS { self.count.write_end(current) } else { current }
    }

    /// One attempt.
    pub(crate) fn read(&self) -> String {
        Self::outcome(attempt(&self.count, |slot| self.copy(slot)))
    }

    /// One attempt to get a value that is still the newest after it was copied.
    fn read_current(&self) -> String {
        Self::outcome(attempt(&Current(&self.count), |slot| self.copy(slot)))
    }

    fn copy(&self, slot: usize) -> [usize; 2] {
        self.slots[slot].each_ref().map(|word| word.load(Relaxed))
    }

    fn outcome(read: Option<([usize; 2], u64)>) -> String {
        let Some((copy, named)) = read else { return "retry".to_owned() };
        assert_eq!(generation(copy), named as usize, "torn read: of another generation");
        named.to_string()
    }
}

/// One writer publishes two generations, and the second may be its last; another one takes over.
fn explore(complaint: Option<&str>, read: fn(&Pair) -> String) -> Report {
    let mut all = Report::default();
    for steps in 0..=STEPS {
        let report = Program::new(Pair::new())
            .silent(move |pair| pair.own(2, steps))
            .silent(|pair| pair.own(1, STEPS))
            .thread(read)
            .after(Pair::read)
            .look_for(complaint);
        add(&mut all, report);
    }
    all
}

fn add(all: &mut Report, report: Report) {
    all.graphs += report.graphs;
    all.executions += report.executions;
    all.cut += report.cut;
    all.outcomes.extend(report.outcomes);
    all.failures.extend(report.failures);
}

/// What a reader saw, and what is there at the end.
const TAKEN_OVER: &[&str] =
    &["0, 2", "0, 3", "1, 2", "1, 3", "2, 2", "2, 3", "3, 3", "retry, 2", "retry, 3"];

pub(crate) const DEATHS: Model = Model {
    name: "pair, death and take-over",
    explore: |complaint| explore(complaint, Pair::read),
    outcomes: TAKEN_OVER,
};

pub(crate) const CURRENT: Model = Model {
    name: "pair, the newest value",
    explore: |complaint| explore(complaint, Pair::read_current),
    outcomes: TAKEN_OVER,
};

/// The writer dies in its first write; another one takes over, before or after it.
pub(crate) const FIRST_WRITE: Model = Model {
    name: "pair, death in the first write",
    explore: |complaint| {
        let mut all = Report::default();
        for steps in 1..STEPS {
            let program = Program::new(Pair::new())
                .silent(move |pair| pair.own(1, steps))
                .silent(|pair| pair.own(1, STEPS));
            add(&mut all, program.thread(Pair::read).after(Pair::read).look_for(complaint));
        }
        all
    },
    outcomes: &["0, 1", "1, 1", "retry, 1"],
};

/// No writer comes after the dead one: readers keep the last whole value.
pub(crate) const NO_SUCCESSOR: Model = Model {
    name: "pair, no successor",
    explore: |complaint| {
        let mut all = Report::default();
        for steps in 1..STEPS {
            let program = Program::new(Pair::new())
                .silent(move |pair| pair.own(2, steps))
                .thread(Pair::read)
                .after(|pair| format!("{} at {}", pair.read(), pair.count.sequence()));
            add(&mut all, program.look_for(complaint));
        }
        all
    },
    outcomes: &["0, 1 at 3", "1, 1 at 3", "retry, 1 at 3"],
};

/// `is_current` as a clock uses it. The writer announces each generation that it has published: a
/// reader that has seen the announcement does not take an older generation for the newest one.
pub(crate) const NEWEST: Model = Model {
    name: "pair, announced generations",
    explore: |complaint| {
        Program::new((Pair::new(), AtomicUsize::new(0)))
            .silent(|(pair, announced)| {
                for current in 0..2 {
                    let generation = pair.write(current, STEPS);
                    announced.store(generation as usize, Release);
                }
            })
            .thread(|(pair, announced)| {
                let start = pair.count.read_begin();
                let copy = pair.slots[start.slot()].each_ref().map(|word| word.load(Relaxed));
                let (read, announced) = (start.generation() as usize, announced.load(Acquire));
                if !pair.count.is_current(start) {
                    return format!("{read}, not the newest");
                }
                assert_eq!(generation(copy), read, "torn read: of another generation");
                assert!(read >= announced, "an old generation as the newest: {read}");
                format!("{read}, the newest")
            })
            .look_for(complaint)
    },
    outcomes: &[
        "0, not the newest",
        "0, the newest",
        "1, not the newest",
        "1, the newest",
        "2, the newest",
    ],
};

/// What a renewal adds to the promise of a generation.
const RENEWAL: usize = 10;

/// The second word of a slot is a promise, which the writer renews after each publication by one store in no order of
/// its own. A reader gets the promise of the generation that it reads, renewed or not.
pub(crate) const RENEWED: Model = Model {
    name: "pair, renewed promises",
    explore: |complaint| {
        Program::new(Pair::new())
            .silent(|pair| {
                for current in 0..2 {
                    let generation = pair.write(current, STEPS);
                    let promise = &pair.slots[slot_of(generation)][1];
                    promise.store(generation as usize + RENEWAL, Relaxed);
                }
            })
            .thread(|pair| {
                let read = attempt(&pair.count, |slot| pair.copy(slot));
                let Some(([value, promise], named)) = read else { return "retry".to_owned() };
                let of_value = [value, promise % RENEWAL];
                assert_eq!(of_value, [named as usize; 2], "torn read: of another generation");
                let renewed = if promise > RENEWAL { ", renewed" } else { "" };
                format!("{named}{renewed}")
            })
            .look_for(complaint)
    },
    outcomes: &["0", "1", "1, renewed", "2", "2, renewed", "retry"],
};
