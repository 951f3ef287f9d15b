// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of each command's `--help`.

use crate::outcome::EXIT_CODES;

/// The width of a help text, for which the descriptions of options are wrapped, too.
pub(crate) const WIDTH: usize = 80;

/// Formats the examples of a command, then the exit codes.
pub(crate) fn after_help(examples: &[(&str, &str)]) -> String {
    let longest =
        |length: fn(&(&str, &str)) -> usize| examples.iter().map(length).max().unwrap_or(0);
    let (calls, notes) = (longest(|(call, _)| call.len()), longest(|(_, shows)| shows.len()));
    let is_wide = calls + notes + "    ".len() > WIDTH;
    let mut text = String::from("Examples:\n");
    for (call, shows) in examples {
        text.push_str(&match is_wide {
            true => format!("  {call}\n      {shows}\n"),
            false => format!("  {call:calls$}  {shows}\n"),
        });
    }
    text.push('\n');
    text.push_str(EXIT_CODES);
    text
}
