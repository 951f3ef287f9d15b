// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares the search with one without reduction, on random programs with exchanges that may fail,
//! branches and plain accesses. The search compares each verdict with `rc11.rs` in this build.

use proptest::prelude::*;

use crate::explore::TRIES_ALL;
use crate::litmus::Litmus;
use crate::{AtomicUsize, Ordering, Plain, Program, Report, fence, thread};

const WORDS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Op {
    Load(usize, Ordering),
    Store(usize, usize, Ordering),
    Exchange(usize, usize, usize, Ordering),
    /// Stores to the second word if the first one is not zero.
    StoreIf(usize, usize, Ordering),
    Fence(Ordering),
    PlainLoad(usize),
    PlainStore(usize, usize),
}

fn op(with_plain: bool) -> impl Strategy<Value = Op> {
    use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    let (word, value) = (0..WORDS, 0..3_usize);
    let exchange = (word.clone(), value.clone(), value.clone());
    let rare = u32::from(with_plain);
    prop_oneof![
        4 => (word.clone(), prop_oneof![Just(Relaxed), Just(Acquire)])
            .prop_map(|(word, order)| Op::Load(word, order)),
        4 => (word.clone(), value.clone(), prop_oneof![Just(Relaxed), Just(Release)])
            .prop_map(|(word, value, order)| Op::Store(word, value, order)),
        4 => (exchange, prop_oneof![Just(Relaxed), Just(AcqRel)])
            .prop_map(|((word, from, to), order)| Op::Exchange(word, from, to, order)),
        3 => (word.clone(), word.clone(), prop_oneof![Just(Relaxed), Just(Release)])
            .prop_map(|(word, other, order)| Op::StoreIf(word, other, order)),
        2 => prop_oneof![Just(Acquire), Just(Release), Just(AcqRel)].prop_map(Op::Fence),
        2 => Just(Op::Fence(SeqCst)),
        2 * rare => word.clone().prop_map(Op::PlainLoad),
        2 * rare => (word, value).prop_map(|(word, value)| Op::PlainStore(word, value)),
    ]
}

fn threads(with_plain: bool) -> impl Strategy<Value = Vec<Vec<Op>>> {
    let lists = move |threads: usize, most: usize| {
        prop::collection::vec(prop::collection::vec(op(with_plain), 1..=most), threads)
    };
    prop_oneof![lists(2, 5), lists(3, 3)]
}

fn act(op: Op, words: &[Plain; WORDS], seen: &mut String) {
    let word = |at: usize| -> &AtomicUsize { words[at].as_atomic() };
    match op {
        Op::Load(at, order) => *seen += &format!(" {}", word(at).load(order)),
        Op::Store(at, value, order) => word(at).store(value, order),
        Op::Exchange(at, from, to, order) => {
            let result = word(at).compare_exchange(from, to, order, Ordering::Relaxed);
            *seen += &format!(" {result:?}");
        }
        Op::StoreIf(at, other, order) => {
            if word(at).load(Ordering::Relaxed) != 0 {
                word(other).store(7, order);
            }
        }
        Op::Fence(order) => fence(order),
        Op::PlainLoad(at) => *seen += &format!(" {}", words[at].get()),
        Op::PlainStore(at, value) => words[at].set(value),
    }
}

fn explored(threads: &[Vec<Op>], tries_all: bool) -> Report {
    let mut program = Program::new([const { Plain::new(0) }; WORDS]);
    for ops in threads {
        program = program.thread(move |words| {
            let mut seen = String::from(".");
            ops.iter().for_each(|&op| act(op, words, &mut seen));
            seen
        });
    }
    TRIES_ALL.set(tries_all);
    let report = program.explore();
    TRIES_ALL.set(false);
    report
}

/// Runs a thread that spawns the next one, and so on; each accesses words before and after, and joins its
/// thread or leaves that to the scope.
fn nested(threads: &[Vec<Op>], words: &[Plain; WORDS], joins: usize) -> String {
    let Some((own, others)) = threads.split_first() else { return String::new() };
    let mut seen = String::from(".");
    let (before, after) = own.split_at(own.len() / 2);
    before.iter().for_each(|&op| act(op, words, &mut seen));
    thread::scope(|scope| {
        let other = scope.spawn(|| nested(others, words, joins / 2));
        after.iter().take(1).for_each(|&op| act(op, words, &mut seen));
        if joins % 2 == 1 {
            seen += &other.join().unwrap();
        }
        after.iter().skip(1).for_each(|&op| act(op, words, &mut seen));
    });
    seen
}

fn explored_nested(threads: &[Vec<Op>], joins: usize, tries_all: bool) -> Report {
    let program = Program::new([const { Plain::new(0) }; WORDS])
        .thread(move |words| nested(threads, words, joins))
        .silent(|words| {
            words[0].as_atomic().store(9, Ordering::Release);
            words[1].as_atomic().load(Ordering::Acquire);
        });
    TRIES_ALL.set(tries_all);
    let report = program.explore();
    TRIES_ALL.set(false);
    report
}

/// Explores a thread that spawns all others and joins them: it has their outcomes as threads of a program.
fn explored_spawned(threads: &[Vec<Op>]) -> Report {
    Program::new([const { Plain::new(0) }; WORDS])
        .thread(move |words| {
            let all = |ops: &Vec<Op>| {
                let mut seen = String::from(".");
                ops.iter().for_each(|&op| act(op, words, &mut seen));
                seen
            };
            thread::scope(|scope| {
                let handles = threads.iter().map(|ops| scope.spawn(move || all(ops)));
                let handles: Vec<_> = handles.collect();
                let seen = handles.into_iter().map(|handle| handle.join().unwrap());
                seen.collect::<Vec<_>>().join(", ")
            })
        })
        .explore()
}

#[test]
fn both_verdicts_agree_on_the_litmus_files() {
    // Cargo writes this file into packages only.
    if std::fs::exists(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml.orig")).unwrap() {
        return println!("left out: the litmus files are in the repository, not in the package");
    }
    let mut count = 0;
    for folder in ["shapes", "c"] {
        let folder = format!("{}/../../litmus/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let test = Litmus::parse(&text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
            assert_eq!(Some(test.verdict()), test.expected, "{}", test.name);
            count += 1;
        }
    }
    assert!(count > 80, "{count} files");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_reduction_loses_no_execution(threads in threads(false)) {
        let (few, all) = (explored(&threads, false), explored(&threads, true));
        prop_assert_eq!(few.executions, all.executions);
        prop_assert_eq!(few.outcomes, all.outcomes);
        prop_assert!(few.graphs <= all.graphs);
        prop_assert!(few.failures.is_empty() && all.failures.is_empty());
    }

    /// A race ends an execution, so which races are found depends on the search; that there is one does not.
    #[test]
    fn the_reduction_finds_a_race_in_each_program_that_has_one(threads in threads(true)) {
        let (few, all) = (explored(&threads, false), explored(&threads, true));
        prop_assert_eq!(few.failures.is_empty(), all.failures.is_empty());
        if all.failures.is_empty() {
            prop_assert_eq!(few.outcomes, all.outcomes);
        }
    }

    #[test]
    fn the_reduction_loses_no_execution_of_spawned_threads(
        threads in threads(false), joins in 0..8_usize,
    ) {
        let few = explored_nested(&threads, joins, false);
        let all = explored_nested(&threads, joins, true);
        prop_assert_eq!(few.executions, all.executions);
        prop_assert_eq!(few.outcomes, all.outcomes);
        prop_assert!(few.failures.is_empty() && all.failures.is_empty());
    }

    #[test]
    fn the_reduction_finds_a_race_of_spawned_threads(
        threads in threads(true), joins in 0..8_usize,
    ) {
        let few = explored_nested(&threads, joins, false);
        let all = explored_nested(&threads, joins, true);
        prop_assert_eq!(few.failures.is_empty(), all.failures.is_empty());
    }

    #[test]
    fn spawned_threads_have_the_outcomes_of_threads_of_the_program(threads in threads(false)) {
        let (listed, spawned) = (explored(&threads, false), explored_spawned(&threads));
        prop_assert_eq!(listed.executions, spawned.executions);
        prop_assert_eq!(listed.outcomes, spawned.outcomes);
    }
}
