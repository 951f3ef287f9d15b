// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page watch`: shows each change, in place on a terminal and otherwise as lines.

use core::time::Duration;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::thread;

use tearfree_page::{ByteReader, Owner, Waited};
use terminal_size::{Height, Width, terminal_size};

use super::args::WatchArgs;
use super::report::PageReport;
use crate::outcome::{Outcome, Problem};
use crate::stop::{POLL_INTERVAL, Stop};
use crate::terminal::{self, OutputState};

/// How often an unchanged table is drawn again, because its freshness changes.
const REDRAW: Duration = Duration::from_millis(100);

pub(super) fn run(args: &WatchArgs, stop: &Stop) -> Result<Outcome, Problem> {
    let page = &args.page.page;
    let mut reader = ByteReader::open_owned_by(page, args.owner.get())?;
    let mut display = PageDisplay::new(args.json);
    let mut changes_left = args.count.map(u64::from);
    let mut last = None;
    loop {
        let report = PageReport::new(page, &reader, &reader.read()?);
        let is_new = last.replace(report.generation) != Some(report.generation);
        if display.show(&report, is_new)? == OutputState::Closed {
            return Ok(Outcome::Success);
        }
        changes_left = changes_left.map(|left| left - u64::from(is_new));
        if changes_left == Some(0) {
            return Ok(Outcome::new(0, stop.signal()));
        }
        match wait(&reader, report.generation, display.is_in_place, stop) {
            Waited::Superseded => {
                let Some(opened) = reopen(page, args.owner.get(), stop)? else {
                    return Ok(Outcome::new(0, stop.signal()));
                };
                (reader, last) = (opened, None);
            }
            Waited::Changed | Waited::TimedOut => {}
        }
        if stop.signal().is_some() {
            return Ok(Outcome::new(0, stop.signal()));
        }
    }
}

/// Waits for a change, a signal, or the time to redraw.
fn wait(reader: &ByteReader, seen: u64, redraw: bool, stop: &Stop) -> Waited {
    let mut waited = Duration::ZERO;
    loop {
        match reader.wait_changed(seen, Some(POLL_INTERVAL)) {
            Waited::TimedOut if stop.signal().is_none() && !(redraw && waited >= REDRAW) => {}
            ended => return ended,
        }
        waited += POLL_INTERVAL;
    }
}

/// Opens the page that replaced the previous one; waits until it exists.
fn reopen(page: &Path, owner: Owner, stop: &Stop) -> Result<Option<ByteReader>, Problem> {
    while stop.signal().is_none() {
        match ByteReader::open_owned_by(page, owner) {
            Ok(reader) => return Ok(Some(reader)),
            Err(tearfree_page::Error::Missing(_)) => thread::sleep(POLL_INTERVAL),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// How the page is shown.
struct PageDisplay {
    json: bool,
    is_in_place: bool,
    /// The number of lines of the last table.
    drawn: usize,
}

impl PageDisplay {
    fn new(json: bool) -> Self {
        PageDisplay { json, is_in_place: !json && io::stdout().is_terminal(), drawn: 0 }
    }

    fn show(&mut self, report: &PageReport, is_new: bool) -> Result<OutputState, Problem> {
        if self.is_in_place {
            let text = fit(&report.text(), terminal_size());
            // Overwrites the last table line by line, without flicker, and clears the rest of each line.
            let back = format!("\r\x1b[{}A", self.drawn);
            let back = if self.drawn == 0 { "" } else { &back };
            self.drawn = text.lines().count();
            let lines: String = text.lines().map(|line| format!("{line}\x1b[K\n")).collect();
            return terminal::print(&format!("{back}{lines}\x1b[J"));
        }
        if !is_new {
            return Ok(OutputState::Open);
        }
        terminal::print(&if self.json { terminal::json_line(report)? } else { report.line() })
    }
}

/// Cuts the text to the size of the terminal, so that it does not wrap or scroll.
fn fit(text: &str, terminal: Option<(Width, Height)>) -> String {
    let Some((Width(columns), Height(rows))) = terminal else { return text.to_owned() };
    let (columns, rows) = (usize::from(columns.max(2)), usize::from(rows.max(2)) - 1);
    let fit_line = |line: &str| {
        let plain = anstream::adapter::strip_str(line).to_string();
        if plain.chars().count() <= columns {
            return line.to_owned() + "\n";
        }
        plain.chars().take(columns - 1).chain(['…', '\n']).collect()
    };
    text.lines().take(rows).map(fit_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beyond_the_terminal_is_cut() {
        let text = "\x1b[1mabcdef\x1b[0m\nabcdefgh\nxyz\n";
        let fitted = fit(text, Some((Width(6), Height(3))));
        assert_eq!(fitted, "\x1b[1mabcdef\x1b[0m\nabcde…\n");
        assert_eq!(fit(text, None), text);
        assert_eq!(fit("abc\n", Some((Width(0), Height(0)))), "a…\n");
    }
}
