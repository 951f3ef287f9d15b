// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is compared: the list, and what each item of it needs.

pub(crate) use self::copies::LOCK_ALONE;
#[cfg(c_reader)]
pub(crate) use self::count::{FROM_C, FROM_RUST};
pub(crate) use self::field::{BYTES as FIELD_BYTES, EIGHT_BYTES, ONE_FIELD};
pub(crate) use self::threads::ONE_WRITER;

pub(crate) mod clock;

mod array;
mod copies;
#[cfg(c_reader)]
mod count;
mod field;
mod latch;
mod pace;
mod page;
mod tasks;
mod threads;

use core::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::alone::{self, Job};
use crate::pace::{self as latencies, Paced};
use crate::processes::Run;
use crate::race::{self, Racer, Role, Tally};
use crate::results::{Cost, Delay, Rate, Results};
use crate::stats;

/// One comparison.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    /// How many steps of the progress bar it takes.
    cases: fn() -> usize,
    run: fn(&mut Bench),
}

pub(crate) const WORKLOADS: &[Workload] = &[
    copies::READ_INTO,
    copies::READ,
    copies::SET,
    copies::SET_READ,
    copies::BYTES,
    field::FIELD,
    latch::LATCH,
    #[cfg(c_reader)]
    count::COUNT,
    page::PAGE_READ,
    page::PAGE_READ_INTO,
    page::PAGE_SET,
    page::PROCESSES,
    threads::BESIDE,
    threads::OVERSUBSCRIBED,
    threads::READERS,
    threads::MIX,
    pace::PACE,
    array::ARRAY,
    tasks::TASK_SET,
    tasks::TASK_TRIP,
    clock::CLOCK,
];

/// How long a run takes.
pub(crate) struct Effort {
    alone: alone::Effort,
    race: race::Effort,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        alone: alone::Effort { rounds: 320, batch: Duration::from_micros(100) },
        race: race::Effort { rounds: 13, slot: Duration::from_millis(32) },
    };

    pub(crate) const QUICK: Self = Self {
        alone: alone::Effort { rounds: 48, batch: Duration::from_micros(60) },
        race: race::Effort { rounds: 5, slot: Duration::from_millis(8) },
    };
}

/// The run as it goes on.
pub(crate) struct Bench {
    effort: Effort,
    progress: ProgressBar,
    results: Results,
}

/// Runs the chosen workloads, one after the other.
pub(crate) fn run(chosen: &[&Workload], effort: Effort, results: Results) -> Results {
    let steps: usize = chosen.iter().map(|workload| (workload.cases)()).sum();
    let mut bench = Bench { effort, progress: progress_bar(steps), results };
    for workload in chosen {
        bench.progress.set_message(workload.name);
        (workload.run)(&mut bench);
    }
    bench.progress.finish_and_clear();
    bench.results
}

/// On standard error, and only where that is a terminal.
fn progress_bar(steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:>14} {wide_bar} {pos}/{len} {elapsed}")
        .expect("the template is well formed");
    let bar = ProgressBar::new(steps as u64).with_style(style);
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

impl Bench {
    /// Compares jobs on this thread and keeps their costs.
    fn compare(&mut self, workload: &str, bytes: usize, jobs: Vec<Box<dyn Job>>) {
        let costs = alone::compare(jobs, self.effort.alone);
        self.results.costs.extend(costs.into_iter().map(|(contestant, cost)| Cost {
            workload: workload.into(),
            bytes,
            contestant: contestant.into(),
            cost,
        }));
        self.progress.inc(1);
    }

    /// Lets contestants race on several threads and keeps their rates.
    fn race(&mut self, case: &Case, roles: &[Role], racers: &[Box<dyn Racer>]) {
        let rates = race::race(racers, roles, self.effort.race);
        let rates = racers.iter().zip(rates).map(|(racer, rates)| Rate {
            workload: case.workload.into(),
            case: case.name.clone(),
            bytes: case.bytes,
            threads: roles.len(),
            contestant: racer.name().into(),
            reads: rates.reads,
            writes: rates.writes,
            verified: rates.verified,
            torn: rates.torn,
            footprint: racer.footprint(),
        });
        self.results.rates.extend(rates);
        self.progress.inc(1);
    }
}

impl Bench {
    /// Times single operations of a reader and a writer and keeps their latencies.
    fn pace(
        &mut self,
        workload: &str,
        bytes: usize,
        interval: Duration,
        racers: &[Box<dyn Paced>],
    ) {
        self.results.empty_latency = latencies::empty();
        let measured = latencies::pace(racers, interval, self.effort.race);
        let delays = racers.iter().zip(measured).filter_map(|(racer, measured)| {
            let latencies = measured?;
            Some(Delay {
                workload: workload.into(),
                bytes,
                contestant: racer.name().into(),
                read: latencies.read,
                write: latencies.write,
                done: latencies.done,
            })
        });
        self.results.delays.extend(delays);
        self.progress.inc(1);
    }
}

impl Bench {
    /// Lets processes of the contestants take turns, in a new order each round, and keeps their rates.
    fn take_turns(&mut self, case: &Case, readers: usize, contestants: &[(&str, Run)]) {
        let mut order: Vec<usize> = (0..contestants.len()).collect();
        let mut slots = vec![Vec::new(); contestants.len()];
        for _ in 0..self.effort.race.rounds {
            fastrand::shuffle(&mut order);
            for &index in &order {
                let (_, run) = contestants[index];
                slots[index].push(run(readers, self.effort.race.slot));
            }
        }
        for ((name, _), slots) in contestants.iter().zip(slots) {
            let per_second = |count: fn(&Tally) -> u64| {
                let rate =
                    |(tally, took): &(Tally, Duration)| count(tally) as f64 / took.as_secs_f64();
                stats::of_rates(&slots.iter().map(rate).collect::<Vec<_>>())
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
            });
        }
        self.progress.inc(1);
    }
}

/// One race of a workload.
struct Case {
    workload: &'static str,
    name: String,
    bytes: usize,
}

#[cfg(test)]
mod tests {
    use super::{Duration, Effort, Results, WORKLOADS, Workload, alone, race, run};
    use crate::machine::Machine;
    use crate::table::{self, Shown};
    use crate::{bars, plot};

    const TINY: Effort = Effort {
        alone: alone::Effort { rounds: 1, batch: Duration::from_micros(1) },
        race: race::Effort { rounds: 1, slot: Duration::from_millis(2) },
    };

    /// That nobody returns a wrong value with nobody else about, the run itself asserts.
    #[test]
    fn every_workload_runs_and_nothing_of_ours_is_torn() {
        let all: Vec<&Workload> = WORKLOADS.iter().collect();
        let mut results = run(&all, TINY, Results::new(Machine::this(), true));
        results.bars = bars::judge(&results);
        for workload in WORKLOADS {
            let text = table::render(&results, Shown::Best);
            assert!(text.contains(workload.about), "no table for {}", workload.name);
            assert!(!text.contains("NaN"), "a cell without a number:\n{text}");
        }
        let torn: Vec<_> =
            results.bars.iter().filter(|bar| bar.promise.contains("torn") && !bar.holds).collect();
        assert!(torn.is_empty(), "{torn:?}");
        let verified = |name| {
            let of_name = results.rates.iter().filter(|rate| rate.contestant == name);
            of_name.map(|rate| rate.verified).sum::<u64>()
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
            assert!(plot.contains(">\ntearfree\n<"), "{name} does not name us");
        }
        std::fs::remove_dir_all(&directory).expect("the directory can go");
    }
}
