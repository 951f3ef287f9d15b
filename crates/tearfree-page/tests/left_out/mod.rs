// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests that cannot run everywhere say so, and have to run where `CI=true`, but for those that no emulator can run.

/// Reports that a test is left out, and why. Where every test has to run, as with `CI=true`, it fails instead.
pub(crate) fn leave_out(why: &str) {
    assert!(!is_ci() || is_emulated(), "cannot run here, and with CI=true it has to: {why}");
    eprintln!("left out: {why}");
}

pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| !ci.is_empty() && ci != "false")
}

/// Names the emulator under which these tests run, if they do.
pub(crate) const EMULATOR: &str = "TEARFREE_TEST_EMULATOR";

pub(crate) fn is_emulated() -> bool {
    std::env::var_os(EMULATOR).is_some()
}
