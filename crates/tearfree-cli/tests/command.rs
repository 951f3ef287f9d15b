// SPDX-License-Identifier: MIT OR Apache-2.0
//! The command, run as a user runs it: called, piped, interrupted, and with invalid arguments.

#![cfg(unix)]

use core::time::Duration;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Instant;

use serde_json::Value;

/// Ends by a signal or a closed pipe only; [`output_of`] kills it otherwise.
const ENDLESS_TUTORIAL: [&str; 4] = ["demo", "--tutorial", "--interval-ms", "2"];
/// Takes an hour: see above.
const LONG_DEMO: [&str; 3] = ["demo", "--seconds", "3600"];

fn tearfree(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tearfree"));
    command.args(args).stdin(Stdio::null());
    command
}

fn output(args: &[&str]) -> Output {
    tearfree(args).output().expect("the command starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("the output is UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("the output is UTF-8")
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).expect("standard output is one JSON value")
}

fn number(object: &Value, key: &str) -> u64 {
    object[key].as_u64().unwrap_or_else(|| panic!("{key} is a whole number in {object}"))
}

/// Starts the command with both outputs captured.
fn start(args: &[&str]) -> Child {
    let mut command = tearfree(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
}

/// Waits for the end of the command. After a minute it is killed, and the test fails.
fn output_of(child: Child) -> Output {
    let (ended, is_over) = std::sync::mpsc::channel::<()>();
    let id = child.id().to_string();
    let killer = thread::spawn(move || {
        let is_late =
            is_over.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout);
        if is_late {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
        is_late
    });
    let output = child.wait_with_output().expect("the command ends");
    drop(ended);
    assert!(!killer.join().expect("it does not panic"), "the command did not end");
    output
}

/// Sends signals in the given order.
fn send(signals: &[&str], to: &Child) {
    let kills = signals.iter().map(|signal| format!("kill -{signal} {}", to.id()));
    let script = kills.collect::<Vec<_>>().join(" && ");
    let status = Command::new("sh").args(["-c", &script]).status().expect("there is a shell");
    assert!(status.success(), "{script}");
}

/// Waits until the threads of a demo run: its signal handlers are installed then.
#[cfg(target_os = "linux")]
fn wait_for_threads(child: &Child) {
    let tasks = format!("/proc/{}/task", child.id());
    let start = Instant::now();
    while fs::read_dir(&tasks).map_or(0, Iterator::count) < 4 {
        assert!(start.elapsed() < Duration::from_secs(60), "the demo never started its threads");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_demo_counts_torn_reads_without_the_lock_and_none_with_it() {
    // On a busy machine one second may have no overlap of a read and a write; then the demo runs again.
    let (mut torn, mut retries) = (0, 0);
    for _ in 0..30 {
        let report = one_second_of_demo();
        torn += number(&report, "torn_without_lock");
        retries += number(&report, "retries");
        if torn > 0 && retries > 0 {
            return;
        }
    }
    panic!("in thirty runs: {torn} torn reads without the lock, {retries} retries with it");
}

/// Runs a demo, checks what holds for every run, and returns its report.
fn one_second_of_demo() -> Value {
    // Neither the default nor the number of cores of many machines.
    let output = output(&["demo", "--seconds", "1", "--readers", "3", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "", "no progress line where there is no terminal");
    let report = json(&output);
    assert_eq!(number(&report, "torn_with_lock"), 0);
    // Values were written and read, and the readers saw new ones.
    for key in ["writes", "reads", "reads_without_lock", "new_values"] {
        assert!(number(&report, key) > 0, "{key} in {report}");
    }
    assert!(report["read_ns"].as_f64() > Some(0.0), "{report}");
    assert!(report["read_ns_without_lock"].as_f64() > Some(0.0), "{report}");
    assert!(report["seconds"].as_f64() >= Some(1.0), "{report}");
    assert_eq!((number(&report, "readers"), number(&report, "payload_bytes")), (3, 512));
    assert_eq!(report["ended_by"], Value::Null);
    report
}

#[test]
fn the_command_without_arguments_is_the_demo() {
    let output = output(&["--seconds", "0.2"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    for word in ["writes", "reads", "retries", "torn reads", "cost per read", "0 with."] {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours where there is no terminal: {text:?}");
}

#[test]
fn the_tutorial_prints_each_value_once() {
    // The tutorial's own interval. On a busy machine a thread may wake up more than half a second late, and a value
    // comes twice or not at all; then it runs again.
    let run = || {
        let output = output(&["demo", "--tutorial", "--count", "4"]);
        assert_eq!(output.status.code(), Some(0));
        let text = stdout(&output);
        assert_eq!(text.lines().count(), 6, "{text}");
        text
    };
    let expected = "module seqlock init fun\n\
         read values : 0\n\
         read values : 1\n\
         read values : 2\n\
         read values : 3\n\
         module seqlock exit function\n";
    assert!((0..10).any(|_| run() == expected), "in ten runs");
}

#[test]
fn the_counts_of_a_trace_go_from_zero_to_four() {
    let output = output(&["trace", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let trace = json(&output);
    let events = trace["events"].as_array().expect("events is an array");
    let mut changes = vec![(Value::Null, "main", 0)];
    for event in &events[1..] {
        let (before, after) = (number(event, "count_before"), number(event, "count_after"));
        if before != after {
            let who = event["who"].as_str().expect("who is a name");
            changes.push((Value::from(before), who, after));
        }
    }
    assert_eq!(events[0]["count_before"], Value::Null);
    assert_eq!(number(&events[0], "count_after"), 0);
    let change = |before: u64, who, after| (Value::from(before), who, after);
    assert_eq!(
        changes[1..],
        [
            change(0, "writer A", 1),
            change(1, "writer A", 2),
            change(2, "writer B", 3),
            change(3, "writer B", 4)
        ]
    );
}

#[test]
fn the_reader_of_a_trace_succeeds_twice_and_retries_for_both_reasons() {
    let trace = json(&output(&["trace", "--json"]));
    let counts = ["reads", "retries_moved", "retries_odd", "torn_with_lock"];
    assert_eq!(counts.map(|key| number(&trace, key)), [2, 1, 1, 0]);
    let events = trace["events"].as_array().expect("events is an array");
    let retries = events.iter().filter(|event| event["kernel_call"] == "read_seqretry");
    let notes: Vec<_> = retries.filter_map(|event| event["note"].as_str()).collect();
    assert_eq!(
        notes,
        ["still 2: success", "2 is now 3: retry", "3 was odd: retry", "still 4: success"]
    );
}

#[test]
fn the_diagram_has_a_dot_for_each_event_and_the_table_a_row() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("timeline.svg");
    let output = output(&["trace", "--svg", file.to_str().expect("the path is UTF-8")]);
    assert_eq!(output.status.code(), Some(0));
    let rows = stdout(&output)
        .lines()
        .filter(|line| {
            line.split_whitespace().next().is_some_and(|word| word.parse::<u32>().is_ok())
                && !line.contains("reads succeeded")
        })
        .count();
    let diagram = fs::read_to_string(&file).expect("the diagram was written");
    let mut dots = 0;
    for event in svg::read(&diagram).expect("the diagram is SVG") {
        if let svg::parser::Event::Error(error) = &event {
            panic!("{error}");
        }
        dots += usize::from(matches!(event, svg::parser::Event::Tag("circle", ..)));
    }
    assert_eq!(dots, 21);
    assert_eq!(rows, 21);
}

#[test]
fn an_unwritable_diagram_is_an_error_before_the_run() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let missing = folder.path().join("missing").join("timeline.svg");
    for path in [&missing, folder.path()] {
        let path: &Path = path;
        let output = output(&["trace", "--svg", path.to_str().expect("the path is UTF-8")]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stdout(&output), "", "nothing was run");
        let message = stderr(&output);
        assert!(message.contains(&format!("cannot write {}", path.display())), "{message}");
        assert!(message.contains("--svg FILE"), "the advice: {message}");
    }
    assert_eq!(fs::read_dir(folder.path()).map(Iterator::count).ok(), Some(0));
}

#[test]
fn bad_arguments_get_a_clear_message_and_code_2() {
    let wrong: [(&[&str], &str); 10] = [
        (&["frobnicate"], "frobnicate"),
        (&["demo", "--seconds", "soon"], "not a number"),
        (&["demo", "--seconds", "0"], "0.1 to 86400"),
        (&["demo", "--seconds", "NaN"], "0.1 to 86400"),
        (&["demo", "--readers", "0"], "1..=1024"),
        (&["demo", "--count", "3"], "--tutorial"),
        (&["demo", "--tutorial", "--json"], "--json"),
        (&["demo", "--tutorial", "--count", "0"], "--count"),
        (&["--seconds", "1", "trace"], "cannot be used with"),
        (&["trace", "--svg"], "--svg <FILE>"),
    ];
    for (args, word) in wrong {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
        let message = stderr(&output);
        assert!(message.contains(word), "{args:?}: {message}");
    }
}

#[test]
fn the_help_has_examples_and_the_exit_codes() {
    for args in [&["--help"][..], &["demo", "--help"], &["trace", "--help"]] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(0));
        let help = stdout(&output);
        assert!(help.contains("Examples:\n  tearfree "), "{help}");
        assert!(help.contains("Exit codes:\n  0 "), "{help}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_gives_the_table_so_far_and_code_130() {
    let demo = start(&LONG_DEMO);
    wait_for_threads(&demo);
    send(&["INT"], &demo);
    let output = output_of(demo);
    assert_eq!(output.status.code(), Some(130));
    let text = stdout(&output);
    assert!(text.contains("Ended early by SIGINT."), "{text}");
    assert!(text.contains("torn reads"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn sigterm_still_gives_one_json_object_and_code_143() {
    let demo = start(&["demo", "--seconds", "3600", "--json"]);
    wait_for_threads(&demo);
    send(&["TERM"], &demo);
    let output = output_of(demo);
    assert_eq!(output.status.code(), Some(143));
    let report = json(&output);
    assert_eq!(report["ended_by"], "SIGTERM");
    assert!(report["seconds"].as_f64() < Some(3600.0), "{report}");
    assert_eq!(number(&report, "torn_with_lock"), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_second_signal_ends_the_demo_at_once() {
    let demo = start(&LONG_DEMO);
    wait_for_threads(&demo);
    // Both are pending when the process resumes, so it cannot print between them.
    send(&["STOP", "INT", "TERM", "CONT"], &demo);
    let output = output_of(demo);
    assert!(matches!(output.status.code(), Some(130 | 143)), "{}", output.status);
    assert_eq!(stdout(&output), "");
}

#[test]
fn ctrl_c_unloads_the_tutorials_module() {
    let mut module = start(&ENDLESS_TUTORIAL);
    let mut lines = BufReader::new(module.stdout.take().expect("the output is piped")).lines();
    for expected in ["module seqlock init fun", "read values : "] {
        let line = lines.next().expect("there is a line").expect("it is UTF-8");
        assert!(line.starts_with(expected), "{line}");
    }
    send(&["INT"], &module);
    let rest = thread::spawn(move || lines.map_while(Result::ok).last());
    assert_eq!(output_of(module).status.code(), Some(130));
    let last = rest.join().expect("it reads");
    assert_eq!(last.as_deref(), Some("module seqlock exit function"));
}

#[test]
fn a_closed_pipe_is_no_error_and_no_panic() {
    let mut module = start(&ENDLESS_TUTORIAL);
    let mut pipe = BufReader::new(module.stdout.take().expect("the output is piped"));
    let mut line = String::new();
    pipe.read_line(&mut line).expect("there is a line");
    drop(pipe);
    let output = output_of(module);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));

    for args in [&["demo", "--seconds", "0.1"][..], &["demo", "--seconds", "0.1", "--json"]] {
        let mut demo = start(args);
        drop(demo.stdout.take());
        let output = output_of(demo);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_output_is_an_error() {
    let full = File::options().write(true).open("/dev/full").expect("Linux has /dev/full");
    let output = tearfree(&["trace"]).stdout(full).output().expect("the command starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("cannot write to standard output"));
}
