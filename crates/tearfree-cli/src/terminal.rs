// SPDX-License-Identifier: MIT OR Apache-2.0
//! Everything that reaches the terminal: text, colours, tables, the progress line.

use core::time::Duration;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::outcome::Problem;

/// What went well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// What went wrong, or would have.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// A writer is at work.
pub(crate) const BUSY: Style = AnsiColor::Yellow.on_default();
/// The head of a table.
pub(crate) const HEAD: Style = Style::new().bold();
/// Small print.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// Whether anybody still reads what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// The text was taken.
    Present,
    /// The other end of the pipe is closed, as `| head` does when it has seen enough.
    Left,
}

/// Prints `text` on standard output; colours stay only on a terminal and without `NO_COLOR`.
pub(crate) fn print(text: &str) -> Result<Audience, Problem> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(Audience::Present),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Audience::Left),
        Err(error) => Err(Problem::new(
            format_args!("cannot write to standard output: {error}"),
            "Free space where the output goes, or send it elsewhere, and run it again.",
        )),
    }
}

/// Prints one line on standard error. If even that is closed there is nobody left to tell.
pub(crate) fn remark(text: &str) {
    let mut err = anstream::AutoStream::auto(io::stderr().lock());
    let _ = writeln!(err, "{text}");
}

/// Says on standard error what failed and what to do.
pub(crate) fn complain(problem: &Problem) {
    remark(&format!("{BAD}tearfree:{BAD:#} {problem}"));
}

/// The text in the given style.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// One JSON value on a line of its own.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map(|json| json + "\n").map_err(|error| {
        Problem::new(
            format_args!("cannot write the result as JSON: {error}"),
            "This is a bug: please report it. Without --json there is a table.",
        )
    })
}

/// A table with a rule under its head, and for the rest aligned by spaces.
pub(crate) fn table(head: &[&str], right_aligned: &[usize]) -> Table {
    const STYLE: TableStyle =
        TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    const GAP: u16 = 1; // and one that stands between any two columns
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    for (index, column) in table.column_iter_mut().enumerate() {
        let gap = if index + 1 == head.len() { 0 } else { GAP };
        column.set_padding((0, gap));
        if right_aligned.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// The lines of a table: its head, the rule, and one for each row in the row's style.
pub(crate) fn styled_lines(table: &Table, rows: impl IntoIterator<Item = Style>) -> Vec<String> {
    let styles = [HEAD, FAINT].into_iter().chain(rows);
    table.lines().zip(styles).map(|(line, style)| styled(style, line.trim_end())).collect()
}

/// The progress line of a timed run. It draws itself only if standard error is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    const TEMPLATE: &str = "{bar:10} {msg}";

    /// Starts the line of a run that takes `whole`.
    pub(crate) fn new(whole: Duration) -> Self {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(millis(whole)), target);
        if let Ok(style) = ProgressStyle::with_template(Self::TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    /// Shows how far the run is, and `message` beside it.
    pub(crate) fn show(&self, elapsed: Duration, message: String) {
        self.bar.set_position(millis(elapsed));
        self.bar.set_message(message);
    }

    /// Wipes the line.
    pub(crate) fn clear(self) {
        self.bar.finish_and_clear();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
