// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command `tearfree`: shows and measures sequence locks on this machine.

mod args;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod clock;
mod demo;
mod help;
mod outcome;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod page;
mod stop;
mod terminal;
mod times;
mod trace;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
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
            ExitCode::from(outcome::FAILED)
        }
    }
}

fn run(args: &Args) -> Result<Outcome, Problem> {
    match &args.command {
        None => demo::run(&args.demo),
        Some(Command::Demo(demo)) => demo::run(demo),
        Some(Command::Trace(trace)) => trace::run(trace),
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        Some(Command::Page(command)) => page::run(command),
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        Some(Command::Clock(command)) => clock::run(command),
        #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
        Some(Command::Vdso(args)) => vdso::run(args),
    }
}
