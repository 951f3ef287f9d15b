// SPDX-License-Identifier: MIT OR Apache-2.0
//! A spin lock, and what happens if its unlock is relaxed: `cargo run -p tearfree-axm --example spin_lock`

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use tearfree_axm::{AtomicBool, Plain, Program, Report, pause, thread};

struct Locked {
    taken: AtomicBool,
    value: Plain,
}

impl Locked {
    fn add_one(&self, unlock: Ordering) {
        while self.taken.swap(true, Acquire) {
            pause();
        }
        self.value.set(self.value.get() + 1);
        self.taken.store(false, unlock);
    }
}

fn explore(unlock: Ordering) -> Report {
    Program::new(Locked { taken: AtomicBool::new(false), value: Plain::new(0) })
        .thread(move |locked| {
            thread::scope(|scope| {
                scope.spawn(|| locked.add_one(unlock));
                locked.add_one(unlock);
            });
            locked.value.get().to_string()
        })
        .pauses(1)
        .explore()
}

fn main() {
    let right = explore(Release);
    assert!(right.failures.is_empty(), "{:?}", right.failures);
    assert_eq!(right.seen(), ["2"]);
    println!("Release: {} executions, the value is always 2", right.executions);

    let wrong = explore(Relaxed);
    let (failure, execution) = wrong.failures.first_key_value().expect("a race is found");
    println!("Relaxed: {failure}\n{execution}");
}
