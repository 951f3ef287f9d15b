// SPDX-License-Identifier: MIT OR Apache-2.0
//! Programs whose number of executions follows from an argument; both enumerators have it.

use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};

use tearfree_axm::{AtomicBool, AtomicU32, Plain, Program, pause};

use crate::definition;
use crate::program::{Op, Threads, checked};

const X: usize = 0;
const Y: usize = 1;
const Z: usize = 2;

use Op::{Add, Exchange, Fence, Load, Store, StoreIf};

fn copies(count: usize, thread: &[Op]) -> Threads {
    vec![thread.to_vec(); count]
}

fn beside(writer: &[Op], readers: Threads) -> Threads {
    [vec![writer.to_vec()], readers].concat()
}

/// A name, the program, and its number of executions with the reason.
fn table() -> Vec<(&'static str, Threads, usize)> {
    let (w, r) = (|at| Store(at, 1, Relaxed), |at| Load(at, Relaxed));
    let (w_sc, r_sc) = (|at| Store(at, 1, SeqCst), |at| Load(at, SeqCst));
    let independent_reads = |read: fn(usize) -> Op, write: fn(usize) -> Op| {
        vec![vec![write(X)], vec![write(Y)], vec![read(X), read(Y)], vec![read(Y), read(X)]]
    };
    vec![
        // n!: the updates of one word are in some order, and each reads from the one before it.
        ("2 updates", copies(2, &[Add(X, 1, Relaxed)]), 2),
        ("4 updates", copies(4, &[Add(X, 1, Relaxed)]), 24),
        ("5 updates", copies(5, &[Add(X, 1, AcqRel)]), 120),
        // (3 + 2)! / (3! 2!): coherence keeps the order of each thread.
        ("3 and 2 updates", vec![vec![Add(X, 1, Relaxed); 3], vec![Add(X, 1, Relaxed); 2]], 10),
        // n!: the orders of the stores, though no thread loads.
        ("4 stores", copies(4, &[w(X)]), 24),
        // 2^n: each reader finds the store or not.
        ("4 readers", beside(&[w(X)], copies(4, &[r(X)])), 16),
        // n + 1: once a thread has found the store, coherence lets it find no older one.
        ("4 reads in a row", vec![vec![w(X)], vec![r(X); 4]], 5),
        // The pairs i <= k of 0, 1 and 2.
        ("2 reads of 2 stores", vec![vec![w(X), w(X)], vec![r(X), r(X)]], 6),
        // For each of 2 orders of the stores the reader finds one of 3 values.
        ("a read and 2 stores", vec![vec![w(X)], vec![w(X)], vec![r(X)]], 6),
        // One exchange wins. The others find what it stored: there is no other store.
        ("4 exchanges", copies(4, &[Exchange(X, [0, 1], [Relaxed, Relaxed])]), 4),
        // Two loads of two values each; the axioms forbid one of the four combinations, or none.
        ("message passing", vec![vec![w(X), w(Y)], vec![r(Y), r(X)]], 4),
        (
            "message passing, ordered",
            vec![vec![w(X), Store(Y, 1, Release)], vec![Load(Y, Acquire), r(X)]],
            3,
        ),
        (
            "message passing, fences",
            vec![vec![w(X), Fence(Release), w(Y)], vec![r(Y), Fence(Acquire), r(X)]],
            3,
        ),
        ("store buffering", vec![vec![w(X), r(Y)], vec![w(Y), r(X)]], 4),
        ("store buffering, SC", vec![vec![w_sc(X), r_sc(Y)], vec![w_sc(Y), r_sc(X)]], 3),
        (
            "store buffering, SC fences",
            vec![vec![w(X), Fence(SeqCst), r(Y)], vec![w(Y), Fence(SeqCst), r(X)]],
            3,
        ),
        (
            "store buffering, one SC fence",
            vec![vec![w(X), Fence(SeqCst), r(Y)], vec![w(Y), r(X)]],
            4,
        ),
        // RC11 forbids that both loads find the stores behind the other's load.
        ("load buffering", vec![vec![r(X), w(Y)], vec![r(Y), w(X)]], 3),
        // Two words with two orders of their stores each.
        ("2+2W", vec![vec![w(X), w(Y)], vec![w(Y), w(X)]], 4),
        ("2+2W, SC", vec![vec![w_sc(X), w_sc(Y)], vec![w_sc(Y), w_sc(X)]], 3),
        // Four loads of two values each; SC forbids that the readers disagree.
        ("IRIW", independent_reads(|at| Load(at, Acquire), |at| Store(at, 1, Release)), 16),
        ("IRIW, SC", independent_reads(|at| Load(at, SeqCst), |at| Store(at, 1, SeqCst)), 15),
        // Without the first store there is no second one; with it, the last thread finds that or not.
        (
            "a store on condition",
            vec![vec![w(X)], vec![r(X), StoreIf(Y, 1, Relaxed)], vec![r(Y)]],
            3,
        ),
        // Each thread has a word of its own.
        ("independent words", vec![vec![w(X), r(X)], vec![w(Y), r(Y)], vec![w(Z), r(Z)]], 1),
    ]
}

#[test]
fn known_programs_have_their_numbers_of_executions() {
    for (name, threads, executions) in table() {
        let expected = definition::answer(&threads);
        let report = checked(&threads).explore();
        assert!(report.failures.is_empty(), "{name}: {:?}", report.failures);
        assert_eq!((expected.executions, report.executions), (executions, executions), "{name}");
        assert_eq!(report.outcomes, expected.outcomes, "{name}");
    }
}

/// Threads that wait, which the definition does not describe. An execution in which a thread waits longer
/// than `pauses` allows is cut.
#[test]
fn programs_that_wait_have_their_numbers_of_executions() {
    let locked = |(lock, data): &(AtomicBool, Plain)| {
        while lock.swap(true, Acquire) {
            pause();
        }
        data.set(data.get() + 1);
        lock.store(false, Release);
    };
    let state = || (AtomicBool::new(false), Plain::new(0));
    // n!: each thread finds the lock free at its first try, so they take it one after the other.
    for (threads, executions) in [(1, 1), (2, 2), (3, 6), (4, 24)] {
        let program = (0..threads).fold(Program::new(state()), |program, _| program.silent(locked));
        let report = program.explore();
        assert_eq!(
            (report.executions, report.failures.len()),
            (executions, 0),
            "{threads} threads"
        );
    }
    // With one pause each of two threads may be first, and the other one then tries once or twice.
    let report = Program::new(state()).silent(locked).silent(locked).pauses(1).explore();
    assert_eq!((report.executions, report.failures.len()), (4, 0));

    // The reader finds the flag at its first, second, .. load: one execution more for each pause.
    for pauses in 0..4 {
        let wait = |flag: &AtomicU32| {
            while flag.load(Acquire) == 0 {
                pause();
            }
        };
        let store = |flag: &AtomicU32| flag.store(1, Release);
        let program = Program::new(AtomicU32::new(0)).silent(store).silent(wait);
        let report = program.pauses(pauses).explore();
        assert_eq!((report.executions, report.cut), (pauses + 1, 1), "{pauses} pauses");
    }
}
