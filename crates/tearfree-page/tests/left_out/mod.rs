// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests that cannot run everywhere say so, and have to run where `CI=true`.

/// Reports that a test is left out, and why. Where every test has to run, as with `CI=true`, it fails instead.
pub(crate) fn leave_out(why: &str) {
    assert!(!is_ci(), "cannot run here, and with CI=true it has to: {why}");
    eprintln!("left out: {why}");
}

pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|ci| !ci.is_empty() && ci != "false")
}
