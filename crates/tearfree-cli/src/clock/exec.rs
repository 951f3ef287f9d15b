// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock exec`: runs a program on a test clock.

use core::time::Duration;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf, absolute};
use std::process::{Child, Command, ExitStatus};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use tearfree_clock::{Clock, Error, TestClock};

use super::args::ExecArgs;
use super::program;
use crate::outcome::{Outcome, Problem};
use crate::terminal;

const OBJECT: &str = "libtearfree_preload.so";
const NAP: Duration = Duration::from_millis(10);

pub(super) fn run(args: &ExecArgs) -> Result<Outcome, Problem> {
    let object = object()?;
    let program = &args.command[0];
    program::check(program).map_err(|(path, blind)| {
        let advice = blind.advice();
        Problem::new(format_args!("{} cannot see the clock: {blind}", path.display()), advice)
    })?;
    let page = Page::prepare(args)?;
    // Signals are taken over before there is a program that they are for.
    let ours = [SIGINT, SIGQUIT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal));
    let mut signals = Signals::new(ours).map_err(|error| {
        Problem::new(format_args!("cannot take over signals: {error}"), "Nothing was started.")
    })?;
    let mut command = Command::new(program);
    command.args(&args.command[1..]).env("TEARFREE_CLOCK", &page.path);
    let child = command.env("LD_PRELOAD", preloaded(object)).spawn().map_err(|error| {
        Problem::new(
            format_args!("cannot start {}: {error}", program.display()),
            "See to what the system complains about, and try again.",
        )
    })?;
    wait(child, &mut signals).map(|status| Outcome::Child(code(status)))
}

/// The page of the clock; one without a name goes when the program has ended.
struct Page {
    path: PathBuf,
    is_ours: bool,
}

impl Page {
    fn prepare(args: &ExecArgs) -> Result<Self, Problem> {
        let setting = args.setting.get();
        let Some(page) = &args.page else {
            // A page that an `exec` of the same number left when it was killed is not in the way.
            let name = format!("exec-{}-{}", std::process::id(), tearfree_clock::host_ns());
            let path = PathBuf::from(name);
            TestClock::create(&path, setting)?;
            return Ok(Page { path, is_ours: true });
        };
        let path = full(page)?;
        match TestClock::create(&path, setting) {
            Err(Error::Exists) if args.setting.is_empty() => Clock::open_page(&path).map(drop)?,
            Err(Error::Exists) => TestClock::change(&path, setting).map(drop)?,
            other => other?,
        }
        Ok(Page { path, is_ours: false })
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = tearfree_page::remove(&self.path)
        {
            terminal::remark(&format!("the clock stays: {error}"));
        }
    }
}

/// Programs go to other directories, so a path has to be a full one. A name stays a name.
fn full(page: &Path) -> Result<PathBuf, Problem> {
    if !page.as_os_str().to_string_lossy().contains('/') {
        return Ok(page.to_owned());
    }
    absolute(page).map_err(|error| {
        Problem::new(format_args!("{}: {error}", page.display()), "Give the page's full path.")
    })
}

/// The shared object: beside this program, or where an installation puts libraries.
fn object() -> Result<PathBuf, Problem> {
    let this = env::current_exe().unwrap_or_default();
    let folder = this.parent().unwrap_or(Path::new(""));
    let places = [folder.join(OBJECT), folder.join("../lib/tearfree").join(OBJECT)];
    let object = places.iter().find(|path| path.exists()).cloned().ok_or_else(|| {
        Problem::new(
            format_args!("there is no {OBJECT} in {}", folder.display()),
            "Build it with `cargo build --release -p tearfree-preload`, or copy it there.",
        )
    })?;
    loadable(object)
}

/// The loader takes a list, in which a space or a colon is the end of a path.
fn loadable(object: PathBuf) -> Result<PathBuf, Problem> {
    if object.as_os_str().as_bytes().iter().any(|byte| b" :".contains(byte)) {
        return Err(Problem::new(
            format_args!("the loader cannot load {}", object.display()),
            "Move it, and this program, to a folder without spaces and colons in its path.",
        ));
    }
    Ok(object)
}

/// Ours first, then what the user preloads.
fn preloaded(object: PathBuf) -> OsString {
    let mut all = object.into_os_string();
    if let Some(others) = env::var_os("LD_PRELOAD").filter(|others| !others.is_empty()) {
        all.push(":");
        all.push(others);
    }
    all
}

/// What we were started to ignore, as by `nohup`, the program is to ignore, too.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.unwrap_or(0) >> (signal - 1) & 1 != 0
}

/// Waits for the program. It gets what the keys of the terminal send, as we do; SIGTERM and SIGHUP are
/// passed on.
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
            Ok(None) => thread::sleep(NAP),
            Err(error) => {
                return Err(Problem::new(
                    format_args!("lost the program: {error}"),
                    "It may still be running.",
                ));
            }
        }
    }
}

fn pass_on(child: &Child, signal: Signal) {
    if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
        // It may have ended just now; then there is nothing to do.
        let _ = kill_process(pid, signal);
    }
}

/// What a shell would report.
fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(crate::outcome::FAILED)
}
