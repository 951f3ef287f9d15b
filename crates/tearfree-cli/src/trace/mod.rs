// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree trace`: the tutorials' tables, made by a real run.

mod actors;
mod event;
mod picture;
mod story;
mod target;

use anstyle::Style;
use serde::Serialize;

use crate::args::TraceArgs;
use crate::outcome::{Outcome, Problem};
use crate::terminal::{self, BAD, BUSY, FAINT, GOOD, styled};
use event::{Deed, Event, Verdict};
use target::Target;

/// Runs the trace; prints the table or the JSON object; draws the picture if one is asked for.
pub(crate) fn run(args: &TraceArgs) -> Result<Outcome, Problem> {
    // Before the run: whoever asks for a picture in vain learns it at once.
    let target = args.svg.as_deref().map(Target::open).transpose()?;
    let events = story::play()?;
    let reads = Reads::of(&events);
    terminal::print(&if args.json { json(&events, &reads)? } else { text(&events, &reads) })?;
    // After the table, which a full disk must not take away.
    if let Some(target) = target {
        target.write(&picture::draw(&events))?;
    }
    if let Some(file) = &args.svg {
        terminal::remark(&format!("The timeline is in {}.", file.display()));
    }
    Ok(Outcome::new(reads.torn_accepted, None))
}

/// What became of the reader's attempts.
#[derive(Debug, Default, Serialize)]
struct Reads {
    #[serde(rename = "reads")]
    accepted: u64,
    retries_moved: u64,
    retries_odd: u64,
    /// Torn copies that `read_seqretry` let through: a bug.
    #[serde(rename = "torn_with_lock")]
    torn_accepted: u64,
}

impl Reads {
    fn of(events: &[Event]) -> Self {
        let mut reads = Self::default();
        for event in events {
            let Deed::Validates { verdict, copied, .. } = event.deed else {
                continue;
            };
            match verdict {
                Verdict::Success => {
                    reads.accepted += 1;
                    reads.torn_accepted += u64::from(copied.is_torn());
                }
                Verdict::RetryMoved => reads.retries_moved += 1,
                Verdict::RetryOdd => reads.retries_odd += 1,
            }
        }
        reads
    }

    fn verdict(&self) -> String {
        if self.torn_accepted > 0 {
            let bug = "BUG: read_seqretry let a torn copy through. Please report it.";
            return styled(BAD, bug);
        }
        let Self { accepted, retries_moved, retries_odd, .. } = self;
        let verdict = format!(
            "{accepted} reads succeeded; {retries_moved} retried because the count had moved, \
             {retries_odd} because it was odd."
        );
        styled(GOOD, &verdict)
    }
}

fn json(events: &[Event], reads: &Reads) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct Trace<'a> {
        #[serde(flatten)]
        reads: &'a Reads,
        events: &'a [Event],
    }
    terminal::json_line(&Trace { reads, events })
}

fn text(events: &[Event], reads: &Reads) -> String {
    let legend = "\
        Three threads, stepped one call at a time. Each count was read from the counter.\n\
        {seconds, nanoseconds} is whole if nanoseconds = 100 x seconds.";
    let mut lines = table(events);
    lines.extend([String::new(), reads.verdict(), styled(FAINT, legend)]);
    lines.join("\n") + "\n"
}

fn table(events: &[Event]) -> Vec<String> {
    const HEADS: [&str; 7] = ["#", "who", "event", "kernel call", "before", "after", "note"];
    let mut table = terminal::table(&HEADS, &[0, 4, 5]);
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
    terminal::styled_lines(&table, events.iter().map(style))
}

/// What has to be retried stands out, then what succeeded, then the time with a writer inside.
fn style(event: &Event) -> Style {
    match event.deed {
        Deed::Validates { verdict: Verdict::Success, .. } => GOOD,
        Deed::Validates { .. } => BAD,
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
        let Ok(events) = story::play() else { panic!("the run succeeds") };
        let plain = anstream::adapter::strip_str(&text(&events, &Reads::of(&events))).to_string();
        for line in plain.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn an_accepted_torn_copy_is_called_a_bug() {
        let copied = Copied { seconds: 2, nanoseconds: 100 };
        let deed = Deed::Validates { verdict: Verdict::Success, began_at: 2, copied };
        let reads = Reads::of(&[Event::new(deed, Some(2), 2)]);
        assert_eq!(reads.torn_accepted, 1);
        assert!(reads.verdict().contains("BUG"));
        assert_eq!(Outcome::new(reads.torn_accepted, None), Outcome::TornWithLock);
    }
}
