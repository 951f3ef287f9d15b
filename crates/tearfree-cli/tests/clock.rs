// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock` and `tearfree vdso` as their users meet them.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The command, with the shared object beside it, which cargo builds only if it is asked to.
fn tearfree(args: &[&str]) -> Command {
    static OBJECT: OnceLock<()> = OnceLock::new();
    OBJECT.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--package", "tearfree-preload"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo is there").success());
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_tearfree"));
    command.args(args).stdin(Stdio::null()).env("TZ", "UTC");
    command
}

fn output(args: &[&str]) -> Output {
    tearfree(args).output().expect("the command starts")
}

fn stdout(args: &[&str]) -> String {
    let output = output(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

fn refused(args: &[&str]) -> String {
    let output = output(args);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{args:?}");
    String::from_utf8(output.stderr).expect("text")
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
    let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    (child, lines.map(|line| json(&line.expect("text"))))
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
    assert!(refused(&args).contains("tearfree clock serve"), "the advice names the timekeeper");
    let (mut first, mut reports) = serve(&page);
    assert!(reports.any(|report| report["status"] == "synchronised"));
    let second = refused(&["clock", "serve", "--page", &page]);
    assert!(second.contains("has a writer"), "{second}");
    let before = json(&stdout(&args));
    assert_eq!(before["status"], "synchronised");
    signal(&first, "KILL");
    first.wait().expect("it has ended");
    let dead = json(&stdout(&args));
    assert!(dead["monotonic_ns"].as_u64() > before["monotonic_ns"].as_u64(), "it goes on");

    let (mut next, mut reports) = serve(&page);
    let report = reports.next().expect("a report");
    assert_eq!((&report["steps"], &report["disruptions"]), (&0.into(), &0.into()));
    assert!(report["generation"].as_u64() > before["generation"].as_u64(), "the count goes on");
    signal(&next, "TERM");
    assert_eq!(reports.last().expect("a last report")["ended_by"], "SIGTERM");
    assert_eq!(next.wait().expect("it ends").code(), Some(143));
    let lines = stdout(&["clock", "watch", "--count", "2", "--json", "--page", &page]);
    assert_eq!(lines.lines().map(json).count(), 2);
}

#[test]
fn a_program_sees_the_time_it_is_given_and_its_code_is_passed_on() {
    let date = stdout(&[
        "clock",
        "exec",
        "--at",
        "2038-01-19T03:14:07Z",
        "--freeze",
        "--",
        "date",
        "+%s.%N",
    ]);
    assert_eq!(date.trim(), "2147483647.000000000");
    let fast = stdout(&[
        "clock",
        "exec",
        "--speed",
        "500",
        "--",
        "sh",
        "-c",
        "a=$(date +%s); sleep 120; b=$(date +%s); echo $((b - a))",
    ]);
    let passed: i64 = fast.trim().parse().expect("a number of seconds");
    assert!(passed >= 119, "{passed}");
    let failing = output(&["clock", "exec", "--", "sh", "-c", "exit 7"]);
    assert_eq!(failing.status.code(), Some(7));
    let killed = output(&["clock", "exec", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.status.code(), Some(137));
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
    assert!(refused(&["clock", "set", &page]).contains("--offset"));
    let serve = refused(&["clock", "serve", "--page", &page]);
    assert!(serve.contains("test clock"), "{serve}");
}

/// A file that may be executed.
fn program(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("the folder is ours");
    set_mode(&path, 0o755);
    path.to_str().expect("text").to_owned()
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

#[test]
fn programs_that_would_not_see_the_clock_are_not_started() {
    let folder = TempDir::new().expect("a folder");
    let exec = |program: &str| refused(&["clock", "exec", "--", program]);
    let missing = exec("no-such-program-anywhere");
    assert!(missing.contains("no such program") && missing.contains("its path"), "{missing}");
    let path = program(&folder, "static", &header());
    let refusal = exec(&path);
    assert!(refusal.contains("statically") && refusal.contains("Nothing was started"), "{refusal}");
    set_mode(&path, 0o4755);
    assert!(exec(&path).contains("another user"), "of another user");
    set_mode(&path, 0o2755);
    assert!(exec(&path).contains("another user"), "of another group");
    let mut narrow = header();
    narrow[4] = 1; // ELFCLASS32
    assert!(exec(&program(&folder, "narrow", &narrow)).contains("64-bit"), "of 32 bits");
    let mut foreign = header();
    foreign[18..20].copy_from_slice(&243_u16.to_le_bytes()); // RISC-V
    assert!(
        exec(&program(&folder, "foreign", &foreign)).contains("64-bit"),
        "of another processor"
    );
    assert!(exec(&program(&folder, "empty", b"")).contains("64-bit"), "an empty file");
    let path = program(&folder, "script", format!("#!{path}\n").as_bytes());
    assert!(exec(&path).contains("another user"), "a script of such a program");
}

#[test]
fn go_programs_are_not_started() {
    let folder = TempDir::new().expect("a folder");
    let source = folder.path().join("go.c");
    let note = ".pushsection .note.go.buildid,\\\"a\\\"; .long 0; .popsection";
    let text = format!("__asm__(\"{note}\"); int main(void) {{ return 0; }}\n");
    fs::write(&source, text).expect("the folder is ours");
    let path = folder.path().join("go");
    let Ok(compiler) = Command::new("cc").arg(&source).arg("-o").arg(&path).output() else {
        return println!("left out: there is no C compiler here");
    };
    assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
    assert!(Command::new(&path).status().expect("it is a program").success());
    let refusal = refused(&["clock", "exec", "--", path.to_str().expect("text")]);
    assert!(refusal.contains("Go programs"), "{refusal}");
}

/// The loader ignores the object for them, in silence.
#[test]
fn programs_with_capabilities_are_not_started() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("able");
    fs::copy("/bin/true", &path).expect("there is a true");
    let set =
        Command::new("setcap").arg("cap_net_raw+ep").arg(&path).stderr(Stdio::null()).status();
    if !set.is_ok_and(|status| status.success()) {
        return println!("left out: no capabilities can be given here");
    }
    let refusal = refused(&["clock", "exec", "--", path.to_str().expect("text")]);
    assert!(refusal.contains("another user"), "{refusal}");
}

/// This program's own header, without the segments that name a loader.
fn header() -> Vec<u8> {
    let this = std::env::current_exe().expect("this program has a path");
    let mut bytes = fs::read(Path::new(&this)).expect("it can be read");
    bytes.truncate(64);
    // No segments, and no sections: the counts at 56 and 60, the section table's place at 40.
    bytes[56..58].fill(0);
    bytes[60..64].fill(0);
    bytes[40..48].fill(0);
    bytes
}

/// This command in another folder, with the shared object or without it.
fn elsewhere(folder: &Path, with_object: bool) -> Output {
    drop(tearfree(&[])); // builds the object
    let this = Path::new(env!("CARGO_BIN_EXE_tearfree"));
    fs::create_dir_all(folder).expect("the folder is ours");
    let command = folder.join("tearfree");
    fs::copy(this, &command).expect("there is room");
    if with_object {
        let object = "libtearfree_preload.so";
        fs::copy(this.with_file_name(object), folder.join(object)).expect("there is room");
    }
    let mut command = Command::new(command);
    command.args(["clock", "exec", "--at", "@1000000000", "--freeze", "--", "date", "+%s"]);
    command.output().expect("the command starts")
}

#[test]
fn an_object_that_is_missing_or_cannot_be_loaded_is_said() {
    let folder = TempDir::new().expect("a folder");
    let fine = elsewhere(&folder.path().join("fine"), true);
    assert_eq!(String::from_utf8_lossy(&fine.stdout).trim(), "1000000000");
    for (name, with_object, reason) in [
        ("without", false, "there is no libtearfree_preload.so"),
        ("a space", true, "without spaces"),
        ("a:colon", true, "without spaces"),
    ] {
        let output = elsewhere(&folder.path().join(name), with_object);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{name}: {errors}");
        assert!(errors.contains(reason), "{name}: {errors}");
    }
}

#[test]
fn signals_reach_the_program_and_its_clock_goes_with_it() {
    for (name, script, code) in [
        ("TERM", "trap 'exit 3' TERM; echo $TEARFREE_CLOCK; while :; do sleep 0.01; done", 3),
        ("HUP", "trap 'exit 4' HUP; echo $TEARFREE_CLOCK; while :; do sleep 0.01; done", 4),
        ("HUP", "echo $TEARFREE_CLOCK; while :; do sleep 0.01; done", 129),
        ("INT", "echo $TEARFREE_CLOCK; sleep 0.5; exit 5", 5),
        ("QUIT", "echo $TEARFREE_CLOCK; sleep 0.5; exit 6", 6),
    ] {
        let mut command = tearfree(&["clock", "exec", "--", "sh", "-c", script]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut page = String::new();
        output.read_line(&mut page).expect("text");
        let page = page.trim();
        stdout(&["clock", "now", "--page", page]);
        signal(&child, name);
        assert_eq!(child.wait().expect("it ends").code(), Some(code), "{name}");
        assert!(refused(&["clock", "now", "--page", page]).contains("no page"), "{name}: {page}");
    }
}

#[test]
fn what_is_ignored_stays_ignored() {
    let script = "trap '' HUP; \"$0\" clock exec -- sh -c 'kill -HUP $$; echo alive'";
    let output = Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_tearfree")]).output();
    let output = output.expect("there is a shell");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "alive");
}

#[test]
fn the_kernels_page_is_shown_or_refused_with_a_reason() {
    let output = output(&["vdso", "--json", "--verify", "20000"]);
    if output.status.code() == Some(1) {
        let refusal = String::from_utf8_lossy(&output.stderr);
        assert_eq!(refusal.lines().count(), 2, "what and advice: {refusal}");
        return println!("refused here: {refusal}");
    }
    let view = json(&String::from_utf8(output.stdout).expect("text"));
    assert_eq!(view["count"].as_u64().map(|count| count % 2), Some(0));
    for clock in view["clocks"].as_array().expect("four clocks") {
        assert_eq!((&clock["samples"], &clock["outside"]), (&20000.into(), &0.into()), "{clock}");
    }
    let steps = stdout(&["vdso", "--watch", "--count", "3", "--json"]);
    for step in steps.lines().map(json) {
        let (before, after) = (step["before"].as_u64(), step["after"].as_u64());
        let updates = step["updates"].as_u64().expect("a number");
        assert_eq!(before.zip(after).map(|(a, b)| b - a), Some(2 * updates));
    }
}
