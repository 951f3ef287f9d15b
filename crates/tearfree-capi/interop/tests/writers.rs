// SPDX-License-Identifier: MIT OR Apache-2.0
//! C writes a page that Rust reads.

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::env;
use std::ffi::{CString, OsStr};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use tearfree_capi_interop::writers::{
    Test, WORDS, callback, generation, run, sealed, trusted_owner, write_words,
};
use tearfree_page::layout::schema_offset;
use tearfree_page::{ByteReader, ByteWriter, Error, Options, Reading, WriterState};

#[path = "../../../tearfree-clock/tests/common/program.rs"]
mod program;

use program::{EMULATOR, this_program};

fn text(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

fn line(test: Test) -> i32 {
    let folder = tempfile::tempdir().unwrap();
    run(test, &text(&folder.path().join("page")))
}

#[test]
fn wrong_arguments_are_refused_and_create_nothing() {
    assert_eq!(line(Test::Arguments), 0, "the line of src/writers.c");
}

#[test]
fn each_call_of_a_writer_does_what_the_header_says() {
    assert_eq!(line(Test::Calls), 0, "the line of src/writers.c");
}

#[test]
fn a_page_keeps_its_value_unless_a_new_one_is_given() {
    assert_eq!(line(Test::Keeps), 0, "the line of src/writers.c");
}

#[test]
fn a_callback_gets_an_aligned_value_and_cannot_call_its_writer() {
    assert_eq!(callback(), 0, "the line of src/writers.c");
}

#[test]
fn a_sealed_page_of_c_is_read_by_its_descriptor() {
    assert_eq!(sealed(), 0, "the line of src/writers.c");
}

#[test]
fn threads_lose_no_change_and_notice_the_end() {
    assert_eq!(line(Test::Threads), 0, "the line of src/writer_threads.c");
}

#[test]
fn a_forked_child_is_refused_and_never_waits_for_a_thread_of_its_parent() {
    assert_eq!(line(Test::Fork), 0, "the line of src/writer_threads.c");
}

#[test]
fn a_page_of_a_trusted_owner_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let _writer =
        ByteWriter::create(&path, &"value:u8".parse().unwrap(), &[1], &Options::new()).unwrap();
    let owner = path.metadata().unwrap().uid();
    let [own, other] = [owner, owner + 1].map(|uid| CString::new(uid.to_string()).unwrap());
    assert_eq!(trusted_owner(&text(&path), &own, &other), 0, "the line of src/writers.c");
}

fn open(path: &Path) -> ByteReader {
    loop {
        match ByteReader::open(path) {
            Ok(reader) => return reader,
            Err(Error::Missing(_)) => thread::yield_now(),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Asserts that a value is whole and of its generation.
fn assert_whole(reading: &Reading<Vec<u8>>) {
    let expected = if reading.value.iter().all(|byte| *byte == 0) { Some(0) } else { None };
    let found = expected.or_else(|| generation(&reading.value));
    assert_eq!(found, Some(reading.generation), "torn, or of another generation");
}

#[test]
fn values_of_a_busy_c_writer_are_never_torn_and_copies_without_the_count_are() {
    const READS: usize = 50_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        let writing = scope.spawn(|| write_words(&text(&path), &ends));
        // Also if an expectation fails: the scope waits for the writer.
        let end = SetAtEnd(&ends);
        let reader = open(&path);
        let (mut newest, mut changes, mut reads) = (0, 0, 0);
        // On a busy machine the writer may have to wait for its turn.
        while reads < READS || changes <= 100 {
            reads += 1;
            let reading = reader.read().unwrap();
            assert_whole(&reading);
            assert!(reading.generation >= newest, "a generation turned back");
            changes += u32::from(reading.generation > newest);
            newest = reading.generation;
        }
        // The control: slot 1 ends where the schema begins.
        let file = File::open(path.join("page")).unwrap();
        let mut bytes = [0; WORDS * 8];
        let offset = u64::try_from(schema_offset(bytes.len()) - bytes.len()).unwrap();
        // An emulator runs threads in long turns, and its calls are slow: there nothing may be torn for minutes.
        let looks = if env::var_os(EMULATOR).is_some() { 0 } else { 10_000_000 };
        let is_torn = (0..looks).any(|_| {
            file.read_exact_at(&mut bytes, offset).unwrap();
            generation(&bytes).is_none()
        });
        drop(end);
        assert!(is_torn || looks == 0, "the control does not tear, so the test shows nothing");
        let (error, last) = writing.join().unwrap();
        let reading = reader.read().unwrap();
        assert_eq!((error, reading.generation), (0, last));
        assert_eq!(reading.writer_state(), WriterState::Ended);
        assert_whole(&reading);
    });
}

/// Sets a flag when it is dropped.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

const PATH: &str = "TEARFREE_TEST_PATH";

/// The writer of the test below, in a process of its own.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = env::var_os(PATH) else { return };
    let (error, _) = write_words(&text(Path::new::<OsStr>(&path)), &AtomicBool::new(false));
    panic!("error {error}");
}

#[test]
fn a_killed_c_writer_leaves_a_whole_value_and_the_next_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let mut last = 0;
    for round in 0..5 {
        let mut writer = this_program()
            .args(["--exact", "writes_until_it_is_killed"])
            .env(PATH, &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let reader = open(&path);
        while reader.generation() < last + 100 {
            assert!(writer.try_wait().unwrap().is_none(), "round {round}: the writer has ended");
            assert_whole(&reader.read().unwrap());
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        let reading = reader.read().unwrap();
        assert_whole(&reading);
        assert!(reading.generation >= last + 100, "round {round}: a generation turned back");
        assert_eq!(reading.writer_state(), WriterState::Live, "nothing said that it ended");
        last = reading.generation;
    }
}
