// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs workloads and collects their results.

use core::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::alone::{self, BatchEffort, Job};
use crate::latency::{self, TimedWork};
use crate::processes::Run;
use crate::results::{Cost, Delay, Rate, Results};
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
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        batches: BatchEffort { rounds: 320, batch: Duration::from_micros(100) },
        slots: SlotEffort { rounds: 13, slot: Duration::from_millis(32) },
    };

    pub(crate) const QUICK: Self = Self {
        batches: BatchEffort { rounds: 48, batch: Duration::from_micros(60) },
        slots: SlotEffort { rounds: 5, slot: Duration::from_millis(8) },
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
    pub(crate) fn compare(&mut self, workload: &str, bytes: usize, jobs: Vec<Box<dyn Job>>) {
        let costs = alone::compare(jobs, self.effort.batches);
        self.results.costs.extend(costs.into_iter().map(|(contestant, cost)| Cost {
            workload: workload.into(),
            bytes,
            contestant: contestant.into(),
            cost,
            spread: None,
        }));
        self.progress.inc(1);
    }

    /// Compares contestants on several threads and keeps their rates.
    pub(crate) fn compare_threads(
        &mut self,
        case: &Case,
        roles: &[Role],
        contestants: &[Box<dyn ThreadWork>],
    ) {
        let rates = throughput::compare(contestants, roles, self.effort.slots);
        let rates = contestants.iter().zip(rates).map(|(contestant, rates)| Rate {
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
            slots: Some(rates.slots),
            spread: None,
        });
        self.results.rates.extend(rates);
        self.progress.inc(1);
    }

    /// Times single operations of a reader, and of a writer of `rate` values a second, and keeps their latencies.
    pub(crate) fn time_operations(
        &mut self,
        workload: &str,
        bytes: usize,
        rate: u64,
        contestants: &[Box<dyn TimedWork>],
    ) {
        if self.results.empty_latency.is_none() {
            self.results.empty_latency = latency::empty();
        }
        let interval = Duration::from_secs(1) / u32::try_from(rate).expect("a rate fits");
        let measured = latency::compare(contestants, interval, self.effort.slots);
        let delays = contestants.iter().zip(measured).map(|(contestant, latencies)| Delay {
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
        });
        self.results.delays.extend(delays);
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
            let per_second = |count: fn(&Tally) -> u64| {
                let rate =
                    |(tally, took): &(Tally, Duration)| count(tally) as f64 / took.as_secs_f64();
                stats::summarize_rates(&slots.iter().map(rate).collect::<Vec<_>>())
            };
            self.results.rates.push(Rate {
                workload: case.workload.into(),
                case: case.name.clone(),
                bytes: case.bytes,
                threads: readers + 1,
                contestant: (*name).into(),
                reads: per_second(|tally| tally.reads),
                writes: per_second(|tally| tally.writes),
                verified: slots.iter().map(|(tally, _)| tally.verified).sum(),
                torn: slots.iter().map(|(tally, _)| tally.torn).sum(),
                footprint: 0,
                slots: None,
                spread: None,
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
