// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock`: the timekeeper, its readers, and programs on test clocks.

mod args;
mod exec;
mod now;
mod preload_object;
mod program;
mod serve;
mod service_manager;

pub(crate) use args::ClockCommand;
use args::SetArgs;
use tearfree_clock::{Error, TestClock};

use crate::outcome::{MISSING, Outcome, Problem};
use crate::stop::Stop;

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let problem = Problem::from_library(error.what(), error.advice());
        match error {
            Error::Page(tearfree_page::Error::Missing(_)) => problem.with_exit_code(MISSING),
            _ => problem,
        }
    }
}

/// Runs one of the subcommands.
pub(crate) fn run(command: &ClockCommand) -> Result<Outcome, Problem> {
    match command {
        ClockCommand::Serve(args) => serve::run(args, &Stop::new()?),
        ClockCommand::Now(args) => now::run(&args.clock),
        ClockCommand::Watch(args) => now::watch(args, &Stop::new()?),
        ClockCommand::Exec(args) => exec::run(args),
        ClockCommand::Set(args) => set(args),
    }
}

fn set(args: &SetArgs) -> Result<Outcome, Problem> {
    if args.setting.is_empty() {
        return Err(Problem::new(
            "there is nothing to set",
            "Give --at, --offset, --speed or --freeze; see --help.",
        ));
    }
    TestClock::change(&args.page, args.setting.get())?;
    now::show(&args.page, args.json)
}
