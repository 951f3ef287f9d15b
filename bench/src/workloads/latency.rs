// SPDX-License-Identifier: MIT OR Apache-2.0
//! Latencies of one reader beside one writer at a fixed rate.

use core::time::Duration;

use crate::contestant::{Contestant, EveryContestant};
use crate::latency::TimedWork;
use crate::payload::{EverySize, Payload, paced_sizes};
use crate::peers::every_contestant_and_our_others;
use crate::runner::{Bench, Workload};
use crate::throughput::{Role, SharedLock};

pub(super) const PACE: Workload = Workload {
    name: "pace",
    about: "latency: one reader that never pauses beside one writer of 100,000 values a second",
    cases: || 4,
    run: |bench| paced_sizes(&mut AtPacedSizes { bench }),
};

const INTERVAL: Duration = Duration::from_micros(10);

struct AtPacedSizes<'a> {
    bench: &'a mut Bench,
}

impl EverySize for AtPacedSizes<'_> {
    fn size<T: Payload>(&mut self) {
        let mut contestants = Contestants(Vec::new());
        every_contestant_and_our_others::<T>(&mut contestants);
        contestants.0.retain(|contestant| contestant.allows(&[Role::Reader, Role::SlowWriter]));
        self.bench.time_operations(PACE.name, size_of::<T>(), INTERVAL, &contestants.0);
    }
}

struct Contestants(Vec<Box<dyn TimedWork>>);

impl<T: Payload> EveryContestant<T> for Contestants {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        self.0.push(Box::new(SharedLock::<T, C>::new()));
    }
}
