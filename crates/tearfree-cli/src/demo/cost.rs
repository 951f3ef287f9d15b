// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one read costs while nobody writes.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use super::stamp::Stamp;
use super::threads::Clocks;

/// The time for which batches are measured.
pub(crate) const SPAN: Duration = Duration::from_millis(100);
/// The reads of a batch: enough that the look at the clock around them does not count.
pub(crate) const READS: u32 = 1_000;

/// The cost of a read in nanoseconds: the median of the batches, because an interruption spoils one
/// of them, not the result.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) with_lock: f64,
    pub(crate) without_lock: f64,
}

/// Measures both reads in turn on this thread, after the writer has ended.
pub(crate) fn measure(clocks: &Clocks) -> Cost {
    let (mut with_lock, mut without_lock) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while with_lock.is_empty() || start.elapsed() < SPAN {
        with_lock.push(batch(|place| clocks.locked.read_into(place)));
        without_lock.push(batch(|place| *place = clocks.unlocked.read()));
    }
    Cost { with_lock: median(with_lock), without_lock: median(without_lock) }
}

fn median(mut batches: Vec<f64>) -> f64 {
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}

fn batch(read: impl Fn(&mut Stamp)) -> f64 {
    // One place for all reads: moving the value on would cost as much as reading it.
    let mut place = Stamp::now();
    let start = Instant::now();
    for _ in 0..READS {
        read(&mut place);
        black_box(&mut place);
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(READS)
}
