// SPDX-License-Identifier: MIT OR Apache-2.0
//! What became of a mutant, from the run of its test.

use core::fmt;

use crate::list::Mutant;
use crate::process::{End, Finished, has_begun};

/// The exit status of a script that lacks a tool; its last line says which.
const LACKS_A_TOOL: i32 = 77;

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Noticed,
    NoticedByHanging,
    Unnoticed,
    DoesNotBuild,
    Hung,
    /// The test failed, and its output lacks the text with which it should fail.
    SaysOther(String),
    TestFailsWithoutIt,
    RunsNoTest,
    /// This machine lacks what the test needs.
    NotRun(String),
    Interrupted,
}

impl Outcome {
    /// What a run with the mutant shows.
    pub(crate) fn new(mutant: &Mutant, run: &Finished) -> Self {
        match run.end {
            End::Interrupted => Self::Interrupted,
            End::TimedOut if mutant.hangs && !is_building(mutant, run) => Self::NoticedByHanging,
            End::TimedOut => Self::Hung,
            End::Exited(status) if status.success() => Self::Unnoticed,
            End::Exited(_) if has_compiler_error(&run.output) => Self::DoesNotBuild,
            End::Exited(_) if run.output.contains(mutant.says()) => Self::Noticed,
            End::Exited(_) => Self::SaysOther(mutant.says().into()),
        }
    }

    /// Why a test cannot judge its mutants, from its run without any of them.
    pub(crate) fn refuse(run: &Finished) -> Option<Self> {
        match run.end {
            End::Interrupted => Some(Self::Interrupted),
            End::Exited(status) if status.success() => {
                runs_no_test(&run.output).then_some(Self::RunsNoTest)
            }
            End::Exited(status) if status.code() == Some(LACKS_A_TOOL) => {
                Some(Self::NotRun(run.output.lines().next_back().unwrap_or_default().into()))
            }
            End::Exited(_) | End::TimedOut => Some(Self::TestFailsWithoutIt),
        }
    }

    pub(crate) fn is_noticed(&self) -> bool {
        matches!(self, Self::Noticed | Self::NoticedByHanging)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Noticed => "noticed",
            Self::NoticedByHanging => "noticed: it hangs",
            Self::Unnoticed => "UNNOTICED",
            Self::DoesNotBuild => "does not build",
            Self::Hung => "hung",
            Self::SaysOther(says) => return write!(f, "fails, but does not print '{says}'"),
            Self::TestFailsWithoutIt => "its test fails without the mutant",
            Self::RunsNoTest => "its command runs no test",
            Self::NotRun(reason) => return write!(f, "not run: {reason}"),
            Self::Interrupted => "interrupted",
        })
    }
}

fn is_building(mutant: &Mutant, run: &Finished) -> bool {
    mutant.test().contains("cargo test") && !has_begun(&run.output)
}

/// Whether the compiler refused a crate. A test that runs the compiler prints such errors as well, but
/// later than cargo has begun to run tests.
fn has_compiler_error(output: &str) -> bool {
    let is_error =
        |line: &str| line.starts_with("error: could not compile") || line.starts_with("error[E");
    !has_begun(output) && output.lines().any(is_error)
}

/// Whether cargo ran tests, but the filter let none of them through.
fn runs_no_test(output: &str) -> bool {
    let mut counts = output.lines().filter_map(passed).peekable();
    counts.peek().is_some() && counts.sum::<u64>() == 0
}

/// The count of passed tests in a line `test result: ok. 3 passed; 0 failed; ...`.
fn passed(line: &str) -> Option<u64> {
    line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn run(end: End, output: &str) -> Finished {
        Finished { end, output: output.into(), tests_took: Duration::ZERO, took: Duration::ZERO }
    }

    fn exited(code: i32, output: &str) -> Finished {
        run(End::Exited(ExitStatus::from_raw(code << 8)), output)
    }

    fn mutant() -> Mutant {
        Mutant { test: Some("cargo test".into()), ..Mutant::default() }
    }

    const RUNNING: &str = "   Compiling a\n     Running tests/a.rs (target/a)\n";

    #[test]
    fn a_failure_with_the_expected_words_is_noticed() {
        assert_eq!(Outcome::new(&mutant(), &exited(101, "test a ... FAILED\n")), Outcome::Noticed);
        let crash = exited(101, &format!("{RUNNING}(signal: 6, SIGABRT: process abort signal)\n"));
        assert_eq!(Outcome::new(&mutant(), &crash), Outcome::SaysOther("FAILED".into()));
        let says = Mutant { says: Some("SIGABRT".into()), ..mutant() };
        assert_eq!(Outcome::new(&says, &crash), Outcome::Noticed);
    }

    #[test]
    fn a_success_is_unnoticed() {
        assert_eq!(
            Outcome::new(&mutant(), &exited(0, "FAILED is only a word here")),
            Outcome::Unnoticed
        );
    }

    #[test]
    fn an_error_of_the_compiler_is_no_notice_unless_a_test_printed_it() {
        for error in ["error[E0308]: mismatched types\n", "error: could not compile `a`\n"] {
            assert_eq!(Outcome::new(&mutant(), &exited(101, error)), Outcome::DoesNotBuild);
            let printed = format!("{RUNNING}{error}test a ... FAILED\n");
            assert_eq!(Outcome::new(&mutant(), &exited(101, &printed)), Outcome::Noticed);
        }
    }

    #[test]
    fn an_end_by_the_limit_is_noticed_only_where_the_list_says_so() {
        let hangs = Mutant { hangs: true, ..mutant() };
        let hung = || run(End::TimedOut, RUNNING);
        assert_eq!(Outcome::new(&mutant(), &hung()), Outcome::Hung);
        assert_eq!(Outcome::new(&hangs, &hung()), Outcome::NoticedByHanging);
        assert_eq!(Outcome::new(&hangs, &run(End::TimedOut, "   Compiling a\n")), Outcome::Hung);
        assert_eq!(Outcome::new(&hangs, &exited(0, RUNNING)), Outcome::Unnoticed);
    }

    #[test]
    fn a_test_that_fails_or_hangs_or_runs_nothing_without_a_mutant_is_refused() {
        let empty = "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out\n";
        let one = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 8 filtered out\n";
        assert_eq!(Outcome::refuse(&exited(0, empty)), Some(Outcome::RunsNoTest));
        assert_eq!(Outcome::refuse(&exited(0, &format!("{empty}{one}"))), None);
        assert_eq!(Outcome::refuse(&exited(0, "a script\n")), None);
        assert_eq!(Outcome::refuse(&exited(101, one)), Some(Outcome::TestFailsWithoutIt));
        assert_eq!(Outcome::refuse(&run(End::TimedOut, one)), Some(Outcome::TestFailsWithoutIt));
        let lacking = exited(77, "installing\nqemu is missing\n");
        assert_eq!(Outcome::refuse(&lacking), Some(Outcome::NotRun("qemu is missing".into())));
    }
}
