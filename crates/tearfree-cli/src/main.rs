// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command `tearfree`: a sequence lock at work on this machine, to look at and to measure.

mod args;
mod demo;
mod outcome;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod page;
mod stop;
mod terminal;
mod trace;
mod tutorial;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command, DemoArgs};
use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;

fn main() -> ExitCode {
    let args = Args::parse();
    match dispatch(&args) {
        Ok(outcome) => outcome.exit_code(),
        Err(problem) => {
            terminal::complain(&problem);
            ExitCode::from(outcome::FAILED)
        }
    }
}

fn dispatch(args: &Args) -> Result<Outcome, Problem> {
    match &args.command {
        None => demonstrate(&args.demo),
        Some(Command::Demo(demo)) => demonstrate(demo),
        Some(Command::Trace(trace)) => trace::run(trace),
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        Some(Command::Page(command)) => page::run(command),
    }
}

fn demonstrate(args: &DemoArgs) -> Result<Outcome, Problem> {
    let stop = Stop::on_signals()?;
    if args.tutorial { tutorial::run(args, &stop) } else { demo::run(args, &stop) }
}
