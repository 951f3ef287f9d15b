// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares tearfree with a plain memcpy, with locks and with other sequence locks, in one run.

mod alone;
mod bars;
mod contestant;
mod copies;
mod jobs;
mod latency;
mod machine;
mod payload;
mod peers;
mod placement;
mod plot;
mod processes;
mod record;
mod results;
mod runner;
mod runs;
mod samples;
mod shared_memory;
mod stats;
mod table;
#[cfg(test)]
mod test_results;
#[cfg(test)]
mod tests;
mod throughput;
mod timing;
mod workloads;

use core::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::machine::Machine;
use crate::peers::category;
use crate::results::{FORMAT, Results};
use crate::runner::{Effort, Workload};
use crate::table::Statistic;
use crate::workloads::WORKLOADS;

/// Compares tearfree with a plain memcpy, with locks and with other sequence locks.
///
/// Prints one table for each workload, and then the bars that are missed.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Take less than a minute instead of about 8 minutes
    #[arg(long)]
    quick: bool,
    /// Measure everything this often (default: 1, with --record 5); show the median run of each number, and how far the runs are apart
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    runs: Option<u8>,
    /// Run only the workloads whose name contains this; may be given more than once
    #[arg(long, value_name = "WORKLOAD")]
    filter: Vec<String>,
    /// List the workloads and exit
    #[arg(long)]
    list: bool,
    /// Print one JSON object instead of the tables
    #[arg(long)]
    json: bool,
    /// Count how often each adapter copies a value, with valgrind; fail if that is not what it says
    #[arg(long, exclusive = true)]
    count_copies: bool,
    #[arg(long, exclusive = true, hide = true)]
    run_operations: bool,
    /// Show medians instead of minima where one thread is measured
    #[arg(long)]
    median: bool,
    /// Write plots into this directory
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// Keep the results of at least five runs, and their samples, in this directory (default: bench/record)
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = record::DIRECTORY)]
    #[arg(conflicts_with_all = ["quick", "filter"])]
    record: Option<PathBuf>,
    /// Show the results of a file that --json or --record wrote, and measure nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["quick", "filter", "record", "runs"])]
    replay: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tearfree-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    if options.list {
        for workload in WORKLOADS {
            println!("{:<16}{}", workload.name, workload.about);
        }
        return Ok(());
    }
    if options.run_operations {
        copies::run_operations();
        return Ok(());
    }
    if options.count_copies {
        refuse_debug_build()?;
        return copies::check();
    }
    let results = match &options.replay {
        Some(file) => replayed(file)?,
        None => measured(options)?,
    };
    let statistic = if options.median { Statistic::Median } else { Statistic::Best };
    if options.json {
        println!("{}", serde_json::to_string_pretty(&results)?);
        if let Some(warning) = table::disturbed_slots(&results) {
            eprintln!("{warning}");
        }
    } else {
        print!("{}", table::render(&results, statistic));
    }
    if let Some(directory) = &options.svg {
        fs::create_dir_all(directory)?;
        plot::write_all(&results, directory)?;
    }
    if let Some(directory) = &options.record {
        record::write(&results, directory)?;
    }
    if results.rates.iter().any(|rate| category(&rate.contestant).is_ours() && rate.torn > 0) {
        return Err("tearfree returned torn values".into());
    }
    Ok(())
}

fn measured(options: &Options) -> Result<Results, Box<dyn Error>> {
    refuse_debug_build()?;
    let chosen: Vec<&Workload> =
        WORKLOADS.iter().filter(|workload| is_chosen(workload, &options.filter)).collect();
    if chosen.is_empty() {
        return Err("no workload matches --filter; --list shows their names".into());
    }
    let effort = if options.quick { &Effort::QUICK } else { &Effort::FULL };
    let machine = Machine::detect();
    let count = match (options.runs, &options.record) {
        (None, None) => 1,
        (None, Some(_)) => RUNS_OF_A_RECORD,
        (Some(count), Some(_)) if count < RUNS_OF_A_RECORD => {
            return Err(format!(
                "a record needs at least {RUNS_OF_A_RECORD} runs: leave out --runs"
            )
            .into());
        }
        (Some(count), _) => count,
    };
    if let Some(directory) = &options.record {
        record::refuse_to_replace(&machine, directory)?;
        if machine.is_loaded() {
            eprintln!(
                "warning: other programs run on this machine (load {})",
                machine.load.as_deref().unwrap_or_default()
            );
        }
    }
    let runs = (0..count)
        .map(|_| runner::run(&chosen, effort, Results::new(machine.clone(), options.quick)));
    let mut results = runs::combine(runs.collect());
    results.bars = bars::evaluate(&results);
    Ok(results)
}

/// Fewer do not show how far runs are apart.
const RUNS_OF_A_RECORD: u8 = 5;

fn refuse_debug_build() -> Result<(), &'static str> {
    match cfg!(debug_assertions) {
        true => Err("this is a debug build, which is too slow to measure; run it with --release"),
        false => Ok(()),
    }
}

fn is_chosen(workload: &Workload, filter: &[String]) -> bool {
    filter.is_empty() || filter.iter().any(|part| workload.name.contains(part.as_str()))
}

fn replayed(file: &Path) -> Result<Results, Box<dyn Error>> {
    let opened = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let results: Results =
        serde_json::from_reader(std::io::BufReader::new(opened)).map_err(|error| {
            format!("{}: not a file of --json or --record: {error}", file.display())
        })?;
    if results.format != FORMAT {
        return Err(format!(
            "{}: written by another version of this program; it reads format {FORMAT}",
            file.display()
        )
        .into());
    }
    Ok(results)
}
