// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs workloads and collects their results.

use core::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::alone::{self, BatchEffort, Job};
use crate::latency::{self, TimedWork};
use crate::processes::Run;
use crate::results::{Cost, Delay, Rate, Results};
use crate::samples::{Samples, thinned};
use crate::stats;
use crate::throughput::{self, Role, SlotEffort, Tally, ThreadWork};

/// One comparison.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// Returns the number of its steps on the progress bar.
    pub(crate) cases: fn() -> usize,
    pub(crate) run: fn(&mut Bench),
}

/// How long to measure each workload.
pub(crate) struct Effort {
    pub(crate) batches: BatchEffort,
    pub(crate) slots: SlotEffort,
    /// For `pace`, which needs many slots for its quantiles.
    pub(crate) paced: SlotEffort,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        batches: BatchEffort { rounds: 320, batch: Duration::from_micros(100) },
        slots: SlotEffort { rounds: 13, slot: Duration::from_millis(32) },
        paced: SlotEffort { rounds: 13, slot: Duration::from_millis(32) },
    };

    pub(crate) const QUICK: Self = Self {
        batches: BatchEffort { rounds: 48, batch: Duration::from_micros(60) },
        slots: SlotEffort { rounds: 5, slot: Duration::from_millis(8) },
        paced: SlotEffort { rounds: 1, slot: Duration::from_millis(16) },
    };
}

/// A run in progress.
pub(crate) struct Bench {
    effort: &'static Effort,
    progress: ProgressBar,
    results: Results,
}

/// Runs the chosen workloads, one after the other.
pub(crate) fn run(chosen: &[&Workload], effort: &'static Effort, results: Results) -> Results {
    let steps: usize = chosen.iter().map(|workload| (workload.cases)()).sum();
    let mut bench = Bench { effort, progress: progress_bar(steps), results };
    for workload in chosen {
        bench.progress.set_message(workload.name);
        (workload.run)(&mut bench);
    }
    bench.progress.finish_and_clear();
    bench.results
}

/// Creates a progress bar on standard error, which shows only on a terminal.
fn progress_bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:>14} {wide_bar} {pos}/{len} {elapsed}")
        .expect("the template is well formed");
    let bar = ProgressBar::new(steps as u64).with_style(style);
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

impl Bench {
    /// Compares jobs on this thread and keeps their costs.
    pub(crate) fn compare(
        &mut self,
        workload: &'static str,
        bytes: usize,
        jobs: Vec<Box<dyn Job>>,
    ) {
        let case = Case { workload, name: String::new(), bytes };
        for (contestant, samples) in alone::compare(jobs, self.effort.batches) {
            self.results.costs.push(Cost {
                workload: workload.into(),
                bytes,
                contestant: contestant.into(),
                cost: stats::summarize_costs(&samples),
                spread: None,
            });
            self.keep(&case, contestant, "ns", &samples);
        }
        self.progress.inc(1);
    }

    fn keep(&mut self, case: &Case, contestant: &str, number: &'static str, samples: &[f64]) {
        self.results.samples.push(Samples {
            run: 0,
            workload: case.workload.into(),
            case: case.name.clone(),
            bytes: case.bytes,
            contestant: contestant.into(),
            number,
            samples: thinned(samples),
        });
    }

    fn keep_rates(&mut self, case: &Case, contestant: &str, [reads, writes]: &[Vec<f64>; 2]) {
        self.keep(case, contestant, "reads/s", reads);
        self.keep(case, contestant, "writes/s", writes);
    }

    /// Compares contestants on several threads and keeps their rates.
    pub(crate) fn compare_threads(
        &mut self,
        case: &Case,
        roles: &[Role],
        contestants: &[Box<dyn ThreadWork>],
    ) {
        let rates = throughput::compare(contestants, roles, self.effort.slots);
        for (contestant, rates) in contestants.iter().zip(rates) {
            self.keep_rates(case, contestant.name(), &rates.samples);
            self.results.rates.push(Rate {
                workload: case.workload.into(),
                case: case.name.clone(),
                bytes: case.bytes,
                threads: roles.len(),
                contestant: contestant.name().into(),
                reads: rates.reads,
                writes: rates.writes,
                verified: rates.verified,
                torn: rates.torn,
                footprint: contestant.footprint(),
                on_heap: contestant.is_on_heap(),
                slots: Some(rates.slots),
                spread: None,
                write_spread: None,
            });
        }
        self.progress.inc(1);
    }

    /// Times single operations of a reader, and of a writer of `rate` values a second, and keeps their latencies.
    pub(crate) fn time_operations(
        &mut self,
        workload: &'static str,
        bytes: usize,
        rate: u64,
        contestants: &[Box<dyn TimedWork>],
    ) {
        if self.results.empty_latency.is_none() {
            self.results.empty_latency = latency::empty();
        }
        let interval = Duration::from_secs(1) / u32::try_from(rate).expect("a rate fits");
        let case = Case { workload, name: format!("{rate}/s"), bytes };
        let measured = latency::compare(contestants, interval, self.effort.paced);
        for (contestant, latencies) in contestants.iter().zip(measured) {
            let [reads, writes] = &latencies.samples;
            self.keep(&case, contestant.name(), "read ns, middle of a slot", reads);
            self.keep(&case, contestant.name(), "set ns, middle of a slot", writes);
            self.results.delays.push(Delay {
                workload: workload.into(),
                rate,
                bytes,
                contestant: contestant.name().into(),
                read: latencies.read,
                write: latencies.write,
                done: latencies.done,
                new_values: Some(latencies.new_values),
                slots: Some(latencies.slots),
                spread: None,
                read_spread: None,
            });
        }
        self.progress.inc(1);
    }

    /// Compares readers in processes of their own and keeps their rates.
    pub(crate) fn compare_processes(
        &mut self,
        case: &Case,
        readers: usize,
        contestants: &[(&str, Run)],
    ) {
        let slots = self.effort.slots.interleave(contestants.len(), |index, length| {
            let (_, run) = contestants[index];
            run(readers, length)
        });
        for ((name, _), slots) in contestants.iter().zip(slots) {
            let per_second = |count: fn(&Tally) -> u64| -> Vec<f64> {
                let rate =
                    |(tally, took): &(Tally, Duration)| count(tally) as f64 / took.as_secs_f64();
                slots.iter().map(rate).collect()
            };
            let samples = [per_second(|tally| tally.reads), per_second(|tally| tally.writes)];
            self.keep_rates(case, name, &samples);
            self.results.rates.push(Rate {
                workload: case.workload.into(),
                case: case.name.clone(),
                bytes: case.bytes,
                threads: readers + 1,
                contestant: (*name).into(),
                reads: stats::summarize_rates(&samples[0]),
                writes: stats::summarize_rates(&samples[1]),
                verified: slots.iter().map(|(tally, _)| tally.verified).sum(),
                torn: slots.iter().map(|(tally, _)| tally.torn).sum(),
                footprint: 0,
                on_heap: false,
                slots: None,
                spread: None,
                write_spread: None,
            });
        }
        self.progress.inc(1);
    }
}

/// One case of a workload with several threads.
pub(crate) struct Case {
    pub(crate) workload: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: usize,
}
