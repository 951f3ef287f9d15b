// SPDX-License-Identifier: MIT OR Apache-2.0
//! Failures name the lines of the user's source.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use tearfree_axm::{AtomicU32, AtomicUsize, Plain, Program, Report, fence, pause};

fn first(report: &Report) -> (&str, &str) {
    let (failure, execution) = report.failures.first_key_value().expect("a failure");
    (failure, execution)
}

/// Each event has the line of its call, not a line of this crate.
#[test]
fn an_execution_names_the_line_of_each_event() {
    let lines = [const { core::cell::Cell::new(0) }; 10];
    let report = Program::new((AtomicUsize::new(0), Plain::new(0), AtomicU32::new(0)))
        .silent(|(word, plain, futex)| {
            lines[0].set(line!() + 1);
            word.load(Acquire);
            word.store(1, Release);
            word.swap(1, AcqRel);
            word.fetch_add(1, Relaxed);
            _ = word.compare_exchange(2, 3, SeqCst, Relaxed);
            _ = word.compare_exchange_weak(2, 3, SeqCst, Relaxed);
            _ = word.fetch_update(AcqRel, Acquire, |old| Some(old + 1));
            fence(SeqCst);
            plain.set(plain.get() + 1);
            futex.wait(1);
            futex.wake_all();
            panic!("the end");
        })
        .explore();
    let (failure, execution) = first(&report);
    let start = lines[0].get();
    assert_eq!(failure, format!("thread 0 panicked at {}:{}: the end", file!(), start + 11));
    for line in start..=start + 10 {
        let here = format!(" at {}:{line}", file!());
        assert!(execution.contains(&here), "{here} is not in\n{execution}");
    }
    assert!(!execution.contains("src/"), "{execution}");
}

#[test]
fn a_race_names_both_lines() {
    let report = Program::new(Plain::new(0))
        .silent(|plain| plain.set(1))
        .silent(|plain| _ = plain.get())
        .explore();
    let line = line!();
    let (failure, _) = first(&report);
    for line in [line - 3, line - 2] {
        assert!(failure.contains(&format!(" at {}:{line}", file!())), "{failure}");
    }
}

#[test]
fn a_waiting_or_sleeping_thread_is_shown_with_its_line() {
    let (mut line, path) = (line!(), file!());
    let report = Program::new(AtomicUsize::new(0))
        .silent(|word| {
            while word.load(Acquire) == 0 {
                pause();
            }
        })
        .explore();
    let waits = format!("waits at {path}:{}", line + 4);
    assert!(first(&report).1.contains(&waits), "{waits} is not in\n{}", first(&report).1);

    line = line!();
    let report = Program::new(AtomicU32::new(0)).silent(|word| word.wait(0)).explore();
    let sleeps = format!("sleeps at {path}:{}", line + 1);
    assert!(first(&report).1.contains(&sleeps), "{sleeps} is not in\n{}", first(&report).1);
}
