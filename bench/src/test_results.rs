// SPDX-License-Identifier: MIT OR Apache-2.0
//! Results with chosen numbers, for tests of what is computed from them.

use crate::latency::Latency;
use crate::machine::Machine;
use crate::results::{Cost, Delay, Rate, Results};
use crate::stats::summarize_costs;

pub(crate) fn empty() -> Results {
    Results::new(Machine::detect(), true)
}

impl Results {
    pub(crate) fn with_cost(mut self, at: (&str, usize), contestant: &str, ns: f64) -> Self {
        self.costs.push(Cost {
            workload: at.0.into(),
            bytes: at.1,
            contestant: contestant.into(),
            cost: summarize_costs(&[ns]),
            spread: None,
        });
        self
    }

    /// Adds rates for values of 8 bytes: of reads and of writes.
    pub(crate) fn with_rate(
        mut self,
        at: (&str, &str, usize),
        contestant: &str,
        [reads, writes]: [f64; 2],
    ) -> Self {
        let (workload, case, threads) = at;
        self.rates.push(Rate {
            workload: workload.into(),
            case: case.into(),
            bytes: 8,
            threads,
            contestant: contestant.into(),
            reads: summarize_costs(&[reads]),
            writes: summarize_costs(&[writes]),
            verified: 100,
            torn: 0,
            footprint: 16,
            on_heap: false,
            slots: None,
            spread: None,
            write_spread: None,
        });
        self
    }

    /// Adds latencies for values of 64 bytes, 1000 a second: the middle of reads, and the middle and 99.9 % of writes.
    pub(crate) fn with_delay(
        mut self,
        contestant: &str,
        read: f64,
        [set, p99_9]: [f64; 2],
    ) -> Self {
        let latency = |middle, p99_9| Latency { middle, p99: None, p99_9, p99_99: None };
        self.delays.push(Delay {
            workload: "pace".into(),
            rate: 1000,
            bytes: 64,
            contestant: contestant.into(),
            read: Some(latency(read, None)),
            write: Some(latency(set, Some(p99_9))),
            done: 1.0,
            new_values: Some(1000.0),
            slots: None,
            spread: None,
            read_spread: None,
        });
        self
    }
}
