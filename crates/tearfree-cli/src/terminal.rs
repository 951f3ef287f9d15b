// SPDX-License-Identifier: MIT OR Apache-2.0
//! Output to the terminal: text, colours, tables, the progress line.

use core::time::Duration;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::outcome::Problem;

/// The style of a success.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// The style of a failure.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// The style of a write in progress, and of warnings.
pub(crate) const BUSY: Style = AnsiColor::Yellow.on_default();
/// The style of headings.
pub(crate) const HEAD: Style = Style::new().bold();
/// The style of secondary text.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// Whether standard output still has a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputState {
    /// The text was written.
    Open,
    /// The other end of the pipe is closed, as by `| head`.
    Closed,
}

/// Prints `text` on standard output, with colours only on a terminal and without `NO_COLOR`.
pub(crate) fn print(text: &str) -> Result<OutputState, Problem> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(OutputState::Open),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(OutputState::Closed),
        Err(error) => Err(Problem::new(
            format_args!("cannot write to standard output: {error}"),
            "Free some space there, or redirect the output, and run the command again.",
        )),
    }
}

/// Prints one line on standard error. If that is closed, the line is dropped.
pub(crate) fn print_note(text: &str) {
    let mut err = anstream::AutoStream::auto(io::stderr().lock());
    let _ = writeln!(err, "{text}");
}

/// Prints an error on standard error.
pub(crate) fn print_error(problem: &Problem) {
    print_note(&format!("{BAD}tearfree:{BAD:#} {problem}"));
}

/// Formats text in the given style.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Formats one JSON value on a line of its own. What a terminal would obey or not show is escaped.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(value).map(|json| escape_json(&json) + "\n").map_err(|error| {
        Problem::new(
            format_args!("cannot write the result as JSON: {error}"),
            "This is a bug: please report it. Without --json the command prints text.",
        )
    })
}

/// Escapes letters that are not printable, which are inside of strings only.
fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter == '\u{7f}' || !letter.is_ascii() && letter.escape_debug().count() > 1 {
            let units = letter.encode_utf16(&mut [0; 2]).to_vec();
            units.iter().for_each(|unit| escaped.push_str(&format!("\\u{unit:04x}")));
        } else {
            escaped.push(letter);
        }
    }
    escaped
}

/// Creates a table with a rule under its head and columns aligned by spaces.
pub(crate) fn table(head: &[&str], right_aligned: &[usize]) -> Table {
    const STYLE: TableStyle =
        TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    const GAP: u16 = 1; // beside the one that the library puts between columns
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

/// Formats the lines of a table: its head, the rule, and each row in its style.
pub(crate) fn styled_lines(table: &Table, rows: impl IntoIterator<Item = Style>) -> Vec<String> {
    let styles = [HEAD, FAINT].into_iter().chain(rows);
    table.lines().zip(styles).map(|(line, style)| styled(style, line.trim_end())).collect()
}

/// The progress line of a timed run, shown only if standard error is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    const TEMPLATE: &str = "{bar:10} {msg}";

    /// Starts the line of a run that takes `total`.
    pub(crate) fn new(total: Duration) -> Self {
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(millis(total)), target);
        if let Ok(style) = ProgressStyle::with_template(Self::TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    /// Shows the progress of the run, and `message` beside it.
    pub(crate) fn show(&self, elapsed: Duration, message: String) {
        self.bar.set_position(millis(elapsed));
        self.bar.set_message(message);
    }

    /// Clears the line.
    pub(crate) fn clear(self) {
        self.bar.finish_and_clear();
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
