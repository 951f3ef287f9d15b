// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command `tearfree`: shows and measures sequence locks on this machine.

mod args;
mod clock;
mod completions;
mod date;
mod demo;
mod help;
mod locale;
mod manual;
mod outcome;
mod page;
mod stop;
mod table;
mod terminal;
mod times;
mod trace;
mod vdso;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::outcome::{Outcome, Problem};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(outcome) => outcome.exit_code(),
        Err(problem) => {
            terminal::print_error(&problem);
            ExitCode::from(problem.exit_code())
        }
    }
}

fn run(args: &Args) -> Result<Outcome, Problem> {
    match &args.command {
        None => demo::run(&args.demo),
        Some(Command::Demo(demo)) => demo::run(demo),
        Some(Command::Trace(trace)) => trace::run(trace),
        Some(Command::Page(command)) => page::run(command),
        Some(Command::Clock(command)) => clock::run(command),
        Some(Command::Vdso(args)) => vdso::run(args),
        Some(Command::Completions(args)) => completions::run(args),
        Some(Command::Man(args)) => manual::run(args),
    }
}
