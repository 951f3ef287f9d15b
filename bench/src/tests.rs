// SPDX-License-Identifier: MIT OR Apache-2.0
//! A short run of all workloads, with tables and plots.

use core::time::Duration;

use crate::alone::BatchEffort;
use crate::machine::Machine;
use crate::results::Results;
use crate::runner::{Effort, Workload, run};
use crate::table::{self, Statistic};
use crate::throughput::SlotEffort;
use crate::workloads::WORKLOADS;
use crate::{bars, plot};

const TINY: Effort = Effort {
    batches: BatchEffort { rounds: 1, batch: Duration::from_micros(1) },
    slots: SlotEffort { rounds: 1, slot: Duration::from_millis(2) },
    paced: SlotEffort { rounds: 1, slot: Duration::from_millis(2) },
};

/// The run itself asserts that each contestant returns the right value on one thread.
#[test]
fn every_workload_runs_and_nothing_of_ours_is_torn() {
    let all: Vec<&Workload> = WORKLOADS.iter().collect();
    let mut results = run(&all, &TINY, Results::new(Machine::detect(), true));
    results.bars = bars::evaluate(&results);
    for workload in WORKLOADS {
        let text = table::render(&results, Statistic::Best);
        assert!(text.contains(workload.about), "no table for {}", workload.name);
        assert!(!text.contains("NaN"), "a cell without a number:\n{text}");
    }
    let torn: Vec<_> =
        results.bars.iter().filter(|bar| bar.promise.contains("torn") && !bar.holds).collect();
    assert!(torn.is_empty(), "{torn:?}");
    for bar in &results.bars {
        assert!(bars::tests::is_tested(bar), "no test shows that this bar can fail: {bar:?}");
    }
    assert!(!results.samples.is_empty(), "no samples were kept");
    let verified = |name| {
        let rates = results.rates.iter().filter(|rate| rate.contestant == name);
        rates.map(|rate| rate.verified).sum::<u64>()
    };
    assert!(verified("tearfree") > 0, "no read was verified");
    plots_are_drawn(&results);
}

fn plots_are_drawn(results: &Results) {
    let directory = std::env::temp_dir().join(format!("tearfree-bench-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory for plots");
    plot::write_all(results, &directory).expect("plots can be written");
    for name in ["read_into", "set", "readers", "beside", "oversubscribed"] {
        let plot = std::fs::read_to_string(directory.join(format!("{name}.svg")));
        let plot = plot.expect("the plot is there");
        assert!(plot.contains(">\ntearfree\n<"), "{name} has no line for tearfree");
    }
    std::fs::remove_dir_all(&directory).expect("the directory can go");
}
