// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares the checker with exhaustive enumeration on random programs. Weaker orderings may only add
//! outcomes, and the outcomes of interleaving are among those of the checker.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::event::{Action, Event};
use crate::rc11::{Execution, Verdict};
use crate::relation::Relation;
use crate::{AtomicUsize, Ordering, Program, fence};

const WORDS: usize = 2;

#[derive(Clone, Copy, Debug)]
enum Op {
    Load(usize, Ordering),
    /// Stores a number that is different for each store.
    Store(usize, Ordering),
    Swap(usize, Ordering),
    Fence(Ordering),
    Nothing,
}

type Threads = Vec<Vec<Op>>;

fn op() -> impl Strategy<Value = Op> {
    use Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    let word = 0..WORDS;
    let any = prop_oneof![Just(Relaxed), Just(Acquire), Just(Release), Just(AcqRel), Just(SeqCst)];
    prop_oneof![
        4 => (word.clone(), prop_oneof![2 => Just(Relaxed), 1 => Just(Acquire), 1 => Just(SeqCst)])
            .prop_map(|(word, order)| Op::Load(word, order)),
        4 => (word.clone(), prop_oneof![2 => Just(Relaxed), 1 => Just(Release), 1 => Just(SeqCst)])
            .prop_map(|(word, order)| Op::Store(word, order)),
        1 => (word, any).prop_map(|(word, order)| Op::Swap(word, order)),
        2 => prop_oneof![Just(Acquire), Just(Release), Just(AcqRel), Just(SeqCst)].prop_map(Op::Fence),
    ]
}

fn threads() -> impl Strategy<Value = Threads> {
    let lists = |threads: usize, most: usize| {
        prop::collection::vec(prop::collection::vec(op(), 1..=most), threads)
    };
    prop_oneof![lists(2, 4), lists(3, 3)]
}

/// Returns the number that a store stores, by its thread and its index there.
fn number(thread: usize, at: usize) -> usize {
    1 + 10 * thread + at
}

fn explored(threads: &Threads) -> BTreeSet<String> {
    let state: [AtomicUsize; WORDS] = core::array::from_fn(|_| AtomicUsize::new(0));
    let mut program = Program::new(state);
    for (thread, ops) in threads.iter().enumerate() {
        program = program.thread(move |words| {
            let mut seen = String::from(".");
            for (at, op) in ops.iter().enumerate() {
                match *op {
                    Op::Load(word, order) => seen += &format!(" {}", words[word].load(order)),
                    Op::Store(word, order) => words[word].store(number(thread, at), order),
                    Op::Swap(word, order) => {
                        seen += &format!(" {}", words[word].swap(number(thread, at), order));
                    }
                    Op::Fence(order) => fence(order),
                    Op::Nothing => {}
                }
            }
            seen
        });
    }
    let report = program.explore();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    report.outcomes
}

/// Returns all choices of one element of each list.
fn choices<T: Clone>(lists: &[Vec<T>]) -> Vec<Vec<T>> {
    lists.iter().fold(vec![Vec::new()], |chosen, list| {
        let with = |so_far: &Vec<T>| {
            let so_far = so_far.clone();
            list.iter()
                .map(move |next| [so_far.clone(), vec![next.clone()]].concat())
                .collect::<Vec<_>>()
        };
        chosen.iter().flat_map(with).collect()
    })
}

fn permutations(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let first = |i: usize| {
        let mut others = items.to_vec();
        let one = others.remove(i);
        permutations(&others).into_iter().map(move |rest| [vec![one], rest].concat())
    };
    (0..items.len()).flat_map(first).collect()
}

/// Returns the events of a program, initial stores first; loads have no value yet.
fn events(threads: &Threads) -> (Vec<Event>, Vec<Option<usize>>) {
    let mut events: Vec<Event> = (0..WORDS).map(Event::initial).collect();
    let mut owners = vec![None; WORDS];
    for (thread, ops) in threads.iter().enumerate() {
        for (index, op) in ops.iter().enumerate() {
            let written = number(thread, index) as u64;
            let (action, order) = match *op {
                Op::Load(at, order) => (Action::Load { at, value: 0 }, order),
                Op::Store(at, order) => (Action::Store { at, value: written }, order),
                Op::Swap(at, order) => (Action::Update { at, read: 0, written }, order),
                Op::Fence(order) => (Action::Fence, order),
                Op::Nothing => continue,
            };
            events.push(Event { action, strength: order.into(), line: None });
            owners.push(Some(thread));
        }
    }
    (events, owners)
}

/// Tries every reads-from and every modification order.
fn enumerated(threads: &Threads) -> BTreeSet<String> {
    let (events, owners) = events(threads);
    let stores_at = |at: usize| -> Vec<usize> {
        let is_store =
            |&i: &usize| events[i].location() == Some(at) && events[i].written().is_some();
        (0..events.len()).filter(is_store).collect()
    };
    let readers: Vec<usize> = (0..events.len()).filter(|&i| events[i].reads()).collect();
    let sources: Vec<_> =
        readers.iter().map(|&reader| stores_at(events[reader].location().unwrap())).collect();
    let orders: Vec<_> = (0..WORDS).map(|at| permutations(&stores_at(at)[1..])).collect();
    let mut sb = Relation::empty(events.len());
    for (i, k) in (0..events.len()).flat_map(|k| (0..k).map(move |i| (i, k))) {
        if owners[k].is_some() && (owners[i].is_none() || owners[i] == owners[k]) {
            sb.add(i, k);
        }
    }
    let mut outcomes = BTreeSet::new();
    for (chosen, order) in
        choices(&sources).iter().flat_map(|rf| choices(&orders).into_iter().map(move |mo| (rf, mo)))
    {
        let mut rf = Relation::empty(events.len());
        readers.iter().zip(chosen).for_each(|(&reader, &store)| rf.add(store, reader));
        let mut mo = Relation::empty(events.len());
        for (at, order) in order.iter().enumerate() {
            let order = [vec![at], order.clone()].concat();
            for k in 0..order.len() {
                (0..k).for_each(|i| mo.add(order[i], order[k]));
            }
        }
        let (events, owners, sb) = (events.clone(), owners.clone(), sb.clone());
        let order = sb.clone();
        let execution = Execution { events, threads: owners, sb, order, rf, mo };
        if execution.verdict() == Verdict::Allowed {
            outcomes.insert(outcome(&execution, threads.len(), &readers, chosen));
        }
    }
    outcomes
}

/// Returns the outcome of an execution: the values that each thread loaded.
fn outcome(execution: &Execution, threads: usize, readers: &[usize], sources: &[usize]) -> String {
    let mut seen = vec![String::from("."); threads];
    for (&reader, &source) in readers.iter().zip(sources) {
        let value = execution.events[source].written().unwrap();
        seen[execution.threads[reader].unwrap()] += &format!(" {value}");
    }
    seen.join(", ")
}

/// Returns the outcomes of all interleavings of whole instructions.
fn interleaved(threads: &Threads) -> BTreeSet<String> {
    let mut outcomes = BTreeSet::new();
    let start = (vec![0; threads.len()], [0; WORDS], vec![String::from("."); threads.len()]);
    let mut todo = vec![start];
    while let Some((next, memory, seen)) = todo.pop() {
        let mut is_over = true;
        for thread in 0..threads.len() {
            let Some(&op) = threads[thread].get(next[thread]) else { continue };
            is_over = false;
            let (mut next, mut memory, mut seen) = (next.clone(), memory, seen.clone());
            if let Op::Load(word, _) | Op::Swap(word, _) = op {
                seen[thread] += &format!(" {}", memory[word]);
            }
            if let Op::Store(word, _) | Op::Swap(word, _) = op {
                memory[word] = number(thread, next[thread]);
            }
            next[thread] += 1;
            todo.push((next, memory, seen));
        }
        if is_over {
            outcomes.insert(seen.join(", "));
        }
    }
    outcomes
}

/// Returns the program with every ordering as strong as it can be.
fn strengthened(threads: &Threads) -> Threads {
    let stronger = |op: &Op| match *op {
        Op::Load(word, _) => Op::Load(word, Ordering::SeqCst),
        Op::Store(word, _) => Op::Store(word, Ordering::SeqCst),
        Op::Swap(word, _) => Op::Swap(word, Ordering::SeqCst),
        Op::Fence(_) => Op::Fence(Ordering::SeqCst),
        Op::Nothing => Op::Nothing,
    };
    threads.iter().map(|ops| ops.iter().map(stronger).collect()).collect()
}

/// Returns the program with one ordering as weak as it can be; a fence is removed.
fn weakened(threads: &Threads, index: usize) -> Threads {
    let mut weak = threads.clone();
    let count: usize = weak.iter().map(Vec::len).sum();
    let op = weak.iter_mut().flatten().nth(index % count).expect("the index is in range");
    *op = match *op {
        Op::Load(word, _) => Op::Load(word, Ordering::Relaxed),
        Op::Store(word, _) => Op::Store(word, Ordering::Relaxed),
        Op::Swap(word, _) => Op::Swap(word, Ordering::Relaxed),
        Op::Fence(_) | Op::Nothing => Op::Nothing,
    };
    weak
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn enumeration_finds_the_same_outcomes(threads in threads()) {
        prop_assert_eq!(explored(&threads), enumerated(&threads));
    }

    #[test]
    fn outcomes_of_interleaving_are_allowed(threads in threads()) {
        let (explored, interleaved) = (explored(&threads), interleaved(&threads));
        prop_assert!(explored.is_superset(&interleaved), "{:?}", &interleaved - &explored);
    }

    #[test]
    fn sequentially_consistent_programs_have_the_outcomes_of_interleaving(threads in threads()) {
        let threads = strengthened(&threads);
        prop_assert_eq!(explored(&threads), interleaved(&threads));
    }

    #[test]
    fn a_weaker_ordering_removes_no_outcome(threads in threads(), index in 0..20_usize) {
        let (strong, weak) = (explored(&threads), explored(&weakened(&threads, index)));
        prop_assert!(weak.is_superset(&strong), "{:?}", &strong - &weak);
    }
}
