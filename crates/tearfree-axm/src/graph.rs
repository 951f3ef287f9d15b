// SPDX-License-Identifier: MIT OR Apache-2.0
//! A part of an execution, on its way to a whole one.

use core::fmt;
use std::rc::Rc;

use crate::event::{Action, Event, Location};
use crate::rc11::Execution;
use crate::relation::{MOST_EVENTS, Relation, Set};
use crate::replay::{End, Place, Request, Run};
use crate::runs::RunId;

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

    /// For keys: no two stores have the same.
    fn number(self) -> u32 {
        match self {
            Store::Initial(at) => u32::from(at),
            Store::By { thread, event } => 1 << 16 | u32::from(thread) << 8 | u32::from(event),
        }
    }
}

/// The store that is an event of a thread.
fn store_by(thread: usize, event: usize) -> Store {
    let fits = (u8::try_from(thread), u8::try_from(event));
    let (Ok(thread), Ok(event)) = fits else {
        panic!("more than {MOST_EVENTS} events: use a smaller program");
    };
    Store::By { thread, event }
}

/// How far a thread has come.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    pub(crate) id: RunId,
    pub(crate) run: Rc<Run>,
    /// From where its loads got what they gave.
    pub(crate) sources: Rc<Vec<Store>>,
    /// What failed for no reason, and what did not; and which threads were joined.
    pub(crate) choices: Vec<u64>,
}

impl Progress {
    pub(crate) fn new(id: RunId, run: Rc<Run>) -> Self {
        Progress { id, run, sources: Rc::default(), choices: Vec::new() }
    }

    /// For a thread that no thread has spawned in this execution.
    fn absent() -> Self {
        Self::new(RunId::MAX, Rc::new(Run { events: Vec::new(), end: End::Absent }))
    }

    pub(crate) fn request(&self) -> Option<Request> {
        match self.run.end {
            End::Asks(request) => Some(request),
            _ => None,
        }
    }
}

/// Threads that have come some way, and the order in which their stores hit each location.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    pub(crate) threads: Vec<Progress>,
    /// Without the initial store, which comes first.
    pub(crate) mo: Vec<Rc<Vec<Store>>>,
    /// The last thread was started after the others had ended.
    pub(crate) last_is_after: bool,
}

/// Two graphs with the same key are the same: where loads read from, and the orders of stores.
pub(crate) type Key = Box<[u32]>;

impl Graph {
    pub(crate) fn new() -> Self {
        Graph { threads: Vec::new(), mo: Vec::new(), last_is_after: false }
    }

    /// Has a thread come to the end of its first run.
    pub(crate) fn start(&mut self, thread: usize, progress: Progress) {
        if self.threads.len() <= thread {
            self.threads.resize(thread + 1, Progress::absent());
        }
        self.threads[thread] = progress;
    }

    /// The thread that has to go on so that this one can: the one that it joins, or itself.
    pub(crate) fn mover(&self, mut thread: usize) -> usize {
        while let End::Joins(other, _) = self.threads[thread].run.end {
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

    /// The memory that it takes, without what it shares with others.
    pub(crate) fn bytes(&self) -> usize {
        let of_thread = |thread: &Progress| size_of_val(thread) + size_of_val(&**thread.sources);
        let of_order = |order: &Rc<Vec<Store>>| size_of_val(order) + size_of_val(&***order);
        let threads: usize = self.threads.iter().map(of_thread).sum();
        size_of_val(self) + threads + self.mo.iter().map(of_order).sum::<usize>()
    }

    /// All stores to a location, in their order.
    pub(crate) fn stores(&self, at: Location) -> impl Iterator<Item = Store> {
        let later = self.mo.get(at).into_iter().flat_map(|order| order.iter().copied());
        core::iter::once(Store::initial(at)).chain(later)
    }

    pub(crate) fn value(&self, store: Store, places: &[Place]) -> u64 {
        match store {
            Store::Initial(at) => places[usize::from(at)].initial,
            Store::By { thread, event } => {
                let event = &self.threads[usize::from(thread)].run.events[usize::from(event)];
                event.written().expect("a store leaves a value")
            }
        }
    }

    /// All ways to put the stores of `thread` from event `first` on into the orders of their
    /// locations. An update comes right after the store that the thread's last load read from.
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

    /// The graphs that come of putting `store` into the order of its location: right after one store,
    /// or anywhere behind the thread's own last one.
    fn with(mut self, store: Store, at: Location, after: Option<Store>) -> Vec<Graph> {
        if self.mo.len() <= at {
            self.mo.resize(at + 1, Rc::default());
        }
        let Store::By { thread, .. } = store else { unreachable!("initial stores are there") };
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

    /// The events of all threads and their relations, for the axioms.
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

    /// `sb`, the order between a spawn and what that thread does, and the one between that and a join.
    fn with_spawns(&self, sb: &Relation, first_of: &[usize]) -> Relation {
        let mut order = sb.clone();
        for (progress, &first) in self.threads.iter().zip(first_of) {
            for (at, event) in (first..).zip(&progress.run.events) {
                let of = |thread: usize| {
                    let first = first_of[thread];
                    first..first + self.threads[thread].run.events.len()
                };
                match event.action {
                    Action::Spawn { thread } => of(thread).for_each(|to| order.add(at, to)),
                    Action::Join { thread } => of(thread).for_each(|from| order.add(from, at)),
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

    /// Initial stores come first, and a thread that was started after the others comes last.
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

/// For people: what each thread did, and where its loads got their values.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (thread, progress) in self.threads.iter().enumerate() {
            if progress.run.end == End::Absent {
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
                End::Asks(Request { sleeps_at: Some(_), line, .. }) => {
                    writeln!(f, "         sleeps at {}:{}", line.file(), line.line())?;
                }
                End::Joins(thread, line) => {
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
