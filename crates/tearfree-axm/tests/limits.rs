// SPDX-License-Identifier: MIT OR Apache-2.0
//! A search that a limit ended is partial, which is a failure unless the program allows it.

use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::time::Instant;

use tearfree_axm::{AtomicUsize, Program, Report};

/// Four threads that swap four times each: too many executions for any machine.
fn huge<'a>() -> Program<'a, AtomicUsize> {
    let swaps = |thread: usize| {
        move |x: &AtomicUsize| {
            let seen: Vec<usize> = (0..4).map(|i| x.swap(10 * thread + i, Relaxed)).collect();
            format!("{seen:?}")
        }
    };
    let program = Program::new(AtomicUsize::new(0));
    program.thread(swaps(1)).thread(swaps(2)).thread(swaps(3)).thread(swaps(4))
}

fn is_partial_and_failed(report: &Report, limit: &str) {
    assert_eq!(report.partial.as_deref(), Some(limit));
    let failure = report.failures.keys().next().expect("a partial search has failed");
    assert!(failure.starts_with("the search is partial") && failure.ends_with(limit), "{failure}");
}

#[test]
fn each_limit_ends_the_search_and_fails_it() {
    let report = huge().max_executions(7).explore();
    is_partial_and_failed(&report, "more than 7 executions");
    assert_eq!(report.executions, 7);
    let report = huge().max_graphs(1000).explore();
    is_partial_and_failed(&report, "more than 1000 graphs");
    assert_eq!(report.graphs, 1000);
    let start = Instant::now();
    is_partial_and_failed(
        &huge().max_duration(Duration::from_millis(50)).explore(),
        "more than 50ms",
    );
    let took = start.elapsed();
    // The upper one is against a search that does not end.
    assert!(took >= Duration::from_millis(50) && took < Duration::from_secs(60), "{took:?}");
    let report = huge().max_bytes(1_000_000).explore();
    is_partial_and_failed(&report, "more than 1000000 bytes");
    assert!((50..100_000).contains(&report.graphs), "{}", report.graphs);
}

#[test]
fn an_allowed_partial_search_is_a_success() {
    let report = huge().max_executions(3).allow_partial().explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.partial.as_deref(), Some("more than 3 executions"));
    assert!(!report.outcomes.is_empty());
}

#[test]
fn a_search_within_its_limits_is_complete() {
    let swap = |x: &AtomicUsize| x.swap(1, Relaxed).to_string();
    let limited = |executions| {
        let program = Program::new(AtomicUsize::new(0)).thread(swap).thread(swap);
        program.max_executions(executions).max_graphs(100).max_bytes(1_000_000).explore()
    };
    let report = limited(3);
    assert_eq!((report.partial.as_deref(), report.executions), (None, 2));
    assert!(report.failures.is_empty(), "{:?}", report.failures);
}
