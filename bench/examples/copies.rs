// SPDX-License-Identifier: MIT OR Apache-2.0
//! Times reads of every size from 8 to 512 bytes beside `memcpy`, with the fields used afterwards.
//!
//!     cargo run --release -p tearfree-bench --example copies -- [all] [ROUNDS]
//!     RUSTFLAGS=-Ctarget-cpu=x86-64-v3 cargo run --release -p tearfree-bench --example copies
//!
//! Nanoseconds for each operation, without a writer: the best of many rounds, in which the contestants
//! take turns. A line ends with `!` where a read takes more than 1.15 x `memcpy` + 0.3 ns; without
//! `all`, only these are printed.
//!
//! | workload | what is timed |
//! | --- | --- |
//! | `value, fields` | `read()`, and each word of the copy moved to a general register |
//! | `value, xor` | `read()`, and the XOR of all words, which the compiler may compute with vectors |
//! | `value, kept` | `read()` into a variable whose address is known elsewhere |
//! | `into, fields` | `read_into(&mut buffer)`, and each word moved to a general register |
//! | `into, kept` | `read_into(&mut buffer)` |
//!
//! The peer copies with `ptr::copy_nonoverlapping`, into a buffer whose address is known elsewhere, so
//! that the copy is made. `direct` is the same work without a copy: it uses the words where they are.

#![allow(unsafe_code, reason = "the peer copies through pointers")]

use core::array;
use core::hint::black_box;
use core::mem::MaybeUninit;
use std::time::Instant;

use tearfree::SeqLock;

/// The number of operations between two readings of the clock.
const TIMES: u32 = 5_000;

const NAMES: [&str; 5] =
    ["value, fields", "value, xor", "value, kept", "into, fields", "into, kept"];

/// Hides a pointer from the compiler, so that it cannot optimize the pointee away. Unlike `black_box`, this
/// keeps the pointer in its register.
#[inline(always)]
fn hide<T>(pointer: *mut T) -> *mut T {
    let hidden;
    // SAFETY: no instruction; memory is not touched.
    unsafe { core::arch::asm!("/* {} */", inlateout(reg) pointer => hidden, options(nostack)) };
    hidden
}

/// Moves each word to a general register, as a program that computes with it does.
#[inline(always)]
fn fields<const W: usize>(words: &[u64; W]) {
    for word in words {
        // SAFETY: no instruction.
        unsafe { core::arch::asm!("/* {} */", in(reg) *word, options(nomem, nostack)) };
    }
}

fn xor<const W: usize>(words: &[u64; W]) {
    fields(&[words.iter().fold(0, |sum, word| sum ^ word)]);
}

/// The best time of one operation, in nanoseconds.
struct Best(f64);

impl Best {
    #[inline(never)]
    fn time(&mut self, mut operation: impl FnMut()) {
        let begin = Instant::now();
        for _ in 0..TIMES {
            operation();
        }
        self.0 = self.0.min(begin.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES));
    }
}

/// Copies as `memcpy` does.
#[inline(always)]
fn memcpy<const W: usize>(from: &mut [u64; W], to: &mut MaybeUninit<[u64; W]>) {
    let (from, to) = (hide(from), hide(to.as_mut_ptr()));
    // SAFETY: two different arrays.
    unsafe { to.copy_from_nonoverlapping(from, 1) };
}

/// As `memcpy`, to a local variable.
#[inline(always)]
fn copied<const W: usize>(from: &mut [u64; W]) -> [u64; W] {
    let mut copy = MaybeUninit::uninit();
    memcpy(from, &mut copy);
    // SAFETY: it was copied from an array.
    unsafe { copy.assume_init() }
}

/// A value at the start of a cache line.
#[repr(align(64))]
struct Line<T>(T);

/// The lock, the source and the destination of copies.
struct Memory<const W: usize>(Line<SeqLock<[u64; W]>>, Line<[u64; W]>, Line<[u64; W]>);

/// Returns the best times of each workload: a read, `memcpy`, and the work without a copy.
fn size<const W: usize>(rounds: u32) -> [[f64; 3]; 5] {
    let mut memory = black_box(Memory(Line(SeqLock::new([7; W])), Line([7; W]), Line([0; W])));
    let (lock, from, to) = (&memory.0.0, &mut memory.1.0, &mut memory.2.0);
    let mut best: [[Best; 3]; 5] = array::from_fn(|_| array::from_fn(|_| Best(f64::MAX)));
    for _ in 0..rounds {
        let [value, xored, kept, into, into_kept] = &mut best;
        value[0].time(|| fields(&lock.read()));
        value[1].time(|| fields(&copied(from)));
        // SAFETY: the array is there, and it has no other users now.
        value[2].time(|| fields(unsafe { &*hide(from) }));
        xored[0].time(|| xor(&lock.read()));
        xored[1].time(|| xor(&copied(from)));
        // SAFETY: as above.
        xored[2].time(|| xor(unsafe { &*hide(from) }));
        kept[0].time(|| _ = hide(&mut Line(lock.read())));
        kept[1].time(|| {
            let mut copy = Line(MaybeUninit::uninit());
            memcpy(from, &mut copy.0);
            hide(&mut copy);
        });
        into[0].time(|| {
            lock.read_into(to);
            fields(to);
        });
        // SAFETY: `MaybeUninit` of an array that is initialised, and is so again.
        let to = unsafe { &mut *core::ptr::from_mut(to).cast::<MaybeUninit<[u64; W]>>() };
        into[1].time(|| {
            memcpy(from, to);
            // SAFETY: it was copied from an array.
            fields(unsafe { to.assume_init_ref() });
        });
        into_kept[1].time(|| {
            memcpy(from, to);
            hide(to);
        });
        // SAFETY: it was copied from an array.
        let to = unsafe { to.assume_init_mut() };
        into_kept[0].time(|| {
            lock.read_into(to);
            hide(to);
        });
    }
    best.map(|contestants| contestants.map(|best| best.0))
}

/// Prints the lines of one size. Returns how many miss the limit.
fn report(bytes: usize, best: &[[f64; 3]; 5], all: bool) -> usize {
    let mut misses = 0;
    for (name, [read, memcpy, direct]) in NAMES.iter().zip(best) {
        let is_slow = *read > 1.15 * memcpy + 0.3;
        misses += usize::from(is_slow);
        if all || is_slow {
            let direct = if *direct < f64::MAX { format!("{direct:6.2}") } else { "     -".into() };
            let mark = if is_slow { "  !" } else { "" };
            println!("{bytes:5}  {name:13}  {read:6.2}  {memcpy:6.2}  {direct}{mark}");
        }
    }
    misses
}

fn main() {
    let all = std::env::args().any(|word| word == "all");
    let rounds = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(200);
    let level = if cfg!(target_feature = "avx") { "with AVX" } else { "baseline" };
    println!("{} {level}, best of {rounds} rounds, ns\n", std::env::consts::ARCH);
    println!("bytes  workload         read  memcpy  direct");
    let (mut lines, mut misses) = (0, 0);
    macro_rules! sizes {
        ($($words:literal)*) => {$(
            misses += report($words * 8, &size::<$words>(rounds), all);
            lines += NAMES.len();
        )*};
    }
    sizes! { 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 }
    sizes! { 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 }
    sizes! { 62 63 64 }
    println!("\n{misses} of {lines} take more than 1.15 x memcpy + 0.3 ns");
}
