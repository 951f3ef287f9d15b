// SPDX-License-Identifier: MIT OR Apache-2.0
//! Output to the terminal: text, colours, tables, the progress line.

use core::fmt;
use core::time::Duration;
use std::env;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::{Serialize, Serializer};

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
    let mut out = AutoStream::auto(io::stdout().lock());
    output_state(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Why something could not be printed.
pub(crate) enum PrintError {
    /// Standard output does not take it.
    Output(io::Error),
    /// There is nothing to print.
    Problem(Problem),
}

impl From<io::Error> for PrintError {
    fn from(error: io::Error) -> Self {
        PrintError::Output(error)
    }
}

impl From<Problem> for PrintError {
    fn from(problem: Problem) -> Self {
        PrintError::Problem(problem)
    }
}

/// Whether a stream is a terminal on which lines can be drawn over others.
pub(crate) fn can_draw_over(stream: &impl IsTerminal) -> bool {
    let term = env::var_os("TERM").unwrap_or_default();
    stream.is_terminal() && !term.is_empty() && term != "dumb"
}

/// Prints lines over the last lines of this number. Without colours, too, the cursor is moved.
pub(crate) fn print_over(last: usize, text: &str) -> Result<OutputState, Problem> {
    let mut out = io::stdout().lock();
    let has_colors = AutoStream::choice(&out) != ColorChoice::Never;
    let text = if has_colors { text.to_owned() } else { strip_str(text).to_string() };
    let back = if last == 0 { String::new() } else { format!("\r\x1b[{last}A") };
    // Overwrites line by line, without flicker, and clears the rest of each line.
    let lines: String = text.lines().map(|line| format!("{line}\x1b[K\n")).collect();
    let all = format!("{back}{lines}\x1b[J");
    output_state(out.write_all(all.as_bytes()).and_then(|()| out.flush()))
}

/// Prints what `write` writes, without having it in memory at once. A short text is printed as a whole or not at all.
pub(crate) fn print_by(
    write: impl FnOnce(&mut BufWriter<StdoutLock<'_>>) -> Result<(), PrintError>,
) -> Result<OutputState, Problem> {
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let written = write(&mut out).and_then(|()| Ok(out.flush()?));
    // What could not be written is not tried again.
    let _ = out.into_parts();
    match written {
        Ok(()) => Ok(OutputState::Open),
        Err(PrintError::Output(error)) => output_state(Err(error)),
        Err(PrintError::Problem(problem)) => Err(problem),
    }
}

/// Prints one JSON value on a line of its own, without having its text in memory at once.
pub(crate) fn print_json(value: &impl Serialize) -> Result<OutputState, Problem> {
    print_by(|out| {
        write_json(value, &mut *out).map_err(io::Error::from)?;
        Ok(out.write_all(b"\n")?)
    })
}

/// Writes one JSON value. What a terminal would obey or not show is escaped.
fn write_json(value: &impl Serialize, out: impl Write) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Printable))
}

/// JSON whose strings have no character that a terminal would obey or not show.
struct Printable;

impl serde_json::ser::Formatter for Printable {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let is_hidden = |c: char| c == '\u{7f}' || !c.is_ascii() && c.escape_debug().count() > 1;
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            out.write_all(&rest.as_bytes()[..at])?;
            let mut letters = rest[at..].chars();
            let letter = letters.next().unwrap_or_default();
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = letters.as_str();
        }
        out.write_all(rest.as_bytes())
    }
}

/// Serialises an integer that can exceed 2^53 as a string, because jq 1.6 and JavaScript would round it.
pub(crate) fn as_string<S: Serializer>(
    integer: &impl fmt::Display,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_str(integer)
}

/// As [`as_string`]; null if there is none.
pub(crate) fn as_optional_string<S: Serializer>(
    integer: &Option<u64>,
    to: S,
) -> Result<S::Ok, S::Error> {
    integer.map(|integer| integer.to_string()).serialize(to)
}

fn output_state(written: io::Result<()>) -> Result<OutputState, Problem> {
    match written {
        Ok(()) => Ok(OutputState::Open),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(OutputState::Closed),
        Err(error) => Err(Problem::new(
            format_args!("cannot write to standard output: {error}"),
            "Free some space there, or redirect the output, and run the command again.",
        )),
    }
}

/// Whether standard output is a pipe or socket without a reader.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn is_output_closed() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let out = io::stdout();
    let mut files = [PollFd::new(&out, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // Without an answer, the next line finds out.
    let _ = poll(&mut files, Some(&at_once));
    files[0].revents().contains(PollFlags::ERR)
}

/// Prints one line on standard error. If that is closed, the line is dropped.
pub(crate) fn print_note(text: &str) {
    let mut err = AutoStream::auto(io::stderr().lock());
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
    let mut json = Vec::new();
    write_json(value, &mut json).map_err(|error| {
        Problem::new(
            format_args!("cannot write the result as JSON: {error}"),
            "This is a bug: please report it. Without --json the command prints text.",
        )
    })?;
    Ok(String::from_utf8_lossy(&json).into_owned() + "\n")
}

/// The progress line of a timed run, shown only if standard error is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    const TEMPLATE: &str = "{bar:10} {msg}";

    /// Starts the line of a run that takes `total`.
    pub(crate) fn new(total: Duration) -> Self {
        let target = match can_draw_over(&io::stderr()) {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_has_no_hidden_characters() {
        let text = "é\u{7f}b\u{9b}\u{202e}\n\u{e0001}\"";
        let Ok(shown) = json_line(&text) else { panic!("memory takes it") };
        assert_eq!(shown, r#""é\u007fb\u009b\u202e\n\udb40\udc01\"""#.to_owned() + "\n");
        assert!(serde_json::from_str::<String>(&shown).is_ok_and(|read| read == text));
    }
}
