// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two processes under one scheduler: every order of their system calls, up to a number of preemptions.
//!
//! A schedule says which process runs next, and each runs until its next system call that another one can
//! see; in some scenarios also until its next access to a page's count, state or slots. The search repeats the
//! processes from the start for each schedule. `TEARFREE_PREEMPTIONS=4` searches further: each preemption more
//! takes about ten times as long.
#![cfg_attr(
    all(target_os = "linux", target_pointer_width = "64"),
    allow(unsafe_code, reason = "processes are forked, traced and mapped here")
)]

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../left_out/mod.rs"]
mod left_out;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "../tracing/mod.rs"]
#[expect(dead_code, reason = "faults/ uses the rest")]
mod tracing;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod scheduler {
    pub(crate) mod calls;
    pub(crate) mod events;
    pub(crate) mod run;
    pub(crate) mod search;
    pub(crate) mod task;
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod scenarios {
    pub(crate) mod careless;
    pub(crate) mod removal;
    pub(crate) mod replacement;
    pub(crate) mod roles;
    pub(crate) mod sleeping;
    pub(crate) mod stamps;
    pub(crate) mod waking;
    pub(crate) mod writers;
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;
    use std::process::Command;

    use libtest_mimic::{Failed, Trial};

    use crate::left_out::leave_out;
    use crate::scenarios::{careless, removal, replacement, sleeping, stamps, waking, writers};
    use crate::scheduler::search::{Scenario, explore, start_watchdog};
    use crate::scheduler::task::fork_traced;

    const GROUPS: [&[Scenario]; 6] = [
        writers::SCENARIOS,
        removal::SCENARIOS,
        careless::SCENARIOS,
        replacement::SCENARIOS,
        waking::SCENARIOS,
        stamps::SCENARIOS,
    ];

    /// Returns one test for each scenario. It runs in a process of its own, which has one thread, and so
    /// can fork.
    pub(crate) fn trials() -> Vec<Trial> {
        let scenarios = GROUPS.into_iter().flatten().map(|scenario| scenario.name);
        let names = scenarios.chain(sleeping::TESTS.iter().map(|&(name, _)| name));
        names.map(|name| Trial::test(name, move || start_and_wait(name))).collect()
    }

    fn start_and_wait(name: &str) -> Result<(), Failed> {
        let this = std::env::current_exe()?;
        let status = Command::new(this).args(["--run", name]).status()?;
        if status.success() { Ok(()) } else { Err(status.to_string().into()) }
    }

    /// Runs a test in this process.
    pub(crate) fn run(name: &str) {
        // SAFETY: has this process wait for children of children that were killed.
        unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) };
        start_watchdog();
        if !may_trace() {
            return leave_out("processes cannot be traced here");
        }
        if let Some((_, test)) = sleeping::TESTS.iter().find(|test| test.0 == name) {
            return test();
        }
        let mut scenarios = GROUPS.into_iter().flatten();
        explore(scenarios.find(|scenario| scenario.name == name).expect("a scenario"));
    }

    /// Returns whether the system lets this process trace another one, and says what that one does.
    fn may_trace() -> bool {
        let try_it = || {
            let tracee = fork_traced(|| {});
            let knows = tracee.knows_calls();
            tracee.kill();
            knows
        };
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let may = catch_unwind(AssertUnwindSafe(try_it)).unwrap_or(false);
        std::panic::set_hook(hook);
        may
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() -> std::process::ExitCode {
    // Both may have been inherited, and would change what the tests see.
    // SAFETY: sets the default action.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));

    let mut args = std::env::args().skip(1);
    if let (Some("--run"), Some(name)) = (args.next().as_deref(), args.next()) {
        tests::run(&name);
        return std::process::ExitCode::SUCCESS;
    }
    libtest_mimic::run(&libtest_mimic::Arguments::from_args(), tests::trials()).exit_code()
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}
