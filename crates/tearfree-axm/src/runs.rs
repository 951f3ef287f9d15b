// SPDX-License-Identifier: MIT OR Apache-2.0
//! What bodies did with which answers, so that none is run twice with the same ones.
//!
//! The runs of a thread are a tree: one more answer leads from a run to the next. For each place where
//! a thread asks, which is a line of the source and a location, it is known to which locations runs
//! store beyond it, as far as they have been run. The search relies on that where it leaves threads
//! out, and notes so. If a run turns out to store there, the search is refuted, and begins again with
//! what it has learnt. Runs that ask at one place are taken together because it learns faster then.

use core::panic::Location as Line;
use std::rc::Rc;

use crate::event::Location;
use crate::explore::Bodies;
use crate::replay::{self, End, Place, Run};

/// A set of locations. Two that are 128 apart are one here: a thread then seems to store to more.
type Locations = u128;

fn only(at: Location) -> Locations {
    1 << (at % 128)
}

/// A run, by its number.
pub(crate) type RunId = usize;

struct Node {
    run: Rc<Run>,
    /// The run with an answer less, and that answer.
    before: Option<(RunId, u64)>,
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
    pub(crate) places: Vec<Place>,
    /// A word of a block turned up that the runs before did not know. They are of no use then.
    pub(crate) is_outdated: bool,
    /// The search left out what it should not have.
    pub(crate) is_refuted: bool,
    nodes: Vec<Node>,
    asks: Vec<Asks>,
    /// The runs without answers, by thread.
    roots: Vec<Option<RunId>>,
}

impl Runs {
    /// For another search, with what is known.
    pub(crate) fn again(mut self) -> Self {
        if self.is_outdated {
            return Runs { places: self.places, ..Runs::default() };
        }
        self.is_refuted = false;
        self.asks.iter_mut().for_each(|asks| asks.relied_on = 0);
        self
    }

    pub(crate) fn run(&self, id: RunId) -> Rc<Run> {
        Rc::clone(&self.nodes[id].run)
    }

    /// The run of a thread until its first load.
    pub(crate) fn first(&mut self, bodies: &Bodies<'_>, thread: usize) -> RunId {
        if self.roots.len() <= thread {
            self.roots.resize(thread + 1, None);
        }
        if let Some(id) = self.roots[thread] {
            return id;
        }
        let id = self.add(bodies, thread, None);
        self.roots[thread] = Some(id);
        id
    }

    /// The run that goes on with one more answer.
    pub(crate) fn next(
        &mut self,
        bodies: &Bodies<'_>,
        thread: usize,
        before: RunId,
        answer: u64,
    ) -> RunId {
        let known = self.nodes[before].next.iter().find(|(with, _)| *with == answer);
        if let Some(&(_, id)) = known {
            return id;
        }
        let id = self.add(bodies, thread, Some((before, answer)));
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

    fn add(&mut self, bodies: &Bodies<'_>, thread: usize, before: Option<(RunId, u64)>) -> RunId {
        let mut answers = Vec::new();
        let mut step = before;
        while let Some((id, answer)) = step {
            answers.push(answer);
            step = self.nodes[id].before;
        }
        answers.reverse();
        let known = self.places.len();
        let run = self.replay(bodies, thread, &answers);
        self.is_outdated |= self.places[known..].iter().any(Place::is_allocated);
        if !self.is_outdated {
            let ended = matches!(run.end, End::Done(_) | End::Failed(_));
            let is_as_before = before.is_none_or(|(before, _)| self.goes_on(before, &run))
                && (!ended || self.replay(bodies, thread, &answers) == run);
            assert!(
                is_as_before,
                "the body of thread {thread} is not deterministic: {}",
                replay::ADVICE
            );
        }
        self.learn(before.map(|(before, _)| before), &run);
        let asks = self.asks_of(thread, &run);
        self.nodes.push(Node { run: Rc::new(run), before, next: Vec::new(), asks });
        self.nodes.len() - 1
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

    fn replay(&mut self, bodies: &Bodies<'_>, thread: usize, answers: &[u64]) -> Run {
        replay::run(&mut self.places, thread, answers, bodies.allowed, bodies.all[thread])
    }

    /// Whether the run with an answer more goes on where the one before had asked.
    fn goes_on(&self, before: RunId, run: &Run) -> bool {
        let before = &self.nodes[before].run;
        let next = run.events.get(before.events.len());
        let goes_on = match before.end {
            End::Asks(request) => {
                next.is_some_and(|next| next.location() == Some(request.at) && next.reads())
            }
            End::Chooses => true,
            _ => false,
        };
        goes_on && run.events.starts_with(&before.events)
    }

    /// Tells all the runs that led to this one where it stores.
    fn learn(&mut self, before: Option<RunId>, run: &Run) {
        let Some(id) = before else { return };
        let new = &run.events[self.nodes[id].run.events.len().min(run.events.len())..];
        let stores = new.iter().filter(|event| event.written().is_some());
        let stores = stores.filter_map(|event| event.location().map(only));
        let stores = stores.fold(0, |all, one| all | one);
        let mut step = before;
        while let Some(id) = step {
            let node = &self.nodes[id];
            let asks = &mut self.asks[node.asks];
            self.is_refuted |= stores & !asks.stores_later & asks.relied_on != 0;
            asks.stores_later |= stores;
            step = node.before.map(|(before, _)| before);
        }
    }
}
