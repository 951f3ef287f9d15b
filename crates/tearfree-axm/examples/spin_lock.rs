// SPDX-License-Identifier: MIT OR Apache-2.0
//! A spin lock, and the data race if its unlock is relaxed: `cargo run -p tearfree-axm --example spin_lock`

use core::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use tearfree_axm::{AtomicBool, Plain, Program, Report, pause, thread};

struct SpinLocked {
    is_locked: AtomicBool,
    value: Plain,
}

impl SpinLocked {
    fn add_one(&self, unlock: Ordering) {
        while self.is_locked.swap(true, Acquire) {
            pause();
        }
        self.value.set(self.value.get() + 1);
        self.is_locked.store(false, unlock);
    }
}

fn explore(unlock: Ordering) -> Report {
    Program::new(SpinLocked { is_locked: AtomicBool::new(false), value: Plain::new(0) })
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
