// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a run ended, and the exit code that says so.

use core::fmt;
use std::borrow::Cow;
use std::process::ExitCode;

/// The exit code of an error, and of a torn read under the lock.
pub(crate) const FAILED: u8 = 1;
/// The exit code if the value is not fresh.
pub(crate) const NOT_FRESH: u8 = 3;
/// The exit code if there is no such page.
pub(crate) const MISSING: u8 = 4;
/// The exit code of `clock exec` if it failed before it started the program. This code and the next two are those of
/// env, nice and timeout.
pub(crate) const EXEC_FAILED: u8 = 125;
/// The exit code of `clock exec` if the program cannot be run.
pub(crate) const CANNOT_RUN: u8 = 126;
/// The exit code of `clock exec` if there is no such program.
pub(crate) const NOT_FOUND: u8 = 127;

/// The exit codes as `--help` lists them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    all went well
  1    a torn read got through the lock (a bug: please report it), or a failure
  2    the command line was wrong
  3    page get, clock now: the value was printed, but it is not fresh: stale,
       or its freshness or status is unknown
  4    there is no such page
  125  clock exec: failed before it started the program
  126  clock exec: the program cannot be run, or cannot see the clock
  127  clock exec: there is no such program
  128+N  clock exec: signal N killed the program; else its own exit code
  130  ended by Ctrl-C (SIGINT), after printing what there was so far
  143  ended by SIGTERM, after the same; 0 from `clock serve`, `page publish`";

/// The signal that asked the run to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill` and `timeout` send.
    Terminate,
}

impl Signal {
    /// Returns the name, such as `SIGINT`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }

    /// Returns the exit code that a shell reports for a program killed by this signal.
    fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}

/// How a run ended that printed its results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The run succeeded.
    Success,
    /// A reader accepted a torn value although the count protected it.
    TornWithLock,
    /// What was printed is not fresh.
    NotFresh,
    /// A signal ended the run early.
    Ended(Signal),
    /// The program that the user ran ended with this code, which is passed on.
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "`clock exec` is for Linux"))]
    Child(u8),
}

impl Outcome {
    /// Chooses the outcome. A torn read under the lock takes precedence over a signal.
    pub(crate) fn new(torn_with_lock: u64, signal: Option<Signal>) -> Self {
        match (torn_with_lock, signal) {
            (0, None) => Outcome::Success,
            (0, Some(signal)) => Outcome::Ended(signal),
            _ => Outcome::TornWithLock,
        }
    }

    /// Chooses the outcome of a service. SIGTERM is how one is asked to end: a service manager expects 0 then.
    /// Ctrl-C still interrupts the script that runs the command.
    pub(crate) fn from_service(signal: Option<Signal>) -> Self {
        match signal {
            Some(Signal::Interrupt) => Outcome::Ended(Signal::Interrupt),
            Some(Signal::Terminate) | None => Outcome::Success,
        }
    }

    /// Returns the exit code of the command.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Outcome::Success => ExitCode::SUCCESS,
            Outcome::TornWithLock => ExitCode::from(FAILED),
            Outcome::NotFresh => ExitCode::from(NOT_FRESH),
            Outcome::Ended(signal) => ExitCode::from(signal.exit_code()),
            Outcome::Child(code) => ExitCode::from(code),
        }
    }
}

/// An error: what failed, and what the user can do about it.
#[derive(Debug)]
pub(crate) struct Problem {
    what: String,
    advice: Cow<'static, str>,
    exit_code: u8,
}

impl Problem {
    /// Makes an error of two sentences: what failed, and what to do.
    pub(crate) fn new(what: impl fmt::Display, advice: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.to_string(), advice: advice.into(), exit_code: FAILED }
    }

    /// Chooses the exit code.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    pub(crate) fn with_exit_code(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }

    /// Returns the exit code of the command.
    pub(crate) fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// Makes an error of the two halves of a library's error. Their advice follows a semicolon there, and is
    /// a sentence of its own here.
    pub(crate) fn from_library(what: impl fmt::Display, advice: &str) -> Self {
        let mut rest = advice.chars();
        let first = rest.next().map(|first| first.to_ascii_uppercase());
        let sentence: String = first.into_iter().chain(rest).chain(['.']).collect();
        Self::new(what, sentence)
    }

    /// Says where it happened.
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        Self { what: format!("{place}: {}", self.what), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", self.what, self.advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_read_with_the_lock_takes_precedence() {
        assert_eq!(Outcome::new(1, None), Outcome::TornWithLock);
        assert_eq!(Outcome::new(1, Some(Signal::Interrupt)), Outcome::TornWithLock);
        assert_eq!(Outcome::TornWithLock.exit_code(), ExitCode::from(1));
    }

    #[test]
    fn the_advice_of_a_library_becomes_a_sentence() {
        let problem = Problem::from_library("no such page", "start its writer");
        assert_eq!(problem.to_string(), "no such page\n  Start its writer.");
    }

    #[test]
    fn a_signal_has_the_exit_code_that_a_shell_reports() {
        let ended = Outcome::new(0, Some(Signal::Interrupt));
        assert_eq!(ended.exit_code(), ExitCode::from(130));
        let ended = Outcome::new(0, Some(Signal::Terminate));
        assert_eq!(ended.exit_code(), ExitCode::from(143));
    }

    #[test]
    fn a_service_that_was_asked_to_end_has_succeeded() {
        let code = |signal| Outcome::from_service(signal).exit_code();
        assert_eq!(code(Some(Signal::Terminate)), ExitCode::SUCCESS);
        assert_eq!(code(Some(Signal::Interrupt)), ExitCode::from(130));
        assert_eq!(code(None), ExitCode::SUCCESS);
    }
}
