// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line.

use core::num::NonZeroU64;
use core::time::Duration;
use std::path::PathBuf;
use std::thread;

use clap::{Args as ClapArgs, Parser, Subcommand};

use crate::outcome::EXIT_CODES;

/// See a sequence lock at work on this machine.
///
/// Without a subcommand, `tearfree` runs `tearfree demo` and takes its options.
#[derive(Debug, Parser)]
#[command(
    name = "tearfree",
    version,
    args_conflicts_with_subcommands = true,
    after_help = help_tail(&[
        ("tearfree", "torn reads without the lock and with it"),
        ("tearfree demo --tutorial", "the classic kernel module's output"),
        ("tearfree trace --svg out.svg", "every step of the count, and a picture"),
    ])
)]
pub(crate) struct Args {
    /// What to show; `demo` if none is given.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// The options of `demo`, for a call without a subcommand.
    #[command(flatten)]
    pub(crate) demo: DemoArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Count torn reads of the host's clock, with the lock and without it.
    ///
    /// A writer thread keeps the host's time in a SeqLock and, beside it, in the same struct
    /// without a lock. Readers on every core read both. Each value accuses itself when it is torn.
    #[command(after_help = help_tail(&[
        ("tearfree demo", "five seconds, readers on every core"),
        ("tearfree demo --seconds 0.5 --json", "one JSON object, for scripts"),
        ("tearfree demo --tutorial --count 5", "the classic kernel module's output"),
    ]))]
    Demo(DemoArgs),
    /// Show every step of the sequence count in a small real run.
    ///
    /// Two writers and a reader, each a thread, are stepped through the classic tutorial's table:
    /// 0 to 1 to 2, a read that succeeds, 2 to 3 to 4, and two reads that have to retry. Each count
    /// in the table was read from the counter itself.
    #[command(after_help = help_tail(&[
        ("tearfree trace", "the table"),
        ("tearfree trace --svg out.svg", "the table, and the timeline as a picture"),
        ("tearfree trace --json", "one JSON object, for scripts"),
    ]))]
    Trace(TraceArgs),
    /// Share values between processes: make, read, change and watch pages.
    ///
    /// A page holds the newest value of some numbers. One process writes it; any number of others
    /// read it, never torn, without waiting and without any right to write, also when the writer is
    /// killed in the middle of a change.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    #[command(subcommand)]
    Page(crate::page::PageCommand),
}

/// What `demo` can be told.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct DemoArgs {
    /// How long to run, in seconds: 0.1 to 86400, fractions allowed.
    #[arg(long, value_name = "N", default_value = "5", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// How many reader threads, 1 to 1024; if not given, one for each core and at least 2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    readers: Option<u16>,
    /// Print one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Be the tutorials' kernel module: a thread adds one each second, another prints the value.
    #[arg(long, conflicts_with_all = ["seconds", "readers", "json"])]
    pub(crate) tutorial: bool,
    /// End the tutorial after N values; without it, Ctrl-C does.
    #[arg(long, value_name = "N", requires = "tutorial")]
    pub(crate) count: Option<NonZeroU64>,
    /// The time between two values of the tutorial, in milliseconds: 2 to 60000.
    #[arg(long, value_name = "MS", requires = "tutorial", default_value = "1000",
          value_parser = clap::value_parser!(u64).range(2..=60_000))]
    pub(crate) interval_ms: u64,
}

impl DemoArgs {
    /// The number of readers: as asked, or one for each core and at least two.
    pub(crate) fn readers(&self) -> usize {
        self.readers.map_or_else(|| cores().max(2), usize::from)
    }
}

/// What `trace` can be told.
#[derive(Clone, Debug, ClapArgs)]
pub(crate) struct TraceArgs {
    /// Draw the timeline into FILE, an SVG picture. FILE is replaced only when the run went well.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Print the events as one JSON object instead of the table.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The cores that this process may use.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn seconds(text: &str) -> Result<Duration, String> {
    const RANGE: core::ops::RangeInclusive<f64> = 0.1..=86_400.0;
    let number: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if !RANGE.contains(&number) {
        return Err(format!("{number} is not in {} to {}", RANGE.start(), RANGE.end()));
    }
    Ok(Duration::from_secs_f64(number))
}

/// Examples, then the exit codes.
pub(crate) fn help_tail(examples: &[(&str, &str)]) -> String {
    let width = examples.iter().map(|(call, _)| call.len()).max().unwrap_or(0);
    let mut text = String::from("Examples:\n");
    for (call, shows) in examples {
        text.push_str(&format!("  {call:width$}  {shows}\n"));
    }
    text.push('\n');
    text.push_str(EXIT_CODES);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn seconds_takes_fractions_and_refuses_the_rest() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        for wrong in ["", "x", "0", "-1", "NaN", "inf", "1e9"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn there_are_at_least_two_readers_unless_one_is_asked_for() {
        let Ok(args) = Args::try_parse_from(["tearfree"]) else { panic!("the defaults parse") };
        assert!(args.demo.readers() >= 2);
        let Ok(args) = Args::try_parse_from(["tearfree", "--readers", "1"]) else {
            panic!("options of demo are taken without its name")
        };
        assert_eq!(args.demo.readers(), 1);
    }
}
