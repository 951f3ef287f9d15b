// SPDX-License-Identifier: MIT OR Apache-2.0
//! All runs of all threads so far, so that no body is run twice with the same answers.
//!
//! The runs of a thread are a tree: one more answer leads from a run to the next. A read site is a line
//! of the source and the location that it loads from. For each site it is known to which locations later
//! runs store, as far as they have been run. Where the search leaves threads out, it relies on that and
//! records it. If a later run stores there after all, the search starts again with what it has learnt.
//! All runs that wait at one site share this record, because the search then learns faster.

use core::panic::Location as Line;
use std::collections::HashMap;
use std::rc::Rc;

use crate::bodies::Bodies;
use crate::event::{Action, Location};
use crate::replay;
use crate::run::{Answer, Children, End, Known, Run, RunId, Segment, Variable};

/// A set of locations, modulo 128. Where two of them collide, a thread seems to store to both.
type Locations = u128;

fn only(at: Location) -> Locations {
    1 << (at % 128)
}

/// The step that led to a run.
#[derive(Clone, Copy)]
enum Predecessor {
    /// It is the first run of a thread of the program.
    Start,
    /// It is the first run of a thread that this run spawned.
    Spawn(RunId),
    /// The run with one answer less, and the last answer. For a join that is the run of the other thread.
    Answer(RunId, u64),
}

struct Node {
    run: Rc<Run>,
    thread: usize,
    before: Predecessor,
    next: Vec<(u64, RunId)>,
    /// Where it waits, by its number in `Runs::sites`.
    site: usize,
}

/// The runs of a thread that wait at one line for a load of one location, or that wait for no load.
struct ReadSite {
    at: (usize, Option<(&'static Line<'static>, Location)>),
    /// Locations to which later runs store.
    stores_later: Locations,
    /// Locations to which the search assumes that no later run stores.
    relied_on: Locations,
}

#[derive(Default)]
pub(crate) struct Runs {
    known: Known,
    /// A word of a block was found that earlier runs did not know: they are of no use.
    pub(crate) is_outdated: bool,
    /// The search relied on an assumption that turned out to be wrong.
    pub(crate) is_refuted: bool,
    nodes: Vec<Node>,
    sites: Vec<ReadSite>,
    /// The runs without answers, by thread and by the run that spawned it.
    roots: HashMap<(usize, Option<RunId>), RunId>,
}

impl Runs {
    pub(crate) fn new(bodies: &Bodies<'_>) -> Self {
        let children = Children::new(bodies.started_first);
        Runs { known: Known { children, ..Known::default() }, ..Runs::default() }
    }

    pub(crate) fn variables(&self) -> &[Variable] {
        &self.known.variables
    }

    /// Prepares another search that keeps what is known.
    pub(crate) fn again(mut self) -> Self {
        if self.is_outdated {
            return Runs { known: self.known, ..Runs::default() };
        }
        self.is_refuted = false;
        self.sites.iter_mut().for_each(|site| site.relied_on = 0);
        self
    }

    pub(crate) fn run(&self, id: RunId) -> Rc<Run> {
        Rc::clone(&self.nodes[id].run)
    }

    /// Returns the run of a thread until its first load. `parent` is the run that spawned it.
    pub(crate) fn first(
        &mut self,
        bodies: &Bodies<'_>,
        thread: usize,
        parent: Option<RunId>,
    ) -> RunId {
        if let Some(&id) = self.roots.get(&(thread, parent)) {
            return id;
        }
        let id = self.add(bodies, thread, parent.map_or(Predecessor::Start, Predecessor::Spawn));
        self.roots.insert((thread, parent), id);
        id
    }

    /// Returns the run with one more answer.
    pub(crate) fn next(&mut self, bodies: &Bodies<'_>, before: RunId, answer: u64) -> RunId {
        let known = self.nodes[before].next.iter().find(|(with, _)| *with == answer);
        if let Some(&(_, id)) = known {
            return id;
        }
        let thread = self.nodes[before].thread;
        let id = self.add(bodies, thread, Predecessor::Answer(before, answer));
        self.nodes[before].next.push((answer, id));
        id
    }

    /// Returns whether a later run stores there.
    pub(crate) fn may_store(&self, id: RunId, at: Location) -> bool {
        self.sites[self.nodes[id].site].stores_later & only(at) != 0
    }

    /// Records that the search assumes that no later run stores there.
    pub(crate) fn rely_on_no_store(&mut self, id: RunId, at: Location) {
        self.sites[self.nodes[id].site].relied_on |= only(at);
    }

    fn add(&mut self, bodies: &Bodies<'_>, thread: usize, before: Predecessor) -> RunId {
        let path = self.path(thread, before);
        let known = self.known.variables.len();
        let run = self.replay(bodies, path.clone());
        self.is_outdated |= self.known.variables[known..].iter().any(Variable::is_allocated);
        if !self.is_outdated {
            let ended = matches!(run.end, End::Done(_) | End::Failed(_));
            let is_as_before =
                self.is_continued_by(before, &run) && (!ended || self.replay(bodies, path) == run);
            assert!(
                is_as_before,
                "the body of thread {thread} is not deterministic: {}",
                replay::ADVICE
            );
        }
        self.learn(before, &run);
        let site = self.site_of(thread, &run);
        self.nodes.push(Node { run: Rc::new(run), thread, before, next: Vec::new(), site });
        self.nodes.len() - 1
    }

    /// Returns the path to the run after this step.
    fn path(&self, thread: usize, before: Predecessor) -> Vec<Segment> {
        let (answers, start) = self.answers(before);
        let mut path = match start {
            Some(parent) => {
                let parent = &self.nodes[parent];
                self.path(parent.thread, parent.before)
            }
            None => Vec::new(),
        };
        path.push(Segment { thread, answers });
        path
    }

    /// Returns the answers that a thread got, and the run that spawned it.
    fn answers(&self, mut step: Predecessor) -> (Vec<Answer>, Option<RunId>) {
        let mut answers = Vec::new();
        while let Predecessor::Answer(id, answer) = step {
            let node = &self.nodes[id];
            let answer = match node.run.end {
                End::NeedsJoin(..) => {
                    Answer::Joined(self.answers(self.nodes[answer as RunId].before).0.into())
                }
                _ => Answer::Value(answer),
            };
            answers.push(answer);
            step = node.before;
        }
        answers.reverse();
        (answers, if let Predecessor::Spawn(parent) = step { Some(parent) } else { None })
    }

    fn site_of(&mut self, thread: usize, run: &Run) -> usize {
        let read = match run.end {
            End::NeedsValue(request) => Some((request.line, request.at)),
            _ => None,
        };
        let at = (thread, read);
        let known = self.sites.iter().position(|site| site.at == at);
        known.unwrap_or_else(|| {
            self.sites.push(ReadSite { at, stores_later: 0, relied_on: 0 });
            self.sites.len() - 1
        })
    }

    fn replay(&mut self, bodies: &Bodies<'_>, path: Vec<Segment>) -> Run {
        let body = bodies.body(path[0].thread);
        replay::run(&mut self.known, path, bodies.allowed, body)
    }

    /// Returns whether a run continues where the run before it needed an answer.
    fn is_continued_by(&self, before: Predecessor, run: &Run) -> bool {
        let Predecessor::Answer(before, _) = before else { return true };
        let before = &self.nodes[before].run;
        let next = run.events.get(before.events.len());
        let is_continued = match before.end {
            End::NeedsValue(request) => {
                next.is_some_and(|next| next.location() == Some(request.at) && next.reads())
            }
            End::NeedsJoin(thread, _) => {
                next.is_some_and(|next| next.action == Action::Join { thread })
            }
            End::NeedsChoice => true,
            _ => false,
        };
        is_continued && run.events.starts_with(&before.events)
    }

    /// Records where this run stores, for all runs that led to it, those of the spawning thread included.
    fn learn(&mut self, before: Predecessor, run: &Run) {
        let known = match before {
            Predecessor::Answer(id, _) => self.nodes[id].run.events.len(),
            Predecessor::Start | Predecessor::Spawn(_) => 0,
        };
        let new = &run.events[known.min(run.events.len())..];
        let stores = new.iter().filter(|event| event.written().is_some());
        let stores = stores.filter_map(|event| event.location().map(only));
        let stores = stores.fold(0, |all, one| all | one);
        let mut step = before;
        loop {
            let id = match step {
                Predecessor::Start => return,
                Predecessor::Answer(id, _) => {
                    let site = &mut self.sites[self.nodes[id].site];
                    self.is_refuted |= stores & !site.stores_later & site.relied_on != 0;
                    site.stores_later |= stores;
                    id
                }
                Predecessor::Spawn(parent) => parent,
            };
            step = self.nodes[id].before;
        }
    }
}
