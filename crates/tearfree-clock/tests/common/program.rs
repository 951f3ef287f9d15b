// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests that start themselves again, also under an emulator.

use std::env;
use std::process::Command;

/// Names the emulator under which these tests run, if they do.
pub(crate) const EMULATOR: &str = "TEARFREE_TEST_EMULATOR";

/// Starts this program again, by the emulator that runs it, if one does.
pub(crate) fn this_program() -> Command {
    let program = env::current_exe().expect("this program has a path");
    match env::var_os(EMULATOR) {
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.arg(program);
            command
        }
        None => Command::new(program),
    }
}
