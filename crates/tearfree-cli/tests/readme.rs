// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the blocks of README.md as they are printed, and compares the outputs that it prints.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::time::Duration;
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

const README: &str = include_str!("../README.md");

/// How a block is run, by its first line.
enum Run {
    /// Each line is a command; the outputs are kept for blocks that print them.
    Commands,
    /// Commands behind `$`, and what they print.
    Session,
    /// What this command of the first block prints, but for numbers.
    OutputOf(usize),
    /// What this command prints, to the letter.
    Exactly(&'static [&'static str]),
    /// What this command prints, by the first word of each line.
    Names(&'static [&'static str]),
    /// Not run, with the reason.
    No(&'static str),
}

const BLOCKS: [(&str, Run); 10] = [
    ("cargo run --release  ", Run::Commands),
    ("The host's clock in 512 bytes", Run::OutputOf(0)),
    ("module seqlock init fun", Run::OutputOf(1)),
    (" #  who       event", Run::Exactly(&["trace"])),
    ("$ tearfree page create ./rates", Run::Session),
    ("$ sensor | tearfree page publish", Run::No("there is no sensor, and no host for ssh")),
    ("$ tearfree page header ./rates", Run::Session),
    ("tearfree clock serve  ", Run::Commands),
    ("layout  ", Run::Names(&["vdso"])),
    ("source <(tearfree completions bash)", Run::Commands),
];

/// Returns the text of each block.
fn blocks() -> Vec<&'static str> {
    let parts = README.split("\n```");
    // Inside and outside of blocks in turn.
    let inside = parts.skip(1).step_by(2);
    inside.map(|block| block.split_once('\n').expect("more than the language").1).collect()
}

/// A directory where the command is installed, for a user whose named pages are below it.
struct Machine {
    folder: TempDir,
    is_root: bool,
}

/// The user `nobody`: root's named pages would be those of the system.
const NOBODY: u32 = 65534;

impl Machine {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let is_root = fs::metadata("/proc/self").expect("this process").uid() == 0;
        let machine = Machine { folder, is_root };
        for name in ["", "bin", "run", "work"] {
            let path = machine.folder.path().join(name);
            fs::create_dir_all(&path).expect("the folder is ours");
            let mode = if name == "run" { 0o700 } else { 0o755 };
            fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
            if is_root {
                chown(&path, Some(NOBODY), Some(NOBODY)).expect("root may");
            }
        }
        let bin = machine.folder.path().join("bin");
        fs::copy(env!("CARGO_BIN_EXE_tearfree"), bin.join("tearfree")).expect("there is room");
        // From the root of the repository; here it is built already.
        machine.script(
            "bin/cargo",
            "[ \"$1 $2\" = 'run --release' ] || exit 9; shift 2; [ \"${1-}\" != -- ] || shift; exec tearfree \"$@\"",
        );
        machine.script("work/tests", "exit 0");
        machine
    }

    fn script(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the folder is ours");
        fs::set_permissions(&path, Permissions::from_mode(0o755)).expect("it is ours");
    }

    /// A line for bash, which ends after a minute at the latest.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("timeout");
        command.args(["60", "bash", "-euc", line]).current_dir(self.folder.path().join("work"));
        let path = std::env::var("PATH").unwrap_or_default();
        let bin = self.folder.path().join("bin");
        command.env_clear().env("PATH", format!("{}:{path}", bin.display()));
        command.env("LANG", "C.UTF-8").env("TZ", "UTC").env("HOME", self.folder.path());
        command.env("XDG_RUNTIME_DIR", self.folder.path().join("run")).stdin(Stdio::null());
        if self.is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn output(&self, line: &str) -> Output {
        self.command(line).output().expect("timeout and bash are installed")
    }

    fn text(&self, line: &str) -> String {
        let output = self.output(line);
        assert!(output.status.success(), "`{line}`: {output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs each line. One that serves goes on until the last one has ended.
    fn commands(&self, block: &str) -> Vec<String> {
        let mut served = None;
        let mut texts = Vec::new();
        for line in block.lines() {
            if line.starts_with("tearfree clock serve") {
                let line = format!("exec {line}");
                let mut command = self.command(&line);
                command.stdout(Stdio::null()).stderr(Stdio::null());
                served = Some(command.spawn().expect("timeout and bash are installed"));
                self.wait_for_clock();
            } else {
                texts.push(self.text(line));
            }
        }
        if let Some(served) = served {
            end(served);
        }
        texts
    }

    fn wait_for_clock(&self) {
        let start = Instant::now();
        while !self.output("tearfree clock now").status.success() {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "`tearfree clock serve` has no clock"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn session(&self, block: &str) {
        for part in format!("\n{block}").split("\n$ ").skip(1) {
            let (line, expected) = part.split_once('\n').unwrap_or((part, ""));
            let found = self.text(line);
            assert!(
                is_like(&found, expected),
                "`{line}` prints:\n{found}\nREADME.md has:\n{expected}"
            );
        }
    }
}

/// Ends a service by SIGTERM, which `timeout` passes on.
fn end(mut child: Child) {
    let killed =
        Command::new("kill").arg(child.id().to_string()).status().expect("it is installed");
    assert!(killed.success());
    // What `timeout` ends with if it was asked to end depends on its version; that of `serve` has its own test.
    child.wait().expect("it is ours");
}

/// Compares lines. A line `...` stands for any number of them, and in two lines numbers may differ.
fn is_like(found: &str, expected: &str) -> bool {
    let line = |line: &str| {
        let is_moment = line.starts_with("fresh, for ") || line.starts_with("writer: ");
        if is_moment { without_numbers(line) } else { line.to_owned() }
    };
    let found: Vec<String> = found.lines().map(line).collect();
    let expected: Vec<String> = expected.lines().map(line).collect();
    let parts: Vec<&[String]> = expected.split(|line| line == "...").collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    if parts.len() == 1 {
        return found == expected;
    }
    let mut rest = match found.strip_prefix(first) {
        Some(rest) => rest,
        None => return false,
    };
    for part in &parts[1..parts.len() - 1] {
        match rest.windows(part.len().max(1)).position(|lines| lines == *part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Replaces each number, with its commas and points, and each width that depends on it.
fn without_numbers(line: &str) -> String {
    let mut text = String::new();
    for letter in line.chars() {
        let letter = if letter.is_ascii_digit() { '0' } else { letter };
        let is_repeated = "0─ ".contains(letter) && text.ends_with(letter);
        let is_within = ",.".contains(letter) && text.ends_with('0');
        if !is_repeated && !is_within {
            text.push(letter);
        }
    }
    // Of one there is no plural.
    text.replace("cores", "core").replace("00", "0").trim().to_owned()
}

#[test]
fn each_block_of_the_readme_is_run_as_it_is_printed() {
    let machine = Machine::new();
    let mut outputs = Vec::new();
    let blocks = blocks();
    assert_eq!(blocks.len(), BLOCKS.len(), "each block is in the list of this test");
    for (block, (first, run)) in blocks.into_iter().zip(BLOCKS) {
        assert!(block.starts_with(first), "instead of '{first}':\n{block}");
        let block = block.trim_end();
        match run {
            Run::Commands => {
                let texts = machine.commands(block);
                assert!(!texts.is_empty());
                if outputs.is_empty() {
                    outputs = texts;
                }
            }
            Run::Session => machine.session(block),
            Run::OutputOf(index) => {
                let unlucky = |line: &&str| !line.starts_with("No reader overlapped a write");
                let found: Vec<String> =
                    outputs[index].lines().filter(unlucky).map(without_numbers).collect();
                let expected: Vec<String> = block.lines().map(without_numbers).collect();
                assert_eq!(found, expected, "{}", outputs[index]);
            }
            Run::Exactly(args) => {
                assert_eq!(machine.text(&format!("tearfree {}", args.join(" "))).trim_end(), block);
            }
            Run::Names(args) => {
                let output = machine.output(&format!("tearfree {}", args.join(" ")));
                if output.status.code() == Some(1) {
                    left_out(&String::from_utf8_lossy(&output.stderr));
                    continue;
                }
                let found = String::from_utf8(output.stdout).expect("text");
                // Older kernels do not have this one.
                let names = |text: &str| -> Vec<String> {
                    let words = text.lines().filter_map(|line| line.split_whitespace().next());
                    words.filter(|word| *word != "max_cycles").map(ToOwned::to_owned).collect()
                };
                assert_eq!(names(&found), names(block), "{found}");
            }
            Run::No(reason) => {
                let _ = writeln!(io::stderr(), "not run, because {reason}: {first}");
            }
        }
    }
}

#[test]
fn outputs_are_compared_by_their_lines() {
    assert!(is_like("a\nb\n", "a\nb") && !is_like("a\nb\n", "a") && !is_like("a\n", "a\nb"));
    assert!(is_like("x\na\nb\ny\n", "...\na\nb\n..."));
    assert!(!is_like("x\na\ny\nb\n", "...\na\nb\n..."));
    assert!(is_like("fresh, for 1.5 s more\n", "fresh, for 58.9 s more"));
    assert!(!is_like("price  f64  1.5\n", "price  f64  2.5"));
    assert_eq!(without_numbers("1,000 of  2.5 ns ───"), "0 of 0 ns ─");
}

/// Says that something is not tested here. A kernel may be unknown also under CI.
fn left_out(what: &str) {
    let _ = writeln!(io::stderr(), "left out: {what}");
}
