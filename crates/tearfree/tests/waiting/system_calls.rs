// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which system calls writers and readers make: the kernel kills a process that makes one.
//!
//! Each case runs in a process of its own: this test program, started again with the name of the
//! case. The child puts its thread into a seccomp filter that lets nothing through but the call
//! that ends the process.
#![allow(unsafe_code, reason = "seccomp filters are set by foreign functions")]

use core::time::Duration;
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::thread;

use tearfree::{SeqLatch, SeqLock, Version};

use crate::support::{Watchdog, left_out};

const CASE: &str = "TEARFREE_SYSTEM_CALLS_CASE";
const SURVIVED: i32 = 7;
const NO_SECCOMP_HERE: i32 = 8;
/// How a child ends whose program the system could not start.
const CANNOT_START: i32 = 127;

/// The last system call of the process, and the only one that the filter lets through.
fn end(code: i32) -> ! {
    // SAFETY: the call does not return.
    unsafe { libc::syscall(libc::SYS_exit_group, code) };
    unreachable!()
}

/// From here on, any system call of this thread but `end` kills the process with `SIGSYS`.
fn forbid_system_calls() {
    filter(libc::SYS_exit_group, libc::SECCOMP_RET_ALLOW, libc::SECCOMP_RET_KILL_PROCESS);
}

/// From here on, this thread and those that it starts get an error from `membarrier`.
fn refuse_membarrier() {
    let error = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    filter(libc::SYS_membarrier, error, libc::SECCOMP_RET_ALLOW);
}

/// Sets a filter: what happens when this thread makes the system call `number`, and any other one.
fn filter(number: libc::c_long, for_it: u32, for_others: u32) {
    let statement = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let at = core::mem::offset_of!(libc::seccomp_data, nr) as u32;
    let compare = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let mut program = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at),
        // Equal: go on to the next statement. Otherwise: leave one out.
        libc::sock_filter { jf: 1, ..statement(compare, number as u32) },
        statement(libc::BPF_RET | libc::BPF_K, for_it),
        statement(libc::BPF_RET | libc::BPF_K, for_others),
    ];
    let filter = libc::sock_fprog { len: 4, filter: program.as_mut_ptr() };
    // SAFETY: the call takes numbers only.
    let no_new_privileges = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the filter and its four statements are alive for the length of the call.
    let set =
        unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) };
    if no_new_privileges != 0 || set != 0 {
        end(NO_SECCOMP_HERE);
    }
}

/// Runs `case` in a process of its own, which exits with `SURVIVED`.
///
/// `test` is the name of the calling test, which the child runs. Returns `None` if this system has no
/// seccomp, or cannot start this program a second time. Both is the case under an emulator of user
/// programs: it makes the system calls, and the host's kernel cannot run the program's instructions.
fn in_a_child(test: &str, case: &str, run: impl FnOnce()) -> Option<ExitStatus> {
    if env::var(CASE).is_ok_and(|chosen| chosen == case) {
        run();
        end(SURVIVED);
    }
    if env::var_os(CASE).is_some() {
        return None; // a child, on its way to its own case
    }
    let name = format!("system_calls::{test}");
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .env(CASE, case)
        .output()
        .unwrap();
    let missing = match child.status.code() {
        Some(NO_SECCOMP_HERE) => "has no seccomp",
        Some(CANNOT_START) => "cannot start this program itself (an emulator runs it)",
        _ => return Some(child.status),
    };
    left_out(&format!("{case}: this system {missing}"));
    None
}

fn survives(test: &str, case: &str, run: impl FnOnce()) {
    let child = in_a_child(test, case, run);
    assert!(child.is_none_or(|s| s.code() == Some(SURVIVED)), "{case}: {child:?}");
}

fn is_killed(test: &str, case: &str, run: impl FnOnce()) {
    let child = in_a_child(test, case, run);
    assert!(child.is_none_or(|s| s.signal() == Some(libc::SIGSYS)), "{case}: {child:?}");
}

#[test]
fn a_writer_makes_no_system_call_without_waiters() {
    const TEST: &str = "a_writer_makes_no_system_call_without_waiters";
    let _watchdog = Watchdog::over(TEST);
    survives(TEST, "writer", || {
        let (lock, latch) = (SeqLock::new([0_u64; 100]), SeqLatch::new([0_u64; 100]));
        // After a waiter that gave up, one writer may make a call, and no further one.
        lock.wait_changed(lock.version(), Some(Duration::from_millis(1)));
        lock.set([0; 100]);
        forbid_system_calls();
        for n in 0..1000 {
            lock.set([n; 100]);
            lock.update(|value| value[5] += 1);
            *lock.write() = [n; 100];
            latch.set([n; 100]);
        }
    });
    // With a waiter, a writer makes a system call. So the filter works, and the writer of the case above
    // made none.
    is_killed(TEST, "writer with a waiter", || {
        let lock: &SeqLock<u64> = Box::leak(Box::new(SeqLock::new(0)));
        thread::spawn(|| {
            loop {
                lock.wait_changed(lock.version(), None);
            }
        });
        forbid_system_calls();
        // Writers make no call until the waiter has announced itself. If they never do, the watchdog ends this.
        for n in 0.. {
            lock.set(n);
        }
    });
}

#[test]
fn a_reader_makes_no_system_call_without_writers() {
    const TEST: &str = "a_reader_makes_no_system_call_without_writers";
    let _watchdog = Watchdog::over(TEST);
    survives(TEST, "reader", || {
        let (lock, latch) = (SeqLock::new([7_u64; 100]), SeqLatch::new([7_u64; 100]));
        let mut seen = lock.version();
        forbid_system_calls();
        for _ in 0..1000 {
            let same = lock.read() == latch.read()
                && lock.try_read().is_some()
                && lock.read_or_lock() == *lock.read_excl()
                && lock.read_if_changed(&mut seen).is_none();
            if !same {
                end(1);
            }
        }
    });
}

#[test]
fn waiting_works_where_membarrier_is_refused() {
    const TEST: &str = "waiting_works_where_membarrier_is_refused";
    let _watchdog = Watchdog::over(TEST);
    survives(TEST, "no membarrier", || {
        refuse_membarrier();
        take_turns(4_000, |lock, seen| assert!(lock.wait_changed(seen, None)));
    });
    survives(TEST, "no membarrier, long deadline", || {
        refuse_membarrier();
        take_turns(4_000, |lock, seen| {
            assert!(lock.wait_changed(seen, Some(Duration::from_secs(3600))));
        });
    });
    survives(TEST, "no membarrier, tasks", || {
        refuse_membarrier();
        take_turns(400, |lock, seen| futures_lite::future::block_on(lock.changed(seen)));
    });
}

/// Two threads set a value in turn, and each waits until it is its own.
fn take_turns(turns: u32, wait: impl Fn(&SeqLock<u32>, Version) + Sync) {
    let lock = SeqLock::new(0_u32);
    let take_each_second = |first: u32| {
        for turn in (first..turns).step_by(2) {
            let (mut value, mut seen) = lock.read_versioned();
            while value < turn {
                wait(&lock, seen);
                (value, seen) = lock.read_versioned();
            }
            lock.set(turn + 1);
        }
    };
    thread::scope(|s| {
        s.spawn(|| take_each_second(1));
        take_each_second(0);
    });
}
