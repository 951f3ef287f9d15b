// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LatchCount`: a price list in two copies, whose length is known at run time only.
//!
//! Use it for data that are not one `Copy` value, where readers must never wait for the writer, not even
//! if they interrupt it, or if it is preempted in the middle of a write. You store the data twice, as
//! `Relaxed` atomics, and the writer changes both copies. The caller serialises writers. For one `Copy`
//! value use `SeqLatch`, which has both copies; where readers may wait for a write, `SeqCount` needs one
//! copy only.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::LatchCount;

struct Prices {
    count: LatchCount,
    slots: [Box<[AtomicU64]>; 2],
}

impl Prices {
    fn new(length: usize) -> Self {
        let slot = || (0..length).map(|_| AtomicU64::new(100)).collect();
        Prices { count: LatchCount::new(), slots: [slot(), slot()] }
    }

    /// Changes all prices. Called by one thread.
    fn set_all(&self, price: impl Fn(usize) -> u64) {
        let change = |slot: &[AtomicU64]| {
            slot.iter().enumerate().for_each(|(item, word)| word.store(price(item), Relaxed));
        };
        self.count.write_begin(); // readers use slot 1
        change(&self.slots[0]);
        self.count.write_flip(); // readers use slot 0
        change(&self.slots[1]);
        self.count.write_end();
    }

    /// The lowest and the highest price of one list.
    fn range(&self) -> Option<(u64, u64)> {
        self.count.read(|slot| {
            let prices = || self.slots[slot].iter().map(|price| price.load(Relaxed));
            Some((prices().min()?, prices().max()?))
        })
    }
}

fn main() {
    let length = std::env::args().nth(1).and_then(|arg| arg.parse().ok()).unwrap_or(50);
    let prices = Prices::new(length);
    thread::scope(|threads| {
        let shop = threads.spawn(|| {
            for _ in 0..4 {
                let mut reads = 0;
                for _ in 0..20_000 {
                    let range = prices.range();
                    assert!(range.is_none_or(|(low, high)| low == high), "of two days: {range:?}");
                    reads += 1;
                }
                println!(
                    "{reads} reads of {length} prices, each of one day; now {:?}",
                    prices.range()
                );
            }
        });
        for day in 0.. {
            if shop.is_finished() {
                break;
            }
            prices.set_all(|_| 100 + day % 50); // each day, one price for all
            thread::sleep(Duration::from_micros(50));
        }
    });
}
