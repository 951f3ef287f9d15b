// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree trace`: the tutorials' tables, from a real run.

mod args;
mod diagram;
mod event;
mod output_file;
mod scenario;
mod threads;

use anstyle::Style;
use serde::Serialize;

pub(crate) use args::TraceArgs;
use event::{Action, Event, ReadResult};
use output_file::OutputFile;

use crate::outcome::{Outcome, Problem};
use crate::table;
use crate::terminal::{self, BAD, BUSY, FAINT, GOOD, styled};

/// Runs the trace; prints the table or the JSON object; draws the diagram if `--svg` is given.
pub(crate) fn run(args: &TraceArgs) -> Result<Outcome, Problem> {
    // Opened before the run, so an unwritable path fails at once.
    let file = args.svg.as_deref().map(OutputFile::open).transpose()?;
    let events = scenario::run()?;
    let reads = ReadCounts::new(&events);
    terminal::print(&if args.json { json(&events, &reads)? } else { text(&events, &reads) })?;
    // Written after the table, so that a full disk does not suppress it.
    if let Some(file) = file {
        file.write(&diagram::draw(&events))?;
    }
    if let Some(path) = &args.svg {
        terminal::print_note(&format!("The timeline is in {}.", path.display()));
    }
    Ok(Outcome::new(reads.torn_accepted, None))
}

/// The results of the reader's attempts.
#[derive(Debug, Default, Serialize)]
struct ReadCounts {
    #[serde(rename = "reads")]
    accepted: u64,
    retries_moved: u64,
    retries_odd: u64,
    /// Torn copies that `read_seqretry` let through: a bug.
    #[serde(rename = "torn_with_lock")]
    torn_accepted: u64,
}

impl ReadCounts {
    fn new(events: &[Event]) -> Self {
        let mut reads = Self::default();
        for event in events {
            let Action::Validates { result, copied, .. } = event.action else {
                continue;
            };
            match result {
                ReadResult::Success => {
                    reads.accepted += 1;
                    reads.torn_accepted += u64::from(copied.is_torn());
                }
                ReadResult::RetryMoved => reads.retries_moved += 1,
                ReadResult::RetryOdd => reads.retries_odd += 1,
            }
        }
        reads
    }

    fn conclusion(&self) -> String {
        if self.torn_accepted > 0 {
            let bug = "BUG: read_seqretry let a torn copy through. Please report it.";
            return styled(BAD, bug);
        }
        let Self { accepted, retries_moved, retries_odd, .. } = self;
        let conclusion = format!(
            "{accepted} reads succeeded; {retries_moved} retried because the count had moved, \
             {retries_odd} because it was odd."
        );
        styled(GOOD, &conclusion)
    }
}

fn json(events: &[Event], reads: &ReadCounts) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct Trace<'a> {
        #[serde(flatten)]
        reads: &'a ReadCounts,
        events: &'a [Event],
    }
    terminal::json_line(&Trace { reads, events })
}

fn text(events: &[Event], reads: &ReadCounts) -> String {
    let legend = "\
        Three threads, stepped one call at a time. Each count was read from the counter.\n\
        {seconds, nanoseconds} is whole if nanoseconds = 100 x seconds.";
    let mut lines = table(events);
    lines.extend([String::new(), reads.conclusion(), styled(FAINT, legend)]);
    lines.join("\n") + "\n"
}

fn table(events: &[Event]) -> Vec<String> {
    const HEADS: [&str; 7] = ["#", "who", "event", "kernel call", "before", "after", "note"];
    let mut table = table::new(&HEADS, &[0, 4, 5]);
    for event in events {
        table.add_row([
            event.step.to_string(),
            event.who.to_string(),
            event.event.to_owned(),
            event.kernel_call.to_owned(),
            event.count_before.map_or_else(|| "-".to_owned(), |count| count.to_string()),
            event.count_after.to_string(),
            event.note.clone(),
        ]);
    }
    table::styled_lines(table, events.iter().map(style))
}

/// Chooses a style for failed reads, for successful ones, and for writes in progress.
fn style(event: &Event) -> Style {
    match event.action {
        Action::Validates { result: ReadResult::Success, .. } => GOOD,
        Action::Validates { .. } => BAD,
        _ if !event.count_after.is_multiple_of(2) => BUSY,
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::Copied;

    #[test]
    fn the_table_fits_into_eighty_columns() {
        let Ok(events) = scenario::run() else { panic!("the run succeeds") };
        let plain =
            anstream::adapter::strip_str(&text(&events, &ReadCounts::new(&events))).to_string();
        for line in plain.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn a_copy_is_torn_if_its_words_are_of_two_writes() {
        let note = |seconds, nanoseconds| {
            Event::new(Action::Copies(Copied { seconds, nanoseconds }), Some(2), 2).note
        };
        assert_eq!(note(2, 200), "{2, 200}: whole");
        assert_eq!(note(2, 100), "{2, 100}: torn");
    }

    #[test]
    fn an_accepted_torn_copy_is_reported_as_a_bug() {
        let copied = Copied { seconds: 2, nanoseconds: 100 };
        let action = Action::Validates { result: ReadResult::Success, began_at: 2, copied };
        let reads = ReadCounts::new(&[Event::new(action, Some(2), 2)]);
        assert_eq!(reads.torn_accepted, 1);
        assert!(reads.conclusion().contains("BUG"));
        assert_eq!(Outcome::new(reads.torn_accepted, None), Outcome::TornWithLock);
    }
}
