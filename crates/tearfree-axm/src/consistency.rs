// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verdict of `rc11.rs` on a graph of the search, at a fraction of the cost.
//!
//! Instead of multiplying relations, one pass over the events in an order of `sb | rf` computes the
//! predecessors of each event in happens-before, as vector clocks do. Coherence then compares positions in
//! modification order, where a load is at the position of its store: of two events of one location, the
//! earlier one in happens-before must not have the later position. Where only fences are sequentially
//! consistent, `psc` is `[Fsc] ; (hb | hb ; eco ; hb) ; [Fsc]`, and `eco` compares positions too. With
//! sequentially consistent accesses, the definition in `rc11.rs` decides.

use crate::event::{Action, Event};
use crate::graph::{Graph, Store};
use crate::rc11::Verdict;
use crate::relation::{MOST_EVENTS, Relation, Set, members};

/// A store and the loads that read from it.
#[derive(Clone, Copy)]
struct Position {
    store: usize,
    readers: Set,
}

impl Position {
    fn all(&self) -> Set {
        self.readers | 1 << self.store
    }
}

struct Consistency<'g> {
    graph: &'g Graph,
    /// Initial stores first, then thread by thread.
    events: Vec<&'g Event>,
    threads: Vec<Option<usize>>,
    first_of: Vec<usize>,
    /// The store that each load and update reads from.
    source: Vec<usize>,
    /// The predecessors of each event in happens-before.
    hb: Vec<Set>,
    /// The positions of each location, in modification order.
    mo: Vec<Vec<Position>>,
}

/// Returns the verdict of the model on a graph.
pub(crate) fn verdict(graph: &Graph, initial: &[Event]) -> Verdict {
    let mut checked = Consistency::new(graph, initial);
    if !checked.find_clocks() {
        return Verdict::Forbidden;
    }
    checked.find_positions();
    if !checked.is_coherent() {
        return Verdict::Forbidden;
    }
    let is_sc = |event: &&&Event| event.is_seq_cst() && !event.is_fence();
    if checked.events.iter().any(|event| is_sc(&event)) {
        return graph.execution().verdict();
    }
    if !checked.fences_are_consistent() {
        return Verdict::Forbidden;
    }
    checked.misuse()
}

impl<'g> Consistency<'g> {
    fn new(graph: &'g Graph, initial: &'g [Event]) -> Self {
        let mut events: Vec<&Event> = initial.iter().collect();
        let mut threads = vec![None; initial.len()];
        let mut first_of = Vec::with_capacity(graph.threads.len());
        for (thread, progress) in graph.threads.iter().enumerate() {
            first_of.push(events.len());
            events.extend(&progress.run.events);
            threads.resize(events.len(), Some(thread));
        }
        let count = events.len();
        assert!(count <= MOST_EVENTS, "more than {MOST_EVENTS} events: use a smaller program");
        let (source, hb) = (vec![0; count], vec![0; count]);
        let mut checked =
            Consistency { graph, events, threads, first_of, source, hb, mo: Vec::new() };
        for (thread, progress) in graph.threads.iter().enumerate() {
            let mut sources = progress.sources.iter();
            for (at, event) in (checked.first_of[thread]..).zip(&progress.run.events) {
                if event.reads() {
                    let source = *sources.next().expect("each read has a source");
                    checked.source[at] = checked.number(source);
                }
            }
        }
        checked
    }

    fn number(&self, store: Store) -> usize {
        match store {
            Store::Initial(at) => usize::from(at),
            Store::By { thread, event } => self.first_of[usize::from(thread)] + usize::from(event),
        }
    }

    /// Fills `hb`. Returns `false` if `sb | rf` has a cycle.
    fn find_clocks(&mut self) -> bool {
        let initial = self.first_of.first().copied().unwrap_or(self.events.len());
        let start: Set = if initial == MOST_EVENTS { !0 } else { (1 << initial) - 1 };
        let mut passes =
            vec![ThreadPass { clock: start, ..ThreadPass::default() }; self.graph.threads.len()];
        // The events that happen before an acquire of each store.
        let mut released: Vec<Set> = vec![0; self.events.len()];
        let mut done = start;
        let joined = self.graph.last_is_after.then(|| self.graph.threads.len() - 1);
        for event in &self.events {
            if let Action::Spawn { thread } = event.action {
                passes[thread].waits = true;
            }
        }
        loop {
            let before = done;
            for thread in 0..passes.len() {
                let first = self.first_of[thread];
                let end = self.end_of(thread);
                if joined == Some(thread) {
                    if done.count_ones() as usize != first {
                        continue;
                    }
                    passes[thread].clock |= done;
                }
                if passes[thread].waits {
                    continue;
                }
                for at in first + passes[thread].steps..end {
                    let (event, source) = (self.events[at], self.source[at]);
                    if event.reads() && done >> source & 1 == 0 {
                        break;
                    }
                    if let Action::Join { thread: other } = event.action {
                        let is_over =
                            self.first_of[other] + passes[other].steps == self.end_of(other);
                        if passes[other].waits || !is_over {
                            break;
                        }
                        passes[thread].clock |= passes[other].clock;
                    }
                    passes[thread].step(at, event, source, &mut self.hb, &mut released);
                    done |= 1 << at;
                    if let Action::Spawn { thread: other } = event.action {
                        passes[other].waits = false;
                        passes[other].clock |= passes[thread].clock;
                    }
                }
            }
            if done.count_ones() as usize == self.events.len() {
                return true;
            }
            if done == before {
                return false;
            }
        }
    }

    /// Returns the end of the events of a thread.
    fn end_of(&self, thread: usize) -> usize {
        self.first_of.get(thread + 1).copied().unwrap_or(self.events.len())
    }

    fn find_positions(&mut self) {
        let mut readers: Vec<Set> = vec![0; self.events.len()];
        for (at, event) in self.events.iter().enumerate() {
            if event.reads() && !event.is_update() {
                readers[self.source[at]] |= 1 << at;
            }
        }
        let locations = self.first_of.first().copied().unwrap_or(0);
        let position = |store| {
            let store = self.number(store);
            Position { store, readers: readers[store] }
        };
        self.mo = (0..locations).map(|at| self.graph.stores(at).map(position).collect()).collect();
    }

    /// [RC11] COHERENCE and ATOMICITY.
    fn is_coherent(&self) -> bool {
        self.mo.iter().all(|order| {
            let mut later: Set = 0;
            order.iter().enumerate().rev().all(|(at, position)| {
                let store = position.store;
                let is_atomic = !self.events[store].is_update()
                    || at > 0 && order[at - 1].store == self.source[store];
                let is_coherent = self.hb[store] & (later | position.readers) == 0
                    && members(position.readers).all(|reader| self.hb[reader] & later == 0);
                later |= position.all();
                is_atomic && is_coherent
            })
        })
    }

    /// [RC11] SC, where only fences are sequentially consistent.
    fn fences_are_consistent(&self) -> bool {
        let is_sc = |&at: &usize| self.events[at].is_seq_cst();
        let fences: Vec<usize> = (0..self.events.len()).filter(is_sc).collect();
        if fences.len() < 2 {
            return true;
        }
        let after = |fence: usize| {
            let is_after = |at: &usize| self.hb[*at] >> fence & 1 == 1;
            (0..self.events.len()).filter(is_after).fold(0, |set: Set, at| set | 1 << at)
        };
        let mut psc = Relation::empty(fences.len());
        for (i, &from) in fences.iter().enumerate() {
            let after = after(from);
            for (k, &to) in fences.iter().enumerate() {
                let before = self.hb[to];
                if i != k && (before >> from & 1 == 1 || self.has_eco(after, before)) {
                    psc.add(i, k);
                }
            }
        }
        psc.is_acyclic()
    }

    /// Returns whether `eco` leads from one of `from` to one of `to`.
    fn has_eco(&self, from: Set, to: Set) -> bool {
        self.mo.iter().any(|order| {
            let Some(first) = order.iter().position(|position| position.all() & from != 0) else {
                return false;
            };
            let is_store = from >> order[first].store & 1 == 1;
            is_store && order[first].readers & to != 0
                || order[first + 1..].iter().any(|position| position.all() & to != 0)
        })
    }

    /// Returns the same race or use after free as `rc11.rs`.
    fn misuse(&self) -> Verdict {
        let all = |is_it: &dyn Fn(&Event) -> bool| -> Set {
            let bit = |(at, event): (usize, &&Event)| if is_it(event) { 1 << at } else { 0 };
            self.events.iter().enumerate().map(bit).fold(0, |set, bit| set | bit)
        };
        let plain = all(&|event| !event.is_atomic());
        if plain == 0 {
            return Verdict::Allowed;
        }
        let writers = all(&|event| event.written().is_some());
        let at_location = |event: &Event| {
            let positions = event.location().map(|at| &self.mo[at]);
            positions.into_iter().flatten().fold(0, |set, position| set | position.all())
        };
        for (one, event) in self.events.iter().enumerate() {
            let bit: Set = 1 << one;
            let mut rivals = at_location(event) & (bit - 1) & !self.hb[one];
            rivals &= if plain & bit == 0 { plain } else { !0 };
            rivals &= if writers & bit == 0 { writers } else { !0 };
            let is_race = |&other: &usize| {
                self.hb[other] & bit == 0 && self.threads[other] != self.threads[one]
            };
            if let Some(other) = members(rivals).find(is_race) {
                return Verdict::Race(other, one);
            }
        }
        for (free, event) in self.events.iter().enumerate().filter(|(_, event)| event.is_free()) {
            let is_late = |&at: &usize| self.hb[at] >> free & 1 == 1;
            if let Some(at) = members(at_location(event)).find(is_late) {
                return Verdict::UseAfterFree(free, at);
            }
        }
        Verdict::Allowed
    }
}

/// The state of the pass in one thread.
#[derive(Clone, Default)]
struct ThreadPass {
    steps: usize,
    /// Whether the event that spawns the thread is still to come.
    waits: bool,
    /// The events that happen before the next one.
    clock: Set,
    /// The events that an acquire fence would add, from the loads before it.
    pending: Set,
    /// The events that a relaxed store releases: the last release fence and all before it.
    fenced: Set,
}

impl ThreadPass {
    /// [RC11] sw, from `at` and to it.
    fn step(
        &mut self,
        at: usize,
        event: &Event,
        source: usize,
        hb: &mut [Set],
        released: &mut [Set],
    ) {
        let itself: Set = 1 << at;
        if event.reads() && event.is_atomic() {
            let got = released[source];
            *(if event.acquires() { &mut self.clock } else { &mut self.pending }) |= got;
        }
        if event.is_fence() && event.acquires() {
            self.clock |= self.pending;
        }
        hb[at] = self.clock;
        self.clock |= itself;
        if event.is_fence() && event.releases() {
            self.fenced = self.clock;
        }
        if event.written().is_some() && event.is_atomic() {
            released[at] = self.fenced;
            if event.releases() {
                released[at] |= self.clock;
            }
            if event.is_update() {
                released[at] |= released[source];
            }
        }
        self.steps += 1;
    }
}
