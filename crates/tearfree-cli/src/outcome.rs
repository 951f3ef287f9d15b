// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a run ended, and the exit code that says so.

use core::fmt;
use std::borrow::Cow;
use std::process::ExitCode;

/// The exit code of everything that went wrong, a torn read under the lock among it.
pub(crate) const FAILED: u8 = 1;

/// The exit codes as `--help` lists them.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    all went well
  1    a torn read got through the lock (a bug: please report it), or something failed
  2    the command line was wrong
  130  ended by Ctrl-C (SIGINT), after printing what there was so far
  143  ended by SIGTERM, likewise";

/// The signal that asked the run to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill` and `timeout` send.
    Terminate,
}

impl Signal {
    /// The name under which people know it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Signal::Interrupt => "SIGINT",
            Signal::Terminate => "SIGTERM",
        }
    }

    /// The code that a shell reports for a program that this signal killed.
    fn exit_code(self) -> u8 {
        match self {
            Signal::Interrupt => 130,
            Signal::Terminate => 143,
        }
    }
}

/// How a run ended that printed what it had to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything held.
    Fine,
    /// A reader accepted a torn value although the count protected it.
    TornWithLock,
    /// A signal ended the run early.
    Ended(Signal),
}

impl Outcome {
    /// A torn read under the lock outweighs a signal: nobody may miss it.
    pub(crate) fn new(torn_with_lock: u64, signal: Option<Signal>) -> Self {
        match (torn_with_lock, signal) {
            (0, None) => Outcome::Fine,
            (0, Some(signal)) => Outcome::Ended(signal),
            _ => Outcome::TornWithLock,
        }
    }

    /// What the shell gets to see.
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Outcome::Fine => ExitCode::SUCCESS,
            Outcome::TornWithLock => ExitCode::from(FAILED),
            Outcome::Ended(signal) => ExitCode::from(signal.exit_code()),
        }
    }
}

/// Something that failed, and what the user can do about it.
#[derive(Debug)]
pub(crate) struct Problem {
    what: String,
    advice: Cow<'static, str>,
}

impl Problem {
    /// States what failed, and what to do next.
    pub(crate) fn new(what: impl fmt::Display, advice: impl Into<Cow<'static, str>>) -> Self {
        Self { what: what.to_string(), advice: advice.into() }
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
    fn a_torn_read_with_the_lock_outweighs_everything() {
        assert_eq!(Outcome::new(1, None), Outcome::TornWithLock);
        assert_eq!(Outcome::new(1, Some(Signal::Interrupt)), Outcome::TornWithLock);
        assert_eq!(Outcome::TornWithLock.exit_code(), ExitCode::from(1));
    }

    #[test]
    fn a_signal_has_the_code_that_a_shell_gives_it() {
        let ended = Outcome::new(0, Some(Signal::Interrupt));
        assert_eq!(ended.exit_code(), ExitCode::from(130));
        let ended = Outcome::new(0, Some(Signal::Terminate));
        assert_eq!(ended.exit_code(), ExitCode::from(143));
    }
}
