// SPDX-License-Identifier: MIT OR Apache-2.0
//! Test clocks, and how programs are run on them.

use core::time::Duration;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use tearfree_clock::{Setting, TestClock};
use tempfile::TempDir;

/// 9 September 2001, 01:46:40 UTC.
pub(crate) const BILLION: u64 = 1_000_000_000;
pub(crate) const NSEC: u64 = 1_000_000_000;

/// Nothing here takes so long on a clock that works, on however busy a machine.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(100);

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
}

impl Stage {
    pub(crate) fn empty() -> Self {
        Stage { folder: TempDir::new().expect("a folder") }
    }

    fn new(setting: Setting) -> Self {
        let stage = Self::empty();
        TestClock::create(stage.page(), setting).expect("the page is new");
        stage
    }

    pub(crate) fn frozen() -> Self {
        Self::new(Setting { at_ns: Some(BILLION * NSEC), speed: Some(0.0), ..Setting::default() })
    }

    pub(crate) fn fast(speed: f64) -> Self {
        Self::new(Setting { at_ns: Some(BILLION * NSEC), speed: Some(speed), ..Setting::default() })
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
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
    }

    /// What a program prints; `None` if there is no such program here.
    pub(crate) fn output(&self, program: &[&str]) -> Option<String> {
        let there = Command::new("sh").args(["-c", &format!("command -v {}", program[0])]).output();
        if !there.is_ok_and(|output| output.status.success()) {
            println!("left out: there is no {} here", program[0]);
            return None;
        }
        let output = ended(self.start(program), WATCHDOG);
        let output = output.unwrap_or_else(|| panic!("{program:?} does not end"));
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program:?}: {errors}");
        assert!(!errors.contains("tearfree-preload"), "{errors}");
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// What came of a program, unless it has not ended after so long; then it is killed.
pub(crate) fn ended(mut child: Child, limit: Duration) -> Option<Output> {
    let start = Instant::now();
    while child.try_wait().expect("it is ours").is_none() {
        if start.elapsed() > limit {
            child.kill().expect("it is ours");
            child.wait().expect("it ends");
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Some(child.wait_with_output().expect("it has ended"))
}

/// The shared object. Cargo builds none for the tests of its package, so it is asked to.
pub(crate) fn preload() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "tearfree-preload"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        let status = build.status().expect("cargo is there");
        assert!(status.success(), "the shared object does not build");
        let test = env::current_exe().expect("this program has a path");
        let object = test.ancestors().nth(2).expect("deps is in a folder");
        let object = object.join("libtearfree_preload.so");
        assert!(object.exists(), "it is not at {}", object.display());
        object
    })
}
