// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock` and `tearfree vdso`, run as a user runs them.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod exec;
mod service;

use core::time::Duration;
use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use serde_json::Value;
use tempfile::TempDir;

/// Returns the command.
fn tearfree(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tearfree"));
    command.args(args).stdin(Stdio::null()).env("TZ", "UTC");
    command
}

fn output(args: &[&str]) -> Output {
    let mut command = tearfree(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    wait_end(command.spawn().expect("the command starts"))
}

fn stdout(args: &[&str]) -> String {
    let output = output(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn failure(args: &[&str]) -> String {
    let output = output(args);
    // 125: `exec` failed before it started the program; `tests/conventions.rs` has which code is when.
    assert!(matches!(output.status.code(), Some(1 | 4 | 125..=127)), "{args:?}");
    assert_eq!(output.stdout.len(), 0, "{args:?}");
    String::from_utf8(output.stderr).expect("text")
}

/// Returns an integer of 64 bits, which JSON has as a string.
fn integer(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.parse().ok()).expect("an integer in a string")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("one JSON value")
}

fn page(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().expect("text").to_owned()
}

fn serve(page: &str) -> (Child, impl Iterator<Item = Value>) {
    let mut command = tearfree(&["clock", "serve", "--json", "--page", page]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let lines = Lines::new(child.stdout.take().expect("a pipe"));
    (child, lines.map(|line| json(&line)))
}

/// The lines of a pipe, until it is closed. A wait for one has a limit, unlike a read.
struct Lines(Receiver<String>);

impl Lines {
    fn new(pipe: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        thread::spawn(move || {
            let lines = BufReader::new(pipe).lines().map_while(Result::ok);
            lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
        });
        Lines(lines)
    }
}

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        match self.0.recv_timeout(WATCHDOG) {
            Err(RecvTimeoutError::Timeout) => panic!("nothing is printed"),
            line => line.ok(),
        }
    }
}

/// Says that something is not tested here; under CI everything is tested. The message is written past the
/// test runner, which drops the output of tests that pass.
fn left_out(what: &str) {
    let is_ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false");
    assert!(!is_ci, "under CI this has to be tested: {what}");
    let _ = writeln!(io::stderr(), "left out: {what}");
}

/// The limit of a wait: none takes as long, even on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Waits for a command to end. After a minute it is killed, and the test fails.
fn wait_end(mut child: Child) -> Output {
    let end = Instant::now() + WATCHDOG;
    while child.try_wait().expect("it is ours").is_none() {
        if Instant::now() > end {
            child.kill().expect("it is ours");
            child.wait().expect("it ends");
            panic!("the command does not end");
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().expect("it has ended")
}

fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
    assert!(status.expect("there is a kill").success());
}

#[test]
fn a_clock_is_kept_read_killed_and_taken_over() {
    let folder = TempDir::new().expect("a folder");
    let page = page(&folder, "clock");
    let args = ["clock", "now", "--json", "--page", &page];
    assert!(failure(&args).contains("tearfree clock serve"), "the advice names the timekeeper");
    let (mut first, mut reports) = serve(&page);
    let is_synchronised = |report: Value| report["status"] == "synchronised";
    assert!(reports.by_ref().take(60).any(is_synchronised), "not within a minute");
    let second = failure(&["clock", "serve", "--page", &page]);
    assert!(second.contains("has a writer"), "{second}");
    let now = || json(&stdout(&args));
    // A keeper that gets no processor for two seconds is late.
    let is_on_time = |report: &Value| report["status"] == "synchronised";
    let before = (0..60).map(|_| now()).find(is_on_time).expect("it stays synchronised");
    let number = |report: &Value, name: &str| integer(&report[name]);
    assert!(number(&before, "bound_ns") < number(&before, "utc_bound_ns"));
    let (coarse, mono) = (number(&before, "coarse_ns"), number(&before, "monotonic_ns"));
    assert!(0 < coarse && coarse <= mono, "{coarse} {mono}");
    let (one, other) = (reports.next().expect("a report"), reports.next().expect("another"));
    assert!(number(&one, "bound_ns") < number(&one, "utc_bound_ns"));
    let ticks = number(&other, "generation") - number(&one, "generation");
    assert!(ticks > 2, "{ticks} ticks in a second");
    signal(&first, "KILL");
    first.wait().expect("it has ended");
    let dead = json(&stdout(&args));
    assert!(number(&dead, "monotonic_ns") > number(&before, "monotonic_ns"), "the clock continues");

    let (next, mut reports) = serve(&page);
    let report = reports.next().expect("a report");
    assert_eq!((&report["steps"], &report["disruptions"]), (&0.into(), &0.into()));
    assert!(number(&report, "generation") > number(&before, "generation"), "the count continues");
    signal(&next, "TERM");
    assert_eq!(reports.last().expect("a last report")["ended_by"], "SIGTERM");
    assert_eq!(wait_end(next).status.code(), Some(0), "a service that was asked to end");
    let lines = stdout(&["clock", "watch", "--count", "2", "--json", "--page", &page]);
    assert_eq!(lines.lines().map(json).count(), 2);
}

/// Without a terminal and without `--json`, only changes are printed.
#[test]
fn a_timekeeper_prints_each_change_once() {
    let folder = TempDir::new().expect("a folder");
    let mut command = tearfree(&["clock", "serve", "--page", &page(&folder, "clock")]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = Lines::new(child.stderr.take().expect("a pipe"));
    let first = lines.next().expect("a first line");
    assert!(first.contains("keeping the clock"), "{first}");
    let mut printed: Vec<String> = Vec::new();
    while !printed.last().is_some_and(|line| line.starts_with("synchronised")) {
        printed.push(lines.next().expect("it goes on"));
        assert!(printed.len() < 60, "it is not synchronised: {printed:#?}");
    }
    // The status is looked at each second.
    thread::sleep(Duration::from_millis(2500));
    signal(&child, "INT");
    printed.extend(lines);
    assert_eq!(wait_end(child).status.code(), Some(130));
    let text = printed.join("\n");
    let changes: Vec<_> = text.lines().filter_map(|line| line.split_once(" ns, within")).collect();
    assert!(changes.len() > 1, "it began free running: {text}");
    let states = changes.iter().map(|(state, rest)| {
        let counts = rest.split("set ").nth(1).and_then(|rest| rest.split(", late").next());
        (state.split(':').next(), counts)
    });
    let mut once: Vec<_> = states.clone().collect();
    once.dedup();
    assert_eq!(once.len(), states.count(), "{text}");
}

#[test]
fn watching_ends_by_a_signal_and_by_a_closed_pipe() {
    let folder = TempDir::new().expect("a folder");
    let office = page(&folder, "office");
    stdout(&["clock", "exec", "--page", &office, "--", "true"]);
    let kept = page(&folder, "clock");
    let watch = ["clock", "watch", "--page", &office];
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = tearfree(&watch).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut lines = Lines::new(child.stdout.take().expect("a pipe"));
        lines.next().expect("a first line");
        signal(&child, name);
        assert_eq!(wait_end(child).status.code(), Some(code));
    }
    for args in [&watch[..], &["clock", "serve", "--json", "--page", &kept]] {
        let mut command = tearfree(args);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it starts");
        drop(child.stdout.take());
        assert_eq!(wait_end(child).status.code(), Some(0), "{args:?}");
    }
}

#[test]
fn a_named_clock_is_set_from_outside() {
    let folder = TempDir::new().expect("a folder");
    let page = page(&folder, "office");
    let date = ["clock", "exec", "--page", &page, "--", "date", "+%Y-%m-%d"];
    let made = ["clock", "exec", "--page", &page, "--at", "2001-02-03", "--freeze", "--", "true"];
    stdout(&made);
    assert_eq!(stdout(&date).trim(), "2001-02-03");
    let set = stdout(&["clock", "set", &page, "--offset", "2days", "--json"]);
    assert_eq!(json(&set)["is_test"], true);
    assert_eq!(stdout(&date).trim(), "2001-02-05");
    assert!(failure(&["clock", "set", &page]).contains("--offset"));
    let serve = failure(&["clock", "serve", "--page", &page]);
    assert!(serve.contains("test clock"), "{serve}");
}

#[test]
fn the_kernels_page_is_shown_or_refused_with_a_reason() {
    let output = output(&["vdso", "--json", "--verify", "20000"]);
    if output.status.code() == Some(1) {
        let refusal = String::from_utf8_lossy(&output.stderr);
        assert_eq!(refusal.lines().count(), 2, "what and advice: {refusal}");
        // The tests of the clock check that a known kernel is not refused.
        let _ = writeln!(io::stderr(), "left out: {refusal}");
        return;
    }
    let view = json(&String::from_utf8(output.stdout).expect("text"));
    assert_eq!(view["count"].as_u64().map(|count| count % 2), Some(0));
    let clocks = view["clocks"].as_array().expect("an array");
    assert_eq!(clocks.len(), 4, "{view}");
    for clock in clocks {
        assert_eq!((&clock["samples"], &clock["outside"]), (&20000.into(), &0.into()), "{clock}");
    }
    let steps = stdout(&["vdso", "--watch", "--count", "3", "--json"]);
    assert_eq!(steps.lines().count(), 3, "{steps}");
    for step in steps.lines().map(json) {
        let (before, after) = (step["before"].as_u64(), step["after"].as_u64());
        let updates = step["updates"].as_u64().expect("a number");
        assert_eq!(before.zip(after).map(|(a, b)| b - a), Some(2 * updates));
    }
}
