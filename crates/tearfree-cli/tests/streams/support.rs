// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the command in a folder of its own.

use core::time::Duration;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Pages {
    pub(crate) folder: TempDir,
}

impl Pages {
    pub(crate) fn new() -> Self {
        Pages { folder: TempDir::new().expect("a folder") }
    }

    pub(crate) fn path(&self, page: &str) -> PathBuf {
        self.folder.path().join(page)
    }

    pub(crate) fn command(&self, subcommand: &str, page: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tearfree"));
        command.args(["page", subcommand]).arg(self.path(page)).args(args).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command that succeeds; returns its standard output.
    pub(crate) fn succeed(&self, subcommand: &str, page: &str, args: &[&str]) -> String {
        let output = self.command(subcommand, page, args).output().expect("the command starts");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs a command that fails; returns its standard error.
    pub(crate) fn fail(&self, subcommand: &str, page: &str, args: &[&str]) -> String {
        let output = self.command(subcommand, page, args).output().expect("the command starts");
        // `tests/conventions.rs` has which of the two.
        assert!(matches!(output.status.code(), Some(1 | 4)), "{:?}", output.status);
        assert_eq!(output.stdout.len(), 0);
        String::from_utf8(output.stderr).expect("text")
    }

    pub(crate) fn json(&self, page: &str) -> Value {
        serde_json::from_str(&self.succeed("get", page, &["--json"])).expect("one JSON value")
    }

    pub(crate) fn generation(&self, page: &str) -> u64 {
        integer(&self.json(page)["generation"])
    }

    /// Publishes the lines of `input`; returns the exit code and the errors.
    pub(crate) fn publish(&self, page: &str, args: &[&str], input: &[u8]) -> (Option<i32>, String) {
        let mut command = self.command("publish", page, args);
        let mut running = Running::new(command.stdin(Stdio::piped()).stdout(Stdio::null()));
        let mut pipe = running.child.stdin.take().expect("it is piped");
        let input = input.to_vec();
        // An error ends it before the end of its input.
        let writer = thread::spawn(move || _ = pipe.write_all(&input));
        let output = running.end();
        writer.join().expect("it does not panic");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    }
}

/// A command that runs, and is killed after a minute, so that one that misses something fails its test.
pub(crate) struct Running {
    pub(crate) child: Child,
    lines: Option<Lines<BufReader<ChildStdout>>>,
    _alive: Sender<()>,
}

impl Running {
    pub(crate) fn new(command: &mut Command) -> Self {
        let mut child = command.spawn().expect("it starts");
        let (alive, is_over) = channel();
        let id = child.id().to_string();
        thread::spawn(move || {
            if is_over.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        });
        let lines = child.stdout.take().map(|output| BufReader::new(output).lines());
        Running { child, lines, _alive: alive }
    }

    /// Returns the next line of its output; `None` at the end.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.lines.as_mut()?.next().map(|line| line.expect("text"))
    }

    /// Closes the reading end of its output.
    pub(crate) fn close_output(&mut self) {
        self.lines = None;
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
    }

    /// Waits for its end; returns its exit code, the rest of its output, and its errors.
    pub(crate) fn end(mut self) -> Output {
        let rest: String = self
            .lines
            .take()
            .into_iter()
            .flatten()
            .map(|line| line.expect("text") + "\n")
            .collect();
        let mut output = self.child.wait_with_output().expect("it ends");
        output.stdout = rest.into_bytes();
        output
    }
}

/// Waits until `done` says so.
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if done() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: not within a minute");
}

/// Returns an integer of 64 bits, which JSON has as a string.
pub(crate) fn integer(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.parse().ok()).expect("an integer in a string")
}
