// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formats a page as a table, as a line and as JSON.

use core::time::Duration;
use std::path::Path;

use anstyle::Style;
use serde::Serialize;
use tearfree_page::{ByteReader, Field, Freshness, Geometry, Reading, WriterState, boot_id_text};

use super::targets::{FieldObject, Target};
use super::values;
use crate::locale::in_locale;
use crate::outcome::{Outcome, Problem};
use crate::table;
use crate::terminal::{self, BAD, BUSY, FAINT, GOOD, HEAD, styled};

/// The state of a page. The names of the fields are those of the JSON object.
#[derive(Debug, Serialize)]
pub(crate) struct PageReport {
    pub(crate) page: String,
    #[serde(serialize_with = "terminal::as_string")]
    pub(crate) generation: u64,
    pub(crate) fields: FieldObject,
    pub(crate) freshness: &'static str,
    /// For how long the value stays fresh, or has been stale.
    pub(crate) freshness_seconds: Option<f64>,
    /// How long ago the value was published; null if that is unknown.
    pub(crate) age_seconds: Option<f64>,
    pub(crate) writer: Option<WriterReport>,
    pub(crate) schema: String,
    pub(crate) wakes: bool,
    /// Name, kind and value of each field, for the table.
    #[serde(skip)]
    rows: Vec<[String; 3]>,
}

/// The writer of a page.
#[derive(Debug, Serialize)]
pub(crate) struct WriterReport {
    state: &'static str,
    pid: u32,
    uid: u32,
    pid_namespace: u64,
    boot_id: String,
    takeovers: u64,
    since_unix_seconds: u64,
    /// Whether its process is running; null if that is unknown.
    running: Option<bool>,
}

impl PageReport {
    pub(crate) fn new(page: &Path, reader: &ByteReader, reading: Reading<Vec<u8>>) -> Self {
        let (freshness, seconds) = freshness(reading.freshness());
        let Geometry { schema, wakes, .. } = reader.geometry();
        let targets: Vec<Target> = schema.fields().iter().map(Target::whole).collect();
        let row = |field: &Field| {
            let kind = field.to_string().split_once(':').map_or("", |(_, kind)| kind).to_owned();
            [field.name().to_owned(), kind, values::excerpt(&reading.value, field)]
        };
        let rows = schema.fields().iter().map(row).collect();
        PageReport {
            page: page.display().to_string(),
            generation: reading.generation,
            freshness,
            freshness_seconds: seconds.map(|seconds| seconds.as_secs_f64()),
            age_seconds: reading.age().map(|age| age.as_secs_f64()),
            writer: reader.writer().map(|writer| WriterReport {
                state: state(reading.writer_state()),
                pid: writer.pid(),
                uid: writer.uid(),
                pid_namespace: writer.pid_namespace(),
                boot_id: boot_id_text(&writer.boot_id()),
                takeovers: writer.takeovers(),
                since_unix_seconds: writer.since_ns() / 1_000_000_000,
                running: writer.is_running(),
            }),
            schema: schema.to_string(),
            wakes: *wakes,
            rows,
            fields: FieldObject { payload: reading.value, targets },
        }
    }

    /// Prints the page as a table, or as one JSON object.
    pub(crate) fn print(&self, json: bool) -> Result<Outcome, Problem> {
        if json { terminal::print_json(self) } else { terminal::print(&in_locale(&self.text())) }?;
        Ok(Outcome::Success)
    }

    /// Formats the page as a table.
    pub(crate) fn text(&self) -> String {
        let mut lines = vec![self.headline(), String::new()];
        let mut table = table::new(&["field", "kind", "value"], &[]);
        self.rows.iter().for_each(|row| _ = table.add_row(row.clone()));
        lines.extend(table::styled_lines(table, self.rows.iter().map(|_| Style::new())));
        lines.push(String::new());
        lines.push(self.freshness_line());
        lines.push(styled(FAINT, &self.writer_line()));
        lines.join("\n") + "\n"
    }

    /// Formats the page as one line.
    pub(crate) fn line(&self) -> String {
        let values = self.rows.iter().map(|[name, _, value]| format!("{name}={value}"));
        let values: Vec<String> = values.collect();
        format!("{} {} {}\n", self.generation, self.freshness, values.join(" "))
    }

    /// Returns generation, age, freshness, writer and fields, for a list.
    pub(crate) fn row(&self) -> [String; 5] {
        let state = self.writer.as_ref().map_or("-", |writer| writer.state);
        let [freshness, state] = [self.freshness, state].map(ToOwned::to_owned);
        let age = self.age_seconds.map_or("-".to_owned(), age_text);
        [self.generation.to_string(), age, freshness, state, self.schema.clone()]
    }

    fn headline(&self) -> String {
        styled(HEAD, &format!("{}  generation {}", self.page, self.generation))
    }

    fn freshness_line(&self) -> String {
        let seconds = self.freshness_seconds.unwrap_or_default();
        let freshness = match self.freshness {
            "fresh" => styled(GOOD, &format!("fresh, for {seconds:.1} s more")),
            "stale" => styled(BAD, &format!("stale, for {seconds:.1} s now")),
            "unknown" => styled(
                BUSY,
                "freshness unknown: the promise is by a clock that cannot be read here",
            ),
            _ => styled(FAINT, "no promise of the next change"),
        };
        match self.age_seconds {
            Some(age) => freshness + &format!("; published {} ago", age_text(age)),
            None => freshness,
        }
    }

    fn writer_line(&self) -> String {
        let Some(writer) = &self.writer else { return "writer unknown".to_owned() };
        let WriterReport { state, pid, uid, takeovers, .. } = writer;
        let running = match writer.running {
            Some(true) => "running",
            Some(false) => "gone",
            None => "not visible",
        };
        format!("writer: {state}; process {pid} ({running}), user {uid}, take-overs {takeovers}")
    }
}

/// Formats an age in the unit that suits it.
fn age_text(seconds: f64) -> String {
    const DAY: f64 = 86_400.0;
    match seconds {
        0.0..60.0 => format!("{seconds:.1} s"),
        60.0..3600.0 => format!("{:.1} min", seconds / 60.0),
        3600.0..DAY => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} d", seconds / DAY),
    }
}

fn freshness(freshness: Freshness) -> (&'static str, Option<Duration>) {
    match freshness {
        Freshness::Fresh(left) => ("fresh", Some(left)),
        Freshness::Stale(since) => ("stale", Some(since)),
        Freshness::Unpromised => ("unpromised", None),
        Freshness::Unknown => ("unknown", None),
    }
}

fn state(state: WriterState) -> &'static str {
    match state {
        WriterState::Live => "live",
        WriterState::Ended => "ended",
        WriterState::Superseded => "superseded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_the_unit_that_suits_it() {
        let ages = [
            (0.0, "0.0 s"),
            (59.9, "59.9 s"),
            (60.0, "1.0 min"),
            (3599.0, "60.0 min"),
            (3600.0, "1.0 h"),
            (86_399.0, "24.0 h"),
            (86_400.0, "1.0 d"),
            (864_000.0, "10.0 d"),
        ];
        for (seconds, text) in ages {
            assert_eq!(age_text(seconds), text);
        }
    }
}
