// SPDX-License-Identifier: MIT OR Apache-2.0
//! A process that waits sleeps: its system calls and its processor time are counted.

use core::time::Duration;
use std::time::Instant;

use tearfree_page::{Options, Reader, Waited, Writer};
use tempfile::TempDir;

use crate::scheduler::calls::{Kind, classify, pause};
use crate::scheduler::task::fork_traced;
use crate::tracing::{Stop, Tracee, Until};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_waiter_that_polls_sleeps_in_between", polling),
    ("a_waiter_that_is_woken_sleeps_until_its_timeout", waiting),
];

/// The sleep between two polls, which the kernel never ends early.
const POLL: Duration = Duration::from_millis(1);

/// What a process did during a wait in which nothing happened.
#[derive(Debug)]
struct Wait {
    calls: Vec<String>,
    elapsed: Duration,
    processor: Duration,
}

fn polling() {
    let wait = trace_wait(&Options::new(), 100 * POLL);
    println!("{:?} of processor time in {:?}", wait.processor, wait.elapsed);
    let sleeps = wait.calls.iter().filter(|call| *call == "clock_nanosleep").count();
    assert_eq!(sleeps, wait.calls.len(), "it does nothing but sleep: {wait:?}");
    assert!(sleeps > 0, "it polls");
    // A busy machine makes the sleeps longer, and so fewer.
    let longest = u32::try_from(sleeps).expect("a few") * POLL;
    assert!(longest <= wait.elapsed + POLL, "it sleeps too briefly: {wait:?}");
    check_processor_time(&wait);
}

fn waiting() {
    let wait = trace_wait(&Options::new().wakes(true), 100 * POLL);
    println!("{:?} of processor time in {:?}", wait.processor, wait.elapsed);
    // It may wake up early, but not again and again.
    assert!((1..=3).contains(&wait.calls.len()), "{wait:?}");
    assert!(wait.calls.iter().all(|call| call == "timed wait"), "{wait:?}");
    check_processor_time(&wait);
}

/// Beside other work a spinning process gets less than the whole time, but more than a fifth; a sleeping one
/// needs a hundredth, which other work does not change.
fn check_processor_time(wait: &Wait) {
    assert!(wait.processor * 5 < wait.elapsed, "it waits without sleeping: {wait:?}");
}

/// Traces a process that waits for a publication which never comes.
fn trace_wait(options: &Options, timeout: Duration) -> Wait {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("page");
    let writer = Writer::<u64>::create(&page, 1, options).expect("a page");
    let tracee = fork_traced(|| {
        let reader = Reader::<u64>::open(&page).expect("a page");
        pause();
        assert_eq!(reader.wait_changed(reader.generation(), Some(timeout)), Waited::TimedOut);
        pause();
    });
    while next_call(tracee) != "pause" {}
    let (start, before) = (Instant::now(), tracee.processor_time());
    let mut calls = Vec::new();
    loop {
        match next_call(tracee) {
            call if call == "pause" => break,
            call if call.is_empty() => {}
            call => calls.push(call),
        }
        assert!(calls.len() < 10_000, "it waits without sleeping");
    }
    let elapsed = start.elapsed();
    let processor = Duration::from_nanos(tracee.processor_time() - before);
    tracee.kill();
    drop(writer);
    assert!(elapsed >= timeout, "it returned before its timeout");
    Wait { calls, elapsed, processor }
}

/// Runs a process until it enters its next system call; returns its name, empty if no other process can
/// see it.
fn next_call(tracee: Tracee) -> String {
    loop {
        tracee.resume(Until::Call, 0);
        match tracee.wait() {
            Stop::Call => {}
            Stop::Signal(libc::SIGXCPU) => panic!("it waits without sleeping"),
            stop => panic!("{stop:?}"),
        }
        if let Some(call) = tracee.call() {
            return match classify(tracee, call) {
                Kind::Visible(name) | Kind::Yields(name) => name,
                Kind::Local | Kind::Watch(_) => String::new(),
            };
        }
    }
}
