// SPDX-License-Identifier: MIT OR Apache-2.0
//! Everything that a run found out: what `--json` prints, what a record keeps, what plots show.

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::pace::Latency;
use crate::stats::Summary;

/// One run of the program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Changes when a reader of older files would misunderstand.
    pub(crate) format: u32,
    pub(crate) machine: Machine,
    pub(crate) quick: bool,
    pub(crate) costs: Vec<Cost>,
    pub(crate) rates: Vec<Rate>,
    #[serde(default)]
    pub(crate) delays: Vec<Delay>,
    /// What timing costs that is in each of `delays`.
    #[serde(default)]
    pub(crate) empty_latency: Option<Latency>,
    pub(crate) bars: Vec<Bar>,
}

pub(crate) const FORMAT: u32 = 1;

/// What one operation costs on one thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) workload: String,
    pub(crate) bytes: usize,
    pub(crate) contestant: String,
    /// Nanoseconds.
    pub(crate) cost: Summary,
}

/// How many operations a second several threads do together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) workload: String,
    /// What sets this case apart within its workload, "4 threads" say.
    pub(crate) case: String,
    pub(crate) bytes: usize,
    pub(crate) threads: usize,
    pub(crate) contestant: String,
    pub(crate) reads: Summary,
    pub(crate) writes: Summary,
    pub(crate) verified: u64,
    pub(crate) torn: u64,
    /// Bytes of the lock and its value together.
    pub(crate) footprint: usize,
}

/// How long single reads and writes take beside each other, in nanoseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delay {
    pub(crate) workload: String,
    pub(crate) bytes: usize,
    pub(crate) contestant: String,
    pub(crate) read: Latency,
    pub(crate) write: Latency,
    /// Writes that were done, as a part of those that the rate demands.
    pub(crate) done: f64,
}

/// One promise and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) workload: String,
    pub(crate) case: String,
    /// What is promised, in words.
    pub(crate) promise: String,
    pub(crate) value: f64,
    pub(crate) limit: f64,
    pub(crate) holds: bool,
}

impl Results {
    pub(crate) fn new(machine: Machine, quick: bool) -> Self {
        Self {
            format: FORMAT,
            machine,
            quick,
            costs: vec![],
            rates: vec![],
            delays: vec![],
            empty_latency: None,
            bars: vec![],
        }
    }

    /// The costs of one workload at one size, by contestant.
    pub(crate) fn costs_of<'a>(
        &'a self,
        workload: &'a str,
        bytes: usize,
    ) -> impl Iterator<Item = &'a Cost> {
        self.costs.iter().filter(move |cost| cost.workload == workload && cost.bytes == bytes)
    }

    /// The lowest cost that was seen of this contestant.
    pub(crate) fn best(&self, workload: &str, bytes: usize, contestant: &str) -> Option<f64> {
        let mut costs = self.costs_of(workload, bytes);
        costs.find(|cost| cost.contestant == contestant).map(|cost| cost.cost.best)
    }
}

impl Bar {
    /// A promise that `value` is at most `limit`.
    pub(crate) fn at_most(place: (&str, String), promise: &str, value: f64, limit: f64) -> Self {
        Self::new(place, promise, value, limit, value <= limit)
    }

    /// A promise that `value` is at least `limit`.
    pub(crate) fn at_least(place: (&str, String), promise: &str, value: f64, limit: f64) -> Self {
        Self::new(place, promise, value, limit, value >= limit)
    }

    fn new(place: (&str, String), promise: &str, value: f64, limit: f64, holds: bool) -> Self {
        let (workload, case) = (place.0.to_owned(), place.1);
        Self { workload, case, promise: promise.to_owned(), value, limit, holds }
    }
}
