// SPDX-License-Identifier: MIT OR Apache-2.0
//! Spin loops without a pause are reported, and operations fail spuriously as often as allowed.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use tearfree_axm::{AtomicBool, AtomicU32, AtomicUsize, Program, Report, pause, pauses};

fn only_failure(report: &Report) -> &str {
    assert_eq!(report.failures.len(), 1, "{:?}", report.failures);
    report.failures.keys().next().unwrap()
}

#[test]
fn a_spin_loop_without_a_pause_is_reported_with_its_line() {
    type Spin = fn(&(AtomicBool, AtomicUsize));
    let start = line!() + 2;
    let loops: [Spin; 4] = [
        |(flag, _)| while !flag.load(Acquire) {},
        |(flag, _)| while flag.swap(false, Acquire) == flag.load(Relaxed) {},
        |(flag, _)| while flag.compare_exchange(true, false, AcqRel, Relaxed).is_err() {},
        |(flag, x)| while !flag.load(Relaxed) | (x.load(Relaxed) == 1) {},
    ];
    for (line, spin) in (start..).zip(loops) {
        let report = Program::new((AtomicBool::new(false), AtomicUsize::new(0)))
            .silent(spin)
            .silent(|(flag, _)| flag.store(true, Release))
            .explore();
        let expected = format!("a spin loop without `pause` at {}:{line}", file!());
        assert_eq!(only_failure(&report), expected);
        assert!(report.partial.is_some(), "the search ends at once");
    }
}

#[test]
fn a_loop_that_pauses_or_makes_progress_is_not_reported() {
    let report = Program::new((AtomicBool::new(true), AtomicUsize::new(0)))
        .silent(|(flag, x)| {
            for pause_number in 0..20 {
                assert_eq!(pauses(), pause_number);
                flag.load(Relaxed);
                pause();
            }
            for _ in 0..20 {
                x.fetch_add(1, Relaxed);
            }
            for i in 0..20 {
                flag.load(Relaxed);
                x.store(i, Relaxed);
            }
        })
        .pauses(20)
        .explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!((report.executions, report.partial), (1, None));
}

/// Counts the attempts until the exchange succeeds or finds another value.
fn attempts(x: &AtomicUsize) -> String {
    let mut count = 1;
    while x.compare_exchange_weak(0, 1, AcqRel, Acquire) == Err(0) {
        count += 1;
    }
    format!("{count}")
}

#[test]
fn a_weak_exchange_fails_spuriously_as_often_as_allowed() {
    for (spurious, seen) in [(0, &["1"][..]), (1, &["1", "2"]), (2, &["1", "2", "3"])] {
        let program = Program::new(AtomicUsize::new(0)).thread(attempts).spurious(spurious);
        assert_eq!(program.explore().seen(), seen);
    }
    // A spurious failure is a load: the exchange of the other thread is not lost.
    let program = || Program::new(AtomicUsize::new(0)).thread(attempts).spurious(1);
    let report = program().thread(attempts).after(|x| x.load(Relaxed).to_string()).explore();
    assert_eq!(report.seen(), ["1, 1, 1", "1, 2, 1", "2, 1, 1", "2, 2, 1"]);
    // It finds the value that it expects, so it does not fail spuriously where there is another one.
    let other = Program::new(AtomicUsize::new(1))
        .spurious(1)
        .thread(|x| format!("{:?}", x.compare_exchange_weak(0, 2, AcqRel, Acquire)));
    assert_eq!(other.explore().seen(), ["Err(1)"]);
    let strong = Program::new(AtomicUsize::new(0))
        .spurious(1)
        .thread(|x| format!("{:?}", x.compare_exchange(0, 1, AcqRel, Acquire)));
    assert_eq!(strong.explore().seen(), ["Ok(0)"]);
}

#[test]
fn a_sleep_that_is_not_in_a_loop_is_found() {
    let program = || {
        Program::new(AtomicU32::new(0))
            .silent(|word| {
                if word.load(Relaxed) == 0 {
                    word.wait(0);
                    assert_eq!(word.load(Relaxed), 1, "woken spuriously");
                }
            })
            .silent(|word| {
                word.store(1, Relaxed);
                word.wake_all();
            })
    };
    for spurious in [program(), program().spurious(1)] {
        assert!(only_failure(&spurious.explore()).contains("woken spuriously"));
    }
    assert!(program().spurious(0).explore().failures.is_empty());
}

#[test]
fn each_thread_wakes_spuriously_as_often_as_allowed() {
    let wakes = |spurious| {
        let wait = |word: &AtomicU32| {
            let mut waits = 0;
            while word.load(Relaxed) == 0 {
                word.wait(0);
                waits += 1;
            }
            waits.to_string()
        };
        let program = Program::new(AtomicU32::new(0)).spurious(spurious);
        let program = program.thread(wait).thread(wait).silent(|word| {
            word.store(1, Relaxed);
            word.wake_all();
        });
        let report = program.explore();
        assert!(report.failures.is_empty(), "{:?}", report.failures);
        report.seen().last().unwrap().to_string()
    };
    // A thread that sleeps may find the old value once more after its wake-up, which says nothing.
    assert_eq!([0, 1, 2].map(wakes), ["1, 1", "2, 2", "3, 3"]);
}
