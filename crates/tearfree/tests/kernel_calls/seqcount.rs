// SPDX-License-Identifier: MIT OR Apache-2.0
//! `seqcount_t`: the calls on a bare sequence count.
#![allow(unsafe_code, reason = "counts over words that have another owner")]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;

use tearfree::{Count, SeqCount, Start};

#[cfg(debug_assertions)]
use crate::support::panics;
use crate::support::{Flag, Watchdog, times};

/// A reader that begins while the count is odd gets an even one, and the whole write with it.
fn waits_for_the_end_of_the_write<C: Count>(
    begin: fn(&SeqCount<C>) -> Start<C>,
    even_after_one_write: C,
) {
    let _watchdog = Watchdog::over("waits_for_the_end_of_the_write");
    for _ in 0..times(100, 5) {
        let (count, data, reading) = (SeqCount::<C>::new(), AtomicU64::new(0), Flag::new());
        thread::scope(|s| {
            count.write_begin();
            s.spawn(|| {
                reading.raise();
                let start = begin(&count);
                assert_eq!(start.sequence(), even_after_one_write);
                assert_eq!(data.load(Relaxed), 1);
                assert!(!count.read_retry(start));
            });
            reading.wait();
            thread::yield_now();
            data.store(1, Relaxed);
            count.write_end();
        });
    }
}

#[test]
fn seqcount_t() {
    let mut kernels_word = 6_u32;
    // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
    let count = unsafe { SeqCount::from_ptr(&raw mut kernels_word) };
    assert_eq!(size_of_val(count), size_of::<u32>());
    count.write_begin();
    count.write_end();
    assert_eq!(kernels_word, 8);
}

#[test]
fn seqcount_init() {
    let count = SeqCount::<usize>::new();
    assert_eq!(count.sequence(), 0);
    assert!(count.try_read_begin().is_some());
    assert_eq!(SeqCount::<u32>::default().sequence(), 0);
}

#[test]
fn SEQCNT_ZERO() {
    static COUNT: SeqCount = SeqCount::new();
    assert_eq!(COUNT.sequence(), 0);
    drop(COUNT.write());
    assert_eq!(COUNT.sequence(), 2);
}

#[test]
fn read_seqcount_begin() {
    waits_for_the_end_of_the_write::<usize>(SeqCount::read_begin, 2);
}

#[test]
fn raw_read_seqcount_begin() {
    waits_for_the_end_of_the_write::<u32>(SeqCount::read_begin, 2);
}

#[test]
#[cfg(target_has_atomic = "64")]
fn __read_seqcount_begin() {
    waits_for_the_end_of_the_write::<u64>(SeqCount::read_begin, 2);
}

#[test]
fn raw_read_seqcount() {
    let count = SeqCount::<u32>::new();
    let before = count.sequence();
    count.write_begin();
    let inside = count.sequence();
    count.write_end();
    assert_eq!((before, inside, count.sequence()), (0, 1, 2));
}

#[test]
fn raw_seqcount_begin() {
    let count = SeqCount::<usize>::new();
    let quiet = count.raw_read_begin();
    assert!(!count.read_retry(quiet));

    let writing = count.write();
    let inside = count.raw_read_begin();
    assert_eq!(inside.sequence(), 0, "an odd count is taken as the even one before");
    assert!(count.read_retry(inside), "a read that began inside of a write must fail");
    drop(writing);
    assert!(count.read_retry(inside), "and it must fail for ever");
}

#[test]
fn raw_seqcount_try_begin() {
    let count = SeqCount::<usize>::new();
    let writing = count.write();
    assert_eq!(count.try_read_begin(), None);
    drop(writing);
    let start = count.try_read_begin();
    assert_eq!(start.map(Start::sequence), Some(2));
    assert_eq!(start.map(|start| count.read_retry(start)), Some(false));
}

#[test]
fn read_seqcount_retry() {
    let count = SeqCount::<usize>::new();
    let start = count.read_begin();
    assert!(!count.read_retry(start));
    let writing = count.write();
    assert!(count.read_retry(start), "a writer is inside");
    drop(writing);
    assert!(count.read_retry(start), "a writer has been inside");
    assert!(!count.read_retry(count.read_begin()));
}

#[test]
fn __read_seqcount_retry() {
    // The form without a barrier compares: a start is good as long as the count stands still.
    let count = SeqCount::<u32>::new();
    let first = count.read_begin();
    for _ in 0..3 {
        assert!(!count.read_retry(first));
    }
    drop(count.write());
    let second = count.read_begin();
    drop(count.write());
    assert!(count.read_retry(first));
    assert!(count.read_retry(second));
}

#[test]
fn write_seqcount_begin() {
    let count = SeqCount::<usize>::new();
    count.write_begin();
    assert_eq!(count.sequence(), 1);
    #[cfg(debug_assertions)]
    assert!(panics(|| count.write_begin()), "two writers at once were not noticed");
    assert_eq!(count.sequence(), 1);
}

#[test]
fn write_seqcount_begin_nested() {
    // As when the kernel changes two directory entries at once: both counts are odd.
    let (outer, inner) = (SeqCount::<usize>::new(), SeqCount::<usize>::new());
    let outer_section = outer.write();
    {
        let _inner_section = inner.write();
        assert!(outer.try_read_begin().is_none());
        assert!(inner.try_read_begin().is_none());
    }
    assert!(inner.try_read_begin().is_some());
    assert!(outer.try_read_begin().is_none());
    drop(outer_section);
    assert_eq!((outer.sequence(), inner.sequence()), (2, 2));
}

#[test]
fn write_seqcount_end() {
    let count = SeqCount::<usize>::new();
    #[cfg(debug_assertions)]
    assert!(panics(|| count.write_end()), "an end without a begin was not noticed");
    count.write_begin();
    count.write_end();
    assert_eq!(count.sequence(), 2);
    {
        let _section = count.write();
        assert_eq!(count.sequence(), 3);
    }
    assert_eq!(count.sequence(), 4);
}

#[test]
fn raw_write_seqcount_begin() {
    let mut words = [0xAAAA_AAAA, 40_u32, 0xAAAA_AAAA];
    // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
    let count = unsafe { SeqCount::from_ptr(&raw mut words[1]) };
    count.write_begin();
    assert_eq!(words, [0xAAAA_AAAA, 41, 0xAAAA_AAAA]);
}

#[test]
fn raw_write_seqcount_end() {
    let mut words = [0xAAAA_AAAA, 41_u32, 0xAAAA_AAAA];
    // SAFETY: the word is aligned, and nothing else touches it while `count` lives.
    let count = unsafe { SeqCount::from_ptr(&raw mut words[1]) };
    count.write_end();
    assert_eq!(words, [0xAAAA_AAAA, 42, 0xAAAA_AAAA]);
}

#[test]
fn raw_write_seqcount_barrier() {
    let _watchdog = Watchdog::over("raw_write_seqcount_barrier");
    let (count, x, y) = (SeqCount::<u32>::new(), AtomicBool::new(true), AtomicBool::new(false));
    let start = count.read_begin();
    count.barrier();
    assert!(count.read_retry(start), "the barrier ends every version that is being read");
    assert_eq!(count.sequence(), 2);

    // At least one door is open at all times, and readers agree.
    let (reading, over) = (Flag::new(), Flag::new());
    thread::scope(|s| {
        let _over = over.raised_at_end();
        s.spawn(|| {
            while !over.is_up() {
                assert!(count.read(|| x.load(Relaxed) || y.load(Relaxed)), "no door was open");
                reading.raise();
            }
        });
        reading.wait();
        for _ in 0..times(100_000, 20) {
            for (opens, closes) in [(&y, &x), (&x, &y)] {
                opens.store(true, Relaxed);
                count.barrier();
                closes.store(false, Relaxed);
            }
        }
    });
}

#[test]
fn write_seqcount_invalidate() {
    let count = SeqCount::<usize>::new();
    let start = count.read_begin();
    count.invalidate();
    assert!(count.read_retry(start), "a read that was open must fail");
    let next = count.try_read_begin();
    assert_eq!(next.map(Start::sequence), Some(2), "a new one begins at once");
    assert_eq!(next.map(|next| count.read_retry(next)), Some(false));
}
