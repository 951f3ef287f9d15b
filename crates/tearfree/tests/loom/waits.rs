// SPDX-License-Identifier: MIT OR Apache-2.0
//! `wait_changed`: no wake-up gets lost. A waiter that sleeps for ever is a deadlock, which loom
//! reports.

use std::sync::Arc;

use loom::thread;
use tearfree::SeqLock;
use tearfree::lock::{SpinLock, WriterLock};
use tearfree::model::slept;

use crate::explore::{Model, generation};
use crate::locks::{Blocking, NoLock};
use crate::seqlocks::{shared, writer};

/// Waits for one change after another, until the value is `last`; tells the values on the way.
fn wait_until<L: WriterLock>(lock: &SeqLock<[usize; 1], L>, last: usize) -> Vec<usize> {
    let (value, mut seen) = lock.read_versioned();
    let mut values = vec![generation(value)];
    while !values.ends_with(&[last]) {
        assert!(lock.wait_changed(seen, None), "a wait without end came to an end");
        let (value, version) = lock.read_versioned();
        assert_ne!(version, seen, "woken without a change");
        values.push(generation(value));
        seen = version;
    }
    values
}

/// What a model saw, and how often somebody slept in it.
fn and_slept(body: impl FnOnce() -> String) -> String {
    let before = slept();
    let outcome = body();
    format!("{outcome}, {} slept", slept() - before)
}

fn one_writer<L: WriterLock + Send + Sync + 'static>(lock: L, writes: usize) -> String {
    let lock = shared::<1, _>(lock);
    let writer = writer(&lock, 1..=writes);
    let values = wait_until(&lock, writes);
    writer.join().unwrap();
    format!("{values:?}")
}

pub(crate) const ONE_PUBLISH: Model = Model {
    name: "wait, one publish",
    body: || and_slept(|| one_writer(SpinLock::new(), 1)),
    preemptions: None,
    outcomes: &["[0, 1], 0 slept", "[0, 1], 1 slept", "[1], 0 slept"],
};

pub(crate) const TWO_PUBLISHES: Model = Model {
    name: "wait, two publishes",
    body: || and_slept(|| one_writer(SpinLock::new(), 2)),
    preemptions: Some(3),
    outcomes: &[
        "[0, 1, 2], 0 slept",
        "[0, 1, 2], 1 slept",
        "[0, 1, 2], 2 slept",
        "[0, 2], 0 slept",
        "[0, 2], 1 slept",
        "[1, 2], 0 slept",
        "[1, 2], 1 slept",
        "[2], 0 slept",
    ],
};

/// The announcement is not made under the writer's lock, because there is none. The one writer that
/// is left needs no lock for itself.
pub(crate) const WITHOUT_LOCK: Model = Model {
    name: "wait, announced under no lock",
    body: || one_writer(NoLock, 1),
    preemptions: None,
    outcomes: &["[0, 1]", "[1]"],
};

pub(crate) const TWO_WRITERS: Model = Model {
    name: "wait, two writers",
    body: || {
        and_slept(|| {
            let lock = shared::<1, _>(Blocking::default());
            let writers = [(); 2].map(|()| {
                let lock = Arc::clone(&lock);
                thread::spawn(move || lock.update(|value| value[0] += 1))
            });
            let values = wait_until(&lock, 2);
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            format!("{values:?}")
        })
    },
    preemptions: Some(2),
    outcomes: TWO_PUBLISHES.outcomes,
};

pub(crate) const TWO_WAITERS: Model = Model {
    name: "wait, two waiters",
    body: || {
        and_slept(|| {
            let lock = shared::<1, _>(Blocking::default());
            let writer = writer(&lock, 1..=1);
            let other = {
                let lock = Arc::clone(&lock);
                thread::spawn(move || wait_until(&lock, 1))
            };
            let mine = wait_until(&lock, 1);
            let others = other.join().unwrap();
            writer.join().unwrap();
            format!("{mine:?} {others:?}")
        })
    },
    preemptions: Some(2),
    outcomes: &[
        "[0, 1] [0, 1], 0 slept",
        "[0, 1] [0, 1], 1 slept",
        "[0, 1] [0, 1], 2 slept",
        "[0, 1] [1], 0 slept",
        "[0, 1] [1], 1 slept",
        "[1] [0, 1], 0 slept",
        "[1] [0, 1], 1 slept",
        "[1] [1], 0 slept",
    ],
};

/// One waiter publishes only once it was called, and the other waits for that: whoever takes the
/// other's announcement for its own sleeps for ever.
pub(crate) const ROUNDS: Model = Model {
    name: "wait, two rounds",
    body: || {
        and_slept(|| {
            let lock = shared::<1, _>(Blocking::default());
            let first = lock.version();
            let writer = writer(&lock, 1..=1);
            let other = {
                let lock = Arc::clone(&lock);
                thread::spawn(move || wait_until(&lock, 2))
            };
            assert!(lock.wait_changed(first, None), "a wait without end came to an end");
            lock.set([2]);
            let values = other.join().unwrap();
            writer.join().unwrap();
            format!("{values:?}")
        })
    },
    preemptions: Some(2),
    outcomes: &[
        "[0, 1, 2], 0 slept",
        "[0, 1, 2], 1 slept",
        "[0, 1, 2], 2 slept",
        "[0, 1, 2], 3 slept",
        "[0, 2], 0 slept",
        "[0, 2], 1 slept",
        "[0, 2], 2 slept",
        "[1, 2], 0 slept",
        "[1, 2], 1 slept",
        "[1, 2], 2 slept",
        "[2], 0 slept",
        "[2], 1 slept",
    ],
};
