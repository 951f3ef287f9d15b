// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Peer`: a process that runs a program in another language.

use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use tearfree_page::{ByteReader, Schema};
use tempfile::TempDir;

use crate::left_out;

/// Longer than any wait here takes.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);
pub(crate) const SCHEMA: &str = "wide:i128 big:u64 small:i8[4] half:f32";
const TESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    C,
    /// On x86-64 only: its program cannot order its stores.
    Python,
}

/// Returns the languages that are installed.
pub(crate) fn languages() -> Vec<Language> {
    let all = [(Language::C, has_c as fn() -> bool), (Language::Python, has_python)];
    all.into_iter().filter(|(_, is_there)| is_there()).map(|(language, _)| language).collect()
}

/// Whether there is a compiler for C.
pub(crate) fn has_c() -> bool {
    program_in_c().is_some()
}

fn has_python() -> bool {
    if cfg!(not(target_arch = "x86_64")) {
        return false;
    }
    let is_there = Command::new("python3").arg("-V").output().is_ok();
    if !is_there {
        left_out::leave_out("no python3");
    }
    is_there
}

/// Compiles the program in C, once for each run of the tests.
fn program_in_c() -> Option<&'static Path> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    PROGRAM.get_or_init(compile).as_deref()
}

fn compile() -> Option<PathBuf> {
    if Command::new("cc").arg("--version").output().is_err() {
        left_out::leave_out("no cc");
        return None;
    }
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = folder.path().join("page");
    let files = ["directory", "host", "main", "memory", "reader", "schema", "writer"];
    let files = files.map(|file| format!("{TESTS}/c/{file}.c"));
    let warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c11", "-O2"]).args(files).arg("-o").arg(&program);
    // The warnings of compilers to come are no reason to fail elsewhere.
    let output = if left_out::is_ci() { compiler.args(warnings) } else { &mut compiler }.output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Other tests of this run use it: it stays until the next `cargo clean`.
    let _ = folder.keep();
    Some(program)
}

/// Returns a command of the program in C, which was compiled.
pub(crate) fn c(arguments: &[&str]) -> Command {
    let mut command = Command::new(program_in_c().expect("there is a compiler"));
    command.args(arguments);
    command
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("the paths of the tests are UTF-8")
}

/// A process in another language, and what it prints.
pub(crate) struct Peer {
    language: Language,
    pub(crate) child: Child,
    pub(crate) answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a writer, which does not touch the page before its first value.
    pub(crate) fn write(language: Language, page: &Path, options: &[&str]) -> Self {
        Self::write_schema(language, page, SCHEMA, options)
    }

    pub(crate) fn write_schema(
        language: Language,
        page: &Path,
        schema: &str,
        options: &[&str],
    ) -> Self {
        let mut command = match language {
            Language::C => c(&["write"]),
            Language::Python => python("write_page.py"),
        };
        command.arg(page).arg(schema).args(options);
        Self::start(language, command)
    }

    pub(crate) fn start(language: Language, mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Peer { language, child, answers }
    }

    pub(crate) fn send_line(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("it is piped");
        // If it has ended, its answer is missing, and its error is shown.
        let _ = writeln!(input, "{line}");
    }

    pub(crate) fn send(&mut self, number: i64) {
        self.send_line(&line(self.language, number));
    }

    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it prints text");
        line.trim().to_owned()
    }

    /// Returns the generation of the next value that was published.
    pub(crate) fn answer(&mut self) -> u64 {
        let line = self.next_line();
        line.parse().unwrap_or_else(|_| panic!("{line:?}: {}", self.error()))
    }

    pub(crate) fn publish(&mut self, number: i64) -> u64 {
        self.send(number);
        self.answer()
    }

    /// Has the writer publish bytes. In C only.
    pub(crate) fn publish_bytes(&mut self, bytes: &[u8]) -> u64 {
        self.send_line(&hexadecimal(bytes));
        self.answer()
    }

    /// Returns the error with which it ended instead of an answer.
    pub(crate) fn error(&mut self) -> String {
        assert_eq!(self.next_line(), "", "it answered");
        let mut error = String::new();
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut error).expect("it prints text");
        error
    }

    /// Ends the input, at which a writer ends in the way of the protocol.
    pub(crate) fn end(mut self) {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("it is ours");
        assert!(status.success(), "{}", self.error());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }
}

/// The value of a number, as a line for a writer.
pub(crate) fn line(language: Language, number: i64) -> String {
    match language {
        Language::C => hexadecimal(&bytes(number)),
        Language::Python => format!(
            "{{\"wide\": {}, \"big\": {number}, \"small\": [1, -1, {}, 0], \"half\": {number}}}",
            -number,
            number % 100
        ),
    }
}

/// The value of a number.
pub(crate) fn bytes(number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((-i128::from(number)).to_ne_bytes());
    bytes.extend(number.to_ne_bytes());
    bytes.extend([1, -1, i8::try_from(number % 100).unwrap(), 0].map(i8::to_ne_bytes).concat());
    #[expect(clippy::cast_precision_loss, reason = "the numbers of the tests are small")]
    bytes.extend((number as f32).to_ne_bytes());
    bytes
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn python(script: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg(format!("{TESTS}/{script}")).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// What the reader in a language prints about a page, as JSON.
pub(crate) fn read_in(language: Language, page: &Path) -> String {
    let output = try_read_in(language, page);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn try_read_in(language: Language, page: &Path) -> Output {
    let mut command = match language {
        Language::C => c(&["read"]),
        Language::Python => python("read_page.py"),
    };
    command.arg(page.join("page")).output().expect("it starts")
}

/// How a reader prints the value of a number, and its generation.
pub(crate) fn shows(language: Language, number: i64, generation: u64) -> String {
    match language {
        Language::C => {
            format!(
                "{{\"generation\": {generation}, \"payload\": \"{}\"",
                hexadecimal(&bytes(number))
            )
        }
        Language::Python => format!(
            "{{\"generation\": {generation}, \"fields\": {{\"wide\": {}, \"big\": {number}, ",
            -number
        ),
    }
}

pub(crate) fn new_path() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    (folder, page)
}

/// The number and the generation of the newest value.
pub(crate) fn read(reader: &ByteReader) -> (Vec<u8>, u64) {
    let reading = reader.read().unwrap();
    (reading.value, reading.generation)
}

pub(crate) fn read_newest(page: &Path) -> (Vec<u8>, u64) {
    read(&ByteReader::open(page).unwrap())
}

pub(crate) fn schema() -> Schema {
    SCHEMA.parse().unwrap()
}
