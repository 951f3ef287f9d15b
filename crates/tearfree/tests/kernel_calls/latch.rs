// SPDX-License-Identifier: MIT OR Apache-2.0
//! `seqcount_latch_t`: two copies, so that readers never wait.
#![allow(unsafe_code, reason = "a count over a word that has another owner")]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::thread;

use tearfree::{LatchCount, SeqLatch};

#[cfg(debug_assertions)]
use crate::support::panics;
use crate::support::payload::{SelfChecking, Words};
use crate::support::{Flag, Watchdog, times};

/// A latch by hand, as the kernel's users write it.
#[derive(Default)]
struct Latched {
    count: LatchCount<u32>,
    data: [AtomicU32; 2],
}

impl Latched {
    fn read(&self) -> u32 {
        self.count.read(|slot| self.data[slot].load(Relaxed))
    }
}

#[test]
fn seqcount_latch_t() {
    let mut kernels_word = 6_u32;
    // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
    let count = unsafe { LatchCount::from_ptr(&raw mut kernels_word) };
    assert_eq!(size_of_val(count), size_of::<u32>());
    count.write_begin();
    count.write_flip();
    count.write_end();
    assert_eq!(kernels_word, 8);
}

#[test]
fn SEQCNT_LATCH_ZERO() {
    static COUNT: LatchCount = LatchCount::new();
    static CLOCK: SeqLatch<(u64, u32)> = SeqLatch::new((1, 2));
    assert_eq!(COUNT.read_begin().slot(), 0);
    assert_eq!(CLOCK.read(), (1, 2));
}

#[test]
fn seqcount_latch_init() {
    let count = LatchCount::<usize>::default();
    assert_eq!(count.sequence(), 0);
    assert_eq!(SeqLatch::<[u8; 3]>::default().into_inner(), [0; 3]);
    assert_eq!(<SeqLatch<u8>>::from(7).read(), 7);
}

#[test]
fn read_seqcount_latch() {
    // In each state of the writer there is a slot to read, and it is the one that is left alone.
    let count = LatchCount::<usize>::new();
    assert_eq!(count.read_begin().slot(), 0);
    count.write_begin();
    assert_eq!(count.read_begin().slot(), 1);
    count.write_flip();
    assert_eq!(count.read_begin().slot(), 0);
    count.write_end();
    assert_eq!(count.read_begin().slot(), 0);
}

#[test]
fn read_seqcount_latch_retry() {
    let count = LatchCount::<usize>::new();
    let before = count.read_begin();
    assert!(!count.read_retry(before));
    count.write_begin();
    assert!(count.read_retry(before), "slot 0 is being changed");
    let inside = count.read_begin();
    assert!(!count.read_retry(inside), "slot 1 is whole, so a reader inside of a write succeeds");
    count.write_flip();
    assert!(count.read_retry(inside), "slot 1 is being changed");
}

#[test]
fn raw_read_seqcount_latch() {
    // A reader that interrupts the writer after any of its steps sees the old value or the new one.
    let latched = Latched::default();
    let mut seen = Vec::new();
    let mut interrupt = |latched: &Latched| seen.push(latched.read());
    latched.count.write_begin();
    interrupt(&latched);
    latched.data[0].store(1, Relaxed);
    interrupt(&latched);
    latched.count.write_flip();
    interrupt(&latched);
    latched.data[1].store(1, Relaxed);
    interrupt(&latched);
    latched.count.write_end();
    interrupt(&latched);
    assert_eq!(seen, [0, 0, 1, 1, 1]);
}

#[test]
fn raw_read_seqcount_latch_retry() {
    // A read that lasted for a whole write fails, also though both slots look alike.
    let latched = Latched::default();
    let start = latched.count.read_begin();
    latched.count.write_begin();
    latched.count.write_flip();
    latched.count.write_end();
    assert_eq!(latched.count.read_begin().slot(), start.slot());
    assert!(latched.count.read_retry(start));
}

#[test]
fn write_seqcount_latch_begin() {
    let count = LatchCount::<u32>::new();
    count.write_begin();
    assert_eq!(count.sequence(), 1);
    #[cfg(debug_assertions)]
    assert!(panics(|| count.write_begin()), "two writers at once were not noticed");
}

#[test]
fn write_seqcount_latch() {
    let count = LatchCount::<u32>::new();
    #[cfg(debug_assertions)]
    assert!(panics(|| count.write_flip()), "a flip without a begin was not noticed");
    count.write_begin();
    count.write_flip();
    assert_eq!(count.sequence(), 2);
}

#[test]
fn write_seqcount_latch_end() {
    // The value of an ended write is in both slots: the next reader inside of a write finds it.
    let latched = Latched::default();
    for value in 1..=3 {
        latched.count.write_begin();
        assert_eq!(latched.read(), value - 1);
        latched.data[0].store(value, Relaxed);
        latched.count.write_flip();
        assert_eq!(latched.read(), value);
        latched.data[1].store(value, Relaxed);
        latched.count.write_end();
        assert_eq!(latched.read(), value);
    }
}

#[test]
fn raw_write_seqcount_latch() {
    let _watchdog = Watchdog::over("raw_write_seqcount_latch");
    let latch = SeqLatch::new(Words::<8>::new(0));
    let each = times(20_000, 10);
    let (over, reading, reads) = (Flag::new(), Flag::new(), AtomicU64::new(0));
    thread::scope(|s| {
        let _over = over.raised_at_end();
        s.spawn(|| {
            let mut last = 0;
            while !over.is_up() {
                let generation = latch.read().generation();
                assert!(generation >= last, "went back from {last} to {generation}");
                last = generation;
                reads.fetch_add(1, Relaxed);
                reading.raise();
            }
        });
        reading.wait();
        let write =
            || (0..each).for_each(|_| latch.update(|v| *v = Words::new(v.generation() + 1)));
        let writers = [s.spawn(write), s.spawn(write)];
        for writer in writers {
            writer.join().unwrap();
        }
    });
    assert_eq!(latch.read().generation(), 2 * each);
    assert!(reads.into_inner() > 0);
}
