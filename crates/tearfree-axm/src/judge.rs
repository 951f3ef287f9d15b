// SPDX-License-Identifier: MIT OR Apache-2.0
//! The verdict of `rc11.rs` on a graph of the search, at a fraction of the cost.
//!
//! There relations are multiplied; here one pass over the events in an order of `sb | rf` gives each
//! its predecessors in happens-before, as a vector clock does. An event knows all of them when it
//! comes, so one pass is enough. Coherence is then a question of positions in modification order: of
//! two events of one location, a load being at the position of its store, the earlier one in
//! happens-before must not be at the later position. Where only fences are sequentially consistent,
//! `psc` is `[Fsc] ; (hb | hb ; eco ; hb) ; [Fsc]`, and `eco` is a question of positions too. With
//! accesses that are, the definition itself is asked.

use crate::event::{Action, Event};
use crate::graph::{Graph, Store};
use crate::rc11::Verdict;
use crate::relation::{MOST_EVENTS, Relation, Set, members};

/// A store, and those that read from it without being an update.
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

struct Judge<'g> {
    graph: &'g Graph,
    /// Initial stores first, then thread by thread.
    events: Vec<&'g Event>,
    threads: Vec<Option<usize>>,
    first_of: Vec<usize>,
    /// What each load and update reads from.
    source: Vec<usize>,
    /// The predecessors of each event in happens-before.
    hb: Vec<Set>,
    /// The positions of each location, in modification order.
    mo: Vec<Vec<Position>>,
}

/// What the model says of a graph.
pub(crate) fn verdict(graph: &Graph, initial: &[Event]) -> Verdict {
    let mut judge = Judge::new(graph, initial);
    if !judge.finds_clocks() {
        return Verdict::Forbidden;
    }
    judge.finds_positions();
    if !judge.is_coherent() {
        return Verdict::Forbidden;
    }
    let is_sc = |event: &&&Event| event.is_seq_cst() && !event.is_fence();
    if judge.events.iter().any(|event| is_sc(&event)) {
        return graph.execution().verdict();
    }
    if !judge.fences_are_consistent() {
        return Verdict::Forbidden;
    }
    judge.misuse()
}

impl<'g> Judge<'g> {
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
        let mut judge = Judge { graph, events, threads, first_of, source, hb, mo: Vec::new() };
        for (thread, progress) in graph.threads.iter().enumerate() {
            let mut sources = progress.sources.iter();
            for (at, event) in (judge.first_of[thread]..).zip(&progress.run.events) {
                if event.reads() {
                    let source = *sources.next().expect("each read has a source");
                    judge.source[at] = judge.number(source);
                }
            }
        }
        judge
    }

    fn number(&self, store: Store) -> usize {
        match store {
            Store::Initial(at) => usize::from(at),
            Store::By { thread, event } => self.first_of[usize::from(thread)] + usize::from(event),
        }
    }

    /// Fills `hb`. `false` if there is no order of `sb | rf`.
    fn finds_clocks(&mut self) -> bool {
        let initial = self.first_of.first().copied().unwrap_or(self.events.len());
        let start: Set = if initial == MOST_EVENTS { !0 } else { (1 << initial) - 1 };
        let mut walks = vec![Walk { clock: start, ..Walk::default() }; self.graph.threads.len()];
        // What who acquires from a store gets.
        let mut released: Vec<Set> = vec![0; self.events.len()];
        let mut done = start;
        let joined = self.graph.last_is_after.then(|| self.graph.threads.len() - 1);
        for event in &self.events {
            if let Action::Spawn { thread } = event.action {
                walks[thread].waits = true;
            }
        }
        loop {
            let before = done;
            for thread in 0..walks.len() {
                let first = self.first_of[thread];
                let end = self.end_of(thread);
                if joined == Some(thread) {
                    if done.count_ones() as usize != first {
                        continue;
                    }
                    walks[thread].clock |= done;
                }
                if walks[thread].waits {
                    continue;
                }
                for at in first + walks[thread].steps..end {
                    let (event, source) = (self.events[at], self.source[at]);
                    if event.reads() && done >> source & 1 == 0 {
                        break;
                    }
                    if let Action::Join { thread: other } = event.action {
                        let is_over =
                            self.first_of[other] + walks[other].steps == self.end_of(other);
                        if walks[other].waits || !is_over {
                            break;
                        }
                        walks[thread].clock |= walks[other].clock;
                    }
                    walks[thread].step(at, event, source, &mut self.hb, &mut released);
                    done |= 1 << at;
                    if let Action::Spawn { thread: other } = event.action {
                        walks[other].waits = false;
                        walks[other].clock |= walks[thread].clock;
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

    /// The event behind the last one of a thread.
    fn end_of(&self, thread: usize) -> usize {
        self.first_of.get(thread + 1).copied().unwrap_or(self.events.len())
    }

    fn finds_positions(&mut self) {
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

    /// Whether `eco` leads from one of `from` to one of `to`.
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

    /// A race or a use after free, the first as `rc11.rs` counts.
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

/// How far the pass has come in one thread.
#[derive(Clone, Default)]
struct Walk {
    steps: usize,
    /// For the event that spawns the thread.
    waits: bool,
    /// All that happens before the next event.
    clock: Set,
    /// What an acquire fence would get from the loads before it.
    pending: Set,
    /// What a relaxed store releases: the last release fence, and all before it.
    fenced: Set,
}

impl Walk {
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
