// SPDX-License-Identifier: MIT OR Apache-2.0
//! Versions: the value belongs to the version, and no change is missed.

use core::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use loom::sync::atomic::AtomicUsize;
use loom::thread;
use tearfree::lock::SpinLock;
use tearfree::{SeqLock, Version};

use crate::explore::{Model, generation};
use crate::seqlocks::{shared, writer};

pub(crate) const VERSIONED: Model = Model {
    name: "versions, versioned read",
    body: || {
        let lock = shared::<1, _>(SpinLock::new());
        let first = lock.version();
        let writer = writer(&lock, 1..=2);
        let (value, version) = lock.read_versioned();
        writer.join().unwrap();
        let of_version = match version {
            version if version == first => 0,
            version if version == lock.version() => 2,
            _ => 1,
        };
        assert_eq!(generation(value), of_version, "the value is of another version");
        of_version.to_string()
    },
    preemptions: Some(3),
    outcomes: &["0", "1", "2"],
};

/// A look at the version, while a write is open too, names a write that is over; a read that follows
/// is not older.
pub(crate) const VERSION_THEN_READ: Model = Model {
    name: "versions, look and then read",
    body: || {
        let lock = shared::<1, _>(SpinLock::new());
        let first = lock.version();
        let writer = writer(&lock, 1..=1);
        let version = lock.version();
        let read = lock.try_read().map(generation);
        writer.join().unwrap();
        let looked = match version {
            version if version == first => 0,
            version if version == lock.version() => 1,
            open => panic!("a version of no value: {open:?}"),
        };
        assert!(
            read.is_none_or(|read| read >= looked),
            "an older value than the version before it"
        );
        format!("{looked}, then {read:?}")
    },
    preemptions: None,
    outcomes: &["0, then None", "0, then Some(0)", "0, then Some(1)", "1, then Some(1)"],
};

pub(crate) const IF_CHANGED: Model = Model {
    name: "versions, read if changed",
    body: || {
        let lock = shared::<1, _>(SpinLock::new());
        let mut seen = lock.version();
        let writer = writer(&lock, 1..=2);
        let beside = lock.read_if_changed(&mut seen).map(generation);
        writer.join().unwrap();
        let after = lock.read_if_changed(&mut seen).map(generation);
        assert_eq!(seen, lock.version(), "a change was missed");
        assert_eq!(after.or(beside), Some(2), "the last value was missed");
        assert_eq!(lock.read_if_changed(&mut seen), None, "a change that was none");
        format!("{beside:?}, then {after:?}")
    },
    preemptions: Some(3),
    outcomes: &["None, then Some(2)", "Some(1), then Some(2)", "Some(2), then None"],
};

type Noted = (SeqLock<[usize; 1], SpinLock>, AtomicUsize);

/// Two writers, of which the second one writes after the first; a thread that is told of a change
/// sees what the first one did before its write.
fn acquires(changed: fn(&Noted, Version) -> bool) -> String {
    let noted: Arc<Noted> =
        Arc::new((SeqLock::with_lock([0; 1], SpinLock::new()), AtomicUsize::new(0)));
    let seen = noted.0.version();
    let a = {
        let noted = Arc::clone(&noted);
        thread::spawn(move || {
            noted.1.store(1, Relaxed);
            noted.0.set([1]);
        })
    };
    let b = {
        let noted = Arc::clone(&noted);
        thread::spawn(move || {
            if noted.0.version() != seen {
                noted.0.set([2]);
            }
        })
    };
    let is_told = changed(&noted, seen);
    if is_told {
        assert_eq!(noted.1.load(Relaxed), 1, "a change without what came before it");
    }
    a.join().unwrap();
    b.join().unwrap();
    is_told.to_string()
}

pub(crate) const VERSION_ACQUIRES: Model = Model {
    name: "versions, look acquires",
    body: || acquires(|noted, seen| noted.0.version() != seen),
    preemptions: None,
    outcomes: &["false", "true"],
};

pub(crate) const WAIT_ACQUIRES: Model = Model {
    name: "versions, wait acquires",
    body: || acquires(|noted, seen| noted.0.wait_changed(seen, None)),
    preemptions: Some(2),
    outcomes: &["true"],
};
