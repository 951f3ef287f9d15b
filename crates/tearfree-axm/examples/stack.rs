// SPDX-License-Identifier: MIT OR Apache-2.0
//! Treiber's stack: two threads push and pop, a third one pops. Shows the failures of a relaxed push and
//! of a pop that frees its node at once: `cargo run --release -p tearfree-axm --example stack`
//!
//! With `-- three`, the third thread pushes too.
#![expect(unsafe_code, reason = "nodes are raw pointers")]

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};
use std::time::Instant;

use tearfree_axm::cell::UnsafeCell;
use tearfree_axm::{AtomicPtr, Program, Report, heap, pause};

#[derive(Debug)]
struct Node {
    value: UnsafeCell<u32>,
    next: UnsafeCell<*mut Node>,
}

#[derive(Debug, Default)]
struct Stack {
    head: AtomicPtr<Node>,
}

impl Stack {
    /// `publish` is the ordering of the exchange that makes the node the head.
    fn push(&self, value: u32, publish: Ordering) {
        let mut head = self.head.load(Relaxed);
        let node = Node { value: UnsafeCell::new(value), next: UnsafeCell::new(head) };
        // SAFETY: a `Node` has these two words.
        let node = unsafe { heap::alloc(node) };
        while let Err(other) = self.head.compare_exchange_weak(head, node, publish, Relaxed) {
            head = other;
            // SAFETY: the node is not published yet.
            let next = unsafe { &(*node).next };
            // SAFETY: the pointer is valid until the closure returns.
            next.with_mut(|next| unsafe { *next = head });
            pause();
        }
    }

    fn pop(&self, frees: bool) -> Option<u32> {
        let mut head = self.head.load(Acquire);
        loop {
            // SAFETY: the memory of nodes stays, and the checker reports a use after free.
            let node = unsafe { head.as_ref() }?;
            // SAFETY: the pointer is valid until the closure returns.
            let next = node.next.with(|next| unsafe { *next });
            match self.head.compare_exchange_weak(head, next, Acquire, Acquire) {
                Ok(_) => {
                    // SAFETY: as above.
                    let value = node.value.with(|value| unsafe { *value });
                    if frees {
                        heap::free(head);
                    }
                    return Some(value);
                }
                Err(other) => head = other,
            }
            pause();
        }
    }
}

fn explore(publish: Ordering, frees: bool, three_push: bool) -> Report {
    let push_and_pop = move |stack: &Stack, value: u32| {
        stack.push(value, publish);
        format!("{:?}", stack.pop(frees))
    };
    Program::new(Stack::default())
        .thread(move |stack| push_and_pop(stack, 10))
        .thread(move |stack| push_and_pop(stack, 20))
        .thread(move |stack| match three_push {
            true => push_and_pop(stack, 30),
            false => format!("{:?}", stack.pop(frees)),
        })
        .pauses(1)
        .look_for((publish == Relaxed || frees).then_some("data race"))
}

fn main() {
    let start = Instant::now();
    let three_push = std::env::args().any(|argument| argument == "three");
    let right = explore(Release, false, three_push);
    assert!(right.failures.is_empty(), "{:?}", right.failures);
    println!("Release: {} executions, {:?}", right.executions, start.elapsed());
    right.seen().iter().for_each(|seen| println!("    {seen}"));

    for (what, wrong) in [
        ("Relaxed", explore(Relaxed, false, false)),
        ("a pop that frees its node", explore(Release, true, false)),
    ] {
        let (failure, execution) = wrong.failures.first_key_value().expect("a race is found");
        println!("{what}: {failure}\n{execution}");
    }
}
