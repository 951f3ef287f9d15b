// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report at the end of a demo.

use anstyle::Style;
use indicatif::HumanCount;
use serde::{Serialize, Serializer};

use super::cost::{MEASURING_TIME, READS_PER_BATCH};
use super::stamp::WORDS;
use crate::table;
use crate::terminal::{BAD, BUSY, FAINT, GOOD, HEAD, styled};

/// The results of a demo. The names of the fields are those of the JSON object.
#[derive(Debug, Serialize)]
pub(crate) struct DemoReport {
    #[serde(serialize_with = "hundredths")]
    pub(crate) seconds: f64,
    pub(crate) cores: usize,
    pub(crate) readers: usize,
    pub(crate) payload_bytes: usize,
    pub(crate) writes: u64,
    pub(crate) reads: u64,
    pub(crate) new_values: u64,
    pub(crate) retries: u64,
    pub(crate) torn_with_lock: u64,
    #[serde(serialize_with = "hundredths")]
    pub(crate) read_ns: f64,
    pub(crate) reads_without_lock: u64,
    pub(crate) torn_without_lock: u64,
    #[serde(serialize_with = "hundredths")]
    pub(crate) read_ns_without_lock: f64,
    /// The signal that ended the run before its time.
    pub(crate) ended_by: Option<&'static str>,
}

impl DemoReport {
    /// Formats the report as text.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![self.headline()];
        if let Some(signal) = self.ended_by {
            lines.push(styled(BUSY, &format!("Ended early by {signal}.")));
        }
        lines.push(String::new());
        lines.extend(self.table());
        lines.push(String::new());
        lines.push(self.conclusion());
        lines.push(styled(FAINT, &self.explanation()));
        lines.extend([String::new(), Self::next_steps().to_owned()]);
        lines.join("\n") + "\n"
    }

    fn headline(&self) -> String {
        let several = |count: usize, thing| match count {
            1 => format!("1 {thing}"),
            _ => format!("{count} {thing}s"),
        };
        let headline = format!(
            "The host's clock in {} bytes: 1 writer, {}, {}, {:.1} s",
            self.payload_bytes,
            several(self.readers, "reader"),
            several(self.cores, "core"),
            self.seconds,
        );
        styled(HEAD, &headline)
    }

    fn table(&self) -> Vec<String> {
        let count = |number: u64| HumanCount(number).to_string();
        let nanoseconds = |number: f64| format!("{number:.1} ns");
        let rows = [
            ("writes", count(self.writes), count(self.writes)),
            ("reads", count(self.reads_without_lock), count(self.reads)),
            ("retries", "-".to_owned(), count(self.retries)),
            ("torn reads", count(self.torn_without_lock), count(self.torn_with_lock)),
            ("cost per read", nanoseconds(self.read_ns_without_lock), nanoseconds(self.read_ns)),
        ];
        let mut table = table::new(&["", "without the lock", "with the lock"], &[1, 2]);
        let mut styles = Vec::new();
        for (name, without, with) in rows {
            styles.push(if name == "torn reads" { HEAD } else { Style::new() });
            table.add_row([name.to_owned(), without, with]);
        }
        table::styled_lines(table, styles)
    }

    fn conclusion(&self) -> String {
        let without = HumanCount(self.torn_without_lock);
        let with = HumanCount(self.torn_with_lock);
        if self.torn_with_lock > 0 {
            let bug = format!(
                "BUG: {with} torn reads WITH the lock. This must never happen.\n\
                 Please report it, with this output and the model of the processor.",
            );
            return styled(BAD, &bug);
        }
        let mut conclusion = styled(GOOD, &format!("Torn reads: {without} without, {with} with."));
        if self.torn_without_lock == 0 {
            conclusion += "\nNo reader overlapped a write: run it longer, with --seconds.";
        }
        conclusion
    }

    /// Says what to try next.
    fn next_steps() -> &'static str {
        "Next: `tearfree trace` shows one lock step by step, `tearfree page --help`\n\
         values that processes share, `tearfree clock --help` clocks.\n\
         Without an installation: `cargo run --release -- trace`."
    }

    fn explanation(&self) -> String {
        format!(
            "Torn: its words belong to different writes. Retry: an attempt that met a write\n\
             and gave no value. {} reads with the lock saw a new value.\n\
             Cost: in a quiet loop after the run; median of batches of {} reads in {} ms.\n\
             Without the lock, each of the {WORDS} words is an atomic, copied one after the other.",
            HumanCount(self.new_values),
            HumanCount(u64::from(READS_PER_BATCH)),
            MEASURING_TIME.as_millis(),
        )
    }
}

/// Serializes a measured time, rounded to its precision.
fn hundredths<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64((number * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> DemoReport {
        DemoReport {
            seconds: 5.0,
            cores: 2,
            readers: 2,
            payload_bytes: 128,
            writes: 3,
            reads: 4,
            new_values: 2,
            retries: 1,
            torn_with_lock: 0,
            read_ns: 3.0,
            reads_without_lock: 4,
            torn_without_lock: 1,
            read_ns_without_lock: 2.0,
            ended_by: None,
        }
    }

    #[test]
    fn a_torn_read_with_the_lock_is_called_a_bug() {
        assert!(!report().text().contains("BUG"));
        let broken = DemoReport { torn_with_lock: 1, ..report() };
        assert!(broken.text().contains("BUG: 1 torn reads WITH the lock"));
    }

    #[test]
    fn each_number_stands_in_its_column() {
        let report = DemoReport {
            writes: 11,
            reads_without_lock: 22,
            reads: 33,
            retries: 44,
            torn_without_lock: 55,
            torn_with_lock: 66,
            read_ns_without_lock: 7.0,
            read_ns: 8.0,
            ..report()
        };
        let text = anstream::adapter::strip_str(&report.text()).to_string();
        for (name, numbers) in [
            ("writes", ["11", "11"]),
            ("reads", ["22", "33"]),
            ("retries", ["-", "44"]),
            ("torn reads", ["55", "66"]),
            ("cost per read", ["7.0 ns", "8.0 ns"]),
        ] {
            let row = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            let cells: Vec<_> =
                row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            assert_eq!(cells, numbers, "{name}");
        }
    }

    #[test]
    fn the_last_line_is_what_to_try_next() {
        let text = report().text();
        assert_eq!(
            text.lines().last(),
            Some("Without an installation: `cargo run --release -- trace`.")
        );
    }

    #[test]
    fn a_run_without_a_torn_read_says_what_to_do() {
        assert!(!report().text().contains("--seconds"));
        let short = DemoReport { torn_without_lock: 0, ..report() };
        assert!(short.text().contains("run it longer, with --seconds"));
    }

    #[test]
    fn the_table_fits_into_eighty_columns() {
        let large = DemoReport {
            writes: 9_999_999_999_999,
            reads: 9_999_999_999_999,
            new_values: 9_999_999_999_999,
            readers: 1024,
            cores: 1024,
            seconds: 86_400.0,
            torn_without_lock: 0,
            ended_by: Some("SIGTERM"),
            ..report()
        };
        let plain = anstream::adapter::strip_str(&large.text()).to_string();
        for line in plain.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
