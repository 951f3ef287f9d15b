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
use stamp::{Stamp, WORDS};
use tearfree::SeqLock;
use threads::{DemoThreads, StampLock, ThreadCounts};

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
    let (report, outcome) = run_with::<SeqLock<Stamp>>(args, stop)?;
    terminal::print(&if args.json { terminal::json_line(&report)? } else { report.text() })?;
    Ok(outcome)
}

/// Runs the demo with the given lock.
fn run_with<L: StampLock>(args: &DemoArgs, stop: &Stop) -> Result<(DemoReport, Outcome), Problem> {
    let threads = DemoThreads::<L>::new(args.readers());
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
    let outcome = Outcome::new(report.torn_with_lock, signal);
    Ok((report, outcome))
}

/// Runs the threads until the time is over or a signal arrives; returns their counts and the run time.
fn run_threads<L: StampLock>(
    threads: &DemoThreads<L>,
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
fn show_progress<L: StampLock>(threads: &DemoThreads<L>, total: Duration, stop: &Stop) -> Duration {
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

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicU64, Ordering};

    use clap::Parser;

    use super::*;

    /// A lock that lets torn values through. Of three attempts two fail, and each value comes twice.
    struct Broken {
        attempts: AtomicU64,
    }

    impl StampLock for Broken {
        fn new(_stamp: Stamp) -> Self {
            Self { attempts: AtomicU64::new(0) }
        }

        fn set(&self, _stamp: Stamp) {}

        fn try_read(&self) -> Option<Stamp> {
            // ORDERING: Relaxed: independent word, which numbers the attempts of the one reader.
            let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
            (attempt % 3 == 2).then(|| Stamp::torn(attempt / 6))
        }

        fn read_into(&self, to: &mut Stamp) {
            *to = Stamp::torn(0);
        }
    }

    #[derive(Parser)]
    struct Args {
        #[command(flatten)]
        demo: DemoArgs,
    }

    #[test]
    fn a_broken_lock_is_reported_with_each_torn_read() {
        let args = Args::parse_from(["demo", "--seconds", "0.2", "--readers", "1"]).demo;
        let stop = Stop::new().unwrap();
        let run = || run_with::<Broken>(&args, &stop).unwrap();
        // On a busy machine the threads of one run may get no processor before its end.
        let has_run = |report: &DemoReport| report.reads > 0 && report.writes > 0;
        let (report, outcome) =
            (0..100).map(|_| run()).find(|(report, _)| has_run(report)).unwrap();
        let reads = report.reads;
        assert_eq!(report.torn_with_lock, reads);
        assert_eq!((report.retries, report.new_values), (2 * reads, reads / 2));
        assert_eq!(report.reads_without_lock, reads);
        assert!(report.text().contains("torn reads WITH the lock"));
        assert_eq!(outcome, Outcome::TornWithLock);
    }

    #[test]
    fn the_progress_line_says_which_reads_were_torn() {
        let counts = ThreadCounts {
            reads: 1000,
            torn_without_lock: 20,
            torn_with_lock: 3,
            ..ThreadCounts::default()
        };
        assert_eq!(progress_message(counts), "1,000 reads, torn: 20 without, 3 with");
    }
}
