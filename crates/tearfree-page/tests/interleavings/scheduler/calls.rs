// SPDX-License-Identifier: MIT OR Apache-2.0
//! System calls: those between which the order matters, and those that can sleep until another process
//! does something.

use crate::tracing::{SystemCall, Tracee};

/// How closely a process is watched between two system calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// It runs from one system call to the next.
    Calls,
    /// It stops after each access to the count, the state and the slots too.
    Accesses,
}

/// The second argument of `sched_yield`, which has none: it comes from this file.
const MARK: u64 = 0x7465_6172_6672_6565;

/// Has the scheduler stop here, as if it were a system call that others can see.
pub(crate) fn pause() {
    mark(2);
}

/// Has the scheduler watch this process so closely from here on.
pub(crate) fn watch(detail: Detail) {
    mark(detail as i64);
}

fn mark(number: i64) {
    // SAFETY: the kernel ignores the arguments, and touches no memory.
    unsafe { libc::syscall(libc::SYS_sched_yield, MARK, number) };
}

/// What a system call is to the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No other process can see or change what it does.
    Local,
    /// Its order to other processes' calls matters. With its name and arguments.
    Visible(String),
    /// The process lets time pass: another one is to run.
    Yields(String),
    /// A request to the scheduler.
    Watch(Detail),
}

pub(crate) fn classify(tracee: Tracee, call: SystemCall) -> Kind {
    let [first, second, third, fourth, ..] = call.arguments;
    let path = |name: &str, address: u64| {
        let path = tracee.read_text(address);
        let is_own = path.starts_with("/proc/") || path.starts_with("/sys/") || path.is_empty();
        if is_own { Kind::Local } else { Kind::Visible(format!("{name}({path})")) }
    };
    match call.number {
        libc::SYS_sched_yield if first == MARK => match second {
            0 => Kind::Watch(Detail::Calls),
            1 => Kind::Watch(Detail::Accesses),
            _ => Kind::Visible("pause".to_owned()),
        },
        libc::SYS_sched_yield => Kind::Yields("sched_yield".to_owned()),
        libc::SYS_clock_nanosleep => Kind::Yields("clock_nanosleep".to_owned()),
        libc::SYS_openat => path("openat", second),
        libc::SYS_newfstatat => path("fstatat", second),
        libc::SYS_statx => path("statx", second),
        libc::SYS_mkdirat => path("mkdirat", second),
        libc::SYS_unlinkat => path("unlinkat", second),
        #[cfg(not(target_arch = "riscv64"))]
        libc::SYS_renameat => path("renameat", second),
        libc::SYS_renameat2 => path("renameat2", second),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_mkdir => path("mkdir", first),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rmdir => path("rmdir", first),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_unlink => path("unlink", first),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_rename => path("rename", first),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_open => path("open", first),
        libc::SYS_fallocate => Kind::Visible("fallocate".to_owned()),
        libc::SYS_pwrite64 => Kind::Visible("pwrite".to_owned()),
        libc::SYS_flock => Kind::Visible("flock".to_owned()),
        libc::SYS_fcntl if is_lock(second) => Kind::Visible(format!("fcntl(lock, {second})")),
        libc::SYS_futex_waitv if fourth != 0 => Kind::Yields("timed wait".to_owned()),
        libc::SYS_futex_waitv => Kind::Visible(format!("futex(wait for {second})")),
        libc::SYS_futex if is_wait(second) && fourth != 0 => Kind::Yields("timed wait".to_owned()),
        libc::SYS_futex => Kind::Visible(format!("futex({}, {third})", futex_name(second))),
        libc::SYS_exit | libc::SYS_exit_group => Kind::Visible("exit".to_owned()),
        libc::SYS_clone | libc::SYS_clone3 => Kind::Visible("clone".to_owned()),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork => Kind::Visible("fork".to_owned()),
        libc::SYS_kill => Kind::Visible("kill".to_owned()),
        _ => Kind::Local,
    }
}

fn is_lock(command: u64) -> bool {
    const LOCKS: [i32; 6] = [
        libc::F_GETLK,
        libc::F_SETLK,
        libc::F_SETLKW,
        libc::F_OFD_GETLK,
        libc::F_OFD_SETLK,
        libc::F_OFD_SETLKW,
    ];
    LOCKS.iter().any(|&lock| u64::from(lock.unsigned_abs()) == command)
}

fn futex_name(operation: u64) -> String {
    let private = if operation & 128 == 0 { "" } else { "private " };
    match operation & 127 {
        0 | 9 => format!("{private}wait"),
        1 | 10 => format!("{private}wake"),
        other => format!("{private}{other}"),
    }
}

fn is_wait(operation: u64) -> bool {
    matches!(operation & 127, 0 | 9)
}

/// Returns whether a visible system call can sleep until another process does something.
pub(crate) fn may_sleep(call: SystemCall) -> bool {
    let [_, second, _, fourth, ..] = call.arguments;
    match call.number {
        libc::SYS_futex => is_wait(second) && fourth == 0,
        libc::SYS_futex_waitv => fourth == 0,
        libc::SYS_fcntl => [libc::F_SETLKW, libc::F_OFD_SETLKW]
            .iter()
            .any(|&lock| u64::from(lock.unsigned_abs()) == second),
        libc::SYS_flock => u64::from(libc::LOCK_NB.unsigned_abs()) & second == 0,
        _ => false,
    }
}
