// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs each test without a mutant, and then each mutant.

use core::time::Duration;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::list::Mutant;
use crate::outcome::Outcome;
use crate::process::{Finished, Limits, Shell};
use crate::report::Report;
use crate::tree::Tree;

/// The longest time for a build, and for a test that shows no progress of cargo.
const BUILD: Duration = Duration::from_secs(900);
/// With a mutant, a test may take this many times as long as without, because the machine may be busy, ...
const SLOWER: u32 = 10;
/// ... and never less than this, ...
const LEAST: Duration = Duration::from_secs(120);
/// ... or than this where the mutant is known to hang: the whole of it is spent.
const LEAST_IF_IT_HANGS: Duration = Duration::from_secs(20);

/// A copy of the tree in which mutants are planted.
pub(crate) struct Campaign {
    tree: Tree,
    shell: Shell,
    logs: PathBuf,
}

/// What a run of a test without a mutant showed: how long it takes, or why it is of no use.
type Baseline = Result<Duration, Outcome>;

impl Campaign {
    /// Copies the tree below `root` into the folder `work`, where builds and logs are kept as well.
    pub(crate) fn new(root: &Path, work: &Path) -> io::Result<Self> {
        let logs = work.join("logs");
        fs::create_dir_all(&logs)?;
        let work = fs::canonicalize(work)?;
        let tree = Tree::copy(root, &work.join("tree"))?;
        let shell = Shell::new(tree.root().to_owned(), work.join("target"))?;
        Ok(Self { tree, shell, logs })
    }

    /// Runs the mutants one after the other. Returns whether a signal interrupted this.
    pub(crate) fn run(&self, mutants: Vec<Mutant>, report: &mut Report) -> io::Result<bool> {
        let Some(baselines) = self.run_tests(&mutants, report)? else { return Ok(true) };
        for mutant in mutants {
            report.announce(&mutant);
            let (outcome, took) = match &baselines[mutant.test()] {
                Ok(usual) => self.run_mutant(&mutant, *usual)?,
                Err(outcome) => (outcome.clone(), Duration::ZERO),
            };
            if outcome == Outcome::Interrupted {
                return Ok(true);
            }
            let log = self.log(&mutant.part, &mutant.name);
            report.record(mutant, outcome, took, log);
        }
        Ok(false)
    }

    /// Runs each test once without a mutant. `None` if a signal interrupted this.
    fn run_tests(
        &self,
        mutants: &[Mutant],
        report: &Report,
    ) -> io::Result<Option<HashMap<String, Baseline>>> {
        let mut baselines = HashMap::new();
        for mutant in mutants {
            if baselines.contains_key(mutant.test()) {
                continue;
            }
            let log = self.log("without", &format!("{}-{}", mutant.part, mutant.name));
            let limits = Limits { build: limit(mutant).unwrap_or(BUILD), tests: BUILD };
            let run = self.shell.run(mutant.test(), &log, limits)?;
            let baseline = Outcome::refuse(&run).map_or(Ok(run.tests_took), Err);
            if baseline == Err(Outcome::Interrupted) {
                return Ok(None);
            }
            report.baseline(mutant.test(), &baseline, run.took, &log);
            baselines.insert(mutant.test().to_owned(), baseline);
        }
        Ok(Some(baselines))
    }

    /// Runs the test of a mutant, which takes the `usual` time without it.
    fn run_mutant(&self, mutant: &Mutant, usual: Duration) -> io::Result<(Outcome, Duration)> {
        let least = if mutant.hangs { LEAST_IF_IT_HANGS } else { LEAST };
        let chosen = limit(mutant);
        let limits = Limits {
            build: chosen.unwrap_or(BUILD),
            tests: chosen.unwrap_or((usual * SLOWER).max(least)),
        };
        let planted = self.tree.plant(mutant)?;
        let run = self.shell.run(mutant.test(), &self.log(&mutant.part, &mutant.name), limits);
        planted.restore()?;
        run.map(|run: Finished| (Outcome::new(mutant, &run), run.took))
    }

    fn log(&self, part: &str, name: &str) -> PathBuf {
        self.logs.join(format!("{part}-{name}.log"))
    }
}

/// The limit that the list gives.
fn limit(mutant: &Mutant) -> Option<Duration> {
    mutant.limit.map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::report::Output;

    /// Runs mutants of a tree with one file, whose content is `right`.
    fn outcomes(mutants: &[(&str, Option<u64>)]) -> (Report, String) {
        let scratch = tempfile::tempdir().unwrap();
        let root = scratch.path().join("root");
        assert!(Command::new("git").args(["init", "-q"]).arg(&root).status().unwrap().success());
        fs::write(root.join("file"), "right\n").unwrap();
        let planted = mutants.iter().enumerate().map(|(index, (test, limit))| Mutant {
            part: "core".into(),
            name: format!("fault-{index}"),
            file: "file".into(),
            from: "right".into(),
            to: "wrong".into(),
            test: Some((*test).into()),
            hangs: limit.is_some(),
            limit: *limit,
            ..Mutant::default()
        });
        let mut report = Report::new(None, Output::Silent, Vec::new());
        let campaign = Campaign::new(&root, &scratch.path().join("work")).unwrap();
        assert!(!campaign.run(planted.collect(), &mut report).unwrap());
        let left = fs::read_to_string(scratch.path().join("work/tree/file")).unwrap();
        (report, left)
    }

    #[test]
    fn each_mutant_gets_the_outcome_of_its_test() {
        const COMPILES_IF_RIGHT: &str =
            "grep right file || { echo 'error[E0425]: wrong'; exit 101; }";
        let (report, left) = outcomes(&[
            ("grep right file || { echo FAILED; exit 1; }", None),
            ("grep -E 'right|wrong' file", None),
            (COMPILES_IF_RIGHT, None),
            ("grep right file || sleep 1000", Some(1)),
            ("grep wrong file", None),
            ("echo 'test result: ok. 0 passed; 0 failed'", None),
            ("grep right file", None),
            ("echo no compiler; exit 77", None),
        ]);
        let expected = [
            Outcome::Noticed,
            Outcome::Unnoticed,
            Outcome::DoesNotBuild,
            Outcome::NoticedByHanging,
            Outcome::TestFailsWithoutIt,
            Outcome::RunsNoTest,
            Outcome::SaysOther("FAILED".into()),
            Outcome::NotRun("no compiler".into()),
        ];
        assert_eq!(report.outcomes(), expected.iter().collect::<Vec<_>>());
        assert_eq!(left, "right\n");
        assert!(!report.is_success());
    }

    #[test]
    fn a_run_in_which_each_mutant_is_noticed_succeeds() {
        let (report, _left) = outcomes(&[("grep right file || { echo FAILED; exit 1; }", None); 2]);
        assert!(report.is_success());
    }
}
