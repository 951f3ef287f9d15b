// SPDX-License-Identifier: MIT OR Apache-2.0
//! Single-steps a process, and kills it between any two instructions.

use super::process::Process;
pub(crate) use crate::tracing::may_be_traced;
use crate::tracing::{Stop, Tracee, Until, stop, trace_me};

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
    trace_me();
}

/// Called by the traced process when it is done.
pub(crate) fn end() {
    stop();
}

/// Runs a process for `steps` instructions after its `begin`, and kills it.
pub(crate) fn kill_after(process: &mut Process, steps: usize) -> Ended {
    kill_after_calls(process, 0, steps)
}

/// Runs a process for `calls` entries to and exits from system calls, then for `steps` instructions, and
/// kills it. `Done` counts the ones in which it called `end`.
pub(crate) fn kill_after_calls(process: &mut Process, calls: usize, steps: usize) -> Ended {
    let tracee = Tracee::new(process.pid());
    assert_eq!(tracee.wait(), Stop::Signal(libc::SIGSTOP), "it waits to be traced");
    let ended =
        resume(tracee, Until::Call, calls).or_else(|| resume(tracee, Until::Instruction, steps));
    process.kill();
    ended.map_or(Ended::Killed, Ended::Done)
}

/// Resumes a process `times` times; if it calls `end` before that, returns after how many.
fn resume(tracee: Tracee, until: Until, times: usize) -> Option<usize> {
    for time in 0..times {
        assert!(tracee.resume(until, 0), "it ended by itself");
        match tracee.wait() {
            Stop::Signal(libc::SIGTRAP) => {}
            Stop::Signal(libc::SIGSTOP) => return Some(time),
            other => panic!("{other:?}"),
        }
    }
    None
}
