// SPDX-License-Identifier: MIT OR Apache-2.0
//! `PairCount`, the protocol of a page between processes, around slots that are the model's own atomics.
//!
//! Generation 0 is there at the start. Two writes come back to its slot, so they are what a reader of
//! it has to notice; the death of a writer is a write that is never ended.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread;
use tearfree::raw::{PairCount, slot_of};

use crate::explore::{Model, generation};

struct Pair {
    count: PairCount,
    slots: [[AtomicUsize; 2]; 2],
}

impl Pair {
    fn new() -> Arc<Self> {
        let slots = [0, 1].map(|_| [0, 1].map(|_| AtomicUsize::new(0)));
        Arc::new(Pair { count: PairCount::new(), slots })
    }

    /// Publishes the generation after `current`.
    fn write(&self, current: u64) -> u64 {
        self.begin_and_store(current, 2);
        self.count.write_end(current)
    }

    /// A write that ends after `words` of the payload.
    fn begin_and_store(&self, current: u64, words: usize) {
        let slot = self.count.write_begin(current);
        for word in &self.slots[slot][..words] {
            word.store(usize::try_from(current + 1).unwrap(), Relaxed);
        }
    }

    fn copy(&self, slot: usize) -> [usize; 2] {
        [self.slots[slot][0].load(Relaxed), self.slots[slot][1].load(Relaxed)]
    }

    /// One attempt. What comes out is the generation that the count named.
    fn read(&self) -> String {
        let Some((copy, named)) = self.count.read(1, |slot| self.copy(slot)) else {
            return "retry".to_owned();
        };
        let generation = generation(copy);
        assert_eq!(generation, usize::try_from(named).unwrap(), "torn read: of another write");
        generation.to_string()
    }
}

pub(crate) const TWO_WRITES: Model = Model {
    name: "pair, two writes",
    body: || {
        let pair = Pair::new();
        let writer = {
            let pair = Arc::clone(&pair);
            thread::spawn(move || {
                let first = pair.write(0);
                pair.write(first);
            })
        };
        let seen = pair.read();
        writer.join().unwrap();
        assert_eq!(pair.read(), "2", "the last write got lost");
        seen
    },
    preemptions: None,
    outcomes: &["0", "1", "2", "retry"],
};

/// The same, with one look more: what a clock asks before it trusts a value to be the newest one.
pub(crate) const STILL_CURRENT: Model = Model {
    name: "pair, is it current",
    body: || {
        let pair = Pair::new();
        let writer = {
            let pair = Arc::clone(&pair);
            thread::spawn(move || pair.write(0))
        };
        let start = pair.count.read_begin();
        let generation = generation(pair.copy(start.slot()));
        let is_current = pair.count.is_current(start);
        writer.join().unwrap();
        assert_eq!(start.slot(), slot_of(start.generation()));
        assert_eq!(generation, usize::try_from(start.generation()).unwrap(), "torn read");
        format!("{generation}{}", if is_current { ", current" } else { "" })
    },
    preemptions: None,
    outcomes: &["0", "0, current", "1, current"],
};

/// The writer of generation `1` or `2` dies in the middle of it; another one takes over, twice.
fn death(of: u64) -> String {
    let pair = Pair::new();
    let writers = {
        let pair = Arc::clone(&pair);
        thread::spawn(move || {
            let mut current = 0;
            while current + 1 < of {
                current = pair.write(current);
            }
            pair.begin_and_store(current, 1);
            // Its lock is gone with it: what follows happens after, in another thread.
            let successor = Arc::clone(&pair);
            thread::spawn(move || successor.write(current)).join().unwrap()
        })
    };
    let seen = pair.read();
    let last = writers.join().unwrap();
    assert_eq!(pair.read(), last.to_string(), "the successor's write got lost");
    seen
}

pub(crate) const DEATH_IN_THE_FIRST: Model = Model {
    name: "pair, death in the first write",
    body: || death(1),
    preemptions: None,
    outcomes: &["0", "1"],
};

pub(crate) const DEATH_IN_THE_SECOND: Model = Model {
    name: "pair, death in the second write",
    body: || death(2),
    preemptions: Some(3),
    outcomes: &["0", "1", "2", "retry"],
};

/// Nobody comes after the dead writer: readers keep the last whole value.
pub(crate) const DEATH_FOR_GOOD: Model = Model {
    name: "pair, death for good",
    body: || {
        let pair = Pair::new();
        let writer = {
            let pair = Arc::clone(&pair);
            thread::spawn(move || {
                let current = pair.write(0);
                pair.begin_and_store(current, 1);
            })
        };
        let seen = pair.read();
        writer.join().unwrap();
        assert_eq!(pair.count.sequence(), 3);
        assert_eq!(pair.read(), "1", "the last whole value is kept");
        seen
    },
    preemptions: None,
    outcomes: &["0", "1", "retry"],
};
