// SPDX-License-Identifier: MIT OR Apache-2.0
//! What bodies did with which answers, so that none is run twice with the same ones.
//!
//! The runs of a thread are a tree: one more answer leads from a run to the next. For each place where
//! a thread asks, which is a line of the source and a location, it is known to which locations runs
//! store beyond it, as far as they have been run. The search relies on that where it leaves threads
//! out, and notes so. If a run turns out to store there, the search is refuted, and begins again with
//! what it has learnt. Runs that ask at one place are taken together because it learns faster then.

use core::panic::Location as Line;
use std::collections::HashMap;
use std::rc::Rc;

use crate::event::{Action, Location};
use crate::explore::Bodies;
use crate::replay::{self, End, Place, Run};
use crate::run::{Answer, Children, Known, Leg};

/// A set of locations. Two that are 128 apart are one here: a thread then seems to store to more.
type Locations = u128;

fn only(at: Location) -> Locations {
    1 << (at % 128)
}

/// A run, by its number.
pub(crate) type RunId = usize;

/// What came before a run.
#[derive(Clone, Copy)]
enum Before {
    /// Nothing: it is the first one of a thread of the program.
    Start,
    /// This run of the thread that spawned the thread.
    Spawn(RunId),
    /// The run with an answer less, and that answer. To a join it is the run of the other thread.
    Answer(RunId, u64),
}

struct Node {
    run: Rc<Run>,
    thread: usize,
    before: Before,
    next: Vec<(u64, RunId)>,
    /// Where it asks, by its number in `Runs::asks`.
    asks: usize,
}

/// The runs of a thread that ask at one line for one location, or that do not ask.
struct Asks {
    at: (usize, Option<(&'static Line<'static>, Location)>),
    /// Where runs beyond them store.
    stores_later: Locations,
    /// Where the search has relied on that none does.
    relied_on: Locations,
}

#[derive(Default)]
pub(crate) struct Runs {
    known: Known,
    /// A word of a block turned up that the runs before did not know. They are of no use then.
    pub(crate) is_outdated: bool,
    /// The search left out what it should not have.
    pub(crate) is_refuted: bool,
    nodes: Vec<Node>,
    asks: Vec<Asks>,
    /// The runs without answers, by thread, and by the run that spawned it.
    roots: HashMap<(usize, Option<RunId>), RunId>,
}

impl Runs {
    pub(crate) fn new(bodies: &Bodies<'_>) -> Self {
        let children = Children::new(bodies.started_first);
        Runs { known: Known { children, ..Known::default() }, ..Runs::default() }
    }

    pub(crate) fn places(&self) -> &[Place] {
        &self.known.places
    }

    /// For another search, with what is known.
    pub(crate) fn again(mut self) -> Self {
        if self.is_outdated {
            return Runs { known: self.known, ..Runs::default() };
        }
        self.is_refuted = false;
        self.asks.iter_mut().for_each(|asks| asks.relied_on = 0);
        self
    }

    pub(crate) fn run(&self, id: RunId) -> Rc<Run> {
        Rc::clone(&self.nodes[id].run)
    }

    /// The run of a thread until its first load. `parent` is the run that spawned it.
    pub(crate) fn first(
        &mut self,
        bodies: &Bodies<'_>,
        thread: usize,
        parent: Option<RunId>,
    ) -> RunId {
        if let Some(&id) = self.roots.get(&(thread, parent)) {
            return id;
        }
        let id = self.add(bodies, thread, parent.map_or(Before::Start, Before::Spawn));
        self.roots.insert((thread, parent), id);
        id
    }

    /// The run that goes on with one more answer.
    pub(crate) fn next(&mut self, bodies: &Bodies<'_>, before: RunId, answer: u64) -> RunId {
        let known = self.nodes[before].next.iter().find(|(with, _)| *with == answer);
        if let Some(&(_, id)) = known {
            return id;
        }
        let thread = self.nodes[before].thread;
        let id = self.add(bodies, thread, Before::Answer(before, answer));
        self.nodes[before].next.push((answer, id));
        id
    }

    /// Whether a run beyond this one stores there.
    pub(crate) fn may_store(&self, id: RunId, at: Location) -> bool {
        self.asks[self.nodes[id].asks].stores_later & only(at) != 0
    }

    /// The search leaves something out because no run beyond this one stores there.
    pub(crate) fn rely_on_no_store(&mut self, id: RunId, at: Location) {
        self.asks[self.nodes[id].asks].relied_on |= only(at);
    }

    fn add(&mut self, bodies: &Bodies<'_>, thread: usize, before: Before) -> RunId {
        let path = self.path(thread, before);
        let known = self.known.places.len();
        let run = self.replay(bodies, path.clone());
        self.is_outdated |= self.known.places[known..].iter().any(Place::is_allocated);
        if !self.is_outdated {
            let ended = matches!(run.end, End::Done(_) | End::Failed(_));
            let is_as_before =
                self.goes_on(before, &run) && (!ended || self.replay(bodies, path) == run);
            assert!(
                is_as_before,
                "the body of thread {thread} is not deterministic: {}",
                replay::ADVICE
            );
        }
        self.learn(before, &run);
        let asks = self.asks_of(thread, &run);
        self.nodes.push(Node { run: Rc::new(run), thread, before, next: Vec::new(), asks });
        self.nodes.len() - 1
    }

    /// The way to a run that has this before it.
    fn path(&self, thread: usize, before: Before) -> Vec<Leg> {
        let (answers, start) = self.answers(before);
        let mut path = match start {
            Some(parent) => {
                let parent = &self.nodes[parent];
                self.path(parent.thread, parent.before)
            }
            None => Vec::new(),
        };
        path.push(Leg { thread, answers });
        path
    }

    /// The answers that a thread got, and the run that spawned it.
    fn answers(&self, mut step: Before) -> (Vec<Answer>, Option<RunId>) {
        let mut answers = Vec::new();
        while let Before::Answer(id, answer) = step {
            let node = &self.nodes[id];
            let answer = match node.run.end {
                End::Joins(..) => {
                    Answer::Joined(self.answers(self.nodes[answer as RunId].before).0.into())
                }
                _ => Answer::Value(answer),
            };
            answers.push(answer);
            step = node.before;
        }
        answers.reverse();
        (answers, if let Before::Spawn(parent) = step { Some(parent) } else { None })
    }

    fn asks_of(&mut self, thread: usize, run: &Run) -> usize {
        let place = match run.end {
            End::Asks(request) => Some((request.line, request.at)),
            _ => None,
        };
        let at = (thread, place);
        let known = self.asks.iter().position(|asks| asks.at == at);
        known.unwrap_or_else(|| {
            self.asks.push(Asks { at, stores_later: 0, relied_on: 0 });
            self.asks.len() - 1
        })
    }

    fn replay(&mut self, bodies: &Bodies<'_>, path: Vec<Leg>) -> Run {
        let body = bodies.body(path[0].thread);
        replay::run(&mut self.known, path, bodies.allowed, body)
    }

    /// Whether the run with an answer more goes on where the one before had asked.
    fn goes_on(&self, before: Before, run: &Run) -> bool {
        let Before::Answer(before, _) = before else { return true };
        let before = &self.nodes[before].run;
        let next = run.events.get(before.events.len());
        let goes_on = match before.end {
            End::Asks(request) => {
                next.is_some_and(|next| next.location() == Some(request.at) && next.reads())
            }
            End::Joins(thread, _) => {
                next.is_some_and(|next| next.action == Action::Join { thread })
            }
            End::Chooses => true,
            _ => false,
        };
        goes_on && run.events.starts_with(&before.events)
    }

    /// Tells all the runs that led to this one where it stores, those of the thread that spawned its
    /// thread among them.
    fn learn(&mut self, before: Before, run: &Run) {
        let known = match before {
            Before::Answer(id, _) => self.nodes[id].run.events.len(),
            Before::Start | Before::Spawn(_) => 0,
        };
        let new = &run.events[known.min(run.events.len())..];
        let stores = new.iter().filter(|event| event.written().is_some());
        let stores = stores.filter_map(|event| event.location().map(only));
        let stores = stores.fold(0, |all, one| all | one);
        let mut step = before;
        loop {
            let id = match step {
                Before::Start => return,
                Before::Answer(id, _) => {
                    let asks = &mut self.asks[self.nodes[id].asks];
                    self.is_refuted |= stores & !asks.stores_later & asks.relied_on != 0;
                    asks.stores_later |= stores;
                    id
                }
                Before::Spawn(parent) => parent,
            };
            step = self.nodes[id].before;
        }
    }
}
