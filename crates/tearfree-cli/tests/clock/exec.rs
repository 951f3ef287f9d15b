// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock exec`: the programs it starts, those it refuses, and the signals it passes on.

use core::time::Duration;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

use crate::{Lines, WATCHDOG, failure, left_out, output, page, signal, stdout, tearfree, wait_end};

#[test]
fn a_program_joins_a_clock_and_may_set_it() {
    let folder = TempDir::new().expect("a folder");
    let office = |setting: &[&str], program: &[&str]| {
        let mut args = vec!["clock", "exec", "--page", "./office"];
        args.extend(setting);
        args.push("--");
        args.extend(program);
        let mut command = tearfree(&args);
        command.current_dir(folder.path()).env("LD_PRELOAD", "libc.so.6");
        let output = command.output().expect("the command starts");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    let elsewhere = ["sh", "-c", "cd / && date +%s"];
    assert_eq!(office(&["--at", "@1000000000", "--freeze"], &elsewhere), "1000000000");
    assert_eq!(office(&[], &elsewhere), "1000000000");
    assert_eq!(office(&["--offset", "-1s"], &elsewhere), "999999999");
    assert_eq!(office(&[], &elsewhere), "999999999");
    let preloaded = office(&[], &["sh", "-c", "echo $LD_PRELOAD"]);
    let (object, others) = preloaded.split_once(':').expect("a list");
    assert!(object.contains("libtearfree_preload") && others == "libc.so.6", "{preloaded}");
    let rates = page(&folder, "rates");
    stdout(&["page", "create", &rates, "price:f64=1"]);
    assert!(failure(&["clock", "exec", "--page", &rates, "--", "date"]).contains("another schema"));
}

#[test]
fn a_program_sees_its_clock_and_its_exit_code_is_passed_on() {
    let date = stdout(&[
        "clock",
        "exec",
        "--at",
        "2038-01-19T03:14:07Z",
        "--freeze",
        "--",
        "date",
        "+%s.%N",
    ]);
    assert_eq!(date.trim(), "2147483647.000000000");
    let fast = stdout(&[
        "clock",
        "exec",
        "--speed",
        "500",
        "--",
        "sh",
        "-c",
        "a=$(date +%s); sleep 120; b=$(date +%s); echo $((b - a))",
    ]);
    let passed: i64 = fast.trim().parse().expect("a number of seconds");
    assert!(passed >= 119, "{passed}");
    let failing = output(&["clock", "exec", "--", "sh", "-c", "exit 7"]);
    assert_eq!(failing.status.code(), Some(7));
    let killed = output(&["clock", "exec", "--", "sh", "-c", "kill -9 $$"]);
    assert_eq!(killed.status.code(), Some(137));
}

/// Writes an executable file.
fn program(folder: &TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, bytes).expect("the folder is ours");
    set_mode(&path, 0o755);
    path.to_str().expect("text").to_owned()
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the file is ours");
}

#[test]
fn programs_that_would_not_see_the_clock_are_not_started() {
    let folder = TempDir::new().expect("a folder");
    let exec = |program: &str| failure(&["clock", "exec", "--", program]);
    let missing = exec("no-such-program-anywhere");
    assert!(missing.contains("no such program") && missing.contains("its path"), "{missing}");
    let path = program(&folder, "static", &header());
    let refusal = exec(&path);
    assert!(refusal.contains("statically") && refusal.contains("Nothing was started"), "{refusal}");
    set_mode(&path, 0o4755);
    assert!(exec(&path).contains("another user"), "of another user");
    set_mode(&path, 0o2755);
    assert!(exec(&path).contains("another user"), "of another group");
    let mut narrow = header();
    narrow[4] = 1; // ELFCLASS32
    assert!(exec(&program(&folder, "narrow", &narrow)).contains("64-bit"), "of 32 bits");
    let mut foreign = header();
    foreign[18..20].copy_from_slice(&243_u16.to_le_bytes()); // RISC-V
    assert!(
        exec(&program(&folder, "foreign", &foreign)).contains("64-bit"),
        "of another processor"
    );
    assert!(exec(&program(&folder, "empty", b"")).contains("64-bit"), "an empty file");
    let path = program(&folder, "script", format!("#!{path}\n").as_bytes());
    assert!(exec(&path).contains("another user"), "a script of such a program");
}

#[test]
fn go_programs_are_not_started() {
    let folder = TempDir::new().expect("a folder");
    let source = folder.path().join("go.c");
    let note = ".pushsection .note.go.buildid,\\\"a\\\"; .long 0; .popsection";
    let text = format!("__asm__(\"{note}\"); int main(void) {{ return 0; }}\n");
    fs::write(&source, text).expect("the folder is ours");
    let path = folder.path().join("go");
    let Ok(compiler) = Command::new("cc").arg(&source).arg("-o").arg(&path).output() else {
        return left_out("there is no C compiler here");
    };
    assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
    assert!(Command::new(&path).status().expect("it is a program").success());
    let refusal = failure(&["clock", "exec", "--", path.to_str().expect("text")]);
    assert!(refusal.contains("Go programs"), "{refusal}");
}

/// The loader silently ignores the object for them.
#[test]
fn programs_with_capabilities_are_not_started() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("able");
    fs::copy("/bin/true", &path).expect("there is a true");
    let path = path.to_str().expect("text");
    assert_eq!(output(&["clock", "exec", "--", path]).status.code(), Some(0), "without them");
    if !gives_capability(path) {
        return left_out("no capabilities can be given here");
    }
    let refusal = failure(&["clock", "exec", "--", path]);
    assert!(refusal.contains("another user"), "{refusal}");
}

/// Gives a program a capability, by root or by `sudo`.
fn gives_capability(path: &str) -> bool {
    let set = ["setcap", "cap_net_raw+ep", path];
    [&set[..], &["sudo", "--non-interactive", "setcap", "cap_net_raw+ep", path]].iter().any(
        |words| {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).stdin(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        },
    )
}

/// Returns this program's own header, without the segments that name a loader.
fn header() -> Vec<u8> {
    let this = std::env::current_exe().expect("this program has a path");
    let mut bytes = fs::read(Path::new(&this)).expect("it can be read");
    bytes.truncate(64);
    // No segments and no sections: their counts are at 56 and 60, the offset of the sections at 40.
    bytes[56..58].fill(0);
    bytes[60..64].fill(0);
    bytes[40..48].fill(0);
    bytes
}

/// Runs a copy of this command, and returns the object that it preloads and what a program sees.
fn run_copy(command: &Path, cache: &Path) -> (String, String) {
    let folder = command.parent().expect("a folder");
    fs::create_dir_all(folder).expect("the folder is ours");
    // Copied by another process: a file that this process opened for writing may still be open in a child
    // that another test has just started, and cannot be executed then.
    let status = Command::new("cp").arg(env!("CARGO_BIN_EXE_tearfree")).arg(command).status();
    assert!(status.expect("there is a cp").success(), "{}", command.display());
    let mut run = Command::new(command);
    run.args(["clock", "exec", "--at", "@1000000000", "--freeze", "--"]);
    run.args(["sh", "-c", "echo $LD_PRELOAD; date +%s"]).env_remove("LD_PRELOAD");
    run.env("XDG_CACHE_HOME", cache); // where programs can be run, as this copy is
    let output = run.output().expect("the command starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let (object, time) = text.trim().split_once('\n').expect("two lines");
    (object.to_owned(), time.to_owned())
}

/// It carries its object, so one file is an installation. Another object is used only if it is installed with it.
#[test]
fn a_copy_of_the_command_alone_shows_programs_its_clock() {
    let folder = TempDir::new().expect("a folder");
    let command = |path: &str| run_copy(&folder.path().join(path), folder.path());
    let (embedded, time) = command("alone/bin/tearfree");
    assert_eq!(time, "1000000000");
    for path in ["a space/bin/tearfree", "a:colon/bin/tearfree"] {
        assert_eq!(command(path), (embedded.clone(), time.clone()), "{path}");
    }
    let package = folder.path().join("package/lib/tearfree");
    fs::create_dir_all(&package).expect("the folder is ours");
    set_mode(&package, 0o755);
    let installed = package.join("libtearfree_preload.so");
    fs::copy(&embedded, &installed).expect("it can be read");
    set_mode(&installed, 0o644);
    let (object, shown) = command("package/bin/tearfree");
    assert_eq!((Path::new(&object), shown), (&*installed, time));
}

/// Goes on for a minute of the host's time.
const MINUTE: &str = "for n in $(seq 6000); do sleep 0.01; done";

/// Starts a shell script on a clock, with the disposition of SIGHUP that `env` sets: it must not depend on
/// that of this process, which ignores SIGHUP under nohup. Returns also the clock's page and the output.
fn start(hangup: &str, program: &[&str], script: &str) -> (Child, String, Lines) {
    let mut command = Command::new("env");
    command.args(["--default-signal", hangup, env!("CARGO_BIN_EXE_tearfree")]);
    command.args(["clock", "exec", "--"]).args(program).args(["sh", "-c", script]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("env is installed");
    let mut lines = Lines::new(child.stdout.take().expect("a pipe"));
    let page = lines.next().expect("the name of the page");
    (child, page, lines)
}

#[test]
fn signals_reach_the_program_and_its_clock_is_removed() {
    for (name, before, then, code) in [
        ("TERM", "trap 'exit 3' TERM", MINUTE, 3),
        ("HUP", "trap 'exit 4' HUP", MINUTE, 4),
        ("HUP", "true", MINUTE, 129),
        ("INT", "true", "sleep 0.5; exit 5", 5),
        ("QUIT", "true", "sleep 0.5; exit 6", 6),
    ] {
        let script = format!("{before}; echo $TEARFREE_CLOCK; {then}");
        let (child, page, _output) = start("--default-signal=HUP", &[], &script);
        stdout(&["clock", "now", "--page", &page]);
        signal(&child, name);
        assert_eq!(wait_end(child).status.code(), Some(code), "{name}");
        assert!(failure(&["clock", "now", "--page", &page]).contains("no page"), "{name}: {page}");
    }
}

/// Under nohup the program goes on after the terminal is closed, and so does `exec`.
#[test]
fn an_ignored_signal_stays_ignored() {
    let script = format!("trap 'exit 9' TERM; echo $TEARFREE_CLOCK; {MINUTE}");
    let (child, page, _output) = start("--ignore-signal=HUP", &[], &script);
    signal(&child, "HUP");
    // Of two signals the one with the lower number, which is SIGHUP, is passed on first.
    signal(&child, "TERM");
    assert_eq!(wait_end(child).status.code(), Some(9), "SIGHUP ended the program");
    assert!(failure(&["clock", "now", "--page", &page]).contains("no page"), "{page}");
}

/// As daemons do that read their configuration again by SIGHUP.
#[test]
fn a_program_may_handle_a_signal_that_it_inherits_as_ignored() {
    let script = format!("trap 'exit 4' HUP; echo $TEARFREE_CLOCK; {MINUTE}");
    let handles = ["env", "--default-signal=HUP"];
    let (mut child, _page, _output) = start("--ignore-signal=HUP", &handles, &script);
    let start = Instant::now();
    // The first ones may come before `exec` has a handler.
    while child.try_wait().expect("it is ours").is_none() && start.elapsed() < WATCHDOG {
        signal(&child, "HUP");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(wait_end(child).status.code(), Some(4));
}

#[test]
fn a_time_of_day_without_an_offset_is_local() {
    let started = |zone: &str, time: &str| {
        let mut command =
            tearfree(&["clock", "exec", "--at", time, "--freeze", "--", "date", "+%s"]);
        command.env("TZ", zone).output().expect("the command starts")
    };
    for (zone, time) in [
        ("", "1719835200"),
        ("Asia/Kolkata", "1719815400"),
        (":Asia/Kolkata", "1719815400"),
        ("EST5EDT,M3.2.0,M11.1.0", "1719849600"),
    ] {
        if zone.ends_with("Kolkata") && !Path::new("/usr/share/zoneinfo/Asia/Kolkata").exists() {
            left_out("this system has no time zones");
            continue;
        }
        let found = String::from_utf8(started(zone, "2024-07-01 12:00").stdout).expect("digits");
        assert_eq!(found.trim(), time, "noon in '{zone}'");
        let found = String::from_utf8(started(zone, "2024-07-01T12:00Z").stdout).expect("digits");
        assert_eq!(found.trim(), "1719835200", "noon of UTC in '{zone}'");
    }
    assert!(started("UTC", "-2 hours").status.success(), "it may begin with a hyphen");
    let refused = started("UTC", "soon");
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8(refused.stderr).expect("text");
    assert!(
        said.contains("not a time as `date -d` takes it, such as '2038-01-19 03:14:07'"),
        "{said}"
    );
}
