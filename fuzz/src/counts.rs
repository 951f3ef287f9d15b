// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCount` and `LatchCount` on words with any initial value, compared with a number.
#![allow(unsafe_code, reason = "counts on words with any initial value")]

use arbitrary::{Arbitrary, Unstructured};
use tearfree::{Count, LatchCount, LatchStart, SeqCount, Start};

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Call {
    /// Begins a write section, or ends the current one.
    Write,
    Invalidate,
    Barrier,
    Begin,
}

/// A word of a count, which the model has as a `u64`.
trait Word: Count {
    fn model(self) -> u64;
}

impl Word for u32 {
    fn model(self) -> u64 {
        self.into()
    }
}

impl Word for u64 {
    fn model(self) -> u64 {
        self
    }
}

/// The two counts and their models.
struct Compared<'a, C: Word> {
    count: &'a SeqCount<C>,
    latch: &'a LatchCount<C>,
    count_model: u64,
    latch_model: u64,
    /// The largest count.
    last: u64,
    starts: Vec<(u64, Start<C>)>,
    latch_starts: Vec<(u64, LatchStart<C>)>,
}

impl<C: Word> Compared<'_, C> {
    fn call(&mut self, call: Call) {
        let is_odd = self.count_model % 2 == 1;
        match call {
            Call::Write => {
                if is_odd {
                    self.count.write_end();
                } else {
                    self.count.write_begin();
                }
                self.advance(1);
                self.write_latch();
            }
            // Not allowed inside of a write section.
            Call::Invalidate | Call::Barrier if is_odd => (),
            Call::Invalidate => {
                self.count.invalidate();
                self.advance(2);
            }
            Call::Barrier => {
                self.count.barrier();
                self.advance(2);
            }
            Call::Begin => self.begin(),
        }
    }

    fn advance(&mut self, by: u64) {
        self.count_model = self.count_model.wrapping_add(by) & self.last;
    }

    fn write_latch(&mut self) {
        if self.latch_model.is_multiple_of(2) {
            self.latch.write_begin();
        } else {
            self.latch.write_flip();
            self.latch.write_end();
        }
        self.latch_model = self.latch_model.wrapping_add(1) & self.last;
    }

    fn begin(&mut self) {
        let (even, is_even) = (self.count_model & !1, self.count_model.is_multiple_of(2));
        let start = self.count.raw_read_begin();
        assert_eq!(start.sequence().model(), even);
        assert_eq!(self.count.try_read_begin(), is_even.then_some(start));
        self.starts.push((even, start));
        self.latch_starts.push((self.latch_model, self.latch.read_begin()));
    }

    fn check(&self) {
        assert_eq!(self.count.sequence().model(), self.count_model);
        for &(even, start) in &self.starts {
            assert_eq!(self.count.read_retry(start), even != self.count_model);
        }
        assert_eq!(self.latch.sequence().model(), self.latch_model);
        for &(begun, start) in &self.latch_starts {
            assert_eq!((start.sequence().model(), start.slot() as u64), (begun, begun % 2));
            assert_eq!(self.latch.read_retry(start), begun != self.latch_model);
        }
    }
}

fn run<C: Word>(mut word: C, last: u64, input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut latch_word = word;
    let model = word.model();
    let mut compared = Compared {
        // SAFETY: the word is aligned, and nothing else accesses it while the count lives.
        count: unsafe { SeqCount::from_ptr(&raw mut word) },
        // SAFETY: it is another word, aligned, and used through this latch only while that lives.
        latch: unsafe { LatchCount::from_ptr(&raw mut latch_word) },
        count_model: model,
        latch_model: model,
        last,
        starts: Vec::new(),
        latch_starts: Vec::new(),
    };
    // Each start is checked again after each call, so the number of calls is limited.
    for _ in 0..200 {
        if input.is_empty() {
            break;
        }
        compared.call(input.arbitrary()?);
        compared.check();
    }
    Ok(())
}

/// Compares counts with numbers. The first bytes choose the size and the initial value, the others are calls.
///
/// # Panics
/// If a count differs from its model.
pub fn counts(input: &[u8]) {
    let input = &mut Unstructured::new(input);
    let mut begin_and_run = || match input.arbitrary::<(bool, bool, u8)>()? {
        // Often just before the count wraps around.
        (true, true, less) => run(u32::MAX - 1 - 2 * u32::from(less), u32::MAX.into(), input),
        (true, false, less) => run(u64::MAX - 1 - 2 * u64::from(less), u64::MAX, input),
        (false, true, _) => run(input.arbitrary::<u32>()? & !1, u32::MAX.into(), input),
        (false, false, _) => run(input.arbitrary::<u64>()? & !1, u64::MAX, input),
    };
    // An input may end in the middle of a call.
    begin_and_run().unwrap_or_default();
}
