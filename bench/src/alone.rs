// SPDX-License-Identifier: MIT OR Apache-2.0
//! Costs on one thread: contestants take turns in many short rounds, in a new order each round.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant;

use crate::placement::{STACK_OFFSETS, with_stack_offset};

/// One operation of one contestant.
pub(crate) trait Job {
    fn name(&self) -> &'static str;
    /// Repeats the operation, and returns the time that took without preparations.
    fn time(&mut self, times: u64) -> Duration;
    /// Returns whether the last value is the expected one.
    fn is_right(&mut self) -> bool;
}

/// A job from a closure, which repeats an operation and returns the last value.
pub(crate) struct Work<F> {
    pub(crate) name: &'static str,
    pub(crate) expected: u64,
    pub(crate) work: F,
}

impl<F: FnMut(u64) -> u64> Job for Work<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn time(&mut self, times: u64) -> Duration {
        let start = Instant::now();
        black_box((self.work)(times));
        start.elapsed()
    }

    fn is_right(&mut self) -> bool {
        (self.work)(1) == self.expected
    }
}

/// How long to measure one thread.
#[derive(Clone, Copy)]
pub(crate) struct BatchEffort {
    pub(crate) rounds: usize,
    /// The length of one batch: far more than reading the clock, far less than a time slice.
    pub(crate) batch: Duration,
}

struct Runner {
    job: Box<dyn Job>,
    times: u64,
    samples: Vec<f64>,
}

/// Measures all jobs against each other. Returns the samples of each, in nanoseconds for one operation.
pub(crate) fn compare(
    jobs: Vec<Box<dyn Job>>,
    effort: BatchEffort,
) -> Vec<(&'static str, Vec<f64>)> {
    let mut runners: Vec<Runner> =
        jobs.into_iter().map(|job| Runner::calibrated(job, effort.batch)).collect();
    let mut order: Vec<usize> = (0..runners.len()).collect();
    for _ in 0..effort.rounds {
        let offset = fastrand::usize(..STACK_OFFSETS);
        fastrand::shuffle(&mut order);
        for &index in &order {
            with_stack_offset(offset, &mut || runners[index].sample());
        }
    }
    runners.into_iter().map(Runner::finish).collect()
}

impl Runner {
    fn calibrated(mut job: Box<dyn Job>, batch: Duration) -> Self {
        let mut times = 1;
        let took = loop {
            let took = job.time(times).max(Duration::from_nanos(1));
            if took >= batch / 2 {
                break took;
            }
            times *= 2;
        };
        let times = (times as f64 * batch.as_secs_f64() / took.as_secs_f64()).ceil() as u64;
        Self { job, times: times.max(1), samples: Vec::new() }
    }

    fn sample(&mut self) {
        // The contestant before this one has filled the caches with its own value.
        self.job.time(self.times / 16 + 1);
        let took = self.job.time(self.times);
        self.samples.push(took.as_secs_f64() * 1e9 / self.times as f64);
    }

    fn finish(mut self) -> (&'static str, Vec<f64>) {
        let name = self.job.name();
        assert!(self.job.is_right(), "{name} returned a wrong value on one thread");
        (name, self.samples)
    }
}
