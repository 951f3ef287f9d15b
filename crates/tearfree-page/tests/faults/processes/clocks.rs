// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads and writes where reading the processor's counter, and so the clock, ends the process. On x86-64 only.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use tearfree_page::{ByteReader, Options, Reader, Writer};
use tempfile::TempDir;

use super::process::Process;
use super::value::{Medium, SelfChecking};
use crate::left_out::leave_out;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("reading_does_not_look_at_the_clock", reading),
    ("a_writer_without_times_does_not_look_at_the_clock", writing),
];

/// The exit status where the counter cannot be forbidden.
const NOT_POSSIBLE: i32 = 3;

fn run(what: &str, page: &str) -> ExitStatus {
    Process::start(&["clock", what, page]).wait_exit()
}

/// Runs `without`, which must not look at the clock, and each of `with`, which has to.
fn check(without: &str, with: &[&str]) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    let page = page.to_str().unwrap();
    drop(Writer::create(page, Medium::from_number(5), &hour()).unwrap());
    let status = run(without, page);
    if status.code() == Some(NOT_POSSIBLE) {
        return leave_out("the processor's counter cannot be forbidden here");
    }
    assert!(status.success(), "{without}: {status}");
    for what in with {
        let status = run(what, page);
        if status.success() {
            return leave_out("the clock is not read by the processor's counter here");
        }
        assert_eq!(status.signal(), Some(libc::SIGSEGV), "{what}: {status}");
    }
}

fn reading() {
    check("read", &["age", "freshness", "age-of-page", "freshness-of-page"]);
}

fn writing() {
    check("write-untimed", &["write-timed", "write-promised"]);
}

fn hour() -> Options {
    Options::new().lifetime(core::time::Duration::from_secs(3600))
}

/// Has the kernel send SIGSEGV to this process when it reads the counter.
fn forbid_counter() {
    // SAFETY: the call takes numbers only.
    if unsafe { libc::prctl(libc::PR_SET_TSC, libc::PR_TSC_SIGSEGV) } != 0 {
        std::process::exit(NOT_POSSIBLE);
    }
}

/// Does one thing without the counter.
pub(crate) fn without_counter(what: &str, page: &str) {
    if let Some(timing) = what.strip_prefix("write-") {
        let options = match timing {
            "untimed" => Options::new().timed(false),
            "timed" => Options::new(),
            _ => hour(),
        };
        let mut writer = Writer::<Medium>::take_over(page, &options).expect("free");
        forbid_counter();
        writer.set(Medium::from_number(6)).expect("the page is ours");
        writer.touch().expect("the page is ours");
        return;
    }
    let (reader, bytes) = (Reader::<Medium>::open(page).unwrap(), ByteReader::open(page).unwrap());
    let (mut into, mut seen) = (Medium::from_number(0), u64::MAX);
    forbid_counter();
    let reading = reader.read().expect("not torn");
    match what {
        "age" => _ = reading.age(),
        "freshness" => _ = reading.freshness(),
        "age-of-page" => _ = reader.age(),
        "freshness-of-page" => _ = reader.freshness(),
        _ => {
            reader.get().expect("not torn");
            reader.get_into(&mut into).expect("not torn");
            reader.read_into(&mut into).expect("not torn");
            reader.read_if_changed(&mut seen).expect("not torn");
            reader.read_current(|| ()).expect("not torn");
            bytes.read().expect("not torn");
            assert!(reading.published_ns().is_some());
            let _ = (reading.writer_state(), reader.writer_state(), reader.generation());
        }
    }
}
