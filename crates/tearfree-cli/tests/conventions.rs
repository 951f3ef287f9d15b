// SPDX-License-Identifier: MIT OR Apache-2.0
//! What scripts rely on: exit codes, JSON that keeps every digit, and pipes and devices that end.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

fn tearfree(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tearfree"));
    command.current_dir(folder).args(args).env("LC_ALL", "C");
    command
}

fn output(folder: &Path, args: &[&str]) -> Output {
    tearfree(folder, args).output().expect("the command starts")
}

fn code(folder: &Path, args: &[&str]) -> Option<i32> {
    output(folder, args).status.code()
}

/// The codes of `--help`.
#[test]
fn each_reading_that_is_not_fresh_has_its_exit_code() {
    let temporary = TempDir::new().expect("a folder");
    let folder = temporary.path();
    assert_eq!(code(folder, &["page", "create", "./p", "a:u64=1"]), Some(0));
    assert_eq!(code(folder, &["page", "get", "./p"]), Some(0), "nothing was promised");
    assert_eq!(code(folder, &["page", "set", "./p", "a=2", "--lifetime", "3600"]), Some(0));
    assert_eq!(code(folder, &["page", "get", "./p", "a"]), Some(0), "fresh");
    assert_eq!(code(folder, &["page", "set", "./p", "a=3", "--lifetime", "0.000001"]), Some(0));
    for args in [&["page", "get", "./p"][..], &["page", "get", "./p", "--json"]] {
        assert_eq!(code(folder, args), Some(3), "stale: {args:?}");
    }
    let stale = output(folder, &["page", "get", "./p", "a"]);
    assert_eq!((stale.status.code(), stale.stdout.as_slice()), (Some(3), &b"3\n"[..]));
    for args in [
        &["page", "get", "./none"][..],
        &["page", "rm", "./none"],
        &["page", "set", "./none", "a=1"],
        &["clock", "now", "--page", "./none"],
    ] {
        let missing = output(folder, args);
        assert_eq!(missing.status.code(), Some(4), "{args:?}: {missing:?}");
    }
    assert_eq!(code(folder, &["page", "get", "./p", "b"]), Some(1), "no such field");
    assert_eq!(code(folder, &["page", "get"]), Some(2));
}

#[test]
fn a_program_that_cannot_be_run_has_the_code_of_a_shell() {
    let temporary = TempDir::new().expect("a folder");
    let folder = temporary.path();
    let file = folder.join("text");
    fs::write(&file, "no program").expect("the folder is ours");
    let exec = |program: &str| code(folder, &["clock", "exec", "--page", "./clk", "--", program]);
    assert_eq!(exec("/nonexistent"), Some(127));
    assert_eq!(exec("no-such-program-anywhere"), Some(127));
    assert_eq!(exec("./text"), Some(126), "not executable");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("it is ours");
    assert_eq!(exec("./text"), Some(126), "no program");
    assert!(!folder.join("clk").exists(), "no page was left");
}

#[test]
fn json_keeps_every_digit_of_an_integer() {
    let temporary = TempDir::new().expect("a folder");
    let folder = temporary.path();
    let (most, least) = (u64::MAX.to_string(), i64::MIN.to_string());
    let (u, i) = (format!("u:u64={most}"), format!("i:i64={least}"));
    let args = ["page", "create", "./big", &u, &i, "s:u32=4294967295", "t:u32"];
    assert_eq!(code(folder, &args), Some(0));
    let read = output(folder, &["page", "get", "./big", "--json"]).stdout;
    let read: Value = serde_json::from_slice(&read).expect("one JSON value");
    assert_eq!(read["fields"]["u"], most);
    assert_eq!(read["fields"]["i"], least);
    assert_eq!(read["fields"]["s"], 4_294_967_295_u32);
    assert_eq!(read["generation"], "0");
    // What it prints it takes.
    let mut publish = tearfree(folder, &["page", "publish", "./big"]);
    let mut child = publish.stdin(Stdio::piped()).spawn().expect("it starts");
    let line = serde_json::to_vec(&read["fields"]).expect("JSON");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), &line).expect("it reads");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    let again = output(folder, &["page", "get", "./big", "u", "i", "s"]).stdout;
    assert_eq!(String::from_utf8_lossy(&again), format!("{most}\n{least}\n4294967295\n"));
}

#[test]
fn a_device_that_is_full_is_an_error_and_a_closed_pipe_is_none() {
    let temporary = TempDir::new().expect("a folder");
    let folder = temporary.path();
    assert_eq!(code(folder, &["page", "create", "./p", "a:u64=1"]), Some(0));
    for args in [&["page", "get", "./p"][..], &["page", "get", "./p", "a"], &["page", "ls"]] {
        let full = File::options().write(true).open("/dev/full").expect("Linux has it");
        let failed = tearfree(folder, args).stdout(full).stderr(Stdio::piped()).output();
        let failed = failed.expect("it starts");
        let errors = String::from_utf8_lossy(&failed.stderr).into_owned();
        assert_eq!(failed.status.code(), Some(1), "{args:?}: {errors}");
        assert!(errors.contains("cannot write to standard output"), "{args:?}: {errors}");
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let closed = tearfree(folder, args).stdout(writer).stderr(Stdio::piped()).output();
        let closed = closed.expect("it starts");
        assert_eq!((closed.status.code(), closed.stderr.len()), (Some(0), 0), "{args:?}");
    }
}

/// Paths are bytes; what a page shows of them is text.
#[test]
fn a_path_need_not_be_text() {
    let temporary = TempDir::new().expect("a folder");
    let path = OsStr::from_bytes(b"./caf\xE9");
    for args in [&["create"][..], &["get"], &["get", "--json"], &["rm"]] {
        let mut command = tearfree(temporary.path(), &["page", args[0]]);
        command.arg(path).args(&args[1..]);
        if args[0] == "create" {
            command.arg("a:u64=1");
        }
        let ended = command.output().expect("it starts");
        assert_eq!(ended.status.code(), Some(0), "{args:?}: {ended:?}");
    }
}
