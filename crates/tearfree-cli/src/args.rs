// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command line: its options and subcommands.

use clap::{Parser, Subcommand};

use crate::clock::ClockCommand;
use crate::completions::CompletionsArgs;
use crate::demo::DemoArgs;
use crate::help::{WIDTH, after_help};
use crate::manual::ManArgs;
use crate::page::PageCommand;
use crate::trace::TraceArgs;
use crate::vdso::VdsoArgs;

/// See a sequence lock at work on this machine.
///
/// Without a subcommand, `tearfree` runs `tearfree demo` and takes its options.
#[derive(Debug, Parser)]
#[command(
    name = "tearfree",
    version,
    args_conflicts_with_subcommands = true,
    max_term_width = WIDTH,
    after_help = after_help(&[
        ("tearfree", "torn reads without the lock and with it"),
        ("tearfree demo --tutorial", "the classic kernel module's output"),
        ("tearfree trace --svg out.svg", "every step of the count, and a diagram"),
    ])
)]
pub(crate) struct Args {
    /// The subcommand; `demo` if none is given.
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
    /// without a lock. Readers on every core read both. Each value contains words from which a
    /// reader can tell that it is torn.
    #[command(after_help = after_help(&[
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
    #[command(after_help = after_help(&[
        ("tearfree trace", "the table"),
        ("tearfree trace --svg out.svg", "the table, and the timeline as a diagram"),
        ("tearfree trace --json", "one JSON object, for scripts"),
    ]))]
    Trace(TraceArgs),
    /// Share values between processes: create, read, change and watch pages.
    ///
    /// A page holds the newest value of some numbers. One process writes it; any number of others
    /// read it, never torn, without waiting and without write permission, also when the writer is
    /// killed in the middle of a change.
    #[command(subcommand)]
    Page(PageCommand),
    /// Keep a clock for all processes, read it, and run programs on a clock of their own.
    ///
    /// One process, `serve`, follows the host's clock and publishes it with its error bounds; any
    /// number of others read it without a system call. `exec` shows a program another time: moved,
    /// faster, slower, or standing still.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// Show the time page of this machine's kernel at work.
    ///
    /// The kernel maps it into every process and protects it by a sequence count. It is read here by
    /// this project's own sequence counter, and compared with `clock_gettime`. A kernel with an
    /// unknown layout is refused.
    #[command(after_help = after_help(&[
        ("tearfree vdso", "the count, the multiplier, the clocks"),
        ("tearfree vdso --watch", "each step of the count, until Ctrl-C"),
        ("tearfree vdso --verify 1000000", "compare that many times with clock_gettime"),
    ]))]
    Vdso(VdsoArgs),
    /// Print what a shell needs to complete the words of this command.
    #[command(after_help = after_help(&[
        ("source <(tearfree completions bash)", "in ~/.bashrc"),
        ("tearfree completions zsh >~/.zfunc/_tearfree", "in a directory of fpath"),
        ("tearfree completions fish | source", "in config.fish"),
    ]))]
    Completions(CompletionsArgs),
    /// Write the manual pages of this command, one for each subcommand.
    #[command(after_help = after_help(&[
        ("tearfree man ~/.local/share/man/man1", "then: man tearfree-page-get"),
    ]))]
    Man(ManArgs),
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
    fn there_are_at_least_two_readers_unless_one_is_requested() {
        let Ok(args) = Args::try_parse_from(["tearfree"]) else { panic!("the defaults parse") };
        assert!(args.demo.readers() >= 2);
        let Ok(args) = Args::try_parse_from(["tearfree", "--readers", "1"]) else {
            panic!("options of demo are accepted without its name")
        };
        assert_eq!(args.demo.readers(), 1);
    }
}
