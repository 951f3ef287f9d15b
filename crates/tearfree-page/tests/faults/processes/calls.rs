// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each system call of a creator fails, or is its last one: the old state is there afterwards, or the new one.

use std::fs;
use std::path::Path;

use tearfree_page::{Error, Options, Reader, Writer};
use tempfile::TempDir;

use super::kills::may_trace;
use super::process::Process;
use super::roles::print_line;
use super::steps;
use crate::tracing::{Stop, SystemCall, Tracee, Until};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_system_call_of_a_creator_fails", || each_call(Fault::Fails)),
    ("a_creator_is_killed_at_each_system_call", || each_call(Fault::Killed)),
];

/// What happens at a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Fails,
    Killed,
}

/// What is there before.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    EmptyDirectory,
    /// The page of a writer that has ended, with another schema.
    Page,
}

/// The value of the page before, and of the new one.
const OLD: u64 = 5;
const NEW: u32 = 7;

fn each_call(fault: Fault) {
    if !may_trace() || fault == Fault::Fails && !cfg!(target_arch = "x86_64") {
        return;
    }
    let cases = [
        (Before::Nothing, libc::EIO),
        // File systems say so of what they do not have.
        (Before::Nothing, libc::EINVAL),
        (Before::EmptyDirectory, libc::EIO),
        (Before::Page, libc::EIO),
    ];
    for (before, error) in cases {
        if fault == Fault::Killed && error == libc::EINVAL {
            continue;
        }
        let (mut failed, mut created, mut call) = (0, 0, 0);
        while let Some(result) = at_call(call, fault, error, before) {
            failed += usize::from(result == "failed");
            created += usize::from(result == "created");
            call += 1;
            assert!(call < 1000, "{before:?}: it does not end");
        }
        eprintln!("{before:?}: {call} calls, {failed} errors, {created} pages");
        assert!(created > 0, "{before:?}: some calls are not needed");
        assert!(failed > 10, "{before:?}: {failed} of {call} calls failed");
    }
}

/// Creates a page in a process whose `call`-th system call fails or is its last; returns how that went. `None`: it
/// makes fewer calls.
fn at_call(call: usize, fault: Fault, error: i32, before: Before) -> Option<&'static str> {
    let folder = TempDir::new().unwrap();
    // A blank in it, as paths of users have.
    let page = folder.path().join("a page");
    match before {
        Before::Nothing => {}
        Before::EmptyDirectory => fs::create_dir(&page).unwrap(),
        Before::Page => drop(Writer::create(&page, OLD, &Options::new()).unwrap()),
    }
    let files_before = files(&page);
    let mut process = Process::start(&["create-traced", page.to_str().unwrap()]);
    let tracee = Tracee::new(process.pid());
    assert_eq!(tracee.wait(), Stop::Signal(libc::SIGSTOP), "it waits to be traced");
    tracee.distinguish_calls();
    let system_call = run_to_call(tracee, call)?;
    let line = match fault {
        Fault::Fails => {
            fail(process.pid(), tracee, error);
            run_to_end(tracee);
            tracee.detach();
            let line = process.read_line();
            assert!(process.wait_exit().success(), "{line}");
            line
        }
        Fault::Killed => {
            process.kill();
            "killed".to_owned()
        }
    };
    let at = format!("{before:?}, call {call} ({system_call:?}): {line}");
    let is_rename = system_call.number == libc::SYS_renameat2;
    assert!(line == "created" || error != libc::EINVAL || !is_rename, "{at}: not needed");
    if line.starts_with("failed") {
        assert_eq!(files(&page), files_before, "{at}");
        assert_eq!(
            old_value(&page, before),
            Some(OLD).filter(|_| !files_before.is_empty()),
            "{at}"
        );
    } else if line == "created" {
        assert_eq!(Reader::<u32>::open(&page).expect(&at).get(), Ok(NEW), "{at}");
    } else {
        assert_eq!(line, "killed", "{at}");
    }
    let result = check_state(&page, before, &at);
    // Whatever it left, the next one goes on, and nothing else is there in the end.
    drop(Writer::create(&page, NEW, &Options::new().replace(true)).expect(&at));
    assert_eq!(files(&page), ["lock", "page"], "{at}");
    assert_eq!(Reader::<u32>::open(&page).expect(&at).get(), Ok(NEW), "{at}");
    Some(result)
}

/// Checks that the page is the old one or the new one; says which.
fn check_state(page: &Path, before: Before, at: &str) -> &'static str {
    match Reader::<u32>::open(page) {
        Ok(reader) => {
            assert_eq!(reader.get(), Ok(NEW), "{at}");
            "created"
        }
        Err(Error::Missing(_)) => {
            assert!(!matches!(before, Before::Page), "{at}: no page is left");
            "failed"
        }
        Err(Error::SchemaMismatch { .. }) => {
            assert_eq!(old_value(page, before), Some(OLD), "{at}");
            "failed"
        }
        Err(error) => panic!("{at}: {error}"),
    }
}

fn old_value(page: &Path, before: Before) -> Option<u64> {
    matches!(before, Before::Page).then(|| Reader::<u64>::open(page).unwrap().get().unwrap())
}

/// Returns the names of the files in a directory; none if it is missing.
fn files(page: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(page) else {
        return if page.exists() { vec!["unreadable".to_owned()] } else { Vec::new() };
    };
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Creates a page between two stops, and prints how that went.
pub(crate) fn create_traced(page: &str) {
    steps::begin();
    let writer = Writer::create(page, NEW, &Options::new().replace(true));
    steps::end();
    print_line(&match &writer {
        Ok(_) => "created".to_owned(),
        Err(error) => format!("failed: {error}"),
    });
}

/// Runs to the entry of a system call that can fail, behind so many others. `None`: it is done before.
fn run_to_call(tracee: Tracee, mut how_many: usize) -> Option<SystemCall> {
    loop {
        assert!(tracee.resume(Until::Call, 0), "it ended by itself");
        match tracee.wait() {
            Stop::Call => {}
            Stop::Signal(libc::SIGSTOP) => return None,
            other => panic!("{other:?}"),
        }
        let Some(call) = tracee.call().filter(|call| can_fail(*call)) else { continue };
        if how_many == 0 {
            return Some(call);
        }
        how_many -= 1;
    }
}

/// Whether a failure of this call is one of the page's files, and not one of the process.
fn can_fail(call: SystemCall) -> bool {
    let is_anonymous = call.arguments[3] & libc::MAP_ANONYMOUS.unsigned_abs() as u64 != 0;
    match call.number {
        libc::SYS_mmap => !is_anonymous,
        libc::SYS_brk
        | libc::SYS_munmap
        | libc::SYS_mremap
        | libc::SYS_mprotect
        | libc::SYS_close
        | libc::SYS_futex
        | libc::SYS_getpid
        | libc::SYS_geteuid
        | libc::SYS_clock_gettime
        | libc::SYS_gettid
        | libc::SYS_tgkill
        | libc::SYS_rt_sigprocmask
        | libc::SYS_sched_yield => false,
        _ => true,
    }
}

/// Has the system call fail that is about to begin: the kernel gets the number of none.
#[cfg(target_arch = "x86_64")]
fn fail(pid: u32, tracee: Tracee, error: i32) {
    set_register(pid, core::mem::offset_of!(libc::user_regs_struct, orig_rax), -1);
    assert!(tracee.resume(Until::Call, 0), "it ended by itself");
    assert_eq!(tracee.wait(), Stop::Call, "the end of the call");
    set_register(pid, core::mem::offset_of!(libc::user_regs_struct, rax), -i64::from(error));
}

#[cfg(not(target_arch = "x86_64"))]
fn fail(_pid: u32, _tracee: Tracee, _error: i32) {
    unreachable!("left out");
}

#[cfg(target_arch = "x86_64")]
fn set_register(pid: u32, offset: usize, value: i64) {
    let value = usize::from_ne_bytes(value.to_ne_bytes()) as *mut ();
    let pid = libc::pid_t::try_from(pid).expect("a process ID");
    // SAFETY: the process is stopped and ours; the kernel checks the offset.
    let set = unsafe { libc::ptrace(libc::PTRACE_POKEUSER, pid, offset as *mut (), value) };
    assert_eq!(set, 0, "{}", std::io::Error::last_os_error());
}

fn run_to_end(tracee: Tracee) {
    loop {
        assert!(tracee.resume(Until::Call, 0), "it ended by itself");
        match tracee.wait() {
            Stop::Call => {}
            Stop::Signal(libc::SIGSTOP) => return,
            other => panic!("{other:?}"),
        }
    }
}
