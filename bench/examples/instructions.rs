// SPDX-License-Identifier: MIT OR Apache-2.0
//! Does each operation a fixed number of times, for callgrind to count: see `instructions/check`.
//!
//! Each operation has a function of its own, `measured_NAME`, which callgrind finds by that name.

use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tearfree::{SeqCount, SeqLatch, SeqLock, field};

/// How often each operation is done. The script divides by it.
const TIMES: u32 = 1000;

/// A function that does something `TIMES` times to a reference that the compiler knows nothing of.
macro_rules! measured {
    ($($name:ident($on:ident: $type:ty) $work:block)*) => {
        $(
            #[inline(never)]
            fn $name($on: &mut $type) {
                for _ in 0..TIMES {
                    let $on = black_box(&mut *$on);
                    $work
                }
            }
        )*
    };
}

type Lock<const WORDS: usize> = SeqLock<[u64; WORDS]>;
type Into4096 = (Lock<512>, [u64; 512]);
type Latch<const WORDS: usize> = SeqLatch<[u64; WORDS]>;
type Unchanged = (Lock<8>, tearfree::Version);

measured! {
    measured_read_8(lock: Lock<1>) { black_box(&lock.read()); }
    measured_read_64(lock: Lock<8>) { black_box(&lock.read()); }
    measured_read_256(lock: Lock<32>) { black_box(&lock.read()); }
    measured_read_4096(lock: Lock<512>) { black_box(&lock.read()); }
    measured_read_into_4096(both: Into4096) { both.0.read_into(&mut both.1); }
    measured_set_8(lock: Lock<1>) { lock.set([1; 1]); }
    measured_set_64(lock: Lock<8>) { lock.set([1; 8]); }
    measured_set_from_4096(both: Into4096) { both.0.set_from(&both.1); }
    measured_latch_read_64(latch: Latch<8>) { black_box(&latch.read()); }
    measured_latch_set_64(latch: Latch<8>) { latch.set([1; 8]); }
    measured_unchanged(both: Unchanged) { black_box(both.0.read_if_changed(&mut both.1)); }
    measured_field_of_4096(lock: SeqLock<Big>) { black_box(lock.read_fields(field!(Big, middle))); }
    measured_write_guard_64(lock: Lock<8>) { lock.write()[0] += 1; }
    measured_seqcount_two_atomics(clock: Clock) { black_box(clock.read()); }
}

#[derive(Clone, Copy)]
struct Big {
    _before: [u64; 255],
    middle: u64,
    _after: [u64; 256],
}

struct Clock {
    count: SeqCount<usize>,
    seconds: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Clock {
    #[inline(always)]
    fn read(&self) -> (u64, u64) {
        // ORDERING: the count orders; its `read` is what makes the two belong together.
        self.count.read(|| (self.seconds.load(Relaxed), self.nanoseconds.load(Relaxed)))
    }
}

fn main() {
    measured_read_8(&mut SeqLock::new([7; 1]));
    measured_read_64(&mut SeqLock::new([7; 8]));
    measured_read_256(&mut SeqLock::new([7; 32]));
    measured_read_4096(&mut SeqLock::new([7; 512]));
    measured_read_into_4096(&mut (SeqLock::new([7; 512]), [0; 512]));
    measured_set_8(&mut SeqLock::new([7; 1]));
    measured_set_64(&mut SeqLock::new([7; 8]));
    measured_set_from_4096(&mut (SeqLock::new([7; 512]), [0; 512]));
    measured_latch_read_64(&mut SeqLatch::new([7; 8]));
    measured_latch_set_64(&mut SeqLatch::new([7; 8]));
    let lock = SeqLock::new([7; 8]);
    let version = lock.version();
    measured_unchanged(&mut (lock, version));
    let big = Big { _before: [0; 255], middle: 7, _after: [0; 256] };
    measured_field_of_4096(&mut SeqLock::new(big));
    measured_write_guard_64(&mut SeqLock::new([7; 8]));
    let (count, seconds, nanoseconds) = (SeqCount::new(), AtomicU64::new(1), AtomicU64::new(2));
    measured_seqcount_two_atomics(&mut Clock { count, seconds, nanoseconds });
}
