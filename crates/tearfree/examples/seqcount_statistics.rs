// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqCount`: statistics of a network interface, which its receiving thread stores in atomics of its own.
//!
//! Use it for data that are not one `Copy` value: counters that are not contiguous, that are changed in
//! place, or whose number is known at run time only. The data have to be `Relaxed` atomics. One thread
//! writes, or the caller serialises writers; if a lock does that, `SeqCountWith` requires its guard. For
//! one `Copy` value use `SeqLock`, which does all of this.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::SeqCount;

/// Sizes up to 64, 128, 256, … bytes.
const CLASSES: usize = 6;

struct Statistics {
    count: SeqCount,
    packets: AtomicU64,
    bytes: AtomicU64,
    of_size: [AtomicU64; CLASSES],
}

static ETH0: Statistics = Statistics {
    count: SeqCount::new(),
    packets: AtomicU64::new(0),
    bytes: AtomicU64::new(0),
    of_size: [const { AtomicU64::new(0) }; CLASSES],
};

impl Statistics {
    /// Called by the one receiving thread. Three words change; the others are not copied.
    fn received(&self, bytes: u64) {
        let add = |to: &AtomicU64, n| to.store(to.load(Relaxed) + n, Relaxed);
        let class = (bytes.div_ceil(64).next_power_of_two().ilog2() as usize).min(CLASSES - 1);
        let _section = self.count.write(); // ends with this function
        add(&self.packets, 1);
        add(&self.bytes, bytes);
        add(&self.of_size[class], 1);
    }

    /// The packets, the bytes and the packets by size, of one version.
    fn snapshot(&self) -> (u64, u64, [u64; CLASSES]) {
        self.count.read(|| {
            let of_size = self.of_size.each_ref().map(|size| size.load(Relaxed));
            (self.packets.load(Relaxed), self.bytes.load(Relaxed), of_size)
        })
    }
}

fn main() {
    thread::scope(|threads| {
        let monitor = threads.spawn(|| {
            for _ in 0..4 {
                thread::sleep(Duration::from_millis(50));
                let (packets, bytes, of_size) = ETH0.snapshot();
                let mean = bytes.checked_div(packets).unwrap_or(0);
                println!("{packets} packets, {mean} bytes in the mean, by size {of_size:?}");
                assert_eq!(of_size.iter().sum::<u64>(), packets, "counters of two moments");
            }
        });
        for size in (64..=1500).step_by(7).cycle() {
            if monitor.is_finished() {
                break;
            }
            ETH0.received(size);
        }
    });
}
