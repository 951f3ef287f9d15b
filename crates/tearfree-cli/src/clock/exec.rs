// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock exec`: runs a program on a test clock.

use core::time::Duration;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, ExitStatus};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tearfree_clock::{Clock, Error, TestClock};

use super::args::ExecArgs;
use super::preload_object::PreloadObject;
use super::program::{self, Unsupported};
use crate::outcome::{CANNOT_RUN, EXEC_FAILED, NOT_FOUND, Outcome, Problem};
use crate::terminal;

/// How often the end of the program and signals for it are checked.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

pub(super) fn run(args: &ExecArgs) -> Result<Outcome, Problem> {
    start_and_wait(args).map_err(|problem| match problem.exit_code() {
        CANNOT_RUN | NOT_FOUND => problem,
        // Apart from the program's own codes.
        _ => problem.with_exit_code(EXEC_FAILED),
    })
}

fn start_and_wait(args: &ExecArgs) -> Result<Outcome, Problem> {
    let program = &args.command[0];
    program::check(program).map_err(|(path, reason)| {
        let advice = reason.advice();
        Problem::new(format_args!("{} cannot see the clock: {reason}", path.display()), advice)
            .with_exit_code(exit_code_of(&reason))
    })?;
    let page = ClockPage::prepare(args)?;
    // Behind the page, which creates the directory of pages where it is missing.
    let object = PreloadObject::find()?;
    let (ignored, handled): (Vec<i32>, Vec<i32>) =
        [SIGINT, SIGQUIT, SIGTERM, SIGHUP].into_iter().partition(|signal| is_ignored(*signal));
    // Before the program is started, so that no signal for it is lost.
    let mut signals = Signals::new(handled).map_err(|error| {
        Problem::new(
            format_args!("cannot install signal handlers: {error}"),
            "Nothing was started. Run the command outside the sandbox that forbids it.",
        )
    })?;
    let mut command = Command::new(program);
    command.args(&args.command[1..]).env("TEARFREE_CLOCK", &page.path);
    let child = command.env("LD_PRELOAD", object.preload_list()).spawn().map_err(|error| {
        Problem::new(
            format_args!("cannot start {}: {error}", program.display()),
            "Fix the cause above and run the command again.",
        )
        .with_exit_code(CANNOT_RUN)
    })?;
    // The program inherits what this process ignores, as under `nohup`, but may handle it all the same. So
    // these are passed on, too; a handler for them before the start would make them deadly for the program.
    for signal in ignored {
        // If this fails, the signal stays ignored here.
        let _ = signals.add_signal(signal);
    }
    wait(child, &mut signals).map(|status| Outcome::Child(exit_code(status)))
}

/// Returns the exit code that a shell has for a program that it does not start.
fn exit_code_of(reason: &Unsupported) -> u8 {
    if *reason == Unsupported::Missing { NOT_FOUND } else { CANNOT_RUN }
}

/// The page of the clock. Dropping it removes a page without a name.
struct ClockPage {
    path: PathBuf,
    is_ours: bool,
}

impl ClockPage {
    fn prepare(args: &ExecArgs) -> Result<Self, Problem> {
        let setting = args.setting.get();
        let Some(page) = &args.page else {
            // The time in the name keeps it apart from a page that a killed `exec` with the same PID left.
            let name = format!("exec-{}-{}", std::process::id(), tearfree_clock::host_ns());
            let path = PathBuf::from(name);
            TestClock::create(&path, setting)?;
            return Ok(ClockPage { path, is_ours: true });
        };
        let path = absolute_page(page)?;
        match TestClock::create(&path, setting) {
            Err(Error::Exists) if args.setting.is_empty() => Clock::open_page(&path).map(drop)?,
            Err(Error::Exists) => TestClock::change(&path, setting).map(drop)?,
            other => other?,
        }
        Ok(ClockPage { path, is_ours: false })
    }
}

impl Drop for ClockPage {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = tearfree_page::remove(&self.path)
        {
            terminal::print_note(&format!("cannot remove the clock: {error}"));
        }
    }
}

/// Makes a path absolute, because programs change their directory. A name stays a name.
fn absolute_page(page: &Path) -> Result<PathBuf, Problem> {
    if !page.as_os_str().to_string_lossy().contains('/') {
        return Ok(page.to_owned());
    }
    absolute(page).map_err(|error| {
        Problem::new(
            format_args!("cannot make {} an absolute path: {error}", page.display()),
            "Give the absolute path of the page.",
        )
    })
}

/// Returns whether this process ignores the signal, as under `nohup`.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.unwrap_or(0) >> (signal - 1) & 1 != 0
}

/// Waits for the program, and passes SIGTERM and SIGHUP on. Signals from the keyboard reach it directly.
fn wait(mut child: Child, signals: &mut Signals) -> Result<ExitStatus, Problem> {
    loop {
        for signal in signals.pending() {
            match signal {
                SIGTERM => pass_on(&child, Signal::TERM),
                SIGHUP => pass_on(&child, Signal::HUP),
                _ => {}
            }
        }
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => thread::sleep(POLL_INTERVAL),
            Err(error) => {
                return Err(Problem::new(
                    format_args!("cannot wait for the program: {error}"),
                    "It may still be running: look for it with `ps`.",
                ));
            }
        }
    }
}

fn pass_on(child: &Child, signal: Signal) {
    if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
        // Fails only if it has just ended.
        let _ = kill_process(pid, signal);
    }
}

/// Returns the exit code that a shell would report.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::outcome::FAILED)
}
