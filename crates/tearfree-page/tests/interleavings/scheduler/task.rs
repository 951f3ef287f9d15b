// SPDX-License-Identifier: MIT OR Apache-2.0
//! The processes that are scheduled: how they are started, and what is known of each.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::calls::{Detail, Kind};
use crate::tracing::{Stop, SystemCall, Tracee, trace_me};

/// After so many seconds of processor time the kernel kills a process: it waits without sleeping. Each
/// needs some milliseconds.
const MOST_SECONDS: u64 = 5;

/// Where a process is.
#[derive(Debug, PartialEq)]
pub(crate) enum State {
    /// Between two system calls.
    Ready,
    Entering(SystemCall, Kind),
    Asleep(Kind),
    Ended,
}

/// A process, or a thread of one.
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) tracee: Tracee,
    pub(crate) state: State,
    pub(crate) detail: Detail,
    /// The processor stops it at accesses to its page.
    pub(crate) watches: bool,
    /// It has stopped, which the scheduler has not looked at yet.
    pub(crate) unseen: Option<Stop>,
    /// It let time pass, and nothing has happened since.
    pub(crate) yielded: bool,
    pub(crate) calls: usize,
    pub(crate) sleeps: usize,
}

impl Task {
    pub(crate) fn new(name: String, tracee: Tracee) -> Self {
        Task {
            name,
            tracee,
            state: State::Ready,
            detail: Detail::Calls,
            watches: false,
            unseen: None,
            yielded: false,
            calls: 0,
            sleeps: 0,
        }
    }
}

impl Task {
    /// Returns why it does not run, if it has stopped or ended since.
    pub(crate) fn try_wait(&mut self) -> Option<Stop> {
        if self.state == State::Ended {
            return None;
        }
        self.unseen.take().or_else(|| self.tracee.try_wait())
    }
}

impl Kind {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Visible(name) | Self::Yields(name) => name,
            Self::Local | Self::Watch(_) => "",
        }
    }
}

/// Starts a process that is a copy of this one, traced and stopped before `body`.
pub(crate) fn fork_traced(body: impl FnOnce()) -> Tracee {
    let child = fork(|| {
        let limit = Rlimit { current: Some(MOST_SECONDS), maximum: Some(MOST_SECONDS) };
        setrlimit(Resource::Cpu, limit).expect("a lower limit");
        trace_me();
        body();
    });
    let tracee = Tracee::started(child);
    assert_eq!(tracee.wait(), Stop::Signal(libc::SIGSTOP), "it waits to be traced");
    tracee.distinguish_calls();
    tracee
}

/// Starts a process that is a copy of this one; it exits with 0 after `body`, and with 1 if that panics.
pub(crate) fn fork(body: impl FnOnce()) -> libc::pid_t {
    // SAFETY: this process has one thread.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "{}", std::io::Error::last_os_error());
    if child == 0 {
        let status = i32::from(catch_unwind(AssertUnwindSafe(body)).is_err());
        // SAFETY: ends this process at once, as its parent's buffers are not its own.
        unsafe { libc::_exit(status) };
    }
    child
}

/// Waits for the ends of processes whose parents have ended.
pub(crate) fn reap_orphans() {
    // SAFETY: waits for children of this process, and stores no status.
    while unsafe { libc::waitpid(-1, core::ptr::null_mut(), libc::__WALL | libc::WNOHANG) } > 0 {}
}
