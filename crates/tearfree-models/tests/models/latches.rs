// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LatchCount`, around slots that are the model's own atomics, and `SeqLatch`.
//!
//! Two writes each: only the second one can overtake a reader that the first one sent to slot 1.

use core::sync::atomic::Ordering::Relaxed;

use tearfree::lock::SpinLock;
use tearfree::{LatchCount, SeqLatch};
use tearfree_axm::{AtomicUsize, Program};

use crate::explore::{Model, generation};

struct Bare {
    count: LatchCount,
    slots: [AtomicUsize; 2],
}

impl Bare {
    fn new() -> Self {
        Bare { count: LatchCount::new(), slots: [0, 1].map(|_| AtomicUsize::new(0)) }
    }

    /// A write, with `between` run after each of its steps.
    fn write(&self, generation: usize, between: impl Fn()) {
        self.count.write_begin();
        between();
        self.slots[0].store(generation, Relaxed);
        between();
        self.count.write_flip();
        between();
        self.slots[1].store(generation, Relaxed);
        between();
        self.count.write_end();
    }

    /// One attempt. Slot `sequence % 2` is whole, and is of write `sequence / 2`.
    fn read(&self) -> String {
        let start = self.count.read_begin();
        let generation = self.slots[start.slot()].load(Relaxed);
        if self.count.read_retry(start) {
            return "retry".to_owned();
        }
        assert_eq!(generation, start.sequence() / 2, "torn read: of another write");
        format!("{generation} at {}", start.sequence())
    }
}

pub(crate) const COUNT: Model = Model {
    name: "latch count, two writes",
    explore: |complaint| {
        let write = |latch: &Bare| (1..=2).for_each(|generation| latch.write(generation, || ()));
        Program::new(Bare::new()).silent(write).thread(Bare::read).look_for(complaint)
    },
    outcomes: &["0 at 0", "0 at 1", "1 at 2", "1 at 3", "2 at 4", "retry"],
};

/// The handler hits the writer after each step of two writes, and never has to retry.
pub(crate) const INTERRUPTED: Model = Model {
    name: "latch count, interrupted writer",
    explore: |complaint| {
        let handler = |latch: &Bare| {
            let read = latch.read();
            assert_ne!(read, "retry", "a handler would wait for the writer that it interrupted");
        };
        Program::new(Bare::new())
            .silent(move |latch| (1..=2).for_each(|next| latch.write(next, || handler(latch))))
            .thread(Bare::read)
            .look_for(complaint)
    },
    outcomes: &["0 at 0", "0 at 1", "1 at 2", "1 at 3", "2 at 4", "retry"],
};

fn shared<const WORDS: usize>() -> SeqLatch<[usize; WORDS], SpinLock> {
    SeqLatch::with_lock([0; WORDS], SpinLock::new())
}

pub(crate) const READ: Model = Model {
    name: "latch, two writes",
    explore: |complaint| {
        Program::new(shared::<2>())
            .silent(|latch| (1..=2).for_each(|generation| latch.set([generation; 2])))
            .thread(|latch| generation(latch.read()).to_string())
            .after(|latch| generation(latch.read()).to_string())
            .look_for(complaint)
    },
    outcomes: &["0, 2", "1, 2", "2, 2"],
};

/// The value and the write that its version names.
fn value_of_version(latch: &SeqLatch<[usize; 1], SpinLock>) -> String {
    let (value, version) = latch.read_versioned();
    format!("{} {version:?}", generation(value))
}

pub(crate) const VERSIONS: Model = Model {
    name: "latch, versions",
    explore: |complaint| {
        Program::new(shared::<1>())
            .silent(|latch| (1..=2).for_each(|generation| latch.set([generation])))
            .thread(|latch| {
                let read = value_of_version(latch);
                let is_right = ["0 Version(0)", "1 Version(2)", "2 Version(4)"].contains(&&*read);
                assert!(is_right, "the value is of another version: {read}");
                read
            })
            .look_for(complaint)
    },
    outcomes: &["0 Version(0)", "1 Version(2)", "2 Version(4)"],
};

pub(crate) const TWO_WRITERS: Model = Model {
    name: "latch, two writers",
    explore: |complaint| {
        Program::new(shared::<1>())
            .silent(|latch| latch.set([1]))
            .silent(|latch| latch.update(|value| value[0] += 2))
            .thread(|latch| {
                let read = value_of_version(latch);
                let right = [
                    "0 Version(0)",
                    "1 Version(2)",
                    "2 Version(2)",
                    "1 Version(4)",
                    "3 Version(4)",
                ];
                assert!(right.contains(&&*read), "the value is of another version: {read}");
                read
            })
            .after(value_of_version)
            .look_for(complaint)
    },
    outcomes: &[
        "0 Version(0), 1 Version(4)",
        "0 Version(0), 3 Version(4)",
        "1 Version(2), 3 Version(4)",
        "1 Version(4), 1 Version(4)",
        "2 Version(2), 1 Version(4)",
        "3 Version(4), 3 Version(4)",
    ],
};
