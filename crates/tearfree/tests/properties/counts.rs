// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCount` and `LatchCount`: the word, and what each start is worth, are those of the model.
#![allow(unsafe_code, reason = "counts over words that begin anywhere")]

use proptest::prelude::*;
use tearfree::{LatchCount, LatchStart, SeqCount, Start};

use crate::config;
use crate::support::Watchdog;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Opens a write section, or goes on with the one that is open.
    Write,
    Invalidate,
    Barrier,
    Begin,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    use Step::*;
    let all = vec![Write, Write, Invalidate, Barrier, Begin, Begin];
    prop::collection::vec(prop::sample::select(all), 1..crate::MOST_STEPS)
}

/// A count over a word; the model is a number.
struct Counted<'a> {
    count: &'a SeqCount<u32>,
    model: u32,
    starts: Vec<(u32, Start<u32>)>,
}

impl Counted<'_> {
    fn step(&mut self, step: Step) {
        let odd = self.model % 2 == 1;
        let moved = match step {
            Step::Write if odd => {
                self.count.write_end();
                1
            }
            Step::Write => {
                self.count.write_begin();
                1
            }
            // Only the writer outside of a section may do these.
            Step::Invalidate if !odd => {
                self.count.invalidate();
                2
            }
            Step::Barrier if !odd => {
                self.count.barrier();
                2
            }
            _ => 0,
        };
        self.model = self.model.wrapping_add(moved);
        if matches!(step, Step::Begin) {
            self.begin();
        }
    }

    fn begin(&mut self) {
        let (even, odd) = (self.model & !1, self.model % 2 == 1);
        let tried = self.count.try_read_begin();
        assert_eq!(tried.map(Start::sequence), (!odd).then_some(even));
        if let Some(start) = tried {
            assert_eq!(self.count.read_begin(), start);
            assert_eq!(self.count.read(|| 7), 7);
        }
        let raw = self.count.raw_read_begin();
        assert_eq!(raw.sequence(), even);
        self.starts.push((even, raw));
    }

    fn check(&self) {
        assert_eq!(self.count.sequence(), self.model);
        for &(even, start) in &self.starts {
            assert_eq!(self.count.read_retry(start), even != self.model);
        }
    }
}

/// A latch count over a word; a write has two steps.
fn latch_follows_the_model(mut word: u32, steps: &[Step]) {
    let mut model = word;
    // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
    let count = unsafe { LatchCount::from_ptr(&raw mut word) };
    let mut starts: Vec<(u32, LatchStart<u32>)> = Vec::new();
    for step in steps {
        match step {
            Step::Write if model % 2 == 0 => count.write_begin(),
            Step::Write => {
                count.write_flip();
                count.write_end();
            }
            _ => starts.push((model, count.read_begin())),
        }
        model = model.wrapping_add(u32::from(matches!(step, Step::Write)));
        assert_eq!(count.sequence(), model);
        for &(begun, start) in &starts {
            assert_eq!((start.sequence(), start.slot()), (begun, (begun % 2) as usize));
            assert_eq!(count.read_retry(start), begun != model);
        }
    }
}

/// Anywhere, and often just before the word wraps.
fn begins() -> impl Strategy<Value = u32> {
    prop_oneof![any::<u32>(), u32::MAX - 40..=u32::MAX].prop_map(|n| n & !1)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_count_follows_its_model(begin in begins(), steps in steps()) {
        let _watchdog = Watchdog::over("a_count_follows_its_model");
        let mut word = begin;
        // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
        let count = unsafe { SeqCount::from_ptr(&raw mut word) };
        let mut counted = Counted { count, model: begin, starts: Vec::new() };
        for step in steps {
            counted.step(step);
            counted.check();
        }
    }

    #[test]
    fn a_latch_count_follows_its_model(begin in begins(), steps in steps()) {
        latch_follows_the_model(begin, &steps);
    }
}
