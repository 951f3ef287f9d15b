// SPDX-License-Identifier: MIT OR Apache-2.0
//! Test clocks, and how programs are run on them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tearfree_clock::{Setting, TestClock};
use tempfile::TempDir;

/// 9 September 2001, 01:46:40 UTC.
pub(crate) const BILLION: u64 = 1_000_000_000;
pub(crate) const NSEC: u64 = 1_000_000_000;

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
}

impl Stage {
    fn new(setting: Setting) -> Self {
        let stage = Stage { folder: TempDir::new().expect("a folder") };
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

    /// What a program prints; `None` if there is no such program here.
    pub(crate) fn output(&self, program: &[&str]) -> Option<String> {
        let there = Command::new("sh").args(["-c", &format!("command -v {}", program[0])]).output();
        if !there.is_ok_and(|output| output.status.success()) {
            println!("left out: there is no {} here", program[0]);
            return None;
        }
        let output = self.command(program).output().expect("it starts");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{program:?}: {errors}");
        assert!(!errors.contains("tearfree-preload"), "{errors}");
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
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
