// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree demo`: torn reads of the host's clock, counted without the lock and with it.

mod cost;
mod report;
mod stamp;
mod threads;

use core::time::Duration;
use std::thread;
use std::time::Instant;

use indicatif::HumanCount;

use crate::args::{DemoArgs, cores};
use crate::outcome::{Outcome, Problem, Signal};
use crate::stop::{NAP, Stop};
use crate::terminal::{self, Progress};
use report::Report;
use stamp::WORDS;
use threads::{Crew, Tally};

/// Runs the demo and prints what came out.
pub(crate) fn run(args: &DemoArgs, stop: &Stop) -> Result<Outcome, Problem> {
    let crew = Crew::new(args.readers());
    let (tally, elapsed) = race(&crew, args.seconds, stop)?;
    let cost = cost::measure(&crew.clocks);
    let signal = stop.signal();
    let report = Report {
        seconds: elapsed.as_secs_f64(),
        cores: cores(),
        readers: args.readers(),
        payload_bytes: WORDS * size_of::<u64>(),
        writes: tally.writes,
        reads: tally.reads,
        new_values: tally.new_values,
        retries: tally.retries,
        torn_with_lock: tally.torn_with_lock,
        read_ns: cost.with_lock,
        reads_without_lock: tally.reads_without_lock,
        torn_without_lock: tally.torn_without_lock,
        read_ns_without_lock: cost.without_lock,
        ended_by: signal.map(Signal::name),
    };
    terminal::print(&if args.json { terminal::json_line(&report)? } else { report.text() })?;
    Ok(Outcome::new(report.torn_with_lock, signal))
}

/// Lets the threads run until the time is up or a signal arrives; returns what they counted.
fn race(crew: &Crew, whole: Duration, stop: &Stop) -> Result<(Tally, Duration), Problem> {
    let elapsed = thread::scope(|scope| {
        let elapsed = crew.start(scope).map(|()| watch(crew, whole, stop));
        crew.end();
        elapsed
    })?;
    Ok((crew.tally(), elapsed))
}

/// Shows the progress of the run; returns how long it ran.
fn watch(crew: &Crew, whole: Duration, stop: &Stop) -> Duration {
    let start = Instant::now();
    let progress = Progress::new(whole);
    while start.elapsed() < whole && stop.signal().is_none() {
        let left = whole.saturating_sub(start.elapsed());
        thread::sleep(left.min(NAP));
        progress.show(start.elapsed(), progress_message(crew.tally()));
    }
    progress.clear();
    start.elapsed()
}

/// Short, so that it fits beside the bar on a terminal of 80 columns.
fn progress_message(tally: Tally) -> String {
    format!(
        "{} reads, torn: {} without, {} with",
        HumanCount(tally.reads),
        HumanCount(tally.torn_without_lock),
        HumanCount(tally.torn_with_lock),
    )
}
