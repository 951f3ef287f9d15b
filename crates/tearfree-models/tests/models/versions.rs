// SPDX-License-Identifier: MIT OR Apache-2.0
//! Versions: which write a value is of, and whether there is a newer one.

use core::sync::atomic::Ordering::Relaxed;

use tearfree::lock::SpinLock;
use tearfree::raw::PairCount;
use tearfree::{SeqCount, SeqLock};
use tearfree_axm::{AtomicUsize, Program, Report, sleeps};

use crate::explore::{Model, generation};
use crate::seqlocks::{shared, writes};

pub(crate) const VERSIONED: Model = Model {
    name: "versions, versioned read",
    explore: |complaint| {
        writes::<1, SpinLock>(1..=2)
            .thread(|lock| {
                let (value, version) = lock.read_versioned();
                let read = format!("{} {version:?}", generation(value));
                let is_right = ["0 Version(0)", "1 Version(2)", "2 Version(4)"].contains(&&*read);
                assert!(is_right, "the value is of another version: {read}");
                read
            })
            .look_for(complaint)
    },
    outcomes: &["0 Version(0)", "1 Version(2)", "2 Version(4)"],
};

/// `version` returns that of a complete write, also while a write is open; a later read is not older.
pub(crate) const VERSION_THEN_READ: Model = Model {
    name: "versions, version and then read",
    explore: |complaint| {
        writes::<1, SpinLock>(1..=1)
            .thread(|lock| {
                let version = match format!("{:?}", lock.version()).as_str() {
                    "Version(0)" => 0,
                    "Version(2)" => 1,
                    open => panic!("a version of no value: {open}"),
                };
                let read = lock.try_read().map(generation);
                let is_newer = read.is_none_or(|read| read >= version);
                assert!(is_newer, "an older value than the version before it");
                format!("{version}, then {read:?}")
            })
            .look_for(complaint)
    },
    outcomes: &["0, then None", "0, then Some(0)", "0, then Some(1)", "1, then Some(1)"],
};

pub(crate) const IF_CHANGED: Model = Model {
    name: "versions, read if changed",
    explore: |complaint| {
        writes::<1, SpinLock>(1..=2)
            .thread(|lock| {
                let (first, mut seen) = lock.read_versioned();
                let next = lock.read_if_changed(&mut seen).map(generation);
                let is_newer = next.is_none_or(|next| next > generation(first));
                assert!(is_newer, "a change that was none");
                format!("{}, then {next:?}", generation(first))
            })
            .look_for(complaint)
    },
    outcomes: &[
        "0, then None",
        "0, then Some(1)",
        "0, then Some(2)",
        "1, then None",
        "1, then Some(2)",
        "2, then None",
    ],
};

type Write<S> = fn(&S);

/// Writer A sets a note and then writes; writer B writes once A's write is over. A thread that sees
/// a change, perhaps by B's odd count, sees the note.
fn acquires<S>(
    state: S,
    [a, b]: [Write<S>; 2],
    changed: impl Fn(&S) -> bool,
    complaint: Option<&str>,
) -> Report {
    Program::new((state, AtomicUsize::new(0)))
        .silent(|(state, note)| {
            note.store(1, Relaxed);
            a(state);
        })
        .silent(|(state, _)| {
            if changed(state) {
                b(state);
            }
        })
        .thread(|(state, note)| {
            if !changed(state) {
                return "no change".to_owned();
            }
            assert_eq!(note.load(Relaxed), 1, "a change without what came before it");
            "change".to_owned()
        })
        .look_for(complaint)
}

pub(crate) const VERSION_ACQUIRES: Model = Model {
    name: "versions, version acquires",
    explore: |complaint| {
        let lock: SeqLock<[usize; 1], SpinLock> = shared();
        let seen = lock.version();
        let writers: [Write<_>; 2] = [|lock| set(lock, 1), |lock| set(lock, 2)];
        acquires(lock, writers, move |lock| lock.version() != seen, complaint)
    },
    outcomes: &["change", "no change"],
};

fn set(lock: &SeqLock<[usize; 1], SpinLock>, generation: usize) {
    lock.set([generation]);
}

pub(crate) const WAIT_ACQUIRES: Model = Model {
    name: "versions, wait acquires",
    explore: |complaint| {
        let lock: SeqLock<[usize; 1], SpinLock> = shared();
        let seen = lock.version();
        Program::new((lock, AtomicUsize::new(0)))
            .silent(|(lock, note)| {
                note.store(1, Relaxed);
                lock.set([1]);
            })
            .silent(move |(lock, _)| {
                if lock.version() != seen {
                    lock.set([2]);
                }
            })
            .thread(move |(lock, note)| {
                assert!(
                    lock.wait_changed(seen, None),
                    "a wait without a timeout ended without a change"
                );
                assert_eq!(note.load(Relaxed), 1, "a change without what came before it");
                format!("{} slept", sleeps())
            })
            .look_for(complaint)
    },
    outcomes: &["0 slept", "1 slept"],
};

/// As above, where B's odd count is that of `SeqCount::barrier`.
pub(crate) const BARRIER_CARRIES: Model = Model {
    name: "versions, barrier",
    explore: |complaint| {
        let writers: [Write<SeqCount>; 2] = [|count| drop(count.write()), SeqCount::barrier];
        let changed = |count: &SeqCount| count.raw_read_begin().sequence() != 0;
        acquires(SeqCount::new(), writers, changed, complaint)
    },
    outcomes: &["change", "no change"],
};

/// As above, where B's count is that of `SeqCount::invalidate`.
pub(crate) const INVALIDATE_CARRIES: Model = Model {
    name: "versions, invalidation",
    explore: |complaint| {
        let writers: [Write<SeqCount>; 2] = [|count| drop(count.write()), SeqCount::invalidate];
        let changed = |count: &SeqCount| count.raw_read_begin().sequence() != 0;
        acquires(SeqCount::new(), writers, changed, complaint)
    },
    outcomes: &["change", "no change"],
};

/// The generation of a page: its second writer takes over from the first one.
pub(crate) const GENERATION_ACQUIRES: Model = Model {
    name: "versions, generation acquires",
    explore: |complaint| {
        let writers: [Write<_>; 2] = [|count| publish(count, 0), |count| publish(count, 1)];
        let changed = |count: &PairCount| count.read_begin().generation() != 0;
        acquires(PairCount::new(), writers, changed, complaint)
    },
    outcomes: &["change", "no change"],
};

fn publish(count: &PairCount, current: u64) {
    count.write_begin(current);
    count.write_end(current);
}
