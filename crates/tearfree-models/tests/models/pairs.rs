// SPDX-License-Identifier: MIT OR Apache-2.0
//! `PairCount`, the protocol of a page between processes: its writer dies at any step, and another
//! takes over.

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use tearfree::raw::PairCount;
use tearfree_axm::{AtomicBool, AtomicUsize, Program, Report, pause};

use crate::explore::{Model, generation};

/// After so many steps a write is over: the odd count, two words, the even count.
const WHOLE: usize = 4;

struct Pair {
    count: PairCount,
    slots: [[AtomicUsize; 2]; 2],
    /// The writer's lock, which the system frees when its holder dies.
    locked: AtomicBool,
}

impl Pair {
    fn new() -> Self {
        let slots = [0, 1].map(|_| [0, 1].map(|_| AtomicUsize::new(0)));
        Pair { count: PairCount::new(), slots, locked: AtomicBool::new(false) }
    }

    /// Takes the lock, makes one write after the other, each as far as it says, and is gone.
    fn own(&self, writes: &[usize]) {
        while self.locked.swap(true, Acquire) {
            pause();
        }
        writes.iter().for_each(|&steps| self.write(steps));
        self.locked.store(false, Release);
    }

    /// The next generation. Its words say its number; those of a writer that dies say another one.
    fn write(&self, steps: usize) {
        let Some(words) = steps.checked_sub(1) else { return };
        let current = self.count.sequence() / 2;
        let next = usize::try_from(current).expect("a model has few generations") + 1;
        let value = if steps < WHOLE { 100 + next } else { next };
        let slot = self.count.write_begin(current);
        self.slots[slot].iter().take(words).for_each(|word| word.store(value, Relaxed));
        if steps == WHOLE {
            self.count.write_end(current);
        }
    }

    fn copy(&self, slot: usize) -> [usize; 2] {
        [0, 1].map(|word| self.slots[slot][word].load(Relaxed))
    }

    /// One attempt. What comes out is the generation that the count named.
    fn read(&self) -> String {
        let Some((copy, named)) = self.count.read(1, |slot| self.copy(slot)) else {
            return "retry".to_owned();
        };
        let generation = generation(copy);
        assert_eq!(generation as u64, named, "torn read: of another write");
        generation.to_string()
    }
}

fn writer(writes: &'static [usize]) -> Program<'static, Pair> {
    Program::new(Pair::new()).silent(|pair| pair.own(writes))
}

pub(crate) const TWO_WRITES: Model = Model {
    name: "pair, two writes",
    explore: |complaint| {
        writer(&[WHOLE; 2]).thread(Pair::read).after(Pair::read).look_for(complaint)
    },
    outcomes: &["0, 2", "1, 2", "2, 2", "retry, 2"],
};

/// What a clock asks before it trusts a value to be the newest one.
pub(crate) const STILL_CURRENT: Model = Model {
    name: "pair, is it current",
    explore: |complaint| {
        let read = |pair: &Pair| {
            let start = pair.count.read_begin();
            let generation = generation(pair.copy(start.slot()));
            let is_current = pair.count.is_current(start);
            assert_eq!(generation as u64, start.generation(), "torn read: of another write");
            format!("{generation}{}", if is_current { ", current" } else { "" })
        };
        writer(&[WHOLE]).thread(read).look_for(complaint)
    },
    outcomes: &["0", "0, current", "1, current"],
};

/// The second write ends at each of its steps, and nobody comes after.
pub(crate) const DEATH_FOR_GOOD: Model = Model {
    name: "pair, death for good",
    explore: |complaint| {
        let deaths: [&[usize]; 4] = [&[WHOLE, 0], &[WHOLE, 1], &[WHOLE, 2], &[WHOLE, 3]];
        all(deaths.map(|writes| writer(writes).thread(Pair::read).after(Pair::read)), complaint)
    },
    outcomes: &["0, 1", "1, 1", "retry, 1"],
};

/// One writer publishes a generation, dies in the next one, at each of its steps, and another comes
/// after it, or was there before.
pub(crate) const TAKEOVER: Model = Model {
    name: "pair, take-over",
    explore: |complaint| {
        let deaths: [&[usize]; 4] = [&[WHOLE, 0], &[WHOLE, 1], &[WHOLE, 2], &[WHOLE, 3]];
        let programs = deaths.map(|writes| {
            writer(writes).silent(|pair| pair.own(&[WHOLE])).thread(Pair::read).after(Pair::read)
        });
        all(programs, complaint)
    },
    outcomes: &["0, 2", "1, 2", "2, 2", "retry, 2"],
};

/// What comes of several programs, as if they were one.
fn all<const N: usize>(programs: [Program<'_, Pair>; N], complaint: Option<&str>) -> Report {
    let mut all = Report::default();
    for program in programs {
        let report = program.look_for(complaint);
        all.graphs += report.graphs;
        all.executions += report.executions;
        all.cut += report.cut;
        all.outcomes.extend(report.outcomes);
        all.failures.extend(report.failures);
    }
    all
}
