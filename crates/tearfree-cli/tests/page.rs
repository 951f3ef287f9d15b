// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page` as its users meet it.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

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

    fn call(&self, subcommand: &str, page: &str, args: &[&str]) -> Output {
        self.command(subcommand, page, args).output().expect("the command starts")
    }

    /// A call that goes well; its standard output.
    fn ok(&self, subcommand: &str, page: &str, args: &[&str]) -> String {
        let output = self.call(subcommand, page, args);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, subcommand: &str, page: &str, args: &[&str]) -> Value {
        let args = [args, &["--json"]].concat();
        serde_json::from_str(&self.ok(subcommand, page, &args)).expect("one JSON value")
    }

    /// A call that fails; its standard error.
    fn refused(&self, subcommand: &str, page: &str, args: &[&str]) -> String {
        let output = self.call(subcommand, page, args);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        String::from_utf8(output.stderr).expect("text")
    }
}

#[test]
fn a_page_is_made_changed_shown_and_removed() {
    let pages = Pages::new();
    let made = pages.ok("create", "rates", &["price:f64=99.5", "qty:u64", "last:i16[4]=1,-2,3,4"]);
    assert!(made.contains("price") && made.contains("generation 0"), "{made}");
    assert_eq!(pages.ok("set", "rates", &["qty=7", "price=-0.25"]), "");
    assert_eq!(pages.ok("get", "rates", &["price", "last"]), "-0.25\n1,-2,3,4\n");
    let got = pages.json("get", "rates", &[]);
    assert_eq!(got["fields"], json!({"price": -0.25, "qty": 7, "last": [1, -2, 3, 4]}));
    assert_eq!((&got["generation"], &got["freshness"]), (&json!(1), &json!("unpromised")));
    assert_eq!(got["schema"], "price:f64 qty:u64 last:i16[4]");
    assert_eq!(
        (&got["writer"]["state"], &got["writer"]["running"]),
        (&json!("ended"), &json!(false))
    );
    assert_eq!(pages.json("get", "rates", &["qty"])["fields"], json!({"qty": 7}));
    let table = pages.ok("get", "rates", &[]);
    assert!(table.contains("-0.25") && !table.contains('\u{1b}'), "{table}");
    assert_eq!(pages.ok("rm", "rates", &[]), "");
    assert!(!pages.path("rates").exists());
    assert!(pages.refused("get", "rates", &[]).contains("there is no page"));
}

#[test]
fn what_is_wrong_is_refused_and_changes_nothing() {
    let pages = Pages::new();
    pages.ok("create", "rates", &["price:f64=1", "qty:u64=2", "--lifetime", "3600"]);
    let before = pages.json("get", "rates", &[]);
    for (subcommand, args, what) in [
        ("set", &["price=x"][..], "'x' is no f64"),
        ("set", &["qty=1", "nope=1"], "no field 'nope'"),
        ("set", &["price"], "Write name=value"),
        ("get", &["nope"], "no field 'nope'"),
        ("create", &["price:f32"], "has another schema"),
        ("create", &["price:f32", "--replace", "b"], "'b' is no field"),
        ("create", &["a:u8", "b:u64"], "put larger kinds first"),
    ] {
        let said = pages.refused(subcommand, "rates", args);
        assert!(said.contains(what), "{what} in {said}");
        assert!(said.trim_end().ends_with('.'), "advice in {said}");
    }
    let mut after = pages.json("get", "rates", &[]);
    after["freshness_seconds"] = before["freshness_seconds"].clone();
    assert_eq!(after, before);
    assert_eq!(after["freshness"], "fresh");
    pages.ok("set", "rates", &["qty=3"]);
    assert_eq!(pages.json("get", "rates", &[])["freshness"], "fresh", "the promise goes on");
}

#[test]
fn a_second_writer_is_told_about_the_first() {
    let pages = Pages::new();
    let page = pages.path("rates");
    let _writer = tearfree_page::Writer::create(&page, 5_u64, &tearfree_page::Options::new());
    let said = pages.refused("set", "rates", &["value=1"]);
    assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
    assert!(pages.refused("rm", "rates", &[]).contains("has a writer"));
    assert_eq!(pages.ok("get", "rates", &["value"]), "5\n");
}

#[test]
fn a_watcher_sees_each_change_and_follows_a_replaced_page() {
    let pages = Pages::new();
    pages.ok("create", "rates", &["qty:u64=1", "--wakes"]);
    let mut command = pages.command("watch", "rates", &["--json", "--count", "4"]);
    let mut watcher = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(watcher.stdout.take().expect("it was asked for")).lines();
    let mut next = || -> Value {
        let line = lines.next().expect("a line").expect("text");
        serde_json::from_str(&line).expect("one JSON value on each line")
    };
    assert_eq!(next()["fields"], json!({"qty": 1}));
    pages.ok("set", "rates", &["qty=2"]);
    assert_eq!(next()["fields"], json!({"qty": 2}));
    pages.ok("create", "rates", &["name:u8[2]=1,2", "--replace"]);
    assert_eq!(next()["fields"], json!({"name": [1, 2]}));
    pages.ok("rm", "rates", &[]);
    pages.ok("create", "rates", &["qty:u64=3"]);
    assert_eq!(next()["fields"], json!({"qty": 3}));
    assert_eq!(watcher.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_watcher_ends_when_it_is_interrupted() {
    let pages = Pages::new();
    pages.ok("create", "rates", &["qty:u64=1"]);
    let mut command = pages.command("watch", "rates", &[]);
    let mut watcher = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(watcher.stdout.take().expect("it was asked for")).lines();
    assert_eq!(lines.next().expect("a line").expect("text"), "0 unpromised qty=1");
    let id = watcher.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    assert_eq!(watcher.wait().expect("it ends").code(), Some(130));
}

#[test]
fn pages_with_names_are_listed() {
    // Root's pages are the whole system's, so root lets somebody else make these.
    const NOBODY: u32 = 65534;
    let run = TempDir::new().expect("a folder");
    let is_root = fs::metadata("/proc/self").expect("there is /proc").uid() == 0;
    if is_root {
        chown(run.path(), Some(NOBODY), Some(NOBODY)).expect("root may do that");
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
    let (_, listed) = call(&["ls"]);
    assert!(listed.contains("rates") && listed.contains("qty:u64"), "{listed}");
    let listed: Value = serde_json::from_str(&call(&["ls", "--json"]).1).expect("JSON");
    let listed = listed["pages"].as_array().expect("pages");
    let here = run.path().join("tearfree").join("rates");
    let rates = listed.iter().find(|page| page["page"] == here.to_str().expect("text"));
    assert_eq!(rates.expect("it is listed")["fields"], json!({"qty": 1}));
    assert_eq!(call(&["get", "rates", "qty"]), (Some(0), "1\n".to_owned()));
    assert_eq!(call(&["rm", "rates"]).0, Some(0));
}
