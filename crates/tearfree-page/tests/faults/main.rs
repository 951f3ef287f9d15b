// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults of real processes: killed, forked, locked out, out of space, hostile, in other namespaces.
//!
//! The tests start this program again as the other processes: `--role ROLE` runs one of `roles.rs`.
//! `TEARFREE_KILLS=10000` kills more of them.
#![cfg_attr(
    all(target_os = "linux", target_pointer_width = "64"),
    allow(unsafe_code, reason = "processes are forked, traced and mapped here")
)]

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../left_out/mod.rs"]
mod left_out;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../tracing/mod.rs"]
#[expect(dead_code, reason = "interleavings/ uses the rest")]
mod tracing;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod processes {
    pub(crate) mod calls;
    #[cfg(target_arch = "x86_64")]
    pub(crate) mod clocks;
    pub(crate) mod forks;
    pub(crate) mod hostile;
    pub(crate) mod kills;
    pub(crate) mod laps;
    pub(crate) mod named;
    pub(crate) mod neighbours;
    pub(crate) mod ownership;
    pub(crate) mod process;
    #[cfg(target_arch = "x86_64")]
    pub(crate) mod record;
    pub(crate) mod refused;
    pub(crate) mod roles;
    pub(crate) mod signals;
    pub(crate) mod stamps;
    pub(crate) mod steps;
    pub(crate) mod users;
    pub(crate) mod value;
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() -> std::process::ExitCode {
    use libtest_mimic::{Arguments, Trial};
    use processes::{calls, forks, hostile, kills, laps, named, neighbours};
    use processes::{ownership, refused, roles, signals, stamps, users};

    // Both may have been inherited, and would change what the tests see.
    signals::restore_child_signal();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));

    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("--role") {
        let args: Vec<String> = args.collect();
        roles::run(&args.iter().map(String::as_str).collect::<Vec<_>>());
        return std::process::ExitCode::SUCCESS;
    }
    let tests = [
        kills::TESTS,
        calls::TESTS,
        neighbours::TESTS,
        ownership::TESTS,
        forks::TESTS,
        hostile::TESTS,
        laps::TESTS,
        #[cfg(target_arch = "x86_64")]
        processes::record::TESTS,
        named::TESTS,
        refused::TESTS,
        signals::TESTS,
        stamps::TESTS,
        #[cfg(target_arch = "x86_64")]
        processes::clocks::TESTS,
        users::TESTS,
    ];
    let tests = tests.into_iter().flatten();
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
