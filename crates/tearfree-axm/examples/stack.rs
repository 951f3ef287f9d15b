// SPDX-License-Identifier: MIT OR Apache-2.0
//! Treiber's stack: two threads push and pop, a third one pops.
//! `cargo run --release -p tearfree-axm --example stack`

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use std::time::Instant;

use tearfree_axm::{AtomicUsize, Plain, Program, Report, pause};

const NONE: usize = 0;

/// Nodes have numbers from 1 on and belong to the state. None is used twice, so there is no ABA.
#[derive(Debug)]
struct Stack {
    head: AtomicUsize,
    values: [Plain; 2],
    next: [Plain; 2],
}

impl Stack {
    fn new() -> Self {
        let words = || [const { Plain::new(0) }; 2];
        Stack { head: AtomicUsize::new(NONE), values: words(), next: words() }
    }

    /// `publish` is the ordering of the exchange that makes the node the head.
    fn push(&self, node: usize, value: usize, publish: Ordering) {
        self.values[node - 1].set(value);
        let mut head = self.head.load(Relaxed);
        loop {
            self.next[node - 1].set(head);
            match self.head.compare_exchange_weak(head, node, publish, Relaxed) {
                Ok(_) => return,
                Err(other) => head = other,
            }
            pause();
        }
    }

    fn pop(&self) -> Option<usize> {
        let mut head = self.head.load(Acquire);
        while head != NONE {
            let next = self.next[head - 1].get();
            match self.head.compare_exchange_weak(head, next, Acquire, Acquire) {
                Ok(_) => return Some(self.values[head - 1].get()),
                Err(other) => head = other,
            }
            pause();
        }
        None
    }
}

fn explore(publish: Ordering) -> Report {
    let push_and_pop = move |stack: &Stack, node: usize| {
        stack.push(node, 10 * node, publish);
        format!("{:?}", stack.pop())
    };
    Program::new(Stack::new())
        .thread(move |stack| push_and_pop(stack, 1))
        .thread(move |stack| push_and_pop(stack, 2))
        .thread(|stack| format!("{:?}", stack.pop()))
        .pauses(1)
        .look_for((publish == Relaxed).then_some("data race"))
}

fn main() {
    let start = Instant::now();
    let right = explore(Release);
    assert!(right.failures.is_empty(), "{:?}", right.failures);
    println!("Release: {} executions, {:?}", right.executions, start.elapsed());
    right.seen().iter().for_each(|seen| println!("    {seen}"));

    let wrong = explore(Relaxed);
    let (failure, execution) = wrong.failures.first_key_value().expect("a race is found");
    println!("Relaxed: {failure}\n{execution}");
}
