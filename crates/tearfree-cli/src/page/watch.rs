// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page watch`: shows each change, in place on a terminal and otherwise as lines.

use core::time::Duration;
use std::io::{self, IsTerminal};

use terminal_size::{Height, Width, terminal_size};

use super::args::WatchArgs;
use super::follow::{FollowOptions, follow};
use super::report::PageReport;
use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;
use crate::terminal::{self, OutputState};

/// How often an unchanged table is drawn again, because its freshness changes.
const REDRAW: Duration = Duration::from_millis(100);

/// The least time between two changes that are shown: on a terminal, and in a file or pipe.
const PACE_IN_PLACE: Duration = Duration::from_millis(50);
const PACE: Duration = Duration::from_millis(1);

pub(super) fn run(args: &WatchArgs, stop: &Stop) -> Result<Outcome, Problem> {
    let page = &args.page.page;
    let mut display = PageDisplay::new(args.json);
    let is_in_place = display.is_in_place;
    let options = FollowOptions {
        page,
        owner: args.owner.get(),
        count: args.count,
        pace: if is_in_place { PACE_IN_PLACE } else { PACE },
        redraw: is_in_place.then_some(REDRAW),
        skip_first: false,
        until_ended: false,
    };
    follow(&options, stop, |reader, seen| {
        display.show(&PageReport::new(page, reader, seen.reading), seen.is_new)
    })
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
        if self.json { terminal::print_json(report) } else { terminal::print(&report.line()) }
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
