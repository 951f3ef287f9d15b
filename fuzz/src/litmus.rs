// SPDX-License-Identifier: MIT OR Apache-2.0
//! Litmus tests: a text is parsed or refused with its line, and a short one that is parsed has a verdict.

use tearfree_axm::litmus::Litmus;

/// Longer tests take too long to explore.
const MAX_STATEMENTS: usize = 8;

/// Parses a test, and explores it if it is short.
///
/// # Panics
/// If parsing or exploring panics.
pub fn litmus(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let Ok(test) = Litmus::parse(text) else { return };
    let statements = text.matches([';', '}']).count();
    if statements <= MAX_STATEMENTS && !text.contains("while") {
        let _verdict = test.verdict();
    }
}
