// SPDX-License-Identifier: MIT OR Apache-2.0
//! The copy engine gives each byte, and touches no other: every size, every alignment.

extern crate std;

use core::mem::MaybeUninit;
use core::ops::Range;
use std::vec::Vec;
use std::{format, vec};

use super::{Shared, engine, load_part};

/// Sizes that go through every straight-line move, and well into the calls of `memcpy`.
const SIZES: Range<usize> = 0..301;

/// Sizes around the limits of the engines, and of the caches' write-combining.
const LARGE: [usize; 14] =
    [479, 480, 481, 511, 512, 513, 1000, 4095, 4096, 4097, 16_383, 16_384, 65_535, 65_536];

/// Up to a cache line; where a test takes ten times as long, up to the largest word.
const ALIGNMENTS: Range<usize> = if cfg!(tearfree_slow) { 0..9 } else { 0..64 };

/// A buffer whose every byte differs from its neighbours, and from those of another `salt`.
fn pattern(len: usize, salt: u8) -> Vec<u8> {
    (0..len).map(|at| (at % 251).to_le_bytes()[0].wrapping_mul(7).wrapping_add(salt)).collect()
}

/// Memory that begins at a multiple of 64, so that offsets into it are alignments.
struct Aligned {
    memory: Vec<u8>,
    begin: usize,
}

impl Aligned {
    fn new(pattern: &[u8]) -> Self {
        let mut memory = vec![0; pattern.len() + 64];
        let begin = memory.as_ptr().align_offset(64);
        memory[begin..begin + pattern.len()].copy_from_slice(pattern);
        Aligned { memory, begin }
    }

    fn bytes(&self, len: usize) -> &[u8] {
        &self.memory[self.begin..self.begin + len]
    }

    fn bytes_mut(&mut self, len: usize) -> &mut [u8] {
        &mut self.memory[self.begin..self.begin + len]
    }
}

/// Both directions, from one alignment to another. What is not copied is a canary.
struct Bench {
    len: usize,
    source: Aligned,
    canaries: Vec<u8>,
    target: Aligned,
}

type Engine = unsafe fn(*const u8, *mut u8, usize);

impl Bench {
    fn new(largest: usize) -> Self {
        let len = largest + 128;
        let canaries = pattern(len, 100);
        let (source, target) = (Aligned::new(&pattern(len, 1)), Aligned::new(&canaries));
        Bench { len, source, canaries, target }
    }

    fn copies_exactly(&mut self, engine: Engine, size: usize, from: usize, to: usize) {
        let what = || format!("{size} bytes from alignment {from} to {to}");
        let target = self.target.bytes_mut(self.len);
        target.copy_from_slice(&self.canaries);
        let source = &self.source.bytes(self.len)[from..from + size];
        // SAFETY: both are as long as the copy; no one else has them.
        unsafe { engine(source.as_ptr(), target[to..].as_mut_ptr(), size) };
        assert_eq!(&target[to..to + size], source, "{}", what());
        assert_eq!(target[..to], self.canaries[..to], "before {}", what());
        assert_eq!(target[to + size..], self.canaries[to + size..], "after {}", what());
    }

    fn copies_exactly_from_and_to_each(&mut self, size: usize, alignments: Range<usize>) {
        for engine in [engine::load as Engine, engine::load_value, engine::store] {
            for from in alignments.clone() {
                for to in alignments.clone() {
                    self.copies_exactly(engine, size, from, to);
                }
            }
        }
        assert_eq!(self.source.bytes(self.len), pattern(self.len, 1), "the source has changed");
    }
}

#[test]
fn an_engine_copies_each_byte_and_touches_no_other() {
    let mut bench = Bench::new(SIZES.end);
    let (sizes, alignments) = if cfg!(miri) { (0..20, 0..3) } else { (SIZES, ALIGNMENTS) };
    for size in sizes {
        bench.copies_exactly_from_and_to_each(size, alignments.clone());
    }
}

#[test]
fn an_engine_copies_large_values_exactly() {
    let sizes = if cfg!(miri) { &LARGE[..1] } else { &LARGE };
    for &size in sizes {
        let mut bench = Bench::new(size);
        for (from, to) in [(0, 0), (1, 0), (0, 1), (8, 16), (63, 33)] {
            bench.copies_exactly(engine::load, size, from, to);
            bench.copies_exactly(engine::load_value, size, from, to);
            bench.copies_exactly(engine::store, size, from, to);
        }
    }
}

/// The engine as it is compiled for a size that the compiler knows, which is how the crate uses it.
fn shared_gives_back_what_was_stored<const N: usize>() {
    let bytes = |salt| <[u8; N]>::try_from(pattern(N, salt)).unwrap();
    let (first, second) = (bytes(1), bytes(2));
    let shared = Shared::new(first);
    for value in [first, second] {
        shared.store(&value);
        let (mut copy, mut in_registers) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        shared.load(&mut copy);
        // SAFETY: the load has written each byte.
        assert_eq!(unsafe { copy.assume_init() }, value);
        shared.load_value(&mut in_registers);
        // SAFETY: as above.
        assert_eq!(unsafe { in_registers.assume_init() }, value);
    }
    for at in [0, N / 2, N.saturating_sub(3)] {
        if at + 3 <= N {
            let mut field = MaybeUninit::<[u8; 3]>::uninit();
            // SAFETY: three bytes are left at that place.
            let from = unsafe { shared.as_ptr().cast::<u8>().add(at) };
            // SAFETY: P6. A part of the payload, of three bytes.
            unsafe { load_part(from, &mut field) };
            // SAFETY: the load has written each byte.
            assert_eq!(unsafe { field.assume_init() }, second[at..at + 3]);
        }
    }
    assert_eq!(shared.into_inner(), second);
}

macro_rules! ten_sizes {
    ($($from:literal)*) => {$(
        shared_gives_back_what_was_stored::<$from>();
        shared_gives_back_what_was_stored::<{ $from + 1 }>();
        shared_gives_back_what_was_stored::<{ $from + 2 }>();
        shared_gives_back_what_was_stored::<{ $from + 3 }>();
        shared_gives_back_what_was_stored::<{ $from + 4 }>();
        shared_gives_back_what_was_stored::<{ $from + 5 }>();
        shared_gives_back_what_was_stored::<{ $from + 6 }>();
        shared_gives_back_what_was_stored::<{ $from + 7 }>();
        shared_gives_back_what_was_stored::<{ $from + 8 }>();
        shared_gives_back_what_was_stored::<{ $from + 9 }>();
    )*};
}

#[test]
fn a_payload_of_any_size_gives_back_what_was_stored() {
    ten_sizes! { 0 10 20 30 40 50 60 }
    #[cfg(not(any(miri, tearfree_slow)))]
    ten_sizes! { 70 80 90 100 110 120 130 140 150 160 170 180 190 200 210 220 230 240 250 260 270
    280 290 }
    #[cfg(not(miri))]
    ten_sizes! { 470 480 510 4090 16380 }
    shared_gives_back_what_was_stored::<300>();
}

#[test]
fn a_racing_load_gives_each_byte_as_some_store_left_it() {
    use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
    fn race<const N: usize>() {
        let (shared, over) = (Shared::new([0x55_u8; N]), AtomicBool::new(false));
        std::thread::scope(|s| {
            s.spawn(|| {
                for value in [[0xAA; N], [0x55; N]].iter().cycle() {
                    shared.store(value);
                    if over.load(Relaxed) {
                        break;
                    }
                }
            });
            for _ in 0..if cfg!(miri) { 3 } else { 2_000 } {
                let mut copy = MaybeUninit::uninit();
                shared.load(&mut copy);
                // SAFETY: the load has written each byte.
                let copy = unsafe { copy.assume_init() };
                if copy.iter().any(|byte| ![0x55, 0xAA].contains(byte)) {
                    over.store(true, Relaxed);
                    panic!("a byte that was never stored");
                }
            }
            over.store(true, Relaxed);
        });
    }
    race::<3>();
    race::<37>();
    race::<600>();
}

/// A load that reads too far gives the right bytes, so only memory that is not there shows it.
#[cfg(all(unix, not(miri)))]
#[test]
fn an_engine_reads_and_writes_nothing_beyond_either_end() {
    use core::ptr::null_mut;
    const PAGE: usize = 4096;
    const INSIDE: usize = 65_536;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping touches no memory of ours.
    let whole = unsafe { libc::mmap(null_mut(), INSIDE + 2 * PAGE, libc::PROT_NONE, flags, -1, 0) };
    assert_ne!(whole, libc::MAP_FAILED);
    // SAFETY: inside of the mapping.
    let begin = unsafe { whole.cast::<u8>().add(PAGE) };
    // SAFETY: the pages are ours; those before and after them stay out of reach.
    let failed =
        unsafe { libc::mprotect(begin.cast(), INSIDE, libc::PROT_READ | libc::PROT_WRITE) };
    assert_eq!(failed, 0);
    let mut private = pattern(INSIDE, 5);
    for size in SIZES.chain(LARGE) {
        // SAFETY: inside of the pages.
        let at_the_end = unsafe { begin.add(INSIDE - size) };
        for place in [begin, at_the_end] {
            // SAFETY: `size` bytes at `place` are ours, and `private` is at least as long.
            unsafe { engine::store(private.as_ptr(), place, size) };
            // SAFETY: as above.
            unsafe { engine::load(place, private.as_mut_ptr(), size) };
            // SAFETY: as above.
            unsafe { engine::load_value(place, private.as_mut_ptr(), size) };
        }
    }
    assert_eq!(private, pattern(INSIDE, 5));
    // SAFETY: the mapping is ours, and nothing refers to it.
    unsafe { libc::munmap(whole, INSIDE + 2 * PAGE) };
}

#[cfg(target_has_atomic = "64")]
#[test]
fn foreign_memory_is_copied_as_values_and_as_bytes() {
    use super::foreign;
    fn both_ways<const N: usize>() {
        let (value, mut memory) = ([7_u8; N], pattern(N + 2, 3));
        let place = memory[1..=N].as_mut_ptr().cast::<[u8; N]>();
        // SAFETY: `N` bytes of `memory`, which no one else knows.
        unsafe { foreign::store(&value, place) };
        // SAFETY: as above.
        let loaded = unsafe { foreign::load(place) };
        // SAFETY: all of its bytes are initialised.
        assert_eq!(unsafe { loaded.assume_init() }, value);
        let bytes = pattern(N, 9);
        // SAFETY: as above.
        unsafe { foreign::store_bytes(&bytes, place.cast()) };
        let mut copy = [MaybeUninit::uninit(); N];
        // SAFETY: as above.
        unsafe { foreign::load_bytes(place.cast(), &mut copy) };
        // SAFETY: all bytes were copied from initialised ones.
        assert_eq!(copy.map(|byte| unsafe { byte.assume_init() })[..], bytes);
        let canaries = pattern(N + 2, 3);
        assert_eq!((memory[0], memory[N + 1]), (canaries[0], canaries[N + 1]));
    }
    both_ways::<1>();
    both_ways::<64>();
    both_ways::<129>();
    both_ways::<5000>();
}

#[cfg(target_has_atomic = "64")]
#[test]
fn a_number_is_found_at_its_distance_and_fills_its_register() {
    use super::foreign::load_number;
    let numbers: [u64; 6] = core::array::from_fn(|at| 0x8182_8384_8586_8780 + at as u64);
    let from = numbers.as_ptr().cast::<u8>();
    macro_rules! number {
        ($len:literal, $at:literal, $distance:expr) => {
            // SAFETY: all that is asked for below is in `numbers`, which does not change.
            unsafe { load_number::<$len, $at>(from, $distance) }
        };
    }
    for at in 0..4 {
        assert_eq!((number!(8, 0, at * 8), number!(8, 16, at * 8)), (numbers[at], numbers[at + 2]));
        let bytes = numbers[at + 1].to_ne_bytes();
        let half =
            |from| u64::from(u32::from_ne_bytes(core::array::from_fn(|at| bytes[from + at])));
        assert_eq!((number!(4, 8, at * 8), number!(4, 12, at * 8)), (half(0), half(4)));
    }
}
