// SPDX-License-Identifier: MIT OR Apache-2.0
//! Latencies of one reader beside one writer at a fixed rate.

use crate::contestant::{Contestant, EveryContestant};
use crate::latency::TimedWork;
use crate::payload::{EverySize, Payload, four_sizes};
use crate::peers::every_contestant_and_our_others;
use crate::runner::{Bench, Workload};
use crate::throughput::{Role, SharedLock};

pub(super) const PACE: Workload = Workload {
    name: "pace",
    about: "latency: one reader that never pauses beside one writer at a fixed rate",
    cases: || 4 * RATES.len(),
    run: |bench| four_sizes(&mut AtPacedSizes { bench }),
};

/// The values that the writer publishes each second: rarely, as a market does, and as fast as most writers can.
const RATES: [u64; 3] = [1_000, 100_000, 1_000_000];

struct AtPacedSizes<'a> {
    bench: &'a mut Bench,
}

impl EverySize for AtPacedSizes<'_> {
    fn size<T: Payload>(&mut self) {
        let mut contestants = Contestants(Vec::new());
        every_contestant_and_our_others::<T>(&mut contestants);
        contestants.0.retain(|contestant| contestant.allows(&[Role::Reader, Role::SlowWriter]));
        for rate in RATES {
            self.bench.time_operations(PACE.name, size_of::<T>(), rate, &contestants.0);
        }
    }
}

struct Contestants(Vec<Box<dyn TimedWork>>);

impl<T: Payload> EveryContestant<T> for Contestants {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        self.0.push(Box::new(SharedLock::<T, C>::new()));
    }
}
