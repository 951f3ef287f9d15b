// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every execution of a program that RC11 allows.
//!
//! Graphs grow by one load at a time. A load gets its value from every store of its location that the
//! graph has, a store goes to every place in the order of its location, and a graph that breaks an
//! axiom is dropped. That reaches every execution: RC11 has no cycle in `sb | rf`, so the events of an
//! execution can be lined up such that each load comes after the store that it reads from, and each
//! part of such a line-up obeys the axioms, because taking events away takes edges away.
//!
//! Which threads go on: some such that no other one can yet store to a location that one of them loads
//! from. In whatever execution the graph is a part of, the first of their loads to come reads from a
//! store that the graph has, so one of the graphs that come of them leads there. Where a thread may yet
//! store is learnt on the way (`runs.rs`): if it turns out to store where the search has relied on that
//! it does not, all is begun again.

use std::collections::HashSet;
use std::rc::Rc;

use crate::cell::forget_values;
use crate::event::{Action, Event};
use crate::graph::{Graph, Progress};
use crate::judge;
use crate::limits::{Limits, Meter};
use crate::program::Report;
use crate::rc11::Verdict;
use crate::replay::{End, Request};
use crate::run::{AFTER, Allowed};
use crate::runs::Runs;

/// Nothing was shown then, so it is a failure.
const NONE_ENDED: &str =
    "no execution ended: in each one a thread waits longer than `pauses` allows";

/// What threads do, whatever they share.
pub(crate) struct Bodies<'a> {
    pub(crate) all: Vec<&'a dyn Fn() -> String>,
    /// One that is left comes after these have ended.
    pub(crate) started_first: usize,
    pub(crate) allowed: Allowed,
    pub(crate) limits: Limits,
    /// The search ends where this is found.
    pub(crate) complaint: Option<&'a str>,
}

impl Bodies<'_> {
    /// The body of a thread that no other one spawned.
    pub(crate) fn body(&self, thread: usize) -> &dyn Fn() -> String {
        let at = if thread == AFTER { self.started_first } else { thread };
        self.all[at]
    }
}

pub(crate) fn every_execution(bodies: &Bodies<'_>) -> Report {
    forget_values();
    let mut runs = Runs::new(bodies);
    let mut meter = Meter::new(&bodies.limits);
    loop {
        let (report, first_cut) = (Report::default(), String::new());
        meter.begin();
        let mut search = Search { bodies, runs, report, first_cut, meter };
        search.everything();
        let is_found = search.is_found();
        let mut report = search.report;
        (runs, meter) = (search.runs, search.meter);
        let is_over = is_found || report.partial.is_some() || !runs.is_refuted;
        if runs.is_outdated || !is_over {
            runs = runs.again();
            continue;
        }
        if let Some(limit) = &report.partial
            && report.failures.is_empty()
            && !bodies.limits.allows_partial
        {
            let allow = "the search is partial, which this program does not allow";
            report.failures.insert(format!("{allow}: {limit}"), String::new());
        }
        if report.executions == 0 && report.failures.is_empty() && report.cut > 0 {
            report.failures.insert(NONE_ENDED.to_owned(), search.first_cut);
        }
        return report;
    }
}

#[cfg(test)]
thread_local! {
    /// All threads that can go on are tried, everywhere.
    pub(crate) static TRIES_ALL: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

struct Search<'s> {
    bodies: &'s Bodies<'s>,
    runs: Runs,
    report: Report,
    /// An execution that was cut, for people.
    first_cut: String,
    meter: Meter,
}

impl Search<'_> {
    fn everything(&mut self) {
        let mut graphs = vec![Graph::new()];
        for thread in 0..self.bodies.started_first {
            graphs =
                graphs.into_iter().flat_map(|graph| self.started(graph, thread, thread)).collect();
        }
        let mut seen = HashSet::new();
        let mut initial = Vec::new();
        while !self.runs.is_outdated
            && !self.runs.is_refuted
            && self.report.partial.is_none()
            && !self.is_found()
            && let Some(graph) = graphs.pop()
        {
            if let Some(limit) = self.meter.limit_reached(&self.report, &graphs) {
                self.report.partial = Some(limit);
                return;
            }
            let key = graph.key();
            let bytes = size_of_val(&*key);
            if !seen.insert(key) {
                continue;
            }
            self.meter.keeps(bytes);
            let locations = graph.locations();
            initial.extend((initial.len()..locations).map(Event::initial));
            let verdict = judge::verdict(&graph, &initial[..locations]);
            #[cfg(test)]
            assert_eq!(verdict, graph.execution().verdict(), "{graph}");
            match verdict {
                Verdict::Forbidden => continue,
                Verdict::Allowed => self.report.graphs += 1,
                Verdict::Race(one, other) => {
                    let [one, other] = [one, other].map(|event| graph.execution().events[event]);
                    self.failed(&format!("data race: {one} and {other}"), &graph);
                    continue;
                }
                Verdict::UseAfterFree(free, at) => {
                    let [free, at] = [free, at].map(|event| graph.execution().events[event]);
                    self.failed(&format!("use after free: {free} and {at}"), &graph);
                    continue;
                }
            }
            self.grow(graph, &mut graphs);
        }
    }

    /// The graphs that come of starting a thread of the program, whose events are those of `at`.
    fn started(&mut self, mut graph: Graph, at: usize, thread: usize) -> Vec<Graph> {
        let id = self.runs.first(self.bodies, thread, None);
        graph.start(at, Progress::new(id, self.runs.run(id)));
        self.placed(graph, at, 0)
    }

    /// The graphs that come of the events of a thread from `first` on: where its stores go, and which
    /// threads it spawns.
    fn placed(&mut self, graph: Graph, thread: usize, first: usize) -> Vec<Graph> {
        let (id, run) = (graph.threads[thread].id, Rc::clone(&graph.threads[thread].run));
        let mut graphs = graph.placed(thread, first);
        for event in &run.events[first..] {
            let Action::Spawn { thread: spawned } = event.action else { continue };
            let first = self.runs.first(self.bodies, spawned, Some(id));
            let progress = Progress::new(first, self.runs.run(first));
            let start = |mut graph: Graph| {
                graph.start(spawned, progress.clone());
                self.placed(graph, spawned, 0)
            };
            graphs = graphs.into_iter().flat_map(start).collect();
        }
        graphs
    }

    /// The graphs that come of one more answer.
    fn gone_on(&mut self, mut graph: Graph, thread: usize, answer: u64) -> Vec<Graph> {
        let progress = &mut graph.threads[thread];
        let first = progress.run.events.len();
        progress.id = self.runs.next(self.bodies, progress.id, answer);
        progress.run = self.runs.run(progress.id);
        self.placed(graph, thread, first)
    }

    /// Adds to `graphs` what comes next after a graph that is consistent.
    fn grow(&mut self, graph: Graph, graphs: &mut Vec<Graph>) {
        let failure = graph.threads.iter().find_map(|thread| match &thread.run.end {
            End::Failed(message) => Some(message.clone()),
            _ => None,
        });
        if let Some(message) = failure {
            self.failed(&message, &graph);
            return;
        }
        let spins = graph.threads.iter().find_map(|thread| match thread.run.end {
            End::Spins(line) => Some(line),
            _ => None,
        });
        if let Some(line) = spins {
            let at = format!("{}:{}", line.file(), line.line());
            self.failed(&format!("a spin loop without `pause` at {at}"), &graph);
            self.report.partial = Some(format!("a spin loop at {at}"));
            return;
        }
        let is_choosing = |thread: &Progress| thread.run.end == End::Chooses;
        if let Some(thread) = graph.threads.iter().position(is_choosing) {
            graphs
                .extend([0, 1].into_iter().flat_map(|choice| self.chosen(&graph, thread, choice)));
            return;
        }
        let join =
            (0..graph.threads.len()).find_map(|thread| match graph.threads[thread].run.end {
                End::Joins(other, _) => {
                    let is_over = matches!(graph.threads[other].run.end, End::Done(_));
                    is_over.then_some((thread, other))
                }
                _ => None,
            });
        if let Some((thread, other)) = join {
            graphs.extend(self.joined(graph, thread, other));
            return;
        }
        let asking: Vec<(usize, Request)> = (0..graph.threads.len())
            .filter_map(|thread| Some((thread, graph.threads[thread].request()?)))
            .collect();
        if asking.is_empty() {
            graphs.extend(self.ended(graph));
            return;
        }
        if self.is_asleep_for_ever(&graph, &asking) {
            self.failed("a thread sleeps for ever", &graph);
            return;
        }
        for (thread, request) in self.next(&graph, &asking) {
            graphs.extend(self.answered(&graph, thread, request));
        }
    }

    /// The threads that go on now: as few as will do.
    fn next(&mut self, graph: &Graph, asking: &[(usize, Request)]) -> Vec<(usize, Request)> {
        #[cfg(test)]
        if TRIES_ALL.get() {
            return asking.to_vec();
        }
        let closed = asking.iter().map(|&first| self.closed(graph, asking, first));
        // Who sleeps waits for others, so one has to be awake.
        let is_awake = |next: &Vec<(usize, Request)>| {
            next.iter().any(|(_, request)| request.sleeps_at.is_none())
        };
        let next = closed.filter(is_awake).min_by_key(Vec::len);
        let next = next.unwrap_or_else(|| asking.to_vec());
        for other in 0..graph.threads.len() {
            let mover = graph.mover(other);
            let can_go_on = asking.iter().any(|&(thread, _)| thread == mover);
            if can_go_on && next.iter().all(|&(thread, _)| thread != mover) {
                let id = graph.threads[other].id;
                next.iter().for_each(|(_, request)| self.runs.rely_on_no_store(id, request.at));
            }
        }
        next
    }

    /// A thread, those that may yet store where it loads, and so on. For a thread that waits for the end of
    /// another one, that one comes in.
    fn closed(
        &self,
        graph: &Graph,
        asking: &[(usize, Request)],
        first: (usize, Request),
    ) -> Vec<(usize, Request)> {
        let mut closed = vec![first];
        let mut done = 0;
        while let Some(&(_, request)) = closed.get(done) {
            for other in 0..graph.threads.len() {
                let mover = graph.mover(other);
                let asks = asking.iter().find(|&&(thread, _)| thread == mover);
                let may_store = || self.runs.may_store(graph.threads[other].id, request.at);
                if let Some(&asks) = asks
                    && closed.iter().all(|&(thread, _)| thread != mover)
                    && may_store()
                {
                    closed.push(asks);
                }
            }
            done += 1;
        }
        closed
    }

    /// All threads that are not over sleep, and what they would find is what they sleep at. A thread
    /// whose run was cut might have gone on to wake them.
    fn is_asleep_for_ever(&self, graph: &Graph, asking: &[(usize, Request)]) -> bool {
        let none_was_cut =
            graph.threads.iter().all(|thread| !matches!(thread.run.end, End::Cut(_)));
        none_was_cut
            && asking.iter().all(|(_, request)| {
                let last =
                    graph.stores(request.at).last().expect("a location has an initial store");
                request.sleeps_at == Some(graph.value(last, self.runs.places()))
            })
    }

    /// The graphs that come of each answer that a thread can get.
    fn answered(&mut self, graph: &Graph, thread: usize, request: Request) -> Vec<Graph> {
        let mut graphs = Vec::new();
        let is_allocated = self.runs.places()[request.at].is_allocated();
        for store in graph.stores(request.at).skip(usize::from(is_allocated)) {
            let value = graph.value(store, self.runs.places());
            if request.sleeps_at == Some(value) || request.only.is_some_and(|only| only != value) {
                continue;
            }
            let mut next = graph.clone();
            Rc::make_mut(&mut next.threads[thread].sources).push(store);
            graphs.extend(self.gone_on(next, thread, value));
        }
        graphs
    }

    /// The graphs that come of an answer that is no load's.
    fn chosen(&mut self, graph: &Graph, thread: usize, choice: u64) -> Vec<Graph> {
        let mut next = graph.clone();
        next.threads[thread].choices.push(choice);
        self.gone_on(next, thread, choice)
    }

    /// The graphs that come of the end of a thread that is joined.
    fn joined(&mut self, mut graph: Graph, thread: usize, other: usize) -> Vec<Graph> {
        let ended = graph.threads[other].id as u64;
        graph.threads[thread].choices.push(other as u64);
        self.gone_on(graph, thread, ended)
    }

    /// No thread of the graph can go on: it is whole, or it was cut, or the joining thread comes now.
    fn ended(&mut self, mut graph: Graph) -> Vec<Graph> {
        let outcomes: Option<Vec<&str>> = graph
            .threads
            .iter()
            .filter(|thread| thread.run.end != End::Absent)
            .map(|thread| match &thread.run.end {
                End::Done(outcome) => Some(outcome.as_str()),
                _ => None,
            })
            .collect();
        let Some(outcomes) = outcomes else {
            if self.report.cut == 0 {
                self.first_cut = graph.to_string();
            }
            self.report.cut += 1;
            return Vec::new();
        };
        if self.bodies.all.len() > self.bodies.started_first && !graph.last_is_after {
            graph.last_is_after = true;
            let last = graph.threads.len();
            return self.started(graph, last, AFTER);
        }
        let told: Vec<&str> = outcomes.into_iter().filter(|outcome| !outcome.is_empty()).collect();
        self.report.executions += 1;
        self.report.outcomes.insert(told.join(", "));
        Vec::new()
    }

    fn is_found(&self) -> bool {
        let found = |complaint| self.report.failures.keys().any(|what| what.contains(complaint));
        self.bodies.complaint.is_some_and(found)
    }

    fn failed(&mut self, message: &str, graph: &Graph) {
        let failures = &mut self.report.failures;
        failures.entry(message.to_owned()).or_insert_with(|| graph.to_string());
    }
}
