// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small programs: how they are chosen, and how the checker and its reader of litmus files run them.

use core::fmt::Write;
use core::sync::atomic::Ordering::{self, AcqRel, Acquire, Relaxed, Release, SeqCst};

use tearfree_axm::{AtomicUsize, Plain, Program, fence};

/// The last word is plain for every thread. The others are atomic; in a litmus file, they can be plain for
/// some threads.
pub(crate) const WORDS: usize = 4;
const PLAIN: usize = WORDS - 1;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Load(usize, Ordering),
    Store(usize, usize, Ordering),
    Add(usize, usize, Ordering),
    /// The expected and the new value, and the orderings of success and failure.
    Exchange(usize, [usize; 2], [Ordering; 2]),
    /// If the last read of the thread did not find zero.
    StoreIf(usize, usize, Ordering),
    Fence(Ordering),
    PlainLoad(usize),
    PlainStore(usize, usize),
}

pub(crate) type Threads = Vec<Vec<Op>>;

impl Op {
    /// Returns whether its events depend on a value.
    pub(crate) fn has_branches(self) -> bool {
        matches!(self, Op::Exchange(..) | Op::StoreIf(..))
    }

    pub(crate) fn reads(self) -> bool {
        matches!(self, Op::Load(..) | Op::Add(..) | Op::Exchange(..) | Op::PlainLoad(..))
    }

    fn writes(self) -> bool {
        !matches!(self, Op::Load(..) | Op::PlainLoad(..) | Op::Fence(..))
    }

    pub(crate) fn location(self) -> Option<usize> {
        match self {
            Op::Load(at, _) | Op::Store(at, ..) | Op::Add(at, ..) | Op::Exchange(at, ..) => {
                Some(at)
            }
            Op::StoreIf(at, ..) | Op::PlainLoad(at) | Op::PlainStore(at, _) => Some(at),
            Op::Fence(_) => None,
        }
    }

    pub(crate) fn is_plain(self) -> bool {
        matches!(self, Op::PlainLoad(_) | Op::PlainStore(..))
    }
}

/// Returns whether a word is plain in one thread and atomic in another, which only litmus files can have.
pub(crate) fn mixes_accesses(threads: &Threads) -> bool {
    threads.iter().flatten().any(|op| op.is_plain() && op.location() != Some(PLAIN))
}

/// Numbers that follow from a seed (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// Returns a program that brute force enumerates within milliseconds.
    pub(crate) fn program(&mut self) -> Threads {
        loop {
            let count = self.one_of(&[2, 3, 3, 4]);
            let (with_plain, mixes) = (self.below(4) == 0, self.below(12) == 0);
            let words = self.one_of(&[2, 2, 3]);
            let mut threads: Threads = Vec::new();
            for _ in 0..count {
                let plain = mixes.then(|| self.below(2));
                let length = 1 + self.below(if count == 2 { 4 } else { 3 });
                let op = |_| self.op(words, with_plain, plain);
                threads.push((0..length).map(op).collect());
            }
            let number =
                |is_it: fn(Op) -> bool| threads.iter().flatten().filter(|&&op| is_it(op)).count();
            if number(Op::reads) <= 5 && number(Op::writes) <= 5 && number(Op::has_branches) <= 3 {
                return threads;
            }
        }
    }

    /// `plain` is the atomic word that is plain for this thread.
    fn op(&mut self, words: usize, with_plain: bool, plain: Option<usize>) -> Op {
        let at = if with_plain && self.below(4) == 0 { PLAIN } else { self.below(words) };
        let value = 1 + self.below(3);
        if at == PLAIN || plain == Some(at) {
            return if self.below(2) == 0 { Op::PlainLoad(at) } else { Op::PlainStore(at, value) };
        }
        let loads = [Relaxed, Acquire, SeqCst, SeqCst];
        let stores = [Relaxed, Release, SeqCst, SeqCst];
        let all = [Relaxed, Acquire, Release, AcqRel, SeqCst, SeqCst];
        match self.below(20) {
            0..=5 => Op::Load(at, self.one_of(&loads)),
            6..=10 => Op::Store(at, value, self.one_of(&stores)),
            11..=13 => Op::Add(at, value, self.one_of(&all)),
            14 => {
                let orders = [self.one_of(&all), self.one_of(&loads)];
                Op::Exchange(at, [self.below(3), value], orders)
            }
            15 => Op::StoreIf(at, value, self.one_of(&stores)),
            _ => Op::Fence(self.one_of(&[Acquire, Release, AcqRel, SeqCst, SeqCst])),
        }
    }
}

/// The words of a program.
pub(crate) struct Words {
    atomic: [AtomicUsize; PLAIN],
    plain: Plain,
}

/// Returns the program as the checker runs it, with the outcomes of `definition`.
pub(crate) fn checked(threads: &Threads) -> Program<'_, Words> {
    let words = Words { atomic: Default::default(), plain: Plain::new(0) };
    let mut program = Program::new(words);
    for ops in threads {
        program = program.thread(move |words| {
            let (mut seen, mut last) = (String::from("."), 0);
            for &op in ops {
                if let Some(read) = run(op, words, last) {
                    write!(seen, " {read}").unwrap();
                    last = read;
                }
            }
            seen
        });
    }
    program.after(|words| {
        let values = words.atomic.iter().map(|word| word.load(Relaxed));
        let values = values.chain([words.plain.get()]).map(|value| value.to_string());
        values.collect::<Vec<_>>().join(" ")
    })
}

/// Runs an operation, and returns what it read.
fn run(op: Op, words: &Words, last: usize) -> Option<usize> {
    let Words { atomic, plain } = words;
    match op {
        Op::Load(at, order) => return Some(atomic[at].load(order)),
        Op::Store(at, value, order) => atomic[at].store(value, order),
        Op::Add(at, by, order) => return Some(atomic[at].fetch_add(by, order)),
        Op::Exchange(at, [expected, new], [success, failure]) => {
            let result = atomic[at].compare_exchange(expected, new, success, failure);
            return Some(result.unwrap_or_else(|found| found));
        }
        Op::StoreIf(at, value, order) if last != 0 => atomic[at].store(value, order),
        Op::StoreIf(..) => {}
        Op::Fence(order) => fence(order),
        Op::PlainLoad(_) => return Some(plain.get()),
        Op::PlainStore(_, value) => plain.set(value),
    }
    None
}
