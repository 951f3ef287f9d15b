// SPDX-License-Identifier: MIT OR Apache-2.0
//! `wait_changed`: no wake-up is lost. The checker reports a waiter that sleeps for ever.

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{SeqLock, Version};
use tearfree_axm::{Program, Report, sleeps};

use crate::explore::{Model, generation};
use crate::locks::NoLock;
use crate::seqlocks::{shared, writes};

type Shared<L = SpinLock> = SeqLock<[usize; 1], L>;

/// Waits for one change after another, until the value is `last`; returns the values on the way.
fn wait_until<L: WriterLock>(lock: &Shared<L>, last: usize) -> String {
    let (value, mut seen): (_, Version) = lock.read_versioned();
    let mut values = vec![generation(value)];
    while !values.ends_with(&[last]) {
        assert!(lock.wait_changed(seen, None), "a wait without a timeout ended without a change");
        let (value, version) = lock.read_versioned();
        assert_ne!(version, seen, "woken without a change");
        values.push(generation(value));
        seen = version;
    }
    format!("{values:?} {} slept", sleeps())
}

pub(crate) fn one_writer<L: WriterLock + 'static>(last: usize, complaint: Option<&str>) -> Report {
    let program = writes::<1, L>(1..=last).thread(move |lock| wait_until(lock, last));
    // With more writes, spurious wake-ups take too long. They are found with one.
    program.spurious(usize::from(last == 1)).look_for(complaint)
}

pub(crate) const ONE_PUBLISH: Model = Model {
    name: "wait, one publish",
    explore: |complaint| one_writer::<SpinLock>(1, complaint),
    outcomes: &["[0, 1] 0 slept", "[0, 1] 1 slept", "[1] 0 slept"],
};

pub(crate) const TWO_PUBLISHES: Model = Model {
    name: "wait, two publishes",
    explore: |complaint| one_writer::<SpinLock>(2, complaint),
    outcomes: &[
        "[0, 1, 2] 0 slept",
        "[0, 1, 2] 1 slept",
        "[0, 1, 2] 2 slept",
        "[0, 2] 0 slept",
        "[0, 2] 1 slept",
        "[1, 2] 0 slept",
        "[1, 2] 1 slept",
        // The wake-up of the first write may come when the waiter is about to sleep for the second.
        "[1, 2] 2 slept",
        "[2] 0 slept",
    ],
};

/// A waiter takes no lock, and a single writer needs none.
pub(crate) const WITHOUT_LOCK: Model = Model {
    name: "wait, without a lock",
    explore: |complaint| one_writer::<NoLock>(1, complaint),
    outcomes: ONE_PUBLISH.outcomes,
};

pub(crate) const TWO_WRITERS: Model = Model {
    name: "wait, two writers",
    explore: |complaint| {
        let add_one = |lock: &Shared| lock.update(|value| value[0] += 1);
        let lock = shared::<1, SpinLock>();
        Program::new(lock)
            .silent(add_one)
            .silent(add_one)
            .thread(|lock| wait_until(lock, 2))
            .spurious(0) // as in `one_writer`
            .look_for(complaint)
    },
    outcomes: TWO_PUBLISHES.outcomes,
};

pub(crate) const TWO_WAITERS: Model = Model {
    name: "wait, two waiters",
    explore: |complaint| {
        let wait = |lock: &Shared| wait_until(lock, 1);
        let program = writes::<1, SpinLock>(1..=1).thread(wait).thread(wait);
        program.spurious(0).look_for(complaint) // as in `one_writer`
    },
    outcomes: &[
        "[0, 1] 0 slept, [0, 1] 0 slept",
        "[0, 1] 0 slept, [0, 1] 1 slept",
        "[0, 1] 0 slept, [1] 0 slept",
        "[0, 1] 1 slept, [0, 1] 0 slept",
        "[0, 1] 1 slept, [0, 1] 1 slept",
        "[0, 1] 1 slept, [1] 0 slept",
        "[1] 0 slept, [0, 1] 0 slept",
        "[1] 0 slept, [0, 1] 1 slept",
        "[1] 0 slept, [1] 0 slept",
    ],
};

/// One waiter publishes only after it was woken, and the other waits for that: a waiter that mistakes the
/// other's announcement for its own sleeps for ever.
pub(crate) const ROUNDS: Model = Model {
    name: "wait, two rounds",
    explore: |complaint| {
        let lock = SeqLock::with_lock([0; 0], NoLock::UNLOCKED);
        let first = lock.version();
        Program::new(lock)
            .silent(|lock: &SeqLock<[usize; 0], NoLock>| lock.set([]))
            .silent(move |lock| {
                assert!(
                    lock.wait_changed(first, None),
                    "a wait without a timeout ended without a change"
                );
                lock.set([]);
            })
            .thread(|lock| {
                let seen = lock.version();
                // That of the first write. A read would show it, too, with many more events.
                if format!("{seen:?}") != "Version(2)" {
                    return "came early or late".to_owned();
                }
                assert!(
                    lock.wait_changed(seen, None),
                    "a wait without a timeout ended without a change"
                );
                format!("{} slept", sleeps())
            })
            .spurious(0) // as in `one_writer`
            .look_for(complaint)
    },
    outcomes: &["0 slept", "1 slept", "2 slept", "came early or late"],
};
