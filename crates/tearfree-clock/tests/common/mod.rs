// SPDX-License-Identifier: MIT OR Apache-2.0
//! What several tests need.

use std::env;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;

/// Returns the time namespace of this process. `None`: the kernel has none, so a test is left out.
pub(crate) fn time_namespace() -> Option<u64> {
    let namespace = std::fs::metadata("/proc/self/ns/time").ok().map(|data| data.ino());
    if namespace.is_none() {
        left_out("this kernel has no time namespaces");
    }
    namespace
}

/// Says that something is not tested here; under CI everything is tested. The message is written past the
/// test runner, which drops the output of tests that pass.
fn left_out(what: &str) {
    let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!is_ci, "under CI this has to be tested: {what}");
    let _ = writeln!(io::stderr(), "left out: {what}");
}
