// SPDX-License-Identifier: MIT OR Apache-2.0
//! The writer in Python that was written from PROTOCOL.md alone, beside the readers and writers of this crate.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

#[path = "left_out/mod.rs"]
mod left_out;

use core::time::Duration;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, mpsc};

use tearfree_page::{ByteReader, ByteWriter, Freshness, Options, Schema, Waited, WriterState};
use tempfile::TempDir;

/// Longer than any wait here takes.
const WATCHDOG: Duration = Duration::from_secs(60);
const SCHEMA: &str = "wide:i128 big:u64 small:i8[4] half:f32";

/// A writer in Python.
struct Python {
    child: Child,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts the writer, which does not touch the page before its first value. `None` without Python.
    fn start(page: &Path, options: &[&str]) -> Option<Self> {
        Self::start_with(page, SCHEMA, options)
    }

    fn start_with(page: &Path, schema: &str, options: &[&str]) -> Option<Self> {
        if Command::new("python3").arg("-V").output().is_err() {
            left_out::leave_out("no python3");
            return None;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/write_page.py");
        let mut command = Command::new("python3");
        command.arg(script).arg(page).arg(schema).args(options).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        Some(Python { child, answers })
    }

    fn send(&mut self, number: i64) {
        let line = format!(
            "{{\"wide\": {}, \"big\": {number}, \"small\": [1, -1, {}, 0], \"half\": {number}}}",
            -number,
            number % 100
        );
        let input = self.child.stdin.as_mut().expect("it is piped");
        // If it has ended, its answer is missing, and its error is shown.
        let _ = writeln!(input, "{line}");
    }

    /// Returns the generation of the next value that was published.
    fn answer(&mut self) -> u64 {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it prints text");
        line.trim().parse().unwrap_or_else(|_| panic!("{}", self.error()))
    }

    fn publish(&mut self, number: i64) -> u64 {
        self.send(number);
        self.answer()
    }

    fn error(&mut self) -> String {
        let mut error = String::new();
        let stderr = self.child.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut error).expect("it prints text");
        error
    }

    /// Ends the writer in the way of the protocol.
    fn end(mut self) {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("it is ours");
        assert!(status.success(), "{}", self.error());
    }

    fn kill(mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }
}

fn bytes(number: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((-i128::from(number)).to_ne_bytes());
    bytes.extend(number.to_ne_bytes());
    bytes.extend([1, -1, i8::try_from(number % 100).unwrap(), 0].map(i8::to_ne_bytes).concat());
    #[expect(clippy::cast_precision_loss, reason = "the numbers of the tests are small")]
    bytes.extend((number as f32).to_ne_bytes());
    bytes
}

fn new_path() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    (folder, page)
}

/// The number and the generation of the newest value.
fn read(reader: &ByteReader) -> (Vec<u8>, u64) {
    let reading = reader.read().unwrap();
    (reading.value, reading.generation)
}

fn read_newest(page: &Path) -> (Vec<u8>, u64) {
    read(&ByteReader::open(page).unwrap())
}

fn schema() -> Schema {
    SCHEMA.parse().unwrap()
}

#[test]
fn rust_reads_what_python_publishes() {
    let (_folder, page) = new_path();
    let Some(mut python) = Python::start(&page, &["3600000000000"]) else { return };
    assert_eq!(python.publish(5), 0);
    let reader = ByteReader::open(&page).unwrap();
    assert_eq!(read(&reader), (bytes(5), 0));
    for number in 6..40 {
        let generation = python.publish(number);
        assert_eq!(read(&reader), (bytes(number), generation));
    }
    let reading = reader.read().unwrap();
    assert!(
        matches!(reading.freshness(), Freshness::Fresh(left) if left > Duration::from_secs(60))
    );
    assert_eq!(reading.writer_state(), WriterState::Live);
    let writer = reader.writer().unwrap();
    assert_eq!((writer.pid(), writer.is_running()), (python.child.id(), Some(true)));
    let last = reading.generation;
    python.end();
    assert_eq!(read(&reader), (bytes(39), last));
    assert_eq!(reader.writer_state(), WriterState::Ended);
}

#[test]
fn python_writes_each_kind() {
    let (_folder, page) = new_path();
    let schema = "on:bool state:i8{off=-1,idle=0}[2] name:text[4] id:uuid<3>";
    let Some(mut python) = Python::start_with(&page, schema, &[]) else { return };
    let line = r#"{"on": true, "state": ["off", "idle"], "name": "h\u00e9", "id": "010203"}"#;
    writeln!(python.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    assert_eq!(python.answer(), 0);
    assert_eq!(read_newest(&page).0, b"\x01\xff\x00h\xc3\xa9\0\x01\x02\x03");
    python.end();
}

#[test]
fn no_value_of_python_is_torn() {
    const LAST: i64 = 5000;
    let (_folder, page) = new_path();
    let Some(mut python) = Python::start(&page, &["wakes"]) else { return };
    python.publish(1);
    let reader = ByteReader::open(&page).unwrap();
    let mut input = python.child.stdin.take().unwrap();
    let mut seen = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 2..=LAST {
                let small = number % 100;
                writeln!(
                    input,
                    "{{\"wide\":{},\"big\":{number},\"small\":[1,-1,{small},0],\"half\":{number}}}",
                    -number
                )
                .expect("it reads its input");
            }
            drop(input);
        });
        scope.spawn(|| python.answers.by_ref().lines().for_each(drop));
        while seen + 1 < u64::try_from(LAST).unwrap() {
            reader.wait_changed(seen, Some(WATCHDOG));
            let reading = reader.read().unwrap();
            let number = i64::try_from(reading.generation).unwrap() + 1;
            assert_eq!(reading.value, bytes(number));
            assert!(reading.generation > seen, "the generation was {seen}, and nothing came");
            seen = reading.generation;
        }
    });
    assert!(python.child.wait().unwrap().success());
    assert_eq!(reader.writer_state(), WriterState::Ended);
}

#[test]
fn python_wakes_waiters() {
    let (_folder, page) = new_path();
    let Some(mut python) = Python::start(&page, &["wakes"]) else { return };
    let mut seen = python.publish(1);
    let reader = Arc::new(ByteReader::open(&page).unwrap());
    for number in 2..12 {
        let (report, reported) = mpsc::channel();
        let waiting = Arc::clone(&reader);
        // Not a scoped thread: if it is not woken, it is left behind, and the test fails.
        std::thread::spawn(move || report.send(waiting.wait_changed(seen, None)));
        // Without this the waiter may see the value before it sleeps.
        std::thread::sleep(Duration::from_millis(5));
        seen = python.publish(number);
        assert_eq!(reported.recv_timeout(WATCHDOG), Ok(Waited::Changed), "the waiter is woken");
    }
    python.end();
}

#[test]
fn each_takes_over_from_the_other() {
    let (_folder, page) = new_path();
    let Some(mut python) = Python::start(&page, &[]) else { return };
    python.publish(1);
    python.end();

    let mut writer = ByteWriter::take_over(&page, &Options::new()).unwrap();
    assert_eq!(writer.get(), bytes(1));
    writer.set(&bytes(2)).unwrap();
    let generation = writer.generation();
    let mut refused = Python::start(&page, &[]).unwrap();
    refused.send(3);
    assert!(refused.error().contains("another writer has the lock"));
    assert_eq!(read_newest(&page), (bytes(2), generation));
    drop(writer);

    let mut python = Python::start(&page, &[]).unwrap();
    let next = python.publish(4);
    assert_eq!(read_newest(&page), (bytes(4), next));
    assert!(next > generation);
    assert_eq!(ByteReader::open(&page).unwrap().writer().unwrap().takeovers(), 2);
    python.end();
    let writer = ByteWriter::create(&page, &schema(), &bytes(5), &Options::new()).unwrap();
    assert_eq!(read_newest(&page), (bytes(5), writer.generation()));
    assert!(writer.generation() > next);
}

#[test]
fn a_killed_writer_in_python_has_a_successor() {
    let (_folder, page) = new_path();
    let Some(mut python) = Python::start(&page, &[]) else { return };
    python.publish(1);
    let generation = python.publish(2);
    python.kill();
    let mut python = Python::start(&page, &[]).unwrap();
    assert_eq!(python.publish(3), generation + 1, "it goes on in the page of a dead process");
    assert_eq!(read_newest(&page), (bytes(3), generation + 1));
    python.kill();
    let writer = ByteWriter::take_over(&page, &Options::new()).unwrap();
    assert_eq!(writer.get(), bytes(3));
}

#[test]
fn a_page_that_python_replaces_is_superseded() {
    let (_folder, page) = new_path();
    let writer = ByteWriter::create(&page, &schema(), &bytes(1), &Options::new()).unwrap();
    drop(writer);
    let reader = ByteReader::open(&page).unwrap();
    // Other options: a new page.
    let Some(mut python) = Python::start(&page, &["wakes"]) else { return };
    let generation = python.publish(2);
    assert_eq!(reader.writer_state(), WriterState::Superseded);
    assert_eq!(reader.read().unwrap().value, bytes(1));
    let new = ByteReader::open(&page).unwrap();
    assert_eq!(read(&new), (bytes(2), generation));
    assert!(new.geometry().wakes);
    python.end();
    assert!(!page.join(".tearfree-page").exists());
}
