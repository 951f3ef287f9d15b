// SPDX-License-Identifier: MIT OR Apache-2.0
//! The results of a run, which `--json` prints and `--replay` reads.

use serde::{Deserialize, Serialize};

use crate::latency::Latency;
use crate::machine::Machine;
use crate::samples::Samples;
use crate::stats::Summary;

/// One run of the program.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    /// Increased when older versions cannot read the file.
    pub(crate) format: u32,
    pub(crate) machine: Machine,
    pub(crate) quick: bool,
    /// How many times everything was measured; each number is that of the median run.
    #[serde(default = "one_run")]
    pub(crate) runs: usize,
    pub(crate) costs: Vec<Cost>,
    pub(crate) rates: Vec<Rate>,
    #[serde(default)]
    pub(crate) delays: Vec<Delay>,
    /// The cost of timing, which is included in `delays`.
    #[serde(default)]
    pub(crate) empty_latency: Option<Latency>,
    pub(crate) bars: Vec<Bar>,
    /// In a file of their own: see `samples.rs`.
    #[serde(skip)]
    pub(crate) samples: Vec<Samples>,
}

pub(crate) const FORMAT: u32 = 1;

fn one_run() -> usize {
    1
}

/// The cost of one operation on one thread.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) workload: String,
    pub(crate) bytes: usize,
    pub(crate) contestant: String,
    /// Nanoseconds.
    pub(crate) cost: Summary,
    /// How far several runs are apart: the largest number without the smallest, as a part of the median.
    #[serde(default)]
    pub(crate) spread: Option<f64>,
}

/// The operations a second of several threads or processes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rate {
    pub(crate) workload: String,
    /// The case of the workload, such as "4 threads".
    pub(crate) case: String,
    pub(crate) bytes: usize,
    pub(crate) threads: usize,
    pub(crate) contestant: String,
    pub(crate) reads: Summary,
    pub(crate) writes: Summary,
    pub(crate) verified: u64,
    pub(crate) torn: u64,
    /// Bytes of the lock and its value together, or of the handle if they are on the heap. Zero where processes share them.
    pub(crate) footprint: usize,
    #[serde(default)]
    pub(crate) on_heap: bool,
    /// Not counted where processes run, and in older records.
    #[serde(default)]
    pub(crate) slots: Option<SlotCount>,
    /// How far the reads of several runs are apart, or the writes where nothing reads.
    #[serde(default)]
    pub(crate) spread: Option<f64>,
    /// How far the writes of several runs are apart.
    #[serde(default)]
    pub(crate) write_spread: Option<f64>,
}

/// How many slots were measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlotCount {
    /// Those in which the system interrupted no thread.
    pub(crate) calm: usize,
    pub(crate) all: usize,
}

impl SlotCount {
    /// Returns whether so few slots were calm that the others count, too.
    pub(crate) fn is_disturbed(self) -> bool {
        self.calm * 8 < self.all
    }
}

/// The latency of single reads and writes beside a writer at a fixed rate.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Delay {
    pub(crate) workload: String,
    /// The values that the writer is to publish each second.
    #[serde(default = "rate_of_older_records")]
    pub(crate) rate: u64,
    pub(crate) bytes: usize,
    pub(crate) contestant: String,
    /// Missing if there were too few operations.
    pub(crate) read: Option<Latency>,
    pub(crate) write: Option<Latency>,
    /// The fraction of the due writes that were done.
    pub(crate) done: f64,
    /// How many times a second the reader got another value than before. Not in older records.
    #[serde(default)]
    pub(crate) new_values: Option<f64>,
    #[serde(default)]
    pub(crate) slots: Option<SlotCount>,
    /// How far the middle of `write` is apart in several runs.
    #[serde(default)]
    pub(crate) spread: Option<f64>,
    /// How far the middle of `read` is apart in several runs.
    #[serde(default)]
    pub(crate) read_spread: Option<f64>,
}

fn rate_of_older_records() -> u64 {
    100_000
}

/// A promise with its measured value.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) workload: String,
    pub(crate) case: String,
    /// The promise in words.
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
            runs: 1,
            costs: vec![],
            rates: vec![],
            delays: vec![],
            empty_latency: None,
            bars: vec![],
            samples: vec![],
        }
    }

    /// Returns the costs of one workload at one size.
    pub(crate) fn costs_for<'a>(
        &'a self,
        workload: &'a str,
        bytes: usize,
    ) -> impl Iterator<Item = &'a Cost> {
        self.costs.iter().filter(move |cost| cost.workload == workload && cost.bytes == bytes)
    }

    /// Returns the lowest cost of a contestant.
    pub(crate) fn best(&self, workload: &str, bytes: usize, contestant: &str) -> Option<f64> {
        let mut costs = self.costs_for(workload, bytes);
        costs.find(|cost| cost.contestant == contestant).map(|cost| cost.cost.best)
    }
}

impl Bar {
    /// Creates a promise that `value` is at most `limit`.
    pub(crate) fn at_most(
        workload_and_case: (&str, String),
        promise: &str,
        value: f64,
        limit: f64,
    ) -> Self {
        Self::new(workload_and_case, promise, value, limit, value <= limit)
    }

    /// Creates a promise that `value` is at least `limit`.
    pub(crate) fn at_least(
        workload_and_case: (&str, String),
        promise: &str,
        value: f64,
        limit: f64,
    ) -> Self {
        Self::new(workload_and_case, promise, value, limit, value >= limit)
    }

    fn new(
        workload_and_case: (&str, String),
        promise: &str,
        value: f64,
        limit: f64,
        holds: bool,
    ) -> Self {
        let (workload, case) = (workload_and_case.0.to_owned(), workload_and_case.1);
        Self { workload, case, promise: promise.to_owned(), value, limit, holds }
    }
}
