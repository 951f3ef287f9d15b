// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock`: its writers, and its readers with and without the lock.

use core::cell::RefCell;
use core::ops::RangeInclusive;
use core::sync::atomic::Ordering::Relaxed;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{SeqLock, field};
use tearfree_axm::{AtomicUsize, Program, Report};

use crate::explore::{Model, generation, generation_or_none};
use crate::locks::{Counted, NoLock, counting};

type Shared<const WORDS: usize, L = SpinLock> = SeqLock<[usize; WORDS], L>;

pub(crate) fn shared<const WORDS: usize, L: WriterLock>() -> Shared<WORDS, L> {
    SeqLock::with_lock([0; WORDS], L::UNLOCKED)
}

/// A thread that writes these generations.
pub(crate) fn writes<const WORDS: usize, L: WriterLock + 'static>(
    generations: RangeInclusive<usize>,
) -> Program<'static, Shared<WORDS, L>> {
    Program::new(shared::<WORDS, L>()).silent(move |lock| {
        generations.clone().for_each(|generation| lock.set([generation; WORDS]))
    })
}

fn last<const WORDS: usize, L: WriterLock>(lock: &Shared<WORDS, L>) -> String {
    generation_or_none(lock.try_read())
}

pub(crate) const ONE_WRITER: Model = Model {
    name: "lock, one writer",
    explore: |complaint| writes::<2, SpinLock>(1..=2).thread(last).after(last).look_for(complaint),
    outcomes: &["0, 2", "1, 2", "2, 2", "none, 2"],
};

pub(crate) const SPLIT: Model = Model {
    name: "split, one writer",
    explore: |complaint| {
        let mut lock = shared::<2, SpinLock>();
        let (writer, reader) = lock.split();
        let writer = RefCell::new(writer);
        Program::new((writer, reader))
            .silent(|(writer, _)| (1..=2).for_each(|next| writer.borrow_mut().set([next; 2])))
            .thread(|(_, reader)| generation_or_none(reader.try_read()))
            .after(|(_, reader)| generation_or_none(reader.try_read()))
            .look_for(complaint)
    },
    outcomes: &["0, 2", "1, 2", "2, 2", "none, 2"],
};

fn two_writers<L: WriterLock + 'static>(complaint: Option<&str>) -> Report {
    writes::<2, L>(1..=1)
        .silent(|lock| lock.set([2; 2]))
        .thread(last)
        .after(last)
        .look_for(complaint)
}

pub(crate) const TWO_WRITERS: Model = Model {
    name: "lock, two writers",
    explore: two_writers::<SpinLock>,
    outcomes: &["0, 1", "0, 2", "1, 1", "1, 2", "2, 1", "2, 2", "none, 1", "none, 2"],
};

pub(crate) const TWO_WRITERS_WITHOUT_LOCK: Model =
    Model { name: "no lock, two writers", explore: two_writers::<NoLock>, ..TWO_WRITERS };

fn add_one<L: WriterLock>(lock: &Shared<2, L>) -> String {
    lock.update(|words| {
        let before = generation(*words);
        *words = [before + 1; 2];
        before.to_string()
    })
}

pub(crate) const TWO_UPDATES: Model = Model {
    name: "lock, two updates",
    explore: |complaint| {
        Program::new(shared::<2, SpinLock>())
            .thread(add_one)
            .thread(add_one)
            .after(last)
            .look_for(complaint)
    },
    outcomes: &["0, 1, 2", "1, 0, 2"],
};

pub(crate) const TRY_WRITE: Model = Model {
    name: "lock, try_write",
    explore: |complaint| {
        let try_write = |lock: &Shared<2>| match lock.try_write() {
            Some(mut words) => {
                let before = generation(*words);
                *words = [before + 2; 2];
                format!("found {before}")
            }
            None => "found a writer".to_owned(),
        };
        writes::<2, SpinLock>(1..=1).thread(try_write).after(last).look_for(complaint)
    },
    outcomes: &["found 0, 1", "found 1, 3", "found a writer, 1"],
};

/// The reader may wait once, and retry.
pub(crate) const READ: Model = Model {
    name: "lock, read until whole",
    explore: |complaint| {
        let read = |lock: &Shared<2>| generation(lock.read()).to_string();
        writes::<2, SpinLock>(1..=2).thread(read).pauses(1).look_for(complaint)
    },
    outcomes: &["0", "1", "2"],
};

pub(crate) fn read_or_lock<L: WriterLock + 'static>(complaint: Option<&str>) -> Report {
    let read = |lock: &Shared<2, Counted<L>>| {
        let (value, taken) = counting(|| generation(lock.read_or_lock()));
        let how = if taken == 0 { "" } else { " under the lock" };
        format!("{value}{how}")
    };
    writes::<2, Counted<L>>(1..=2).thread(read).look_for(complaint)
}

/// Once the reader has seen the first write begin, it cannot read the old value.
pub(crate) const READ_OR_LOCK: Model = Model {
    name: "lock, read or lock",
    explore: read_or_lock::<SpinLock>,
    outcomes: &["0", "1", "1 under the lock", "2", "2 under the lock"],
};

pub(crate) const READ_OR_LOCK_WITHOUT_LOCK: Model =
    Model { name: "no lock, read or lock", explore: read_or_lock::<NoLock>, ..READ_OR_LOCK };

fn read_excl<L: WriterLock + 'static>(complaint: Option<&str>) -> Report {
    let read = |lock: &Shared<2, L>| {
        let guard = lock.read_excl();
        let (locked, lockless) = (*guard, lock.try_read());
        assert_eq!(Some(locked), lockless, "torn read: a writer was beside a locking reader");
        generation(locked).to_string()
    };
    writes::<2, L>(1..=2).thread(read).look_for(complaint)
}

pub(crate) const READ_EXCL: Model = Model {
    name: "lock, locking reader",
    explore: read_excl::<SpinLock>,
    outcomes: &["0", "1", "2"],
};

pub(crate) const READ_EXCL_WITHOUT_LOCK: Model =
    Model { name: "no lock, locking reader", explore: read_excl::<NoLock>, ..READ_EXCL };

pub(crate) const TRY_READ_EXCL: Model = Model {
    name: "lock, try_read_excl",
    explore: |complaint| {
        let read = |lock: &Shared<2>| generation_or_none(lock.try_read_excl().map(|guard| *guard));
        writes::<2, SpinLock>(1..=1).thread(read).look_for(complaint)
    },
    outcomes: &["0", "1", "none"],
};

pub(crate) const FIELDS: Model = Model {
    name: "lock, fields",
    explore: |complaint| {
        type Three = (usize, usize, usize);
        Program::new(SeqLock::with_lock((0, 0, 0), SpinLock::new()))
            .silent(|lock| lock.set((1, 1, 1)))
            .thread(|lock| {
                let (first, last) = lock.read_fields((field!(Three, 0), field!(Three, 2)));
                generation([first, last]).to_string()
            })
            .look_for(complaint)
    },
    outcomes: &["0", "1"],
};

/// A thread that reads a value also sees what was stored before it was written.
pub(crate) const STORED_BEFORE: Model = Model {
    name: "lock, stored before",
    explore: |complaint| {
        Program::new((shared::<1, SpinLock>(), AtomicUsize::new(0)))
            .silent(|(lock, beside)| {
                beside.store(1, Relaxed);
                lock.set([1]);
            })
            .thread(|(lock, beside)| {
                let (value, before) = (last(lock), beside.load(Relaxed));
                assert!(
                    value != "1" || before == 1,
                    "what was stored before a write came after it"
                );
                format!("{value}, {before}")
            })
            .look_for(complaint)
    },
    outcomes: &["0, 0", "0, 1", "1, 1", "none, 0", "none, 1"],
};
