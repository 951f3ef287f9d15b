// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writers that die between any two instructions: readers and the next writer find a batch whole, or nothing of it.
//!
//! The tests start this program again as the writer, and step it. Whenever its files have changed, a copy of them
//! is what a kill at that instruction would leave, and is checked; some writers are killed really.
#![cfg_attr(
    all(target_os = "linux", target_pointer_width = "64"),
    allow(unsafe_code, reason = "processes are traced here")
)]

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../../../tearfree-page/tests/left_out/mod.rs"]
mod left_out;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod steps;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../../../tearfree-page/tests/tracing/mod.rs"]
#[expect(dead_code, reason = "the faults and interleavings of pages use the rest")]
mod tracing;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() -> std::process::ExitCode {
    use libtest_mimic::{Arguments, Trial};

    let args: Vec<String> = std::env::args().collect();
    if let [_, role, operation, path] = &args[..]
        && role == "--role"
    {
        return steps::run(operation, path.as_ref());
    }
    let trials = steps::TESTS.iter().map(|&(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
