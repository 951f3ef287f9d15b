// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of each command's `--help`.

use crate::outcome::EXIT_CODES;

/// Formats the examples of a command, then the exit codes.
pub(crate) fn after_help(examples: &[(&str, &str)]) -> String {
    let width = examples.iter().map(|(call, _)| call.len()).max().unwrap_or(0);
    let mut text = String::from("Examples:\n");
    for (call, shows) in examples {
        text.push_str(&format!("  {call:width$}  {shows}\n"));
    }
    text.push('\n');
    text.push_str(EXIT_CODES);
    text
}
