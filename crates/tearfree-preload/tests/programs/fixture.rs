// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs programs on test clocks.

use core::time::Duration;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use tearfree_clock::{TestClock, TestSettings};
use tempfile::TempDir;

/// 9 September 2001, 01:46:40 UTC.
pub(crate) const BILLION: u64 = 1_000_000_000;
pub(crate) const NSEC: u64 = 1_000_000_000;

/// The limit of a program: no test on a working clock takes as long, even on a busy machine.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(80);

pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
}

impl Fixture {
    pub(crate) fn empty() -> Self {
        Fixture { folder: TempDir::new().expect("a folder") }
    }

    fn new(setting: TestSettings) -> Self {
        let fixture = Self::empty();
        TestClock::create(fixture.page(), setting).expect("the page is new");
        fixture
    }

    pub(crate) fn frozen() -> Self {
        Self::frozen_at(BILLION * NSEC)
    }

    pub(crate) fn frozen_at(at_ns: u64) -> Self {
        Self::new(TestSettings::new().at_ns(at_ns).speed(0.0))
    }

    pub(crate) fn fast(speed: f64) -> Self {
        Self::new(TestSettings::new().at_ns(BILLION * NSEC).speed(speed))
    }

    pub(crate) fn page(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    pub(crate) fn command(&self, program: &[&str]) -> Command {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).env("LD_PRELOAD", preload()).env("TZ", "UTC");
        command.env("TEARFREE_CLOCK", self.page()).stdin(Stdio::null());
        command
    }

    pub(crate) fn start(&self, program: &[&str]) -> Child {
        let mut command = self.command(program);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    /// Returns what a program prints; `None` if it is not installed.
    pub(crate) fn output(&self, program: &[&str]) -> Option<String> {
        let there = Command::new("sh").args(["-c", &format!("command -v {}", program[0])]).output();
        if !there.is_ok_and(|output| output.status.success()) {
            left_out(&format!("{} is not installed", program[0]));
            return None;
        }
        let output = output_within(self.start(program), WATCHDOG);
        let output = output.unwrap_or_else(|| panic!("{program:?} does not end"));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program:?}: {errors}");
        assert!(!errors.contains("tearfree-preload"), "{errors}");
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// Says that something is not tested here; under CI everything is tested. The message is written past the
/// test runner, which drops the output of tests that pass.
pub(crate) fn left_out(what: &str) {
    let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!is_ci, "under CI this has to be tested: {what}");
    let _ = writeln!(io::stderr(), "left out: {what}");
}

/// Returns the output of a program, or kills it after `limit`.
pub(crate) fn output_within(mut child: Child, limit: Duration) -> Option<Output> {
    let start = Instant::now();
    while child.try_wait().expect("this process started it").is_none() {
        if start.elapsed() > limit {
            child.kill().expect("this process started it");
            child.wait().expect("a killed program ends");
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Some(child.wait_with_output().expect("the program has ended"))
}

/// Waits until a program sleeps, whose name is that of its file.
pub(crate) fn until_asleep(child: &Child, name: &str) {
    let asleep = format!("({name}) S ");
    let start = Instant::now();
    while !fs::read_to_string(format!("/proc/{}/stat", child.id()))
        .is_ok_and(|stat| stat.contains(&asleep))
    {
        assert!(start.elapsed() < WATCHDOG, "{name} does not sleep");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Builds the shared object and returns its path; Cargo does not build it for this package's tests.
pub(crate) fn preload() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "tearfree-preload"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let status = build.status().expect("cargo runs");
        assert!(status.success(), "the shared object does not build");
        let test = env::current_exe().expect("this program has a path");
        let object = test.ancestors().nth(2).expect("deps is in a folder");
        let object = object.join("libtearfree_preload.so");
        assert!(object.exists(), "no shared object at {}", object.display());
        object
    })
}
