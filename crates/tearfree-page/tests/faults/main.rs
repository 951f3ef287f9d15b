// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults of real processes: killed, forked, locked out, out of room, hostile, in other namespaces.
//!
//! This program is its own cast: called with `--actor`, it plays one of the processes that the tests
//! start. `TEARFREE_KILLS=10000` is the longer mode.
#![cfg_attr(
    all(target_os = "linux", target_pointer_width = "64"),
    allow(unsafe_code, reason = "processes are forked, traced and mapped here")
)]

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod cast {
    pub(crate) mod actors;
    pub(crate) mod hostile;
    pub(crate) mod kills;
    pub(crate) mod neighbours;
    pub(crate) mod process;
    pub(crate) mod sample;
    pub(crate) mod steps;
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() -> std::process::ExitCode {
    use cast::{actors, hostile, kills, neighbours};
    use libtest_mimic::{Arguments, Trial};

    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--actor") {
        let args: Vec<String> = args.collect();
        actors::play(&args.iter().map(String::as_str).collect::<Vec<_>>());
        return std::process::ExitCode::SUCCESS;
    }
    let tests = kills::TESTS.iter().chain(neighbours::TESTS).chain(hostile::TESTS);
    let trials = tests.map(|&(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
