// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree completions`: what a shell needs to complete the words of this command.

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::{Shell, generate};

use crate::outcome::{Outcome, Problem};
use crate::terminal;

/// The options of `completions`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL", value_enum)]
    shell: KnownShell,
}

/// The shells whose completions are tested.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KnownShell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the completions.
pub(crate) fn run(args: &CompletionsArgs) -> Result<Outcome, Problem> {
    let shell = match args.shell {
        KnownShell::Bash => Shell::Bash,
        KnownShell::Zsh => Shell::Zsh,
        KnownShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut crate::args::Args::command(), "tearfree", &mut script);
    terminal::print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Success)
}
