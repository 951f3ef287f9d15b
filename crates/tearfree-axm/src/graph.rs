// SPDX-License-Identifier: MIT OR Apache-2.0
//! A part of an execution, which the search extends.

use core::fmt;
use std::rc::Rc;

use crate::event::{Action, Event, Location};
use crate::rc11::Execution;
use crate::relation::{MOST_EVENTS, Relation, Set};
use crate::run::{End, Request, Run, RunId, Variable};

/// A store: the initial one of a location, or an event of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Store {
    Initial(u16),
    By { thread: u8, event: u8 },
}

impl Store {
    pub(crate) fn initial(at: Location) -> Self {
        Store::Initial(u16::try_from(at).expect("a program has few locations"))
    }

    /// Returns a number that is different for each store, for keys.
    fn number(self) -> u32 {
        match self {
            Store::Initial(at) => u32::from(at),
            Store::By { thread, event } => 1 << 16 | u32::from(thread) << 8 | u32::from(event),
        }
    }
}

/// Returns the store that is an event of a thread.
fn store_by(thread: usize, event: usize) -> Store {
    let fits = (u8::try_from(thread), u8::try_from(event));
    let (Ok(thread), Ok(event)) = fits else {
        panic!("more than {MOST_EVENTS} events: use a smaller program");
    };
    Store::By { thread, event }
}

/// The events of a thread so far.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) id: RunId,
    pub(crate) run: Rc<Run>,
    /// The stores that its loads read from.
    pub(crate) sources: Rc<Vec<Store>>,
    /// Which operations failed spuriously, and which threads were joined.
    pub(crate) choices: Vec<u64>,
}

impl Progress {
    pub(crate) fn new(id: RunId, run: Rc<Run>) -> Self {
        Progress { id, run, sources: Rc::default(), choices: Vec::new() }
    }

    /// Creates the progress of a thread that was not spawned in this execution.
    fn not_spawned() -> Self {
        Self::new(RunId::MAX, Rc::new(Run { events: Vec::new(), end: End::NotSpawned }))
    }

    pub(crate) fn request(&self) -> Option<Request> {
        match self.run.end {
            End::NeedsValue(request) => Some(request),
            _ => None,
        }
    }
}

/// The events of all threads so far, and the order of their stores to each location.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) threads: Vec<Progress>,
    /// The modification order of each location, without the initial store, which comes first.
    pub(crate) mo: Vec<Rc<Vec<Store>>>,
    /// The last thread was started after the others had ended.
    pub(crate) last_is_after: bool,
}

/// Identifies a graph: the stores that loads read from, and the orders of stores.
pub(crate) type Key = Box<[u32]>;

impl Graph {
    pub(crate) fn new() -> Self {
        Graph { threads: Vec::new(), mo: Vec::new(), last_is_after: false }
    }

    /// Adds a thread with its first run.
    pub(crate) fn start(&mut self, thread: usize, progress: Progress) {
        if self.threads.len() <= thread {
            self.threads.resize(thread + 1, Progress::not_spawned());
        }
        self.threads[thread] = progress;
    }

    /// Returns the thread that has to go on first: the one that `thread` joins, or `thread` itself.
    pub(crate) fn blocker(&self, mut thread: usize) -> usize {
        while let End::NeedsJoin(other, _) = self.threads[thread].run.end {
            thread = other;
        }
        thread
    }

    pub(crate) fn key(&self) -> Key {
        let lists = || self.threads.iter().map(|thread| &thread.sources).chain(&self.mo);
        let choices = || self.threads.iter().map(|thread| &thread.choices);
        let stores: usize = lists().map(|list| list.len() + 1).sum();
        let chosen: usize = choices().map(|list| list.len() + 1).sum();
        let mut key = Vec::with_capacity(stores + chosen);
        let end = |length: usize| u32::MAX - length as u32;
        for list in choices() {
            key.push(end(list.len()));
            key.extend(list.iter().map(|&choice| choice as u32));
        }
        for list in lists() {
            key.push(end(list.len()));
            key.extend(list.iter().map(|store| store.number()));
        }
        key.into_boxed_slice()
    }

    /// Returns the memory that the graph takes, without what it shares with other graphs.
    pub(crate) fn bytes(&self) -> usize {
        let thread_bytes = |thread: &Progress| size_of_val(thread) + size_of_val(&**thread.sources);
        let order_bytes = |order: &Rc<Vec<Store>>| size_of_val(order) + size_of_val(&***order);
        let threads: usize = self.threads.iter().map(thread_bytes).sum();
        size_of_val(self) + threads + self.mo.iter().map(order_bytes).sum::<usize>()
    }

    /// Returns all stores to a location, in modification order.
    pub(crate) fn stores(&self, at: Location) -> impl Iterator<Item = Store> {
        let later = self.mo.get(at).into_iter().flat_map(|order| order.iter().copied());
        core::iter::once(Store::initial(at)).chain(later)
    }

    pub(crate) fn value(&self, store: Store, variables: &[Variable]) -> u64 {
        match store {
            Store::Initial(at) => variables[usize::from(at)].initial,
            Store::By { thread, event } => {
                let event = &self.threads[usize::from(thread)].run.events[usize::from(event)];
                event.written().expect("a store leaves a value")
            }
        }
    }

    /// Returns a graph for each way to insert the stores of `thread` from event `first` on into the orders
    /// of their locations. An update comes right after the store that the thread's last load read from.
    pub(crate) fn placed(self, thread: usize, first: usize) -> Vec<Graph> {
        let (run, source) =
            (Rc::clone(&self.threads[thread].run), self.threads[thread].sources.last().copied());
        let mut graphs = vec![self];
        for (event, what) in run.events.iter().enumerate().skip(first) {
            if what.written().is_none() {
                continue;
            }
            let at = what.location().expect("a store has a location");
            let store = store_by(thread, event);
            let after = source.filter(|_| what.is_update());
            graphs = graphs.into_iter().flat_map(|graph| graph.with(store, at, after)).collect();
        }
        graphs
    }

    /// Returns a graph for each position of `store` in the order of its location: right after one store,
    /// or anywhere behind the thread's own last one.
    fn with(mut self, store: Store, at: Location, after: Option<Store>) -> Vec<Graph> {
        if self.mo.len() <= at {
            self.mo.resize(at + 1, Rc::default());
        }
        let Store::By { thread, .. } = store else {
            unreachable!("an initial store is never inserted")
        };
        let order = &self.mo[at];
        let behind =
            |is_it: &dyn Fn(&Store) -> bool| order.iter().rposition(is_it).map_or(0, |i| i + 1);
        let positions = match after {
            Some(source) => {
                let right_behind = behind(&|&other| other == source);
                right_behind..=right_behind
            }
            None => {
                let own =
                    |other: &Store| matches!(other, Store::By { thread: by, .. } if *by == thread);
                behind(&own)..=order.len()
            }
        };
        let put = |position| {
            let mut graph = self.clone();
            Rc::make_mut(&mut graph.mo[at]).insert(position, store);
            graph
        };
        positions.map(put).collect()
    }

    /// Returns the events of all threads and their relations, for the axioms.
    pub(crate) fn execution(&self) -> Execution {
        let locations = self.locations();
        let mut events: Vec<Event> = (0..locations).map(Event::initial).collect();
        let mut threads = vec![None; locations];
        let mut first_of = Vec::new();
        for (thread, progress) in self.threads.iter().enumerate() {
            first_of.push(events.len());
            events.extend(&progress.run.events);
            threads.resize(events.len(), Some(thread));
        }
        let number = |store: Store| match store {
            Store::Initial(at) => usize::from(at),
            Store::By { thread, event } => first_of[usize::from(thread)] + usize::from(event),
        };
        let mut rf = Relation::empty(events.len());
        for (progress, &first) in self.threads.iter().zip(&first_of) {
            let reads = (first..).zip(&progress.run.events).filter(|(_, event)| event.reads());
            reads.zip(&*progress.sources).for_each(|((at, _), &from)| rf.add(number(from), at));
        }
        let mut mo = Relation::empty(events.len());
        for at in 0..locations {
            let mut earlier: Vec<usize> = Vec::new();
            for store in self.stores(at).map(number) {
                earlier.iter().for_each(|&before| mo.add(before, store));
                earlier.push(store);
            }
        }
        let sb = self.sequenced_before(&threads);
        let order = self.with_spawns(&sb, &first_of);
        Execution { events, threads, sb, order, rf, mo }
    }

    /// Returns `sb` with the order from a spawn to the events of its thread, and from those to a join.
    fn with_spawns(&self, sb: &Relation, first_of: &[usize]) -> Relation {
        let mut order = sb.clone();
        for (progress, &first) in self.threads.iter().zip(first_of) {
            for (at, event) in (first..).zip(&progress.run.events) {
                let events_of = |thread: usize| {
                    let first = first_of[thread];
                    first..first + self.threads[thread].run.events.len()
                };
                match event.action {
                    Action::Spawn { thread } => events_of(thread).for_each(|to| order.add(at, to)),
                    Action::Join { thread } => {
                        events_of(thread).for_each(|from| order.add(from, at))
                    }
                    _ => {}
                }
            }
        }
        order.closure()
    }

    pub(crate) fn locations(&self) -> usize {
        let events = self.threads.iter().flat_map(|thread| &thread.run.events);
        events.filter_map(Event::location).max().map_or(0, |last| last + 1)
    }

    /// Returns `sb`: initial stores come first, and a thread that was started after the others comes last.
    fn sequenced_before(&self, threads: &[Option<usize>]) -> Relation {
        let after = self.last_is_after.then(|| self.threads.len() - 1);
        let members = |is_it: &dyn Fn(Option<usize>) -> bool| -> Set {
            let bit = |(at, &thread)| if is_it(thread) { 1_u128 << at } else { 0 };
            threads.iter().enumerate().map(bit).fold(0, |set, bit| set | bit)
        };
        let (of_threads, of_after) = (
            members(&|thread| thread.is_some()),
            members(&|thread| thread.is_some() && thread == after),
        );
        let mut sb = Relation::empty(threads.len());
        let mut later = vec![0; self.threads.len()];
        for (at, &thread) in threads.iter().enumerate().rev() {
            let Some(thread) = thread else {
                sb.add_all(at, of_threads);
                continue;
            };
            let joined = if Some(thread) == after { 0 } else { of_after };
            sb.add_all(at, later[thread] | joined);
            later[thread] |= 1 << at;
        }
        sb
    }
}

/// Prints the events of each thread, and the stores that its loads read from.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (thread, progress) in self.threads.iter().enumerate() {
            if progress.run.end == End::NotSpawned {
                continue;
            }
            writeln!(f, "  thread {thread}")?;
            let mut sources = progress.sources.iter();
            for (at, event) in progress.run.events.iter().enumerate() {
                write!(f, "    {at:3}  {event}")?;
                let source = if event.reads() { sources.next() } else { None };
                match source {
                    Some(Store::Initial(_)) => writeln!(f, ", from the start")?,
                    Some(Store::By { thread, event }) => writeln!(f, ", from {thread}:{event}")?,
                    None => writeln!(f)?,
                }
            }
            match progress.run.end {
                End::NeedsValue(Request { sleeps_at: Some(_), line, .. }) => {
                    writeln!(f, "         sleeps at {}:{}", line.file(), line.line())?;
                }
                End::NeedsJoin(thread, line) => {
                    writeln!(
                        f,
                        "         joins thread {thread} at {}:{}",
                        line.file(),
                        line.line()
                    )?;
                }
                End::Cut(line) => writeln!(f, "         waits at {}:{}", line.file(), line.line())?,
                _ => {}
            }
        }
        Ok(())
    }
}
