// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single-steps a process, and kills it between any two instructions.

use core::ptr::null_mut;

use super::process::Process;

/// How a traced process ended.
#[derive(Debug, PartialEq)]
pub(crate) enum Ended {
    /// It was killed before it called [`end`].
    Killed,
    /// It called [`end`] after this many steps.
    Done(usize),
}

/// Called by the traced process: stops it, and lets the tracer single-step it from here.
pub(crate) fn begin() {
    assert!(may_be_traced(), "{}", std::io::Error::last_os_error());
    stop();
}

/// Asks the kernel to be traced by the parent; returns whether it agreed.
pub(crate) fn may_be_traced() -> bool {
    // SAFETY: a request to the kernel, which touches no memory.
    unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<()>(), 0) == 0 }
}

/// Called by the traced process when it is done.
pub(crate) fn end() {
    stop();
}

fn stop() {
    // SAFETY: stops this process until its tracer lets it go on.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// Runs a process for `steps` instructions after its `begin`, and kills it.
pub(crate) fn kill_after(process: &mut Process, steps: usize) -> Ended {
    kill_after_calls(process, 0, steps)
}

/// Runs a process for `calls` entries to and exits from system calls, then for `steps` instructions, and
/// kills it. `Done` counts the ones in which it called `end`.
pub(crate) fn kill_after_calls(process: &mut Process, calls: usize, steps: usize) -> Ended {
    let pid = libc::pid_t::try_from(process.pid()).unwrap();
    assert_eq!(wait(pid), libc::SIGSTOP, "it waits to be traced");
    let ended = resume(pid, libc::PTRACE_SYSCALL, calls)
        .or_else(|| resume(pid, libc::PTRACE_SINGLESTEP, steps));
    process.kill();
    ended.map_or(Ended::Killed, Ended::Done)
}

/// Resumes a process `times` times; if it calls `end` before that, returns after how many.
fn resume(pid: libc::pid_t, how: libc::c_uint, times: usize) -> Option<usize> {
    for time in 0..times {
        // SAFETY: the process is stopped, and it is ours.
        let resumed = unsafe { libc::ptrace(how, pid, null_mut::<()>(), 0) };
        assert_eq!(resumed, 0, "{}", std::io::Error::last_os_error());
        match wait(pid) {
            libc::SIGTRAP => {}
            libc::SIGSTOP => return Some(time),
            other => panic!("stopped by signal {other}"),
        }
    }
    None
}

/// Waits until the process stops; returns the signal.
fn wait(pid: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: the status is ours, and so is the process.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid, "{}", std::io::Error::last_os_error());
    assert!(libc::WIFSTOPPED(status), "it ended by itself: status {status:#x}");
    libc::WSTOPSIG(status)
}
