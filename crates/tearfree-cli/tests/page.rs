// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page`, run as a user runs it.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

struct Pages {
    folder: TempDir,
}

impl Pages {
    fn new() -> Self {
        Pages { folder: TempDir::new().expect("a folder") }
    }

    fn path(&self, page: &str) -> PathBuf {
        self.folder.path().join(page)
    }

    fn command(&self, subcommand: &str, page: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tearfree"));
        command.args(["page", subcommand]).arg(self.path(page)).args(args).stdin(Stdio::null());
        command
    }

    fn run(&self, subcommand: &str, page: &str, args: &[&str]) -> Output {
        self.command(subcommand, page, args).output().expect("the command starts")
    }

    /// Runs a command that succeeds; returns its standard output.
    fn succeed(&self, subcommand: &str, page: &str, args: &[&str]) -> String {
        let output = self.run(subcommand, page, args);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, subcommand: &str, page: &str, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        serde_json::from_str(&self.succeed(subcommand, page, &args)).expect("one JSON value")
    }

    /// Runs a command that fails; returns its standard error.
    fn fail(&self, subcommand: &str, page: &str, args: &[&str]) -> String {
        let output = self.run(subcommand, page, args);
        // `tests/conventions.rs` has which of the two.
        assert!(matches!(output.status.code(), Some(1 | 4)), "{:?}", output.status);
        assert_eq!(output.stdout.len(), 0);
        String::from_utf8(output.stderr).expect("text")
    }
}

#[test]
fn a_page_is_created_changed_shown_and_removed() {
    let pages = Pages::new();
    let created =
        pages.succeed("create", "rates", &["price:f64=99.5", "qty:u64", "last:i16[4]=1,-2,3,4"]);
    assert!(created.contains("price") && created.contains("generation 0"), "{created}");
    assert_eq!(pages.succeed("set", "rates", &["qty=7", "price=-0.25"]), "");
    assert_eq!(pages.succeed("get", "rates", &["price", "last"]), "-0.25\n1,-2,3,4\n");
    let got = pages.json("get", "rates", &[]);
    assert_eq!(got["fields"], json!({"price": -0.25, "qty": "7", "last": [1, -2, 3, 4]}));
    assert_eq!((&got["generation"], &got["freshness"]), (&json!("1"), &json!("unpromised")));
    assert_eq!(got["schema"], "price:f64 qty:u64 last:i16[4]");
    assert_eq!(
        (&got["writer"]["state"], &got["writer"]["running"]),
        (&json!("ended"), &json!(false))
    );
    assert_eq!(pages.json("get", "rates", &["qty"])["fields"], json!({"qty": "7"}));
    let table = pages.succeed("get", "rates", &[]);
    assert!(table.contains("-0.25") && !table.contains('\u{1b}'), "{table}");
    assert_eq!(pages.succeed("rm", "rates", &[]), "");
    assert!(!pages.path("rates").exists());
    assert!(pages.fail("get", "rates", &[]).contains("there is no page"));
}

#[test]
fn a_page_is_made_as_the_options_say() {
    let pages = Pages::new();
    let mode = |page: &str| {
        let file = fs::metadata(pages.path(page).join("page"));
        file.expect("it is there").mode() & 0o777
    };
    let created = pages.json("create", "open", &["a:u8=1"]);
    assert_eq!((&created["wakes"], &created["freshness"]), (&json!(false), &json!("unpromised")));
    let created = pages.json("create", "own", &["a:u8=1", "--private", "--wakes"]);
    assert_eq!(created["wakes"], true);
    assert_eq!((mode("own"), mode("open")), (0o600, 0o644));
    let own = fs::metadata("/proc/self").expect("there is /proc").uid();
    let other = (1000 + own).to_string();
    let refused = pages.fail("get", "open", &["--owner", &other]);
    assert!(refused.contains(&format!("only user {other} is trusted")), "{refused}");
    for owner in ["any", &own.to_string()] {
        assert_eq!(pages.succeed("get", "open", &["a", "--owner", owner]), "1\n");
    }
    let group = pages.fail("get", "open", &["--owner", "group:4294967294"]);
    assert!(group.contains("only members of group 4294967294 are trusted"), "{group}");
    for (unknown, what) in [("no one", "no user 'no one'"), ("group:no one", "no group 'no one'")] {
        let output = pages.run("get", "open", &["--owner", unknown]);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && errors.contains(what), "{errors}");
    }
    assert_eq!(pages.json("set", "open", &["a=2", "--lifetime", "3600"])["freshness"], "fresh");
    assert_eq!(pages.json("set", "open", &["a=3", "--lifetime", "0"])["freshness"], "unpromised");
}

#[test]
fn the_age_of_a_value_is_shown_if_it_is_known() {
    let pages = Pages::new();
    let created = pages.json("create", "rates", &["a:u64=1", "--lifetime", "3600"]);
    let age = created["age_seconds"].as_f64().expect("it is known");
    assert!((0.0..600.0).contains(&age), "{age}");
    let is_known = |table: &str| table.contains("; published ") && table.contains(" ago");
    assert!(is_known(&pages.succeed("get", "rates", &[])));
    // As if it were the value of a writer in another time namespace.
    let file = fs::OpenOptions::new().write(true).open(pages.path("rates").join("page"));
    file.expect("it is there").write_all_at(&1_u64.to_ne_bytes(), 448 + 16).expect("writable");
    let get = |args: &[&str]| {
        let output = pages.run("get", "rates", args);
        assert_eq!(output.status.code(), Some(3), "the freshness is unknown");
        String::from_utf8(output.stdout).expect("text")
    };
    let got: Value = serde_json::from_str(&get(&["--json"])).expect("one JSON value");
    assert_eq!((&got["age_seconds"], &got["freshness"]), (&Value::Null, &json!("unknown")));
    let table = get(&[]);
    assert!(table.contains("by a clock that cannot be read here") && !is_known(&table), "{table}");
}

#[test]
fn text_switches_and_names_are_set_and_shown() {
    let pages = Pages::new();
    let fields = [
        "name:text[8]=a=b, c",
        "on:bool",
        "state:u8{idle=1,busy=2}=busy",
        "all:bool[2]=true,false",
    ];
    pages.succeed("create", "jobs", &fields);
    let got = pages.succeed("get", "jobs", &["name", "on", "state", "all"]);
    assert_eq!(got, "a=b\\, c\nfalse\nbusy\ntrue,false\n");
    pages.succeed("set", "jobs", &["name=\\u{1b}[2J\\u{9b}", "state=idle", "on=true"]);
    for shown in [
        pages.succeed("get", "jobs", &[]),
        pages.succeed("get", "jobs", &["name"]),
        pages.succeed("get", "jobs", &["--json"]),
        pages.succeed("watch", "jobs", &["--count", "1"]),
    ] {
        let is_plain = |letter: char| letter == '\n' || !letter.is_control();
        assert!(shown.contains("[2J") && shown.chars().all(is_plain), "{shown:?}");
    }
    let fields = &pages.json("get", "jobs", &[])["fields"];
    let wanted =
        json!({"name": "\u{1b}[2J\u{9b}", "on": true, "state": "idle", "all": [true, false]});
    assert_eq!(fields, &wanted);
    // A writer that breaks the protocol: `on` lies behind the name.
    let file = pages.path("jobs").join("page");
    let mut bytes = fs::read(&file).expect("it is there");
    let name = b"\x1B[2J\xC2\x9B\0\0";
    let at = bytes.windows(name.len()).position(|bytes| bytes == name).expect("the value");
    bytes[at + name.len()] = 7;
    fs::write(&file, bytes).expect("it is there");
    assert_eq!(pages.json("get", "jobs", &["on"])["fields"], json!({"on": null}));
    assert!(pages.succeed("get", "jobs", &[]).contains("invalid:07"));
    assert_eq!(pages.succeed("get", "jobs", &["state"]), "idle\n");
    assert!(pages.fail("get", "jobs", &["on"]).contains("the field 'on' holds the bytes 07"));
    assert!(pages.fail("set", "jobs", &["state=busy"]).contains("Publish a value of its kind."));
    pages.succeed("set", "jobs", &["on=false"]);
    assert_eq!(pages.succeed("get", "jobs", &["on", "state"]), "false\nidle\n");
}

#[test]
fn an_invalid_command_is_refused_and_changes_nothing() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["price:f64=1", "qty:u64=2", "--lifetime", "3600"]);
    let before = pages.json("get", "rates", &[]);
    for (subcommand, args, what) in [
        ("set", &["price=x"][..], "'x' is not a valid f64"),
        ("set", &["qty=1", "nope=1"], "no field 'nope'"),
        ("set", &["price"], "Write name=value"),
        ("create", &["on:u8{yes=1}", "--replace"], "the field 'on' holds the bytes 00"),
        ("create", &["on:bool=1", "--replace"], "'1' is not a valid bool"),
        ("get", &["nope"], "no field 'nope'"),
        ("create", &["price:f32"], "has another schema"),
        ("create", &["price:f32", "--replace", "b"], "invalid field 'b'"),
        ("create", &["a:u8", "b:u64"], "Put larger kinds first"),
    ] {
        let message = pages.fail(subcommand, "rates", args);
        assert!(message.contains(what), "{what} in {message}");
        assert!(message.trim_end().ends_with('.'), "advice in {message}");
    }
    let mut after = pages.json("get", "rates", &[]);
    for now in ["freshness_seconds", "age_seconds"] {
        after[now] = before[now].clone();
    }
    assert_eq!(after, before);
    assert_eq!(after["freshness"], "fresh");
    pages.succeed("set", "rates", &["qty=3"]);
    assert_eq!(pages.json("get", "rates", &[])["freshness"], "fresh", "the promise is kept");
}

#[test]
fn the_error_of_a_second_writer_names_the_first() {
    let pages = Pages::new();
    let page = pages.path("rates");
    let _writer = tearfree_page::Writer::create(&page, 5_u64, &tearfree_page::Options::new());
    let writer = &pages.json("get", "rates", &[])["writer"];
    let uid = fs::metadata("/proc/self").expect("there is /proc").uid();
    assert_eq!((&writer["pid"], &writer["uid"]), (&json!(std::process::id()), &json!(uid)));
    assert_eq!((&writer["state"], &writer["running"]), (&json!("live"), &json!(true)));
    assert_eq!(writer["takeovers"], 0);
    let message = pages.fail("set", "rates", &["value=1"]);
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    assert!(pages.fail("rm", "rates", &[]).contains("has a writer"));
    assert_eq!(pages.succeed("get", "rates", &["value"]), "5\n");
}

/// Kills a command after a minute, so that a watcher that misses a change fails its test.
fn kill_late(command: &Child) -> Sender<()> {
    let (alive, is_over) = channel();
    let id = command.id().to_string();
    thread::spawn(move || {
        if is_over.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-KILL", &id]).status();
        }
    });
    alive
}

#[test]
fn a_watcher_sees_each_change_and_follows_a_replaced_page() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["qty:u64=1", "--wakes"]);
    let mut command = pages.command("watch", "rates", &["--json", "--count", "4"]);
    let mut watcher = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let _watchdog = kill_late(&watcher);
    let mut lines = BufReader::new(watcher.stdout.take().expect("it is piped")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("a line").expect("text");
        serde_json::from_str(&line).expect("one JSON value on each line")
    };
    assert_eq!(next()["fields"], json!({"qty": "1"}));
    pages.succeed("set", "rates", &["qty=2"]);
    assert_eq!(next()["fields"], json!({"qty": "2"}));
    pages.succeed("create", "rates", &["name:u8[2]=1,2", "--replace"]);
    assert_eq!(next()["fields"], json!({"name": [1, 2]}));
    pages.succeed("rm", "rates", &[]);
    pages.succeed("create", "rates", &["qty:u64=3"]);
    assert_eq!(next()["fields"], json!({"qty": "3"}));
    assert_eq!(watcher.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_watcher_finds_the_page_after_its_directory_was_removed_by_hand() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["qty:u64=1"]);
    let mut command = pages.command("watch", "rates", &["--count", "2"]);
    let mut watcher = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let _watchdog = kill_late(&watcher);
    let mut lines = BufReader::new(watcher.stdout.take().expect("it is piped")).lines();
    let mut next = || lines.next().expect("a line").expect("text");
    assert_eq!(next(), "0 unpromised qty=1");
    fs::remove_dir_all(pages.path("rates")).expect("it is there");
    pages.succeed("create", "rates", &["qty:u64=2"]);
    assert_eq!(next(), "0 unpromised qty=2");
    assert_eq!(watcher.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_watcher_ends_when_it_is_interrupted() {
    let pages = Pages::new();
    pages.succeed("create", "rates", &["qty:u64=1"]);
    let mut command = pages.command("watch", "rates", &[]);
    let mut watcher = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let _watchdog = kill_late(&watcher);
    let mut lines = BufReader::new(watcher.stdout.take().expect("it is piped")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "0 unpromised qty=1");
    let id = watcher.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    assert_eq!(watcher.wait().expect("it ends").code(), Some(130));
}

#[test]
fn named_pages_are_listed() {
    // The pages of root are in the system's directory, so root creates these as another user.
    const NOBODY: u32 = 65534;
    let run = TempDir::new().expect("a folder");
    let is_root = fs::metadata("/proc/self").expect("there is /proc").uid() == 0;
    if is_root {
        chown(run.path(), Some(NOBODY), Some(NOBODY)).expect("root may change the owner");
    }
    let call = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tearfree"));
        command.arg("page").args(args).env("XDG_RUNTIME_DIR", run.path());
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().expect("it starts");
        (output.status.code(), String::from_utf8(output.stdout).expect("text"))
    };
    assert_eq!(call(&["create", "rates", "qty:u64=1"]).0, Some(0));
    assert_eq!(call(&["create", "other", "a:u8=1"]).0, Some(0));
    // As if it were the value of a writer in another time namespace.
    let page = fs::OpenOptions::new().write(true).open(run.path().join("tearfree/other/page"));
    page.expect("it is there").write_all_at(&1_u64.to_ne_bytes(), 448 + 16).expect("writable");
    let (_, listed) = call(&["ls"]);
    let row = |name: &str| {
        let row = listed.lines().find(|line| line.starts_with(name)).expect("it is listed");
        row.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let head = ["name", "generation", "age", "freshness", "writer", "fields"];
    assert_eq!(row("name"), head);
    let rates = row("rates");
    assert!(rates[2].parse::<f64>().is_ok(), "an age: {rates:?}");
    assert_eq!((rates.len(), rates[6].as_str()), (7, "qty:u64"), "{rates:?}");
    assert_eq!(row("other"), ["other", "0", "-", "unpromised", "ended", "a:u8"]);
    let listed: Value = serde_json::from_str(&call(&["ls", "--json"]).1).expect("JSON");
    let listed = listed["pages"].as_array().expect("pages");
    let here = run.path().join("tearfree").join("rates");
    let rates = listed.iter().find(|page| page["page"] == here.to_str().expect("text"));
    assert_eq!(rates.expect("it is listed")["fields"], json!({"qty": "1"}));
    // A page of a user who is not trusted is named, and not read.
    let distrusted: Value =
        serde_json::from_str(&call(&["ls", "--json", "--owner", "4242"]).1).expect("JSON");
    let distrusted = distrusted["pages"].as_array().expect("pages");
    let rates = distrusted.iter().find(|page| page["name"] == "rates").expect("it is listed");
    assert_eq!((&rates["fields"], rates["error"].is_string()), (&Value::Null, true), "{rates}");
    assert_eq!(call(&["get", "rates", "qty"]), (Some(0), "1\n".to_owned()));
    assert_eq!(call(&["rm", "rates"]).0, Some(0));
}

#[test]
fn each_of_two_shells_that_set_a_page_gets_its_turn() {
    const TIMES: u64 = 50;
    let pages = Pages::new();
    pages.succeed("create", "shared", &["a:u64", "b:u64"]);
    std::thread::scope(|shells| {
        for field in ["a", "b"] {
            let pages = &pages;
            shells.spawn(move || {
                for value in 1..=TIMES {
                    pages.succeed("set", "shared", &[&format!("{field}={value}"), "--wait=60"]);
                }
            });
        }
    });
    let fields = pages.json("get", "shared", &[])["fields"].clone();
    assert_eq!(fields, json!({ "a": TIMES.to_string(), "b": TIMES.to_string() }));
}

#[test]
fn a_page_with_a_writer_that_stays_is_not_set() {
    let pages = Pages::new();
    pages.succeed("create", "kept", &["a:u64=5"]);
    let options = tearfree_page::Options::new();
    let writer = tearfree_page::ByteWriter::take_over(pages.path("kept"), &options);
    let writer = writer.expect("the only writer");
    let message = pages.fail("set", "kept", &["a=6", "--wait=0"]);
    assert!(message.contains("already has a writer"), "{message}");
    drop(writer);
    pages.succeed("set", "kept", &["a=6", "--wait=0"]);
}

/// A user's own files are not those of a page because of their names.
#[test]
fn files_of_others_are_not_removed() {
    let pages = Pages::new();
    let book = pages.path("book");
    fs::create_dir(&book).expect("a new directory");
    for name in ["page", "page.new", "lock", "other"] {
        fs::write(book.join(name), "mine").expect("a new file");
    }
    for (subcommand, args) in
        [("rm", &[][..]), ("create", &["a:u64"]), ("create", &["a:u64", "--replace"])]
    {
        let message = pages.fail(subcommand, "book", args);
        assert!(message.contains("is not the directory of a page: it holds"), "{message}");
    }
    assert_eq!(fs::read_dir(&book).expect("still there").count(), 4);
    fs::create_dir(pages.path("empty")).expect("a new directory");
    assert!(pages.fail("rm", "empty", &[]).contains("there is no page"));
    assert!(pages.path("empty").exists());
}
