// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the hot paths of the core crate without std; see no_std.sh.
//!
//! The exit status is the number of the step with a wrong value, or 0.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tearfree::{SeqCount, SeqLatch, SeqLock};

type Time = (u64, u32);

static LOCK: SeqLock<Time> = SeqLock::new((0, 0));
static LARGE: SeqLock<[u64; 512]> = SeqLock::new([0; 512]);
static LATCH: SeqLatch<Time> = SeqLatch::new((0, 0));
static COUNT: SeqCount<u32> = SeqCount::new();
static COUNTED: AtomicU64 = AtomicU64::new(0);

// The C library provides the start of the program and memcpy, nothing else.
#[link(name = "c")]
unsafe extern "C" {}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}

/// Satisfies the unwind tables of `core`. It is never called, because a panic aborts.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    LOCK.set(black_box((1, 2)));
    LOCK.update(|time| time.1 = time.1.wrapping_add(black_box(1)));
    if LOCK.read() != (1, 3) || LOCK.try_read() != Some((1, 3)) {
        return 1;
    }
    let mut large = [black_box(7); 512];
    LARGE.set(large);
    large[black_box(511) % 512] = 0;
    LARGE.read_into(&mut large);
    if large[black_box(511) % 512] != 7 {
        return 2;
    }
    LATCH.set(black_box((4, 5)));
    if LATCH.read() != (4, 5) {
        return 3;
    }
    COUNT.write_begin();
    COUNTED.store(black_box(6), Relaxed);
    COUNT.write_end();
    if COUNT.read(|| COUNTED.load(Relaxed)) != 6 || COUNT.sequence() != 2 {
        return 4;
    }
    0
}
