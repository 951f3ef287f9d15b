// SPDX-License-Identifier: MIT OR Apache-2.0
//! What one reader costs a writer, and the writer the reader: latencies at a fixed rate.

use core::time::Duration;

use super::{Bench, Workload};
use crate::contestant::Contestant;
use crate::pace::Paced;
use crate::payload::{EverySize, Payload, paced_sizes};
use crate::peers::{EveryContestant, every_contestant_and_form};
use crate::race::{One, Role};

pub(super) const PACE: Workload = Workload {
    name: "pace",
    about: "latency: one reader that never rests beside one writer of 100,000 values a second",
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
        every_contestant_and_form::<T>(&mut contestants);
        contestants.0.retain(|racer| racer.allows(&[Role::Reader, Role::CalmWriter]));
        self.bench.pace(PACE.name, size_of::<T>(), INTERVAL, &contestants.0);
    }
}

struct Contestants(Vec<Box<dyn Paced>>);

impl<T: Payload> EveryContestant<T> for Contestants {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        self.0.push(Box::new(One::<T, C>::new()));
    }
}
