// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree demo`: torn reads of the host's clock, counted without the lock and with it.

mod args;
mod cost;
mod report;
mod stamp;
mod threads;
mod tutorial;

use core::time::Duration;
use std::thread;
use std::time::Instant;

use indicatif::HumanCount;

pub(crate) use args::DemoArgs;
use args::cores;
use report::DemoReport;
use stamp::WORDS;
use threads::{DemoThreads, ThreadCounts};

use crate::outcome::{Outcome, Problem, Signal};
use crate::stop::{POLL_INTERVAL, Stop};
use crate::terminal::{self, Progress};

/// Runs the demo, or the tutorial.
pub(crate) fn run(args: &DemoArgs) -> Result<Outcome, Problem> {
    let stop = Stop::new()?;
    if args.tutorial { tutorial::run(args, &stop) } else { measure(args, &stop) }
}

/// Runs the demo and prints its report.
fn measure(args: &DemoArgs, stop: &Stop) -> Result<Outcome, Problem> {
    let threads = DemoThreads::new(args.readers());
    let (counts, elapsed) = run_threads(&threads, args.seconds, stop)?;
    let cost = cost::measure(&threads.clocks);
    let signal = stop.signal();
    let report = DemoReport {
        seconds: elapsed.as_secs_f64(),
        cores: cores(),
        readers: args.readers(),
        payload_bytes: WORDS * size_of::<u64>(),
        writes: counts.writes,
        reads: counts.reads,
        new_values: counts.new_values,
        retries: counts.retries,
        torn_with_lock: counts.torn_with_lock,
        read_ns: cost.with_lock,
        reads_without_lock: counts.reads_without_lock,
        torn_without_lock: counts.torn_without_lock,
        read_ns_without_lock: cost.without_lock,
        ended_by: signal.map(Signal::name),
    };
    terminal::print(&if args.json { terminal::json_line(&report)? } else { report.text() })?;
    Ok(Outcome::new(report.torn_with_lock, signal))
}

/// Runs the threads until the time is over or a signal arrives; returns their counts and the run time.
fn run_threads(
    threads: &DemoThreads,
    total: Duration,
    stop: &Stop,
) -> Result<(ThreadCounts, Duration), Problem> {
    let elapsed = thread::scope(|scope| {
        let elapsed = threads.start(scope).map(|()| show_progress(threads, total, stop));
        threads.end();
        elapsed
    })?;
    Ok((threads.counts(), elapsed))
}

/// Shows the progress of the run until it ends; returns the run time.
fn show_progress(threads: &DemoThreads, total: Duration, stop: &Stop) -> Duration {
    let start = Instant::now();
    let progress = Progress::new(total);
    while start.elapsed() < total && stop.signal().is_none() {
        let left = total.saturating_sub(start.elapsed());
        thread::sleep(left.min(POLL_INTERVAL));
        progress.show(start.elapsed(), progress_message(threads.counts()));
    }
    progress.clear();
    start.elapsed()
}

/// Formats the counts, short enough to fit beside the bar in 80 columns.
fn progress_message(counts: ThreadCounts) -> String {
    format!(
        "{} reads, torn: {} without, {} with",
        HumanCount(counts.reads),
        HumanCount(counts.torn_without_lock),
        HumanCount(counts.torn_with_lock),
    )
}
