// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each bar holds just within its limit, and is missed just beyond it.

use super::{FAIR, ICEORYX2, LATCH, MEMCPY, OURS, SEQLOCK, SPLIT, evaluate};
use crate::peers::{PAGE, WITHOUT_TIMES};
use crate::results::{Bar, Results};
use crate::test_results::empty;
use crate::workloads::{
    CLOCK_ALONE, EIGHT_BYTES, FIELD_BYTES, LOCK_ALONE, ONE_FIELD, ONE_WRITER, clock,
};

const RWLOCK: &str = "std RwLock";

/// A part of the promise of each bar that is tested below.
const TESTED: [&str; 20] = [
    "1.15 x memcpy",
    "not slower than std RwLock",
    "x faster than seqlock",
    "memcpy + lock alone",
    "x the read of a seqlock",
    "x the read of a SeqLock in this process",
    "iceoryx2's cell",
    "without times + the clock alone",
    "x a read of 8 bytes alone",
    "of Rust",
    "x the reads of a reader that is alone",
    clock::ORDERED_COUNTER,
    clock::COUNTER,
    clock::KERNEL_COARSE,
    clock::INSTANT,
    "ns a set of tearfree, at most",
    "ns a set of tearfree split, at most",
    "99.9 % of set of",
    "the best peer",
    "torn values",
];

/// Checks the bar with this promise: `run` returns the results for one number of ours.
fn holds_until(promise: &str, within: f64, beyond: f64, run: impl Fn(f64) -> Results) {
    assert!(TESTED.contains(&promise), "add '{promise}' to TESTED");
    for (number, holds) in [(within, true), (beyond, false)] {
        let bars = evaluate(&run(number));
        let bars: Vec<&Bar> = bars.iter().filter(|bar| bar.promise.contains(promise)).collect();
        let [bar] = bars[..] else { panic!("not one bar with '{promise}': {bars:?}") };
        assert_eq!(bar.holds, holds, "with {number}: {bar:?}");
    }
}

/// Costs of one workload at one size: others, and then ours.
fn costs(at: (&str, usize), others: &[(&str, f64)], ours: &str, ns: f64) -> Results {
    let add = |results: Results, &(name, ns): &(&str, f64)| results.with_cost(at, name, ns);
    others.iter().fold(empty(), add).with_cost(at, ours, ns)
}

#[test]
fn reads_and_writes_of_one_thread() {
    for read in ["read", "read_into"] {
        let at = (read, 64);
        holds_until(TESTED[0], 11.69, 11.71, |ns| costs(at, &[(MEMCPY, 10.0)], OURS, ns));
        holds_until(TESTED[1], 10.49, 10.51, |ns| costs(at, &[(RWLOCK, 10.0)], OURS, ns));
        let at = (read, 512);
        holds_until(TESTED[2], 9.99, 10.01, |ns| costs(at, &[(SEQLOCK, 40.0)], OURS, ns));
    }
    let parts = [(MEMCPY, 10.0), (LOCK_ALONE, 10.0)];
    holds_until(TESTED[3], 25.99, 26.01, |ns| costs(("set", 64), &parts, OURS, ns));
    holds_until(TESTED[4], 14.99, 15.01, |ns| costs(("latch", 64), &[(OURS, 10.0)], LATCH, ns));
    let at = ("field", FIELD_BYTES);
    holds_until(TESTED[8], 14.99, 15.01, |ns| costs(at, &[(EIGHT_BYTES, 10.0)], ONE_FIELD, ns));
}

#[test]
fn pages() {
    for (page, lock) in [("page_read", "read"), ("page_into", "read_into")] {
        holds_until(TESTED[5], 12.99, 13.01, |ns| {
            costs((page, 64), &[], PAGE, ns).with_cost((lock, 64), OURS, 10.0)
        });
    }
    let at = ("page_set", 64);
    holds_until(TESTED[6], 10.49, 10.51, |ns| costs(at, &[(ICEORYX2, 10.0)], WITHOUT_TIMES, ns));
    let parts = [(WITHOUT_TIMES, 10.0), (CLOCK_ALONE, 20.0)];
    holds_until(TESTED[7], 32.99, 33.01, |ns| costs(at, &parts, PAGE, ns));
    holds_until(TESTED[10], 161.0, 159.0, |reads| {
        let one = empty().with_rate(("processes", "1 reader", 2), PAGE, [100.0, 1.0]);
        one.with_rate(("processes", "2 readers", 3), PAGE, [reads, 1.0])
    });
}

#[cfg(c_reader)]
#[test]
fn the_reader_in_c() {
    use crate::workloads::{FROM_C, FROM_RUST};
    holds_until(TESTED[9], 10.69, 10.71, |ns| {
        costs(("count", 64), &[(FROM_RUST, 10.0)], FROM_C, ns)
    });
}

#[test]
fn clocks() {
    for (promise, ours, within, beyond) in [
        (clock::ORDERED_COUNTER, clock::NOW, 11.19, 11.21),
        (clock::COUNTER, clock::UNORDERED, 11.19, 11.21),
        (clock::KERNEL_COARSE, clock::COARSE, 2.99, 3.01),
        (clock::INSTANT, clock::NOW, 9.99, 10.01),
    ] {
        let at = ("clock", clock::BYTES);
        holds_until(promise, within, beyond, |ns| costs(at, &[(promise, 10.0)], ours, ns));
    }
}

#[test]
fn paced_writers() {
    for (promise, ours, peer) in [(TESTED[15], OURS, SEQLOCK), (TESTED[16], SPLIT, "C++ rigtorp")] {
        let run =
            |set: [f64; 2]| empty().with_delay(ours, 1.0, set).with_delay(peer, 1.0, [10.0, 100.0]);
        holds_until(promise, 11.99, 12.01, |middle| run([middle, 1.0]));
        holds_until(TESTED[17], 129.9, 130.1, |tail| run([1.0, tail]));
    }
}

#[test]
fn rates_of_several_threads() {
    for (workload, case, ours) in [
        ("beside", ONE_WRITER, FAIR),
        ("oversubscribed", ONE_WRITER, FAIR),
        ("oversubscribed", "mixed 90/10", OURS),
        ("processes", "1 reader", PAGE),
    ] {
        let at = (workload, case, 2);
        let run = |reads| {
            let ours = empty().with_rate(at, ours, [reads, 1.0]);
            ours.with_rate(at, RWLOCK, [100.0, 1.0]).with_rate(at, "seql 0.1", [1.0, 100.0])
        };
        holds_until(TESTED[18], 97.1, 97.0, run);
        holds_until(TESTED[19], 0.0, 1.0, |torn| {
            let mut results = run(100.0);
            results.rates[0].torn = torn as u64;
            results
        });
    }
}

#[test]
fn a_peer_without_a_read_is_not_beaten() {
    let at = ("beside", ONE_WRITER, 2);
    let none = empty().with_rate(at, OURS, [5.0, 1.0]).with_rate(at, RWLOCK, [0.0, 1.0]);
    assert!(!evaluate(&none).iter().any(|bar| bar.promise.contains(TESTED[18])));
}

/// For the run of all workloads: a bar that is not tested here is named there.
pub(crate) fn is_tested(bar: &Bar) -> bool {
    let promise = &bar.promise;
    promise.contains("not slower than") || TESTED.iter().any(|tested| promise.contains(tested))
}
