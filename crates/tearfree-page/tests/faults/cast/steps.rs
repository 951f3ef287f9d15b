// SPDX-License-Identifier: MIT OR Apache-2.0
//! Running a process instruction by instruction, and ending it between any two of them.

use core::ptr::null_mut;

use super::process::Actor;

/// How a process ended that was traced.
#[derive(Debug, PartialEq)]
pub(crate) enum Ended {
    /// It was killed before the end of what it had to do, after so many instructions.
    Killed,
    /// It came to the end; it took so many instructions.
    Done(usize),
}

/// Called by the actor: from here on each instruction is the tracer's decision.
pub(crate) fn begin() -> bool {
    // SAFETY: asks the kernel to be traced by the parent, and touches no memory.
    let traced = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, null_mut::<()>(), 0) } == 0;
    if traced {
        stop();
    }
    traced
}

/// Called by the actor when it has done what it had to do.
pub(crate) fn end() {
    stop();
}

fn stop() {
    // SAFETY: stops this process until its tracer lets it go on.
    unsafe { libc::raise(libc::SIGSTOP) };
}

/// Lets the actor run for `steps` instructions after its `begin`, and kills it.
pub(crate) fn kill_after(actor: &mut Actor, steps: usize) -> Ended {
    kill_after_calls(actor, 0, steps)
}

/// Lets the actor run until it has entered and left system calls, `calls` of both, then for `steps`
/// instructions, and kills it. `Done` counts what there was of the one that came to an end.
pub(crate) fn kill_after_calls(actor: &mut Actor, calls: usize, steps: usize) -> Ended {
    let pid = libc::pid_t::try_from(actor.pid()).unwrap();
    assert_eq!(wait(pid), libc::SIGSTOP, "it waits to be traced");
    let ended = go_on(pid, libc::PTRACE_SYSCALL, calls)
        .or_else(|| go_on(pid, libc::PTRACE_SINGLESTEP, steps));
    actor.kill();
    ended.map_or(Ended::Killed, Ended::Done)
}

/// Goes on `times` times; if the actor came to its `end` before, says after how many.
fn go_on(pid: libc::pid_t, how: libc::c_uint, times: usize) -> Option<usize> {
    for time in 0..times {
        // SAFETY: the process is stopped, and it is ours.
        let went_on = unsafe { libc::ptrace(how, pid, null_mut::<()>(), 0) };
        assert_eq!(went_on, 0, "{}", std::io::Error::last_os_error());
        match wait(pid) {
            libc::SIGTRAP => {}
            libc::SIGSTOP => return Some(time),
            other => panic!("stopped by signal {other}"),
        }
    }
    None
}

/// Waits until the process stops, and says by which signal.
fn wait(pid: libc::pid_t) -> i32 {
    let mut status = 0;
    // SAFETY: the status is ours, and so is the process.
    let waited = unsafe { libc::waitpid(pid, &raw mut status, 0) };
    assert_eq!(waited, pid, "{}", std::io::Error::last_os_error());
    assert!(libc::WIFSTOPPED(status), "it ended by itself: status {status:#x}");
    libc::WSTOPSIG(status)
}
