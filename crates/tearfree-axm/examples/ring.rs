// SPDX-License-Identifier: MIT OR Apache-2.0
//! A ring with one producer and one consumer: `cargo run -p tearfree-axm --example ring`

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use tearfree_axm::{AtomicUsize, Plain, Program, Report};

const SLOTS: usize = 2;

#[derive(Debug)]
struct Ring {
    slots: [Plain; SLOTS],
    /// The number of values pushed, and of values popped.
    pushed: AtomicUsize,
    popped: AtomicUsize,
}

impl Ring {
    fn new() -> Self {
        let slots = [const { Plain::new(0) }; SLOTS];
        Ring { slots, pushed: AtomicUsize::new(0), popped: AtomicUsize::new(0) }
    }

    /// `order` is the ordering of the load of `popped`.
    fn push(&self, value: usize, order: Ordering) -> bool {
        let pushed = self.pushed.load(Relaxed);
        if pushed - self.popped.load(order) == SLOTS {
            return false;
        }
        self.slots[pushed % SLOTS].set(value);
        self.pushed.store(pushed + 1, Release);
        true
    }

    fn pop(&self) -> Option<usize> {
        let popped = self.popped.load(Relaxed);
        if self.pushed.load(Acquire) == popped {
            return None;
        }
        let value = self.slots[popped % SLOTS].get();
        self.popped.store(popped + 1, Release);
        Some(value)
    }
}

fn explore(order: Ordering) -> Report {
    Program::new(Ring::new())
        .silent(move |ring| (1..=3).for_each(|value| _ = ring.push(value, order)))
        .thread(|ring| {
            let popped: Vec<usize> = (0..3).filter_map(|_| ring.pop()).collect();
            assert!(popped.iter().copied().eq(1..=popped.len()), "out of order: {popped:?}");
            format!("{popped:?}")
        })
        .explore()
}

fn main() {
    let right = explore(Acquire);
    assert!(right.failures.is_empty(), "{:?}", right.failures);
    println!("Acquire: {} executions saw {}", right.executions, right.seen().join(" "));

    let wrong = explore(Relaxed);
    let (failure, execution) = wrong.failures.first_key_value().expect("a race is found");
    println!("Relaxed: {failure}\n{execution}");
}
