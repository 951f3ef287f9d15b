// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is printed: a line for each mutant, a summary, or one JSON object.

use core::time::Duration;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::list::Mutant;
use crate::outcome::Outcome;
use crate::sample::Sample;

/// One mutant that was run.
struct Row {
    mutant: Mutant,
    outcome: Outcome,
    took: Duration,
    log: PathBuf,
}

/// Where the progress is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Output {
    /// On standard output.
    Text,
    /// On standard error; at the end, standard output gets one JSON object.
    Json,
    /// Nowhere.
    #[cfg(test)]
    Silent,
}

/// Prints the progress, and keeps the outcomes for the summary.
pub(crate) struct Report {
    sample: Option<Sample>,
    output: Output,
    equivalents: Vec<Mutant>,
    rows: Vec<Row>,
    /// How many mutants are to be run.
    planted: usize,
    /// The width of the column of names.
    width: usize,
}

impl Report {
    pub(crate) fn new(sample: Option<Sample>, output: Output, equivalents: Vec<Mutant>) -> Self {
        Self { sample, output, equivalents, rows: Vec::new(), planted: 0, width: 0 }
    }

    /// Says which mutants will run.
    pub(crate) fn begin(&mut self, planted: &[Mutant]) {
        self.planted = planted.len();
        self.width = planted.iter().map(|mutant| label(mutant).len()).max().unwrap_or(0);
        match self.sample {
            Some(Sample { count, seed }) => self.print(&format!(
                "a sample of {} mutants; to repeat it: --sample {count} --seed {seed}\n",
                self.planted
            )),
            None => self.print(&format!("{} mutants\n", self.planted)),
        }
    }

    /// Shows a test that was run without a mutant.
    pub(crate) fn baseline(
        &self,
        test: &str,
        baseline: &Result<Duration, Outcome>,
        took: Duration,
        log: &Path,
    ) {
        let seconds = took.as_secs_f64();
        match baseline {
            Ok(_) => self.print(&format!("passes without a mutant  {seconds:6.1} s  {test}\n")),
            Err(outcome) => {
                self.print(&format!(
                    "{outcome}  {seconds:6.1} s  {test}\n    see {}\n",
                    log.display()
                ));
            }
        }
    }

    /// Shows which mutant is being run.
    pub(crate) fn announce(&self, mutant: &Mutant) {
        let (number, width) = (self.rows.len() + 1, self.width);
        self.print(&format!("[{number:3}/{}] {:width$}  ", self.planted, label(mutant)));
    }

    /// Shows the outcome of the mutant that was announced.
    pub(crate) fn record(
        &mut self,
        mutant: Mutant,
        outcome: Outcome,
        took: Duration,
        log: PathBuf,
    ) {
        self.print(&format!("{outcome:7}  {:6.1} s\n", took.as_secs_f64()));
        if !outcome.is_noticed() {
            self.print(&format!(
                "    {}: {}\n    {}\n    see {}\n",
                mutant.file,
                mutant.fault,
                mutant.test(),
                log.display()
            ));
        }
        self.rows.push(Row { mutant, outcome, took, log });
    }

    /// Prints the summary, or the JSON object.
    pub(crate) fn end(&self) {
        for mutant in &self.equivalents {
            let reason = mutant.equivalent.as_deref().unwrap_or_default();
            self.print(&format!("equivalent: {}: {}\n", label(mutant), reason.trim()));
        }
        for row in self.rows.iter().filter(|row| !row.outcome.is_noticed()) {
            self.print(&format!("{}: {}\n", label(&row.mutant), row.outcome));
        }
        self.print(&format!("{}\n", self.summary()));
        if self.output == Output::Json {
            println!("{:#}", self.json());
        }
    }

    fn summary(&self) -> String {
        let left_out = self.count(|outcome| matches!(outcome, Outcome::NotRun(_)));
        let mut summary =
            format!("noticed {} of {} planted", self.noticed(), self.rows.len() - left_out);
        if left_out > 0 {
            summary += &format!(", {left_out} not run");
        }
        if !self.equivalents.is_empty() {
            summary += &format!(", {} equivalent", self.equivalents.len());
        }
        if let Some(Sample { seed, .. }) = self.sample {
            summary += &format!(" (seed {seed})");
        }
        summary
    }

    fn count(&self, is_counted: impl Fn(&Outcome) -> bool) -> usize {
        self.rows.iter().filter(|row| is_counted(&row.outcome)).count()
    }

    fn noticed(&self) -> usize {
        self.count(Outcome::is_noticed)
    }

    /// Whether each mutant was noticed. One whose tool is missing counts under CI only.
    pub(crate) fn is_success(&self) -> bool {
        let is_ci = std::env::var("CI").is_ok_and(|ci| ci != "false");
        let is_good = |outcome: &Outcome| {
            outcome.is_noticed() || !is_ci && matches!(outcome, Outcome::NotRun(_))
        };
        self.rows.iter().all(|row| is_good(&row.outcome))
    }

    /// The outcomes so far.
    #[cfg(test)]
    pub(crate) fn outcomes(&self) -> Vec<&Outcome> {
        self.rows.iter().map(|row| &row.outcome).collect()
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "part": row.mutant.part,
                "name": row.mutant.name,
                "fault": row.mutant.fault,
                "file": row.mutant.file,
                "test": row.mutant.test,
                "outcome": row.outcome.to_string(),
                "noticed": row.outcome.is_noticed(),
                "seconds": (row.took.as_secs_f64() * 10.0).round() / 10.0,
                "log": row.log,
            })
        });
        let equivalents = self.equivalents.iter().map(|mutant| {
            json!({ "part": mutant.part, "name": mutant.name, "reason": mutant.equivalent })
        });
        json!({
            "planted": self.rows.len(),
            "noticed": self.noticed(),
            "sample": self.sample.map(|sample| json!({ "count": sample.count, "seed": sample.seed })),
            "mutants": rows.collect::<Vec<_>>(),
            "equivalents": equivalents.collect::<Vec<_>>(),
        })
    }

    fn print(&self, text: &str) {
        let bytes = text.as_bytes();
        // A closed pipe ends the output, not the run.
        let _ = match self.output {
            Output::Text => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()),
            Output::Json => io::stderr().write_all(bytes),
            #[cfg(test)]
            Output::Silent => Ok(()),
        };
    }
}

fn label(mutant: &Mutant) -> String {
    format!("{} {}", mutant.part, mutant.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_what_was_noticed_and_what_was_not_run() {
        let equivalent = Mutant {
            name: "same".into(),
            equivalent: Some("Dead code.".into()),
            ..Mutant::default()
        };
        let mut report =
            Report::new(Some(Sample { count: 3, seed: 7 }), Output::Silent, vec![equivalent]);
        for outcome in [Outcome::Noticed, Outcome::Unnoticed, Outcome::NotRun("no qemu".into())] {
            report.record(Mutant::default(), outcome, Duration::from_millis(1250), "a.log".into());
        }
        assert_eq!(report.summary(), "noticed 1 of 2 planted, 1 not run, 1 equivalent (seed 7)");
        assert!(!report.is_success());
        let json = report.json();
        assert_eq!((&json["planted"], &json["noticed"]), (&json!(3), &json!(1)));
        assert_eq!(json["sample"], json!({ "count": 3, "seed": 7 }));
        assert_eq!(json["mutants"][1]["outcome"], "UNNOTICED");
        assert_eq!(json["mutants"][0]["seconds"], 1.3);
        assert_eq!(json["equivalents"][0]["reason"], "Dead code.");
    }
}
