// SPDX-License-Identifier: MIT OR Apache-2.0
//! Repeats each operation a fixed number of times, for `instructions/check`.
//!
//! Each operation has a function of its own, `measured_NAME`, which callgrind finds by that name.

use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::path::Path;

use tearfree::{SeqCount, SeqLatch, SeqLock, field};
use tearfree_clock::{Clock, Keeper, Settings, Source};
use tearfree_page::{Options, Reader, Writer};

/// The number of repetitions, by which the script divides.
const TIMES: u32 = 1000;

/// Defines functions that repeat an operation `TIMES` times on a reference that is hidden from the compiler.
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
    measured_seqcount_two_atomics(pair: TwoAtomics) { black_box(pair.read()); }
    measured_page_get_16(page: Reader<[u64; 2]>) { black_box(&page.get().expect("whole")); }
    measured_page_get_64(page: Reader<[u64; 8]>) { black_box(&page.get().expect("whole")); }
    measured_page_set_64(page: Writer<[u64; 8]>) { page.set([1; 8]).expect("the page is ours"); }
    measured_clock_now(clock: Clock) { black_box(clock.now()); }
    measured_clock_now_unordered(clock: Clock) { black_box(clock.now_unordered()); }
    measured_clock_realtime(clock: Clock) { black_box(clock.realtime()); }
    measured_clock_coarse(clock: Clock) { black_box(clock.coarse()); }
}

#[derive(Clone, Copy)]
struct Big {
    _before: [u64; 255],
    middle: u64,
    _after: [u64; 256],
}

struct TwoAtomics {
    count: SeqCount<usize>,
    seconds: AtomicU64,
    nanoseconds: AtomicU64,
}

impl TwoAtomics {
    #[inline(always)]
    fn read(&self) -> (u64, u64) {
        // ORDERING: the count orders; `read` validates that both words are of one write.
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
    measured_seqcount_two_atomics(&mut TwoAtomics { count, seconds, nanoseconds });
    let folder = tempfile::tempdir().expect("a folder");
    pages(&folder.path().join("page"));
    clocks(&folder.path().join("clock"));
}

fn pages(page: &Path) {
    let mut writer = Writer::create(page, [7_u64; 8], &Options::new()).expect("a page");
    measured_page_get_64(&mut Reader::open(page).expect("the page"));
    measured_page_set_64(&mut writer);
    drop(writer);
    let options = Options::new().replace(true);
    let _writer = Writer::create(page, [7_u64; 2], &options).expect("a page");
    measured_page_get_16(&mut Reader::open(page).expect("the page"));
}

/// Measures clocks on the counter of the processor, which valgrind emulates.
fn clocks(page: &Path) {
    let source = if cfg!(target_arch = "aarch64") { Source::Cntvct } else { Source::Tsc };
    let mut keeper = Keeper::open_with(page, source, Settings::default()).expect("a page");
    let mut clock = Clock::open_page(page).expect("the page");
    for measured in [
        measured_clock_now,
        measured_clock_now_unordered,
        measured_clock_realtime,
        measured_clock_coarse,
    ] {
        keeper.tick().expect("the page is this keeper's");
        measured(&mut clock);
    }
}
