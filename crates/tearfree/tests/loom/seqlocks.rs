// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock`: its writers, and its readers with and without the lock.

use core::ops::RangeInclusive;
use core::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use loom::thread::{self, JoinHandle};
use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{SeqLock, field};

use crate::explore::{Model, generation, generation_or_none};
use crate::locks::{Blocking, Counted, NoLock};

type Shared<const WORDS: usize, L> = Arc<SeqLock<[usize; WORDS], L>>;

pub(crate) fn shared<const WORDS: usize, L: WriterLock>(lock: L) -> Shared<WORDS, L> {
    Arc::new(SeqLock::with_lock([0; WORDS], lock))
}

/// A thread that writes these generations.
pub(crate) fn writer<const WORDS: usize, L: WriterLock + Send + Sync + 'static>(
    lock: &Shared<WORDS, L>,
    generations: RangeInclusive<usize>,
) -> JoinHandle<()> {
    let lock = Arc::clone(lock);
    thread::spawn(move || generations.for_each(|generation| lock.set([generation; WORDS])))
}

pub(crate) const ONE_WRITER: Model = Model {
    name: "lock, one writer",
    body: || {
        let lock = Arc::new(SeqLock::new([0; 2]));
        let writer = writer(&lock, 1..=2);
        let outcome = generation_or_none(lock.try_read());
        writer.join().unwrap();
        assert_eq!(lock.read(), [2; 2], "the last write got lost");
        outcome
    },
    preemptions: None,
    outcomes: &["0", "1", "2", "none"],
};

pub(crate) const SPLIT: Model = Model {
    name: "split, one writer",
    body: || {
        let lock = Box::leak(Box::new(SeqLock::new([0; 2])));
        let (mut writer, reader) = lock.split();
        let writer = thread::spawn(move || (1..=2).for_each(|n| writer.set([n; 2])));
        let outcome = generation_or_none(reader.try_read());
        writer.join().unwrap();
        assert_eq!(reader.read(), [2; 2], "the last write got lost");
        outcome
    },
    preemptions: None,
    outcomes: &["0", "1", "2", "none"],
};

fn two_writers<L: WriterLock + Send + Sync + 'static>(lock: L) -> String {
    let lock = shared::<2, _>(lock);
    let writers = [writer(&lock, 1..=1), writer(&lock, 2..=2)];
    let outcome = generation_or_none(lock.try_read());
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    format!("{outcome}, then {}", generation(lock.read()))
}

pub(crate) const TWO_WRITERS: Model = Model {
    name: "lock, two writers",
    body: || two_writers(Blocking::default()),
    preemptions: Some(3),
    outcomes: &[
        "0, then 1",
        "0, then 2",
        "1, then 1",
        "1, then 2",
        "2, then 1",
        "2, then 2",
        "none, then 1",
        "none, then 2",
    ],
};

pub(crate) const TWO_WRITERS_WITHOUT_LOCK: Model =
    Model { name: "no lock, two writers", body: || two_writers(NoLock), ..TWO_WRITERS };

fn add_one<L: WriterLock>(lock: &SeqLock<[usize; 2], L>) -> usize {
    lock.update(|words| {
        let before = generation(*words);
        *words = [before + 1; 2];
        before
    })
}

pub(crate) const TWO_UPDATES: Model = Model {
    name: "lock, two updates",
    body: || {
        let lock = Arc::new(SeqLock::new([0; 2]));
        let other = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || add_one(&lock))
        };
        let mine = add_one(&lock);
        let others = other.join().unwrap();
        assert_eq!(lock.read(), [2; 2], "an update got lost");
        format!("{mine} here, {others} there")
    },
    preemptions: None,
    outcomes: &["0 here, 1 there", "1 here, 0 there"],
};

pub(crate) const TRY_WRITE: Model = Model {
    name: "lock, try_write",
    body: || {
        let lock = Arc::new(SeqLock::new([0; 2]));
        let writer = writer(&lock, 1..=1);
        let mine = lock.try_write().map(|mut words| {
            let before = generation(*words);
            *words = [before + 2; 2];
            before
        });
        writer.join().unwrap();
        let last = generation(lock.read());
        match mine {
            Some(before) => format!("found {before}, then {last}"),
            None => format!("found a writer, then {last}"),
        }
    },
    preemptions: None,
    outcomes: &["found 0, then 1", "found 1, then 3", "found a writer, then 1"],
};

/// In the model the reader requests its turn as soon as the count moves under it. It takes no lock.
pub(crate) const READ: Model = Model {
    name: "lock, read until whole",
    body: || {
        let (lock, taken) = Counted::<SpinLock>::new();
        let lock = shared::<2, _>(lock);
        let writer = writer(&lock, 1..=2);
        let value = generation(lock.read());
        writer.join().unwrap();
        value_and_how(value, taken.load(Relaxed) - 2)
    },
    preemptions: Some(3),
    outcomes: &["0", "1", "2"],
};

/// What a reader saw, and whether it took the lock for that.
fn value_and_how(value: usize, taken_by_the_reader: usize) -> String {
    match taken_by_the_reader {
        0 => value.to_string(),
        _ => format!("{value} under the lock"),
    }
}

fn read_or_lock<L: WriterLock + Send + Sync + 'static>() -> String {
    let (lock, taken) = Counted::<L>::new();
    let lock = shared::<2, _>(lock);
    let writer = writer(&lock, 1..=2);
    let value = generation(lock.read_or_lock());
    writer.join().unwrap();
    value_and_how(value, taken.load(Relaxed) - 2)
}

/// Once the reader has seen the first write begin, the old value is out of the question.
pub(crate) const READ_OR_LOCK: Model = Model {
    name: "lock, read or lock",
    body: read_or_lock::<Blocking>,
    preemptions: None,
    outcomes: &["0", "1", "1 under the lock", "2", "2 under the lock"],
};

pub(crate) const READ_OR_LOCK_WITHOUT_LOCK: Model =
    Model { name: "no lock, read or lock", body: read_or_lock::<NoLock>, ..READ_OR_LOCK };

pub(crate) const READ_EXCL: Model = Model {
    name: "lock, locking reader",
    body: || {
        let lock = Arc::new(SeqLock::new([0; 2]));
        let writer = writer(&lock, 1..=2);
        let guard = lock.read_excl();
        let (locked, lockless) = (*guard, lock.try_read());
        drop(guard);
        writer.join().unwrap();
        assert_eq!(Some(locked), lockless, "torn read: a writer was beside a locking reader");
        generation(locked).to_string()
    },
    preemptions: None,
    outcomes: &["0", "1", "2"],
};

pub(crate) const READ_EXCL_WITHOUT_LOCK: Model = Model {
    name: "no lock, locking reader",
    body: || {
        let lock = shared::<2, _>(NoLock);
        let writer = writer(&lock, 1..=1);
        let value = generation(*lock.read_excl());
        writer.join().unwrap();
        value.to_string()
    },
    ..READ_EXCL
};

pub(crate) const TRY_READ_EXCL: Model = Model {
    name: "lock, try_read_excl",
    body: || {
        let lock = Arc::new(SeqLock::new([0; 2]));
        let writer = writer(&lock, 1..=1);
        let outcome = generation_or_none(lock.try_read_excl().map(|guard| *guard));
        writer.join().unwrap();
        outcome
    },
    preemptions: None,
    outcomes: &["0", "1", "none"],
};

pub(crate) const FIELDS: Model = Model {
    name: "lock, fields",
    body: || {
        type Three = (usize, usize, usize);
        let lock = Arc::new(SeqLock::new((0, 0, 0)));
        let writer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || lock.set((1, 1, 1)))
        };
        let (first, last) = lock.read_fields((field!(Three, 0), field!(Three, 2)));
        writer.join().unwrap();
        generation([first, last]).to_string()
    },
    preemptions: None,
    outcomes: &["0", "1"],
};

/// Whoever reads a value also sees what was stored before it was written.
pub(crate) const STORED_BEFORE: Model = Model {
    name: "lock, stored before",
    body: || {
        use loom::sync::atomic::AtomicUsize;
        let lock = Arc::new((SeqLock::new([0]), AtomicUsize::new(0)));
        let writer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || {
                let (lock, beside) = &*lock;
                beside.store(1, Relaxed);
                lock.set([1]);
            })
        };
        let (lock, beside) = &*lock;
        let (value, before) = (lock.try_read().map(generation), beside.load(Relaxed));
        writer.join().unwrap();
        assert!(value != Some(1) || before == 1, "what was stored before a write came after it");
        format!("{value:?}, {before}")
    },
    preemptions: None,
    outcomes: &["None, 0", "None, 1", "Some(0), 0", "Some(0), 1", "Some(1), 1"],
};
