// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCount` and `SeqCountWith`, around words that are the model's own atomics.

use core::array;
use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::sync::{Mutex, MutexGuard};
use loom::thread;
use tearfree::{AssociatedLock, Count, SeqCount, SeqCountWith};

use crate::explore::{Model, generation};

struct Data<C: Count, const WORDS: usize> {
    count: SeqCount<C>,
    words: Words<WORDS>,
}

struct Words<const WORDS: usize>([AtomicUsize; WORDS]);

impl<const WORDS: usize> Words<WORDS> {
    fn new() -> Self {
        Words(array::from_fn(|_| AtomicUsize::new(0)))
    }

    fn store(&self, generation: usize) {
        self.0.iter().for_each(|word| word.store(generation, Relaxed));
    }

    fn load(&self) -> [usize; WORDS] {
        array::from_fn(|at| self.0[at].load(Relaxed))
    }
}

impl<C: Count, const WORDS: usize> Data<C, WORDS> {
    fn new() -> Arc<Self> {
        Arc::new(Data { count: SeqCount::new(), words: Words::new() })
    }

    fn write(&self, generation: usize) {
        let _writing = self.count.write();
        self.words.store(generation);
    }

    /// One attempt. What is validated is of the write that the count names.
    fn read(&self) -> String {
        let Some(start) = self.count.try_read_begin() else { return "odd".to_owned() };
        let copy = self.words.load();
        if self.count.read_retry(start) {
            return "retry".to_owned();
        }
        let (generation, count) = (generation(copy), format!("{:?}", start.sequence()));
        assert_eq!((2 * generation).to_string(), count, "torn read: of another write");
        generation.to_string()
    }
}

/// One thread writes these generations, beside what `reader` does.
fn beside_writes<C: Count, const WORDS: usize>(
    generations: usize,
    reader: impl FnOnce(&Data<C, WORDS>) -> String,
) -> String {
    let data = Data::new();
    let writer = {
        let data = Arc::clone(&data);
        thread::spawn(move || (1..=generations).for_each(|generation| data.write(generation)))
    };
    let outcome = reader(&data);
    writer.join().unwrap();
    outcome
}

pub(crate) const ONE_WRITE: Model = Model {
    name: "count, one write",
    body: || beside_writes::<usize, 2>(1, Data::read),
    preemptions: None,
    outcomes: &["0", "1", "odd", "retry"],
};

pub(crate) const TWO_WRITES: Model = Model {
    name: "count, two writes",
    body: || beside_writes::<usize, 2>(2, Data::read),
    preemptions: None,
    outcomes: &["0", "1", "2", "odd", "retry"],
};

pub(crate) const COUNT_OF_32_BITS: Model = Model {
    name: "count of 32 bits, one write",
    body: || beside_writes::<u32, 2>(1, Data::read),
    preemptions: None,
    outcomes: &["0", "1", "odd", "retry"],
};

pub(crate) const COUNT_OF_64_BITS: Model = Model {
    name: "count of 64 bits, one write",
    body: || beside_writes::<u64, 2>(1, Data::read),
    preemptions: None,
    outcomes: &["0", "1", "odd", "retry"],
};

pub(crate) const READ_UNTIL_WHOLE: Model = Model {
    name: "count, read until whole",
    body: || {
        beside_writes::<usize, 2>(1, |data| {
            generation(data.count.read(|| data.words.load())).to_string()
        })
    },
    preemptions: None,
    outcomes: &["0", "1"],
};

pub(crate) const RAW_BEGIN: Model = Model {
    name: "count, raw begin",
    body: || {
        beside_writes::<usize, 2>(1, |data| {
            let start = data.count.raw_read_begin();
            let copy = data.words.load();
            if data.count.read_retry(start) {
                return "retry".to_owned();
            }
            format!("{} at {}", generation(copy), start.sequence())
        })
    },
    preemptions: None,
    outcomes: &["0 at 0", "1 at 2", "retry"],
};

/// Two words that are not written as one: what did an attempt to read them together see?
fn pair_at(count: &SeqCount, first: &AtomicUsize, second: &AtomicUsize) -> String {
    let Some(start) = count.try_read_begin() else { return "odd".to_owned() };
    let pair = (first.load(Relaxed), second.load(Relaxed));
    if count.read_retry(start) {
        return "retry".to_owned();
    }
    format!("{pair:?} at {}", start.sequence())
}

/// The doors of the kernel's comment at `raw_write_seqcount_barrier`.
pub(crate) const BARRIER: Model = Model {
    name: "barrier, two doors",
    body: || {
        let doors = Arc::new((SeqCount::new(), AtomicUsize::new(1), AtomicUsize::new(0)));
        let writer = {
            let doors = Arc::clone(&doors);
            thread::spawn(move || {
                let (count, x, y) = &*doors;
                y.store(1, Relaxed);
                count.barrier();
                x.store(0, Relaxed);
            })
        };
        let (count, x, y) = &*doors;
        let outcome = pair_at(count, x, y);
        writer.join().unwrap();
        assert!(!outcome.starts_with("(0, 0)"), "no door is open: {outcome}");
        outcome
    },
    preemptions: None,
    outcomes: &["(0, 1) at 2", "(1, 0) at 0", "(1, 1) at 0", "(1, 1) at 2", "odd", "retry"],
};

/// A reader that begins after an invalidation sees what was stored before it; one that is told of it
/// in the middle of its read has to retry.
pub(crate) const INVALIDATE: Model = Model {
    name: "invalidate",
    body: || {
        let words = Arc::new((SeqCount::new(), AtomicUsize::new(0), AtomicUsize::new(0)));
        let writer = {
            let words = Arc::clone(&words);
            thread::spawn(move || {
                let (count, value, told) = &*words;
                value.store(1, Relaxed);
                count.invalidate();
                told.store(1, loom::sync::atomic::Ordering::Release);
            })
        };
        let (count, value, told) = &*words;
        let outcome = pair_at(count, value, told);
        writer.join().unwrap();
        assert!(!outcome.starts_with("(0, 0) at 2"), "an old value after it: {outcome}");
        assert!(!outcome.ends_with("1) at 0"), "an open read came to a good end: {outcome}");
        outcome
    },
    preemptions: None,
    outcomes: &["(0, 0) at 0", "(1, 0) at 0", "(1, 0) at 2", "(1, 1) at 2", "retry"],
};

/// A mutex that can tell nothing but that it is held.
struct Lock(Mutex<()>);

impl AssociatedLock for Lock {
    type Guard<'a> = MutexGuard<'a, ()>;
}

struct Locked {
    lock: Lock,
    count: SeqCountWith<Lock>,
    words: Words<1>,
}

impl Locked {
    fn write(&self, generation: usize) {
        let mut guard = self.lock.0.lock().unwrap();
        let _writing = self.count.write(&mut guard);
        self.words.store(generation);
    }

    /// The count at which an attempt began, and what it read, if it came to a good end.
    fn read(&self) -> Option<(usize, usize)> {
        let start = self.count.try_read_begin()?;
        let copy = self.words.load();
        if self.count.read_retry(start) {
            return None;
        }
        Some((start.sequence(), generation(copy)))
    }
}

pub(crate) const WITH_LOCK: Model = Model {
    name: "count with its lock, two writers",
    body: || {
        let lock = Lock(Mutex::new(()));
        let locked = Arc::new(Locked { lock, count: SeqCountWith::new(), words: Words::new() });
        let writers = [1, 2].map(|generation| {
            let locked = Arc::clone(&locked);
            thread::spawn(move || locked.write(generation))
        });
        let read = locked.read();
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        let (count, last) = locked.read().expect("nobody writes any more");
        assert_eq!(count, 4, "two writes, two steps each");
        let Some((count, generation)) = read else { return format!("none, then {last}") };
        let written = [0, 3 - last, last];
        assert_eq!(generation, written[count / 2], "torn read: of another write");
        format!("{generation} at {count}, then {last}")
    },
    preemptions: None,
    outcomes: &[
        "0 at 0, then 1",
        "0 at 0, then 2",
        "1 at 2, then 2",
        "1 at 4, then 1",
        "2 at 2, then 1",
        "2 at 4, then 2",
        "none, then 1",
        "none, then 2",
    ],
};
