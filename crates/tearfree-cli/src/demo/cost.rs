// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measures the cost of one read, uncontended.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use super::stamp::Stamp;
use super::threads::{ClockPair, StampLock};

/// How long batches are measured.
pub(crate) const MEASURING_TIME: Duration = Duration::from_millis(100);
/// The reads of one batch: so many that reading the clock around them is negligible.
pub(crate) const READS_PER_BATCH: u32 = 1_000;

/// The cost of a read in nanoseconds: the median of all batches, because an interruption affects only
/// some of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) with_lock: f64,
    pub(crate) without_lock: f64,
}

/// Measures both reads alternately on this thread, after the writer has ended.
pub(crate) fn measure<L: StampLock>(clocks: &ClockPair<L>) -> Cost {
    let (mut with_lock, mut without_lock) = (Vec::new(), Vec::new());
    let start = Instant::now();
    while with_lock.is_empty() || start.elapsed() < MEASURING_TIME {
        with_lock.push(measure_batch(|stamp| clocks.locked.read_into(stamp)));
        without_lock.push(measure_batch(|stamp| *stamp = clocks.unlocked.read()));
    }
    Cost { with_lock: median(with_lock), without_lock: median(without_lock) }
}

fn median(mut batches: Vec<f64>) -> f64 {
    batches.sort_by(f64::total_cmp);
    batches[batches.len() / 2]
}

fn measure_batch(read: impl Fn(&mut Stamp)) -> f64 {
    // One buffer for all reads: moving the value would cost as much as reading it.
    let mut stamp = Stamp::now();
    let start = Instant::now();
    for _ in 0..READS_PER_BATCH {
        read(&mut stamp);
        black_box(&mut stamp);
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(READS_PER_BATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_a_batch_that_was_interrupted() {
        assert_eq!(median(vec![3.0, 900.0, 2.0, 4.0, 1.0]), 3.0);
        assert_eq!(median(vec![7.0]), 7.0);
    }
}
