// SPDX-License-Identifier: MIT OR Apache-2.0
//! Plants the faults of `mutants/*.toml` one at a time, and reports those that no test notices.

mod campaign;
mod list;
mod outcome;
mod process;
mod report;
mod sample;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;

use crate::campaign::Campaign;
use crate::list::Mutant;
use crate::report::{Output, Report};
use crate::sample::Sample;

/// Plants the faults of mutants/*.toml one at a time, and reports those that no test notices.
///
/// Runs at the root of the repository, on a copy of the tree in target/mutants.
#[derive(Debug, Parser)]
#[command(name = "tearfree-mutants")]
struct Args {
    /// Only the mutants of this part: the list mutants/PART.toml.
    #[arg(long, value_name = "PART")]
    part: Vec<String>,
    /// Only the mutant with this name.
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// Only this many of them, other ones for each seed; none that are marked as slow.
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// Which sample [default: the number of the day, so that each day has another].
    #[arg(long, value_name = "S", requires = "sample")]
    seed: Option<u64>,
    /// Check the lists against the sources, and run nothing.
    #[arg(long)]
    check_lists: bool,
    /// Print one JSON object; progress goes to standard error.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mutants = match list::read(Path::new(".")) {
        Ok(mutants) => mutants,
        Err(faults) => {
            faults.iter().for_each(|fault| eprintln!("{fault}"));
            return ExitCode::FAILURE;
        }
    };
    if args.check_lists {
        println!("{} mutants, each fits its source", mutants.len());
        return ExitCode::SUCCESS;
    }
    match run(&args, mutants) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("tearfree-mutants: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args, mutants: Vec<Mutant>) -> Result<ExitCode, String> {
    let chosen = choose(args, mutants)?;
    let (equivalents, planted): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|mutant| mutant.equivalent.is_some());
    let sample = args.sample.map(|count| Sample { count, seed: args.seed.unwrap_or_else(today) });
    let planted = match &sample {
        Some(sample) => sample.select(planted),
        None => planted,
    };
    let mut report =
        Report::new(sample, if args.json { Output::Json } else { Output::Text }, equivalents);
    report.begin(&planted);
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let campaign = Campaign::new(Path::new("."), &target.join("mutants"))
        .map_err(|error| format!("cannot copy the tree: {error}"))?;
    let was_interrupted =
        campaign.run(planted, &mut report).map_err(|error| format!("cannot go on: {error}"))?;
    report.end();
    Ok(match (was_interrupted, report.is_success()) {
        (true, _) => ExitCode::from(130),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    })
}

/// The mutants that the options name, equivalent ones too.
fn choose(args: &Args, mutants: Vec<Mutant>) -> Result<Vec<Mutant>, String> {
    for part in &args.part {
        if !mutants.iter().any(|mutant| mutant.part == *part) {
            return Err(format!("no part is called '{part}': there is no mutants/{part}.toml"));
        }
    }
    for name in &args.name {
        if !mutants.iter().any(|mutant| mutant.name == *name) {
            return Err(format!("no mutant is called '{name}'"));
        }
    }
    let is_chosen = |mutant: &Mutant| {
        (args.part.is_empty() || args.part.contains(&mutant.part))
            && (args.name.is_empty() || args.name.contains(&mutant.name))
    };
    Ok(mutants.into_iter().filter(is_chosen).collect())
}

fn today() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() / (24 * 60 * 60)
}
