// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page watch`: shows each change, in place on a terminal and otherwise as lines.

use core::time::Duration;
use std::io;

use terminal_size::{Height, Width, terminal_size};

use super::args::WatchArgs;
use super::follow::{FollowOptions, follow};
use super::report::PageReport;
use crate::locale::in_locale;
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
        PageDisplay { json, is_in_place: !json && terminal::can_draw_over(&io::stdout()), drawn: 0 }
    }

    fn show(&mut self, report: &PageReport, is_new: bool) -> Result<OutputState, Problem> {
        if self.is_in_place {
            let text = fit(&in_locale(&report.text()), terminal_size());
            let last = core::mem::replace(&mut self.drawn, text.lines().count());
            return terminal::print_over(last, &text);
        }
        if !is_new {
            return Ok(OutputState::Open);
        }
        match self.json {
            true => terminal::print_json(report),
            false => terminal::print(&in_locale(&report.line())),
        }
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
        let mark = in_locale("…");
        let kept = columns.saturating_sub(mark.chars().count());
        let line = plain.chars().take(kept).chain(mark.chars());
        line.take(columns).chain(['\n']).collect()
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
        let is_wide = in_locale("…") == "…";
        let cut = if is_wide { "abcde…" } else { "abc..." };
        assert_eq!(fitted, format!("\x1b[1mabcdef\x1b[0m\n{cut}\n"));
        assert_eq!(fit(text, None), text);
        let cut = if is_wide { "a…\n" } else { "..\n" };
        assert_eq!(fit("abc\n", Some((Width(0), Height(0)))), cut);
    }
}
