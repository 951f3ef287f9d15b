// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCount` and `LatchCount` over the user's own atomics, with counts that wrap on the way.
#![allow(unsafe_code, reason = "counts that begin just before they wrap")]

use core::mem::transmute;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::Mutex;

use tearfree::raw::{PairCount, attempt};
use tearfree::{LatchCount, SeqCount};

use crate::record::{FIRST, ROUNDS, Recorder, Subject, fit};
use crate::specification::{Step, Token};

/// The count begins so that it wraps in the middle of a history.
const BEGIN: u32 = u32::MAX - 41;

/// Words of one value, each of which can be read and stored by itself.
struct Words([AtomicU64; 12]);

impl Words {
    fn new() -> Self {
        Words([const { AtomicU64::new(FIRST) }; 12])
    }

    fn store(&self, value: u64) {
        self.0.iter().for_each(|word| word.store(value, Relaxed));
    }

    fn load(&self) -> [u64; 12] {
        core::array::from_fn(|i| self.0[i].load(Relaxed))
    }
}

/// What words that were read show.
fn seen(words: [u64; 12]) -> Step {
    if is_whole(words) { Step::See(words[0]) } else { Step::Torn }
}

fn versioned(words: [u64; 12], version: Token) -> Step {
    if is_whole(words) { Step::SeeVersioned(words[0], version) } else { Step::Torn }
}

fn is_whole(words: [u64; 12]) -> bool {
    words.iter().all(|&word| word == words[0])
}

struct Counted {
    count: SeqCount<u32>,
    words: Words,
    /// Keeps writers apart, and knows what was written last.
    writer: Mutex<u64>,
}

impl Subject for Counted {
    fn new() -> Self {
        // SAFETY: `SeqCount<u32>` is transparent over the atomic, and any number is a count.
        let count = unsafe { transmute::<AtomicU32, SeqCount<u32>>(AtomicU32::new(BEGIN)) };
        Counted { count, words: Words::new(), writer: Mutex::new(FIRST) }
    }

    fn version(&self) -> Token {
        Token::Count(self.count.sequence())
    }

    fn act(&self, thread: &mut Recorder<'_>) {
        if thread.below(5) < 2 { self.write(thread) } else { self.read(thread) }
    }
}

impl Counted {
    fn write(&self, thread: &mut Recorder<'_>) {
        // Outside of the call, so that the writers' order is known.
        let mut last = self.writer.lock().unwrap();
        let same = *last;
        match thread.below(5) {
            0 => thread.call(
                "invalidate",
                || self.count.invalidate(),
                |()| vec![Step::Publish(same)],
            ),
            1 => thread.call("barrier", || self.count.barrier(), |()| vec![Step::Publish(same)]),
            _ => {
                *last = thread.fresh();
                let (new, pause) = (*last, thread.pause());
                let write = || {
                    let _section = self.count.write();
                    self.words.store(new);
                    pause();
                };
                thread.call("write", write, |()| vec![Step::Publish(new)]);
            }
        }
    }

    fn read(&self, thread: &mut Recorder<'_>) {
        let load = || self.words.load();
        match thread.below(4) {
            0 => {
                let read = || self.count.read(load);
                _ = thread.call("read", read, |&words| vec![seen(words)]);
            }
            1 => {
                let read = || loop {
                    let start = self.count.read_begin();
                    let words = load();
                    if !self.count.read_retry(start) {
                        return (words, start.sequence());
                    }
                };
                let steps = |&(words, count): &_| vec![versioned(words, Token::Count(count))];
                _ = thread.call("read_begin, read_retry", read, steps);
            }
            raw_or_tried => {
                let attempt = || {
                    let start = if raw_or_tried == 2 {
                        self.count.try_read_begin()?
                    } else {
                        self.count.raw_read_begin()
                    };
                    let words = load();
                    (!self.count.read_retry(start)).then_some((words, start.sequence()))
                };
                let steps = |read: &Option<_>| {
                    vec![read.map_or(Step::Disturbed, |(words, count)| {
                        versioned(words, Token::Count(count))
                    })]
                };
                _ = thread.call("try_read_begin", attempt, steps);
            }
        }
    }
}

struct CountedTwice {
    count: LatchCount<u32>,
    slots: [Words; 2],
    writer: Mutex<()>,
}

impl Subject for CountedTwice {
    const ATTEMPTS_FAIL: bool = false;

    fn new() -> Self {
        // SAFETY: `LatchCount<u32>` is transparent over the atomic, and any number is a count.
        let count = unsafe { transmute::<AtomicU32, LatchCount<u32>>(AtomicU32::new(BEGIN)) };
        CountedTwice { count, slots: [Words::new(), Words::new()], writer: Mutex::new(()) }
    }

    fn version(&self) -> Token {
        Token::Count(self.count.sequence())
    }

    fn act(&self, thread: &mut Recorder<'_>) {
        if thread.below(2) == 0 {
            let _writer = self.writer.lock().unwrap();
            let (new, pause) = (thread.fresh(), thread.pause());
            let write = || {
                self.count.write_begin();
                self.slots[0].store(new);
                pause();
                self.count.write_flip();
                self.slots[1].store(new);
                self.count.write_end();
            };
            return thread.call("write", write, |()| vec![Step::Publish(new)]);
        }
        let read = || self.count.read(|slot| self.slots[slot].load());
        thread.call("read", read, |&words| vec![seen(words)]);
    }
}

/// Two slots that are written in turn, by writers who may die in the middle.
struct Paired {
    count: PairCount,
    slots: [Words; 2],
    /// The generation that was published last.
    writer: Mutex<u64>,
}

impl Subject for Paired {
    const ATTEMPTS_FAIL: bool = false;

    fn new() -> Self {
        let slots = [Words::new(), Words::new()];
        Paired { count: PairCount::new(), slots, writer: Mutex::new(0) }
    }

    fn version(&self) -> Token {
        generation(self.count.sequence() / 2)
    }

    fn act(&self, thread: &mut Recorder<'_>) {
        if thread.below(2) == 0 { self.write(thread) } else { self.read(thread) }
    }
}

impl Paired {
    fn write(&self, thread: &mut Recorder<'_>) {
        let mut current = self.writer.lock().unwrap();
        let (new, dies) = (thread.fresh(), thread.below(4) == 0);
        if dies {
            let half = || {
                let slot = self.count.write_begin(*current);
                self.slots[slot].0[..6].iter().for_each(|word| word.store(new, Relaxed));
            };
            return thread.call("half a write", half, |()| vec![]);
        }
        let write = || {
            let slot = self.count.write_begin(*current);
            self.slots[slot].store(new);
            *current = self.count.write_end(*current);
        };
        thread.call("write", write, |()| vec![Step::Publish(new)]);
    }

    fn read(&self, thread: &mut Recorder<'_>) {
        let read = || attempt(&self.count, |slot| self.slots[slot].load());
        let steps = |read: &Option<_>| {
            let seen = |(words, number)| versioned(words, generation(number));
            vec![read.map_or(Step::Disturbed, seen)]
        };
        thread.call("read", read, steps);
    }
}

fn generation(number: u64) -> Token {
    Token::Count(u32::try_from(number).expect("a history is short"))
}

#[test]
fn histories_of_a_count_that_wraps() {
    fit::<Counted>("histories_of_a_count_that_wraps", ROUNDS);
}

#[test]
fn histories_of_a_latch_count_that_wraps() {
    fit::<CountedTwice>("histories_of_a_latch_count_that_wraps", ROUNDS);
}

#[test]
fn histories_of_a_pair_whose_writers_die() {
    fit::<Paired>("histories_of_a_pair_whose_writers_die", ROUNDS);
}
