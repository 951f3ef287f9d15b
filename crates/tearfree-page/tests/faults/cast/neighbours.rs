// SPDX-License-Identifier: MIT OR Apache-2.0
//! Other processes beside a writer: second writers, children, lockers, other namespaces and users.

use core::time::Duration;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tearfree_page::{Error, Options, Reader, Writer, WriterState};
use tempfile::TempDir;

use super::process::{Actor, is_root, may_unshare};
use super::sample::{Accusing, Medium};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_second_writer_is_told_who_the_first_is", second_writer),
    ("a_forked_child_is_no_writer_and_leaves_no_lock_behind", forked),
    ("readers_with_locks_keep_no_writer_out", locks),
    ("a_page_whose_directory_is_gone_goes_on_for_those_who_have_it", directory_gone),
    ("a_full_file_system_says_so_and_loses_nothing", full),
    ("a_limit_on_files_says_so_and_loses_nothing", no_room),
    ("a_writer_in_another_pid_namespace_is_told_apart", pid_namespace),
    ("a_promise_in_another_time_namespace_is_not_believed", time_namespace),
    ("another_user_reads_without_any_right_to_write", other_user),
    ("a_child_inherits_a_sealed_page", inherited),
    ("a_reader_written_from_the_protocol_agrees", python),
];

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    (folder, page)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn second_writer() {
    let (_folder, page) = place();
    let mut first = Actor::start(&["write", text(&page)]).ready();
    let error = Writer::create(&page, Medium::of(5), &Options::new()).unwrap_err();
    let Error::Busy { pid, writer, .. } = &error else { panic!("{error}") };
    let writer = writer.as_ref().expect("the page tells");
    assert_eq!((*pid, writer.pid()), (Some(first.pid()), first.pid()));
    let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let namespace = fs::read_link("/proc/self/ns/pid").unwrap();
    for part in [&first.pid().to_string(), boot_id.trim(), &writer.pid_namespace().to_string()] {
        assert!(error.to_string().contains(part), "{part} in {error}");
    }
    assert_eq!(text(&namespace), format!("pid:[{}]", writer.pid_namespace()));
    first.tell("4");
    assert_eq!(first.line(), "done", "the first goes on");
    first.kill();
    let writer = Writer::create(&page, Medium::of(5), &Options::new()).expect("it is free now");
    assert_eq!(writer.generation(), 2);
}

fn forked() {
    let (_folder, page) = place();
    let mut parent = Actor::start(&["fork", text(&page)]).ready();
    let reader = Reader::<Medium>::open(&page).unwrap();
    let reading = reader.read().unwrap();
    assert_eq!((reading.value.number(), reading.writer_state()), (1, WriterState::Live));
    assert_eq!(reader.word(0), 0);
    let input = parent.child.stdin.take();
    parent.kill();
    // Its child still runs, and has all that it inherited.
    let writer = Writer::<Medium>::take_over(&page, &Options::new()).expect("the lock fell");
    assert_eq!(writer.get().number(), 1);
    drop(input);
}

fn locks() {
    let (folder, page) = place();
    drop(Writer::create(&page, Medium::of(0), &Options::new()).unwrap());
    if !is_root() {
        return;
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let reader = Actor::start_under(&OTHER_USER, &["lock", text(&page)]).ready();
    let mut writer = Writer::<Medium>::take_over(&page, &Options::new()).expect("not kept out");
    writer.set(Medium::of(1));
    drop(writer);
    Writer::create(&page, 1_u8, &Options::new().replace(true)).expect("not kept out");
    assert!(reader.end().success());
}

fn directory_gone() {
    let (_folder, page) = place();
    let mut old = Writer::create(&page, Medium::of(0), &Options::new()).unwrap();
    let reader = Reader::<Medium>::open(&page).unwrap();
    fs::remove_dir_all(&page).unwrap();
    old.set(Medium::of(1));
    assert_eq!(reader.read().unwrap().value.number(), 1);
    assert!(matches!(Reader::<Medium>::open(&page), Err(Error::Missing(_))));
    let new = Writer::create(&page, Medium::of(7), &Options::new()).expect("a page of its own");
    old.set(Medium::of(2));
    assert_eq!(Reader::<Medium>::open(&page).unwrap().read().unwrap().value, new.get());
    assert_eq!(reader.read().unwrap().value.number(), 2);
    drop(old);
    assert_eq!(reader.writer_state(), WriterState::Ended);
    assert!(matches!(Writer::<Medium>::take_over(&page, &Options::new()), Err(Error::Busy { .. })));
}

fn full() {
    if !may_unshare(&["-m"]) {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut actor = Actor::start_under(&["unshare", "-m"], &["full", text(folder.path())]);
    let pages: u32 = actor.line().parse().expect("it made pages until there was no more room");
    assert!(pages > 0);
    assert!(actor.end().success());
}

fn no_room() {
    let (_folder, page) = place();
    assert!(Actor::start(&["no-room", text(&page)]).end().success());
}

fn pid_namespace() {
    const UNSHARE: [&str; 4] = ["unshare", "--pid", "--fork", "--kill-child"];
    if !may_unshare(&UNSHARE[1..]) {
        return;
    }
    let (_folder, page) = place();
    let inside = Actor::start_under(&UNSHARE, &["write", text(&page)]).ready();
    let error = Writer::create(&page, Medium::of(5), &Options::new()).unwrap_err();
    let Error::Busy { writer: Some(writer), .. } = &error else { panic!("{error}") };
    assert_eq!(writer.pid(), 1, "as it is numbered in there");
    assert_eq!(writer.is_running(), None, "nothing is known about process 1 of elsewhere");
    assert!(inside.end().success());

    let writer = Writer::create(&page, Medium::of(6), &Options::new()).unwrap();
    let mut reader = Actor::start_under(&UNSHARE, &["fresh", text(&page)]);
    assert_eq!(reader.line(), "6 unpromised None");
    let mut second = Actor::start_under(&UNSHARE, &["refused", text(&page)]);
    let refused = second.line();
    let namespace = writer.identity().unwrap().pid_namespace().to_string();
    for part in ["None", "cannot be seen from here", namespace.as_str()] {
        assert!(refused.contains(part), "{part} in {refused}");
    }
}

fn time_namespace() {
    const UNSHARE: [&str; 4] = ["unshare", "--time", "--boottime", "100000"];
    if !may_unshare(&UNSHARE[1..]) {
        return;
    }
    let (_folder, page) = place();
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let _writer = Writer::create(&page, Medium::of(6), &hour).unwrap();
    let mut here = Actor::start(&["fresh", text(&page)]);
    assert_eq!(here.line(), "6 fresh Some(true)");
    let mut there = Actor::start_under(&UNSHARE, &["fresh", text(&page)]);
    assert!(there.line().starts_with("6 unknown"));
}

const OTHER_USER: [&str; 6] = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];

fn other_user() {
    if !is_root() {
        return;
    }
    let (folder, page) = place();
    let _writer = Writer::create(&page, Medium::of(6), &Options::new()).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut reader = Actor::start_under(&OTHER_USER, &["fresh", text(&page)]);
    assert!(reader.line().starts_with("6 unpromised"));
    // What does not belong to it or to root it does not open.
    std::os::unix::fs::chown(page.join("page"), Some(1), None).unwrap();
    let mut reader = Actor::start_under(&OTHER_USER, &["fresh", text(&page)]);
    assert_eq!(reader.line(), "");
    assert!(!reader.end().success());
}

fn inherited() {
    let writer = Writer::create_sealed("page", Medium::of(8), &Options::new()).unwrap();
    let file = writer.inheritable().unwrap();
    let mut child = Actor::start(&["inherited", &file.as_raw_fd().to_string()]);
    drop(file);
    assert_eq!(child.line(), "8");
    assert!(child.end().success());
    assert_eq!(writer.get().number(), 8);
}

/// The reader in Python that knows nothing but PROTOCOL.md.
fn python() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_page.py");
    let run = |page: &Path| {
        Command::new("python3").arg(script).arg(page.join("page")).output().expect("it runs")
    };
    if Command::new("python3").arg("-V").output().is_err() {
        eprintln!("left out: no python3");
        return;
    }
    let (_folder, page) = place();
    let hour = Options::new().lifetime(Duration::from_secs(3600));
    let mut writer = Writer::create(&page, Everything::of(1), &hour).unwrap();
    writer.set(Everything::of(2));
    let output = run(&page);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for part in [
        "\"generation\": 1,",
        "\"wide\": [2, 340282366920938463463374607431768211455]",
        "\"half\": -1.0, \"small\": [2, -2], \"rest\": [2, 0, 0, 0]",
        "\"freshness\": \"fresh\", \"state\": \"live\"",
        &format!("\"pid\": {}", std::process::id()),
        "\"lifetime_ns\": 3600000000000",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let mut bytes = fs::read(page.join("page")).unwrap();
    bytes[40] ^= 1; // the length of the schema
    fs::create_dir(page.with_extension("bad")).unwrap();
    fs::write(page.with_extension("bad").join("page"), bytes).unwrap();
    let output = run(&page.with_extension("bad"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("no usable page"));
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
    fn of(number: i16) -> Self {
        let byte = number.to_le_bytes()[0];
        Everything {
            wide: [u128::from(byte), u128::MAX],
            half: -f64::from(number) / 2.0,
            small: [number, -number],
            rest: [byte, 0, 0, 0],
        }
    }
}
