// SPDX-License-Identifier: MIT OR Apache-2.0
//! C reads a page that Rust writes.

#![allow(unsafe_code, reason = "a text of C")]

use core::ffi::CStr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::ffi::CString;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;

use tearfree_capi::c;
use tearfree_capi_interop::pages::{
    Without, follow_until, known_events, read_inline, read_until, sealed_page, wait_event,
    without_counter, wrong_arguments,
};
use tearfree_capi_interop::{WORDS, Words, words_of};
use tearfree_page::{Options, Writer, payload};

payload! {
    /// The value of the pages here.
    pub struct Value {
        /// Eight words of one generation.
        pub words: Words,
    }
}

/// A tenth where each write takes some ten times as long.
const WRITES: u64 = if cfg!(tearfree_slow) { 20_000 } else { 200_000 };

fn value(generation: u64) -> Value {
    Value { words: words_of(generation) }
}

fn text(path: &Path) -> CString {
    CString::new(path.as_os_str().as_bytes()).unwrap()
}

fn last_error() -> String {
    // SAFETY: the text ends with a zero byte and stays until the next failure of this thread.
    unsafe { CStr::from_ptr(c::tearfree_last_error()) }.to_string_lossy().into_owned()
}

#[test]
fn a_c_reader_beside_a_busy_writer_reads_no_torn_value() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let mut writer = Writer::create(&path, value(0), &Options::new()).unwrap();
    let (error, counts) = thread::scope(|scope| {
        let reading = scope.spawn(|| read_until(&text(&path), WRITES));
        (1..=WRITES).for_each(|generation| writer.set(value(generation)).unwrap());
        reading.join().unwrap()
    });
    assert_eq!((error, counts.torn, counts.newest), (0, 0, WRITES), "{counts:?}");
    assert!(counts.reads > 0);
}

#[test]
fn the_inline_reader_reads_no_torn_value_and_a_copy_without_the_count_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let mut writer = Writer::create(&path, value(0), &Options::new()).unwrap();
    let mut last = 0;
    let mut read_beside_writer = |is_control| {
        let first = last + 1;
        last += 10 * WRITES;
        thread::scope(|scope| {
            let reading = scope.spawn(|| read_inline(&text(&path), last, is_control));
            (first..=last).for_each(|generation| writer.set(value(generation)).unwrap());
            reading.join().unwrap()
        })
    };
    let (error, counts) = read_beside_writer(false);
    assert_eq!((error, counts.torn), (0, 0), "{counts:?}");
    assert!(counts.reads > 0);
    let is_torn = (0..100).any(|_| read_beside_writer(true).1.torn > 0);
    assert!(is_torn, "the control does not tear, so the test shows nothing");
    assert_eq!(read_inline(&text(&path), 0, false).1.newest, last);
}

#[test]
fn a_c_reader_waits_for_changes_and_for_no_longer_than_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let mut writer = Writer::create(&path, value(0), &Options::new().wakes(true)).unwrap();
    let opened = AtomicBool::new(false);
    assert_eq!(follow_until(&text(&path), 1, 1_000_000, &opened), (17, 0));
    assert!(last_error().contains("nothing was published"), "{}", last_error());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| follow_until(&text(&path), 20, -1, &opened));
        for generation in 1..=20 {
            thread::sleep(Duration::from_millis(1));
            writer.set(value(generation)).unwrap();
        }
        assert_eq!(waiting.join().unwrap(), (0, 20));
    });
}

#[test]
fn a_waiting_c_reader_learns_of_a_new_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    drop(Writer::create(&path, value(0), &Options::new()).unwrap());
    let opened = AtomicBool::new(false);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| follow_until(&text(&path), 1000, -1, &opened));
        while !opened.load(Ordering::Acquire) {
            thread::yield_now();
        }
        Writer::create(&path, 7_u64, &Options::new().replace(true)).unwrap();
        assert_eq!(waiting.join().unwrap().0, 18);
    });
}

/// Returns the error number and the event of a wait in C, during which `then` is called.
fn event_of(path: &Path, then: impl FnOnce()) -> (i32, i32) {
    let opened = AtomicBool::new(false);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_event(&text(path), &opened));
        while !opened.load(Ordering::Acquire) {
            thread::yield_now();
        }
        then();
        waiting.join().unwrap()
    })
}

#[test]
fn a_c_reader_waits_for_whatever_comes_first() {
    for wakes in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        let options = Options::new().wakes(wakes).replace(true);
        let mut writer = Writer::create(&path, value(0), &options).unwrap();
        assert_eq!(event_of(&path, || writer.set(value(1)).unwrap()), (0, 1));
        assert_eq!(event_of(&path, || drop(writer)), (0, 3));
        let promise = options.clone().lifetime(Duration::from_millis(100));
        let _writer = Writer::create(&path, value(2), &promise).unwrap();
        assert_eq!(event_of(&path, || {}), (0, 2), "the README's loop slept without end here");
    }
}

#[test]
fn a_c_reader_waits_for_what_its_reading_does_not_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let promise = Options::new().lifetime(Duration::from_nanos(1));
    drop(Writer::create(&path, 5_u64, &promise).unwrap());
    assert_eq!(known_events(&text(&path)), 0, "the line of src/pages.c; {}", last_error());
}

#[test]
fn a_c_reader_that_waits_for_events_learns_of_a_new_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    drop(Writer::create(&path, value(0), &Options::new()).unwrap());
    let replace = || drop(Writer::create(&path, 7_u64, &Options::new().replace(true)).unwrap());
    assert_eq!(event_of(&path, replace), (18, 0));
}

#[test]
fn each_error_has_a_number_and_a_text_that_helps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    assert_eq!(read_until(&text(&path), 0).0, 6);
    assert!(last_error().contains("there is no page"), "{}", last_error());
    assert_eq!(read_until(c"a name with blanks", 0).0, 4);
    let writer = Writer::create(&path, 1_u64, &Options::new()).unwrap();
    assert_eq!(read_until(&text(&path), 0).0, 10);
    assert!(last_error().contains("asked for:   words:u64[8]"), "{}", last_error());
    drop(writer);
    std::fs::write(path.join("page"), "no page at all").unwrap();
    assert_eq!(read_until(&text(&path), 0).0, 7);
}

#[test]
fn another_schema_is_refused_even_if_its_values_have_the_same_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let _writer = Writer::create(&path, [1.0_f64; WORDS], &Options::new()).unwrap();
    assert_eq!(size_of::<[f64; WORDS]>(), size_of::<Value>());
    assert_eq!(read_until(&text(&path), 0).0, 10);
    assert!(last_error().contains("asked for:   words:u64[8]"), "{}", last_error());
}

#[test]
fn wrong_arguments_are_refused_and_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let _writer = Writer::create(&path, 5_u64, &Options::new()).unwrap();
    assert_eq!(wrong_arguments(&text(&path)), 0, "the line of src/pages.c; {}", last_error());
}

#[test]
fn a_reading_looks_at_no_clock_until_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page");
    let promise = Options::new().lifetime(Duration::from_secs(3600));
    let _writer = Writer::create(&path, 5_u64, &promise).unwrap();
    let status = |what| without_counter(&text(&path), what);
    let looked = status(Without::Clock);
    // Where the clock is not the counter, a look at it cannot be seen, and all of these end well.
    println!("a child that reads the clock without the counter: {looked}");
    if looked >= 0 {
        assert_eq!(status(Without::Page), 0);
        assert_eq!(status(Without::Age), looked);
        assert_eq!(status(Without::Freshness), looked);
    }
}

#[test]
fn only_a_sealed_page_is_opened_by_its_file() {
    let mut writer = Writer::create_sealed("numbers", 5_u64, &Options::new()).unwrap();
    writer.set(6).unwrap();
    let (page, other) = (writer.inheritable().unwrap(), tempfile::tempfile().unwrap());
    assert_eq!(sealed_page(page.as_fd(), other.as_fd()), 0, "the line of src/pages.c");
}
