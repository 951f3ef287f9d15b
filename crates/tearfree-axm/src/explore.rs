// SPDX-License-Identifier: MIT OR Apache-2.0
//! The search for every execution of a program that RC11 allows.
//!
//! Graphs grow by one load at a time. A load reads from each store of its location that the graph has, a
//! store is inserted at each position in the order of its location, and a graph that violates an axiom is
//! dropped. This reaches every execution: RC11 has no cycle in `sb | rf`, so the events of an execution
//! have an order in which each load comes after the store that it reads from. Each prefix of that order
//! obeys the axioms, because removing events only removes edges.
//!
//! Not all threads go on at each step: a persistent set is enough, which is a set of threads such that no
//! other thread can store later to a location that one of them loads from. In each execution that contains
//! the graph, the first of their loads then reads from a store that the graph has. Where a thread may store
//! later is learnt during the search (`runs.rs`): if a thread stores where the search has assumed that it
//! does not, the search starts again.

use std::collections::HashSet;
use std::rc::Rc;

use crate::bodies::Bodies;
use crate::cell::forget_values;
use crate::consistency;
use crate::event::{Action, Event};
use crate::graph::{Graph, Progress};
use crate::limits::Meter;
use crate::rc11::Verdict;
use crate::report::Report;
use crate::run::{AFTER, End, Request};
use crate::runs::Runs;

/// The failure of a program that has been checked in no execution.
const NONE_ENDED: &str =
    "no execution ended: in each one a thread waits longer than `pauses` allows";

/// Explores every execution, and starts again until the search needs no new assumption.
pub(crate) fn every_execution(bodies: &Bodies<'_>) -> Report {
    forget_values();
    let mut runs = Runs::new(bodies);
    let mut meter = Meter::new(&bodies.limits);
    loop {
        let (report, first_cut) = (Report::default(), String::new());
        meter.begin();
        let mut search = Search { bodies, runs, report, first_cut, meter };
        search.run();
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
            let refusal = "the search is partial, which this program does not allow";
            report.failures.insert(format!("{refusal}: {limit}"), String::new());
        }
        let waited_or_whole = report.cut > 0 || report.partial.is_none();
        if report.executions == 0 && report.failures.is_empty() && waited_or_whole {
            report.failures.insert(NONE_ENDED.to_owned(), search.first_cut);
        }
        return report;
    }
}

#[cfg(test)]
thread_local! {
    /// Turns the reduction off: all threads that can go on are tried at each step.
    pub(crate) static TRIES_ALL: core::cell::Cell<bool> = const { core::cell::Cell::new(false) };
}

struct Search<'s> {
    bodies: &'s Bodies<'s>,
    runs: Runs,
    report: Report,
    /// The text of the first execution that was cut.
    first_cut: String,
    meter: Meter,
}

impl Search<'_> {
    /// Grows graphs from the empty one until none is left.
    fn run(&mut self) {
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
            // Graphs of one program are of about one size.
            let waiting = || graphs.last().map_or(0, |graph| graph.bytes() * graphs.len());
            if let Some(limit) = self.meter.limit_reached(&self.report, waiting) {
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
            let verdict = consistency::verdict(&graph, &initial[..locations]);
            #[cfg(test)]
            assert_eq!(verdict, graph.execution().verdict(), "{graph}");
            match verdict {
                Verdict::Forbidden => continue,
                Verdict::Allowed => self.report.graphs += 1,
                Verdict::Race(one, other) => {
                    let [one, other] = [one, other].map(|event| graph.execution().events[event]);
                    self.report_failure(&format!("data race: {one} and {other}"), &graph);
                    continue;
                }
                Verdict::UseAfterFree(free, at) => {
                    let [free, at] = [free, at].map(|event| graph.execution().events[event]);
                    self.report_failure(&format!("use after free: {free} and {at}"), &graph);
                    continue;
                }
            }
            self.grow(graph, &mut graphs);
        }
    }

    /// Returns the graphs after the start of a thread of the program, as thread `at` of the graph.
    fn started(&mut self, mut graph: Graph, at: usize, thread: usize) -> Vec<Graph> {
        let id = self.runs.first(self.bodies, thread, None);
        graph.start(at, Progress::new(id, self.runs.run(id)));
        self.placed(graph, at, 0)
    }

    /// Returns a graph for each position of the stores of a thread from event `first` on, with the threads
    /// that it spawns.
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

    /// Returns the graphs after one more answer to a thread.
    fn extended(&mut self, mut graph: Graph, thread: usize, answer: u64) -> Vec<Graph> {
        let progress = &mut graph.threads[thread];
        let first = progress.run.events.len();
        progress.id = self.runs.next(self.bodies, progress.id, answer);
        progress.run = self.runs.run(progress.id);
        self.placed(graph, thread, first)
    }

    /// Adds the successors of a consistent graph to `graphs`.
    fn grow(&mut self, graph: Graph, graphs: &mut Vec<Graph>) {
        let mut threads = graph.threads.iter().enumerate();
        let failure = threads.find_map(|(at, thread)| match &thread.run.end {
            End::Failed(message) => Some(format!("thread {at} {message}")),
            _ => None,
        });
        if let Some(message) = failure {
            self.report_failure(&message, &graph);
            return;
        }
        let spins = graph.threads.iter().find_map(|thread| match thread.run.end {
            End::Spins(line) => Some(line),
            _ => None,
        });
        if let Some(line) = spins {
            let at = format!("{}:{}", line.file(), line.line());
            self.report_failure(&format!("a spin loop without `pause` at {at}"), &graph);
            self.report.partial = Some(format!("a spin loop at {at}"));
            return;
        }
        let is_choosing = |thread: &Progress| thread.run.end == End::NeedsChoice;
        if let Some(thread) = graph.threads.iter().position(is_choosing) {
            graphs
                .extend([0, 1].into_iter().flat_map(|choice| self.chosen(&graph, thread, choice)));
            return;
        }
        let join =
            (0..graph.threads.len()).find_map(|thread| match graph.threads[thread].run.end {
                End::NeedsJoin(other, _) => {
                    let is_over = matches!(graph.threads[other].run.end, End::Done(_));
                    is_over.then_some((thread, other))
                }
                _ => None,
            });
        if let Some((thread, other)) = join {
            graphs.extend(self.joined(graph, thread, other));
            return;
        }
        let waiting: Vec<(usize, Request)> = (0..graph.threads.len())
            .filter_map(|thread| Some((thread, graph.threads[thread].request()?)))
            .collect();
        if waiting.is_empty() {
            graphs.extend(self.ended(graph));
            return;
        }
        if self.all_sleep(&graph, &waiting) {
            // A thread whose run was cut might have woken them.
            match graph.threads.iter().any(|thread| matches!(thread.run.end, End::Cut(_))) {
                true => self.count_cut(&graph),
                false => self.report_failure("a thread sleeps for ever", &graph),
            }
            return;
        }
        for (thread, request) in self.next(&graph, &waiting) {
            graphs.extend(self.answered(&graph, thread, request));
        }
    }

    /// Returns the smallest persistent set of threads.
    fn next(&mut self, graph: &Graph, waiting: &[(usize, Request)]) -> Vec<(usize, Request)> {
        #[cfg(test)]
        if TRIES_ALL.get() {
            return waiting.to_vec();
        }
        let sets = waiting.iter().map(|&first| self.persistent_set(graph, waiting, first));
        // A thread that sleeps needs another one that wakes it.
        let is_awake = |next: &Vec<(usize, Request)>| {
            next.iter().any(|(_, request)| request.sleeps_at.is_none())
        };
        let next = sets.filter(is_awake).min_by_key(Vec::len);
        let next = next.unwrap_or_else(|| waiting.to_vec());
        for other in 0..graph.threads.len() {
            let blocker = graph.blocker(other);
            let can_go_on = waiting.iter().any(|&(thread, _)| thread == blocker);
            if can_go_on && next.iter().all(|&(thread, _)| thread != blocker) {
                let id = graph.threads[other].id;
                next.iter().for_each(|(_, request)| self.runs.rely_on_no_store(id, request.at));
            }
        }
        next
    }

    /// Returns the persistent set of one thread: it, those that may later store where it loads, and so on.
    /// A thread that joins another one is replaced by that one.
    fn persistent_set(
        &self,
        graph: &Graph,
        waiting: &[(usize, Request)],
        first: (usize, Request),
    ) -> Vec<(usize, Request)> {
        let mut set = vec![first];
        let mut done = 0;
        while let Some(&(_, request)) = set.get(done) {
            for other in 0..graph.threads.len() {
                let blocker = graph.blocker(other);
                let member = waiting.iter().find(|&&(thread, _)| thread == blocker);
                let may_store = || self.runs.may_store(graph.threads[other].id, request.at);
                if let Some(&member) = member
                    && set.iter().all(|&(thread, _)| thread != blocker)
                    && may_store()
                {
                    set.push(member);
                }
            }
            done += 1;
        }
        set
    }

    /// Returns whether all threads that could go on sleep, and no store wakes them.
    fn all_sleep(&self, graph: &Graph, waiting: &[(usize, Request)]) -> bool {
        waiting.iter().all(|(_, request)| {
            let last = graph.stores(request.at).last().expect("a location has an initial store");
            request.sleeps_at == Some(graph.value(last, self.runs.variables()))
        })
    }

    /// Returns the graphs after each value that a load can read.
    fn answered(&mut self, graph: &Graph, thread: usize, request: Request) -> Vec<Graph> {
        let mut graphs = Vec::new();
        let is_allocated = self.runs.variables()[request.at].is_allocated();
        for store in graph.stores(request.at).skip(usize::from(is_allocated)) {
            let value = graph.value(store, self.runs.variables());
            if request.sleeps_at == Some(value) || request.only.is_some_and(|only| only != value) {
                continue;
            }
            let mut next = graph.clone();
            Rc::make_mut(&mut next.threads[thread].sources).push(store);
            graphs.extend(self.extended(next, thread, value));
        }
        graphs
    }

    /// Returns the graphs after the choice whether an operation fails spuriously.
    fn chosen(&mut self, graph: &Graph, thread: usize, choice: u64) -> Vec<Graph> {
        let mut next = graph.clone();
        next.threads[thread].choices.push(choice);
        self.extended(next, thread, choice)
    }

    /// Returns the graphs after the join of a thread that has ended.
    fn joined(&mut self, mut graph: Graph, thread: usize, other: usize) -> Vec<Graph> {
        let ended = graph.threads[other].id as u64;
        graph.threads[thread].choices.push(other as u64);
        self.extended(graph, thread, ended)
    }

    /// Reports a graph in which no thread can go on, or starts the thread that runs after all others.
    fn ended(&mut self, mut graph: Graph) -> Vec<Graph> {
        let outcomes: Option<Vec<&str>> = graph
            .threads
            .iter()
            .filter(|thread| thread.run.end != End::NotSpawned)
            .map(|thread| match &thread.run.end {
                End::Done(outcome) => Some(outcome.as_str()),
                _ => None,
            })
            .collect();
        let Some(outcomes) = outcomes else {
            self.count_cut(&graph);
            return Vec::new();
        };
        if self.bodies.all.len() > self.bodies.started_first && !graph.last_is_after {
            graph.last_is_after = true;
            let last = graph.threads.len();
            return self.started(graph, last, AFTER);
        }
        let seen: Vec<&str> = outcomes.into_iter().filter(|outcome| !outcome.is_empty()).collect();
        self.report.executions += 1;
        self.report.outcomes.insert(seen.join(", "));
        Vec::new()
    }

    fn count_cut(&mut self, graph: &Graph) {
        if self.report.cut == 0 {
            self.first_cut = graph.to_string();
        }
        self.report.cut += 1;
    }

    fn is_found(&self) -> bool {
        let found = |complaint| self.report.failures.keys().any(|what| what.contains(complaint));
        self.bodies.complaint.is_some_and(found)
    }

    fn report_failure(&mut self, message: &str, graph: &Graph) {
        let failures = &mut self.report.failures;
        failures.entry(message.to_owned()).or_insert_with(|| graph.to_string());
    }
}
