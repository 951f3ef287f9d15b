// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCount` and `SeqCountWith`, around words that are the model's own atomics.

use core::array;
use core::sync::atomic::Ordering::{Relaxed, Release};

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{AssociatedLock, Count, SeqCount, SeqCountWith};
use tearfree_axm::{AtomicUsize, Program, Report};

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
    fn write(&self, generation: usize) {
        let _writing = self.count.write();
        self.words.store(generation);
    }

    /// Attempts a read. A validated copy has to be from the write that the count names.
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

/// A thread that writes these generations.
fn writes<C: Count, const WORDS: usize>(generations: usize) -> Program<'static, Data<C, WORDS>> {
    let data = Data { count: SeqCount::new(), words: Words::new() };
    Program::new(data).silent(move |data| (1..=generations).for_each(|next| data.write(next)))
}

pub(crate) const ONE_WRITE: Model = Model {
    name: "count, one write",
    explore: |complaint| writes::<usize, 2>(1).thread(Data::read).look_for(complaint),
    outcomes: &["0", "1", "odd", "retry"],
};

pub(crate) const TWO_WRITES: Model = Model {
    name: "count, two writes",
    explore: |complaint| writes::<usize, 2>(2).thread(Data::read).look_for(complaint),
    outcomes: &["0", "1", "2", "odd", "retry"],
};

pub(crate) const TWO_READERS: Model = Model {
    name: "count, two readers",
    explore: |complaint| {
        writes::<usize, 1>(1).thread(Data::read).thread(Data::read).look_for(complaint)
    },
    outcomes: &[
        "0, 0",
        "0, 1",
        "0, odd",
        "0, retry",
        "1, 0",
        "1, 1",
        "1, odd",
        "1, retry",
        "odd, 0",
        "odd, 1",
        "odd, odd",
        "odd, retry",
        "retry, 0",
        "retry, 1",
        "retry, odd",
        "retry, retry",
    ],
};

pub(crate) const COUNT_OF_32_BITS: Model = Model {
    name: "count of 32 bits, one write",
    explore: |complaint| writes::<u32, 2>(1).thread(Data::read).look_for(complaint),
    outcomes: &["0", "1", "odd", "retry"],
};

pub(crate) const COUNT_OF_64_BITS: Model = Model {
    name: "count of 64 bits, one write",
    explore: |complaint| writes::<u64, 2>(1).thread(Data::read).look_for(complaint),
    outcomes: &["0", "1", "odd", "retry"],
};

pub(crate) const READ_UNTIL_WHOLE: Model = Model {
    name: "count, read until whole",
    explore: |complaint| {
        let read = |data: &Data<usize, 2>| data.count.read(|| data.words.load());
        writes(2)
            .thread(move |data| generation(read(data)).to_string())
            .pauses(1)
            .look_for(complaint)
    },
    outcomes: &["0", "1", "2"],
};

pub(crate) const RAW_BEGIN: Model = Model {
    name: "count, raw begin",
    explore: |complaint| {
        let read = |data: &Data<usize, 2>| {
            let start = data.count.raw_read_begin();
            let copy = data.words.load();
            if data.count.read_retry(start) {
                return "retry".to_owned();
            }
            format!("{} at {}", generation(copy), start.sequence())
        };
        writes(1).thread(read).look_for(complaint)
    },
    outcomes: &["0 at 0", "1 at 2", "retry"],
};

/// Two words that are not written as one.
type Pair = (SeqCount, AtomicUsize, AtomicUsize);

/// Attempts to read both together; returns what it saw.
fn read_pair((count, first, second): &Pair) -> String {
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
    explore: |complaint| {
        Program::new((SeqCount::new(), AtomicUsize::new(1), AtomicUsize::new(0)))
            .silent(|(count, x, y)| {
                y.store(1, Relaxed);
                count.barrier();
                x.store(0, Relaxed);
            })
            .thread(|doors| {
                let outcome = read_pair(doors);
                assert!(!outcome.starts_with("(0, 0)"), "no door is open: {outcome}");
                outcome
            })
            .look_for(complaint)
    },
    outcomes: &["(0, 1) at 2", "(1, 0) at 0", "(1, 1) at 0", "(1, 1) at 2", "odd", "retry"],
};

/// A reader that begins after an invalidation sees what was stored before it; one that sees `done`
/// in the middle of its read has to retry.
pub(crate) const INVALIDATE: Model = Model {
    name: "invalidate",
    explore: |complaint| {
        Program::new((SeqCount::new(), AtomicUsize::new(0), AtomicUsize::new(0)))
            .silent(|(count, value, done)| {
                value.store(1, Relaxed);
                count.invalidate();
                done.store(1, Release);
            })
            .thread(|words| {
                let outcome = read_pair(words);
                assert!(!outcome.starts_with("(0, 0) at 2"), "an old value after it: {outcome}");
                assert!(!outcome.ends_with("1) at 0"), "an open read succeeded: {outcome}");
                outcome
            })
            .look_for(complaint)
    },
    outcomes: &["(0, 0) at 0", "(1, 0) at 0", "(1, 0) at 2", "(1, 1) at 2", "retry"],
};

/// A spin lock without data, whose guard shows only that it is held.
struct Lock(SpinLock);

struct Guard<'a>(&'a SpinLock);

impl Lock {
    fn lock(&self) -> Guard<'_> {
        self.0.lock();
        Guard(&self.0)
    }
}

impl Drop for Guard<'_> {
    #[expect(unsafe_code, reason = "only the holder of a bare lock may release it")]
    fn drop(&mut self) {
        // SAFETY: P5. The guard is created where the lock is taken, by this thread.
        unsafe { self.0.unlock(()) };
    }
}

impl AssociatedLock for Lock {
    type Guard<'a> = Guard<'a>;
}

struct Locked {
    lock: Lock,
    count: SeqCountWith<Lock>,
    words: Words<1>,
}

impl Locked {
    fn write(&self, generation: usize) {
        let mut guard = self.lock.lock();
        let _writing = self.count.write(&mut guard);
        self.words.store(generation);
    }

    /// The generation that an attempt read, and the count at which it began.
    fn read(&self) -> String {
        let Some(start) = self.count.try_read_begin() else { return "odd".to_owned() };
        let copy = self.words.load();
        if self.count.read_retry(start) {
            return "retry".to_owned();
        }
        format!("{} at {}", generation(copy), start.sequence())
    }
}

fn two_writers_with_lock(complaint: Option<&str>) -> Report {
    let locked =
        Locked { lock: Lock(SpinLock::new()), count: SeqCountWith::new(), words: Words::new() };
    Program::new(locked)
        .silent(|locked| locked.write(1))
        .silent(|locked| locked.write(2))
        .thread(|locked| {
            let read = locked.read();
            let is_whole = ["0 at 0", "1 at 2", "1 at 4", "2 at 2", "2 at 4", "odd", "retry"];
            assert!(is_whole.contains(&read.as_str()), "torn read: {read}");
            read
        })
        .after(Locked::read)
        .look_for(complaint)
}

/// What is read at count 2 is not what is there at count 4.
pub(crate) const WITH_LOCK: Model = Model {
    name: "count with its lock, two writers",
    explore: two_writers_with_lock,
    outcomes: &[
        "0 at 0, 1 at 4",
        "0 at 0, 2 at 4",
        "1 at 2, 2 at 4",
        "1 at 4, 1 at 4",
        "2 at 2, 1 at 4",
        "2 at 4, 2 at 4",
        "odd, 1 at 4",
        "odd, 2 at 4",
        "retry, 1 at 4",
        "retry, 2 at 4",
    ],
};
