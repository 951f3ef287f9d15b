// SPDX-License-Identifier: MIT OR Apache-2.0
//! One struct that C and Rust both read and write; `tests/` does it at the same time.

#![allow(unsafe_code, reason = "calls into C")]

pub mod clocks;
pub mod followers;
pub mod pages;
pub mod writers;

use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tearfree::lock::SpinLock;
use tearfree::{DefaultLock, LatchCount, SeqCount};
use tearfree_capi::BareSeqLock;

/// How many words a value has; word `i` of generation `g` is `g * WORDS + i`.
pub const WORDS: usize = 8;

/// The words of one value.
pub type Words = [u64; WORDS];

/// The same struct as in `shared.c`, with one value for each kind of protection.
#[derive(Debug, Default)]
#[repr(C)]
pub struct SharedValue {
    /// For [`Protection::Lock`], over `words`.
    pub lock: BareSeqLock,
    count: SeqCount<u32>,
    latch: LatchCount<u32>,
    words: [AtomicU64; WORDS],
    copies: [[AtomicU64; WORDS]; 2],
}

// These are safe: they touch the struct by the calls of the headers alone, for which it is laid out
// (P11); `the_layouts_are_the_same` compares.
unsafe extern "C" {
    safe fn c_layout(which: u32) -> usize;
    safe fn c_write_lock(shared: &SharedValue);
    safe fn c_write_count(shared: &SharedValue);
    safe fn c_write_latch(shared: &SharedValue);
    safe fn c_read_lock(shared: &SharedValue, copy: &mut Words);
    safe fn c_read_count(shared: &SharedValue, copy: &mut Words);
    safe fn c_read_latch(shared: &SharedValue, copy: &mut Words);
    safe fn c_read_unprotected(shared: &SharedValue, copy: &mut Words);
}

/// The protection of a value.
#[derive(Clone, Copy, Debug)]
pub enum Protection {
    /// `seqlock_t`, the only one for several writers.
    Lock,
    /// `seqcount_t`
    Count,
    /// `seqcount_latch_t`
    Latch,
    /// Without protection: reads tear.
    None,
}

/// The language of a reader or writer.
#[derive(Clone, Copy, Debug)]
pub enum Language {
    /// `shared.c`
    C,
    /// This file.
    Rust,
}

/// Writes the next generation.
///
/// # Panics
/// For [`Protection::None`], which is read only.
pub fn write(shared: &SharedValue, protection: Protection, language: Language) {
    match (protection, language) {
        (Protection::Lock, Language::C) => c_write_lock(shared),
        (Protection::Count, Language::C) => c_write_count(shared),
        (Protection::Latch, Language::C) => c_write_latch(shared),
        (Protection::Lock, Language::Rust) => {
            let _writing = shared.lock.write();
            store_next(&shared.words);
        }
        (Protection::Count, Language::Rust) => {
            let _writing = shared.count.write();
            store_next(&shared.words);
        }
        (Protection::Latch, Language::Rust) => {
            shared.latch.write_begin();
            store_next(&shared.copies[0]);
            shared.latch.write_flip();
            store_next(&shared.copies[1]);
            shared.latch.write_end();
        }
        (Protection::None, _) => panic!("Protection::None is read only"),
    }
}

/// Reads a value.
pub fn read(shared: &SharedValue, protection: Protection, language: Language) -> Words {
    let mut copy = [0; WORDS];
    match (protection, language) {
        (Protection::Lock, Language::C) => c_read_lock(shared, &mut copy),
        (Protection::Count, Language::C) => c_read_count(shared, &mut copy),
        (Protection::Latch, Language::C) => c_read_latch(shared, &mut copy),
        (Protection::None, Language::C) => c_read_unprotected(shared, &mut copy),
        (Protection::Lock, Language::Rust) => return shared.lock.read(|| load(&shared.words)),
        (Protection::Count, Language::Rust) => return shared.count.read(|| load(&shared.words)),
        (Protection::Latch, Language::Rust) => {
            return shared.latch.read(|slot| load(&shared.copies[slot]));
        }
        (Protection::None, Language::Rust) => return load(&shared.words),
    }
    copy
}

fn store_next(words: &[AtomicU64; WORDS]) {
    // ORDERING: Relaxed, P5. The one writer reads what it stored itself, or what the lock brought
    // along.
    let next = generation_of(words[0].load(Relaxed)) + 1;
    // ORDERING: Relaxed, P1. Payload, stored while the count is odd, whose fence and even store
    // order it.
    for (word, value) in words.iter().zip(words_of(next)) {
        word.store(value, Relaxed);
    }
}

fn load(words: &[AtomicU64; WORDS]) -> Words {
    // ORDERING: Relaxed, P2. Payload; the fence of the read section comes after these loads.
    core::array::from_fn(|index| words[index].load(Relaxed))
}

/// Returns the words of a generation.
#[must_use]
pub fn words_of(generation: u64) -> Words {
    core::array::from_fn(|index| generation * WORDS as u64 + index as u64)
}

fn generation_of(first: u64) -> u64 {
    first / WORDS as u64
}

/// Returns the generation of all words, or `None` if they are torn.
#[must_use]
pub fn generation(copy: &Words) -> Option<u64> {
    let generation = generation_of(copy[0]);
    (*copy == words_of(generation)).then_some(generation)
}

/// Creates a struct whose values are of generation zero.
#[must_use]
pub fn new_shared() -> SharedValue {
    let shared = SharedValue::default();
    // ORDERING: Relaxed: no other thread has the struct yet.
    for words in [&shared.words, &shared.copies[0], &shared.copies[1]] {
        for (word, value) in words.iter().zip(words_of(0)) {
            word.store(value, Relaxed);
        }
    }
    shared
}

/// Returns sizes and offsets by name, as in C and as in Rust.
#[must_use]
pub fn layouts() -> Vec<(&'static str, usize, usize)> {
    let in_rust = [
        ("seqcount_t", size_of::<SeqCount<u32>>()),
        ("seqcount_raw_spinlock_t", size_of::<SeqCount<u32>>()),
        ("seqcount_spinlock_t", size_of::<SeqCount<u32>>()),
        ("seqcount_rwlock_t", size_of::<SeqCount<u32>>()),
        ("seqcount_mutex_t", size_of::<SeqCount<u32>>()),
        ("seqcount_latch_t", size_of::<LatchCount<u32>>()),
        ("spinlock_t", size_of::<SpinLock>()),
        ("raw_spinlock_t", size_of::<SpinLock>()),
        ("struct mutex", size_of::<DefaultLock>()),
        ("rwlock_t", size_of::<usize>()),
        ("seqlock_t", size_of::<BareSeqLock>()),
        ("alignment of seqlock_t", align_of::<BareSeqLock>()),
        ("count", offset_of!(SharedValue, count)),
        ("latch", offset_of!(SharedValue, latch)),
        ("words", offset_of!(SharedValue, words)),
        ("copies", offset_of!(SharedValue, copies)),
        ("the struct", size_of::<SharedValue>()),
    ];
    let numbered = (0..).zip(in_rust);
    numbered.map(|(which, (name, in_rust))| (name, c_layout(which), in_rust)).collect()
}
