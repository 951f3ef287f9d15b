// SPDX-License-Identifier: MIT OR Apache-2.0
//! Processes beside a writer: second writers, children, lock holders, other namespaces and users.

use core::time::Duration;
use std::fs;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::Instant;

use tearfree_page::{ByteWriter, Error, Options, Reader, Writer, WriterState};
use tempfile::TempDir;

use super::process::{Process, WATCHDOG, is_root, may_unshare};
use super::value::{Medium, SelfChecking};
use crate::left_out::{is_emulated, leave_out};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("the_error_of_a_second_writer_names_the_first", second_writer),
    ("a_forked_child_cannot_write_and_does_not_keep_the_lock", forked),
    ("locks_of_readers_do_not_keep_a_writer_out", locks),
    ("a_page_works_after_its_directory_was_removed", directory_gone),
    ("a_full_file_system_is_an_error_and_changes_nothing", full),
    ("a_limit_on_file_sizes_is_an_error_and_changes_nothing", no_room),
    ("a_writer_in_another_pid_namespace_is_recognised", pid_namespace),
    ("a_promise_in_another_time_namespace_is_ignored", time_namespace),
    ("a_promise_is_by_the_clock_of_the_protocol", promise),
    ("another_user_reads_without_write_permission", other_user),
    ("a_child_inherits_a_sealed_page", inherited),
    ("a_reader_written_from_the_protocol_agrees", python),
];

fn new_path() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    (folder, page)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn second_writer() {
    let (_folder, page) = new_path();
    let mut first = Process::start(&["write", text(&page)]).wait_ready();
    let error = Writer::create(&page, Medium::from_number(5), &Options::new()).unwrap_err();
    let Error::Busy { pid, writer, .. } = &error else { panic!("{error}") };
    let writer = writer.as_ref().expect("the page names its writer");
    assert_eq!((*pid, writer.pid()), (Some(first.pid()), first.pid()));
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap();
    for part in [&first.pid().to_string(), boot_id.trim(), &writer.pid_namespace().to_string()] {
        assert!(error.to_string().contains(part), "{part} in {error}");
    }
    assert_eq!(text(&namespace), format!("pid:[{}]", writer.pid_namespace()));
    first.send_line("4");
    assert_eq!(first.read_line(), "done", "the first goes on");
    first.kill();
    let writer = Writer::create(&page, Medium::from_number(5), &Options::new())
        .expect("the lock is free now");
    assert_eq!(writer.generation(), 2);
}

fn forked() {
    let (_folder, page) = new_path();
    let mut parent = Process::start(&["fork", text(&page)]).wait_ready();
    let reader = Reader::<Medium>::open(&page).unwrap();
    let reading = reader.read().unwrap();
    assert_eq!((reading.value.number(), reading.writer_state()), (1, WriterState::Live));
    assert_eq!(reader.word(0), 0);
    let mut input = parent.child.stdin.take().unwrap();
    parent.kill();
    // Its child still runs with everything that it inherited, and closes the lock as the first thing that it does.
    let begin = Instant::now();
    let writer = loop {
        match Writer::<Medium>::take_over(&page, &Options::new()) {
            Err(Error::Busy { .. }) if begin.elapsed() < WATCHDOG => thread::yield_now(),
            result => break result.expect("the lock was released"),
        }
    };
    assert_eq!(writer.get().number(), 1);
    drop(writer);
    writeln!(input, "now").unwrap();
    assert_eq!(parent.read_line(), "the child took over from its parent");
    assert_eq!(reader.writer().unwrap().takeovers(), 2);
}

fn locks() {
    let (folder, page) = new_path();
    drop(Writer::create(&page, Medium::from_number(0), &Options::new()).unwrap());
    if !is_root("locks_of_readers_do_not_keep_a_writer_out") {
        return;
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let reader = Process::start_under(&OTHER_USER, &["lock", text(&page)]).wait_ready();
    let mut writer = Writer::<Medium>::take_over(&page, &Options::new()).expect("the lock is free");
    writer.set(Medium::from_number(1)).expect("the page is ours");
    drop(writer);
    Writer::create(&page, 1_u8, &Options::new().replace(true)).expect("the lock is free");
    assert!(reader.wait_exit().success());
}

fn directory_gone() {
    let (_folder, page) = new_path();
    let mut old = Writer::create(&page, Medium::from_number(0), &Options::new()).unwrap();
    let reader = Reader::<Medium>::open(&page).unwrap();
    fs::remove_dir_all(&page).unwrap();
    old.set(Medium::from_number(1)).expect("the page is ours");
    assert_eq!(reader.read().unwrap().value.number(), 1);
    assert!(matches!(Reader::<Medium>::open(&page), Err(Error::Missing(_))));
    let new = Writer::create(&page, Medium::from_number(7), &Options::new()).expect("a new page");
    old.set(Medium::from_number(2)).expect("the page is ours");
    assert_eq!(Reader::<Medium>::open(&page).unwrap().read().unwrap().value, new.get());
    assert_eq!(reader.read().unwrap().value.number(), 2);
    drop(old);
    assert_eq!(reader.writer_state(), WriterState::Ended);
    assert!(matches!(Writer::<Medium>::take_over(&page, &Options::new()), Err(Error::Busy { .. })));
}

fn full() {
    if !may_unshare("a_full_file_system_is_an_error_and_changes_nothing", &["-m"]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut process = Process::start_under(&["unshare", "-m"], &["full", text(folder.path())]);
    let pages: u32 = process.read_line().parse().expect("the number of pages that fit");
    assert!(pages > 0);
    assert!(process.wait_exit().success());
}

fn no_room() {
    let (_folder, page) = new_path();
    assert!(Process::start(&["no-room", text(&page)]).wait_exit().success());
}

fn pid_namespace() {
    const UNSHARE: [&str; 4] = ["unshare", "--pid", "--fork", "--kill-child"];
    if !may_unshare("a_writer_in_another_pid_namespace_is_recognised", &UNSHARE[1..]) {
        return;
    }
    let (_folder, page) = new_path();
    let inside = Process::start_under(&UNSHARE, &["write", text(&page)]).wait_ready();
    let error = Writer::create(&page, Medium::from_number(5), &Options::new()).unwrap_err();
    let Error::Busy { writer: Some(writer), .. } = &error else { panic!("{error}") };
    assert_eq!(writer.pid(), 1, "in its own namespace");
    assert_eq!(writer.is_running(), None, "process 1 of another namespace is unknown");
    assert!(inside.wait_exit().success());

    let writer = Writer::create(&page, Medium::from_number(6), &Options::new()).unwrap();
    let mut reader = Process::start_under(&UNSHARE, &["fresh", text(&page)]);
    assert_eq!(reader.read_line(), "6 unpromised aged None");
    let mut second = Process::start_under(&UNSHARE, &["refused", text(&page)]);
    let refused = second.read_line();
    let namespace = writer.identity().unwrap().pid_namespace().to_string();
    for part in ["None", "in another PID namespace", namespace.as_str()] {
        assert!(refused.contains(part), "{part} in {refused}");
    }
}

fn time_namespace() {
    if !may_unshare("a_promise_in_another_time_namespace_is_ignored", &OTHER_TIME[1..]) {
        return;
    }
    let (_folder, page) = new_path();
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let _writer = Writer::create(&page, Medium::from_number(6), &hour).unwrap();
    let mut here = Process::start(&["fresh", text(&page)]);
    assert_eq!(here.read_line(), "6 fresh aged Some(true)");
    let mut there = Process::start_under(&OTHER_TIME, &["fresh", text(&page)]);
    assert!(there.read_line().starts_with("6 unknown ageless"));
}

/// Elsewhere the clocks that run since the boot agree, as long as the machine has not slept.
fn promise() {
    if !may_unshare("a_promise_is_by_the_clock_of_the_protocol", &OTHER_TIME[1..]) {
        return;
    }
    let (_folder, page) = new_path();
    assert!(Process::start_under(&OTHER_TIME, &["promise", text(&page)]).wait_exit().success());
}

const OTHER_TIME: [&str; 4] = ["unshare", "--time", "--boottime", "100000"];
const OTHER_USER: [&str; 6] = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

fn other_user() {
    if !is_root("another_user_reads_without_write_permission") {
        return;
    }
    let (folder, page) = new_path();
    let _writer = Writer::create(&page, Medium::from_number(6), &Options::new()).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut reader = Process::start_under(&OTHER_USER, &["fresh", text(&page)]);
    assert!(reader.read_line().starts_with("6 unpromised"));
    // It does not open a page that belongs neither to it nor to root.
    std::os::unix::fs::chown(page.join("page"), Some(1), None).unwrap();
    let mut reader = Process::start_under(&OTHER_USER, &["fresh", text(&page)]);
    assert_eq!(reader.read_line(), "");
    assert!(!reader.wait_exit().success());
}

fn inherited() {
    let writer = Writer::create_sealed("page", Medium::from_number(8), &Options::new()).unwrap();
    let file = writer.inheritable().unwrap();
    let mut child = Process::start(&["inherited", &file.as_raw_fd().to_string()]);
    drop(file);
    assert_eq!(child.read_line(), "8");
    assert!(child.wait_exit().success());
    assert_eq!(writer.get().number(), 8);
}

/// The reader in Python that was written from PROTOCOL.md.
fn python() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_page.py");
    let run = |page: &Path| {
        Command::new("python3").arg(script).arg(page.join("page")).output().expect("it starts")
    };
    if is_emulated() && cfg!(target_endian = "big") {
        return leave_out("python3 is the host's, which has the other byte order");
    }
    if Command::new("python3").arg("-V").output().is_err() {
        return leave_out("no python3");
    }
    let (_folder, page) = new_path();
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let mut writer = Writer::create(&page, Everything::from_number(1), &hour).unwrap();
    writer.set(Everything::from_number(2)).expect("the page is ours");
    let output = run(&page);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "\"generation\": 1,",
        "\"wide\": [2, 340282366920938463463374607431768211455]",
        "\"half\": -1.0, \"small\": [2, -2], \"rest\": [2, 0, 0, 0]",
        "\"freshness\": \"fresh\", \"state\": \"live\"",
        &format!("\"pid\": {}", std::process::id()),
        "\"lifetime_ns\": 3600000000000",
    ] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    drop(writer);
    for (state, name) in [(2, "ended"), (9, "ended"), (3, "superseded")] {
        let mut bytes = fs::read(page.join("page")).unwrap();
        bytes[136] = state;
        fs::write(page.join("page"), bytes).unwrap();
        let printed = String::from_utf8(run(&page).stdout).unwrap();
        assert!(printed.contains(&format!("\"state\": \"{name}\"")), "{printed}");
    }
    python_reads_checked_kinds(&run);
    let mut bytes = fs::read(page.join("page")).unwrap();
    bytes[40] ^= 1; // the length of the schema
    fs::create_dir(page.with_extension("bad")).unwrap();
    fs::write(page.with_extension("bad").join("page"), bytes).unwrap();
    let output = run(&page.with_extension("bad"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no usable page"));
}

fn python_reads_checked_kinds(run: &dyn Fn(&Path) -> Output) {
    let schema = "on:bool state:i8{off=-1,idle=0}[2] name:text[4] id:uuid<3>";
    for (value, wanted) in [
        (
            b"\x01\xff\x00h\xc3\xa9\0\x01\x02\x03",
            r#""on": true, "state": ["off", "idle"], "name": "h\u00e9", "id": "010203""#,
        ),
        (
            b"\x00\x00\xffabcd\x01\x02\x03",
            r#""on": false, "state": ["idle", "off"], "name": "abcd""#,
        ),
    ] {
        let (_folder, page) = new_path();
        let _writer = ByteWriter::create(&page, &schema.parse().unwrap(), value, &Options::new());
        let printed = String::from_utf8(run(&page).stdout).unwrap();
        assert!(printed.contains(wanted), "{wanted} in {printed}");
        // A writer that breaks the protocol.
        let mut bytes = fs::read(page.join("page")).unwrap();
        let at = bytes.windows(value.len()).position(|bytes| bytes == value).unwrap();
        bytes[at..at + 7].copy_from_slice(b"\x02\x01\x00ab\0d");
        fs::write(page.join("page"), bytes).unwrap();
        let printed = String::from_utf8(run(&page).stdout).unwrap();
        let wanted = r#""on": null, "state": [null, "idle"], "name": null, "id": "010203""#;
        assert!(printed.contains(wanted), "{wanted} in {printed}");
    }
}

tearfree_page::payload! {
    struct Everything {
        wide: [u128; 2],
        half: f64,
        small: [i16; 2],
        rest: [u8; 4],
    }
}

impl Everything {
    fn from_number(number: i16) -> Self {
        let byte = number.to_le_bytes()[0];
        Everything {
            wide: [u128::from(byte), u128::MAX],
            half: -f64::from(number) / 2.0,
            small: [number, -number],
            rest: [byte, 0, 0, 0],
        }
    }
}
