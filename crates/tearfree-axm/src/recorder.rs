// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records the run of a body.

use core::mem;
use core::panic::Location as Line;
use std::thread;

use crate::event::{Action, Event, Location, Strength};
use crate::run::{Allowed, Answer, Children, Known, Request, Run, Segment, Variable};

/// This many equal reads in a row are a spin loop.
const SPIN: usize = 16;

#[derive(Default)]
pub(crate) struct Replay {
    pub(crate) variables: Vec<Variable>,
    /// The number of variables that were known before this run.
    pub(crate) known: usize,
    /// Variables that were dropped in this run.
    pub(crate) dropped: Vec<Location>,
    pub(crate) children: Children,
    pub(crate) thread: usize,
    /// The number of blocks that this run has allocated.
    pub(crate) allocations: usize,
    /// The number of threads that this run has spawned.
    pub(crate) spawned: usize,
    pub(crate) answers: Vec<Answer>,
    pub(crate) answered: usize,
    pub(crate) events: Vec<Event>,
    /// Events of destructors that ran after the end of the run: not part of the execution.
    pub(crate) unwinding: Vec<Event>,
    /// The rest of the path: threads that this one spawns, directly or not.
    pub(crate) rest_of_path: Vec<Segment>,
    /// The run at the end of the path, once it has ended.
    pub(crate) inner: Option<Run>,
    pub(crate) allowed: Allowed,
    pub(crate) left: Allowed,
    /// The number of events before the last pause.
    pub(crate) paused_at: usize,
    pub(crate) sleeps: usize,
}

impl Replay {
    /// Starts the run of the first thread of `path`.
    pub(crate) fn new(known: Known, path: Vec<Segment>, allowed: Allowed) -> Self {
        let mut segments = path.into_iter();
        let Segment { thread, answers } = segments.next().expect("a path has a start");
        Replay {
            known: known.variables.len(),
            variables: known.variables,
            children: known.children,
            thread,
            answers,
            rest_of_path: segments.collect(),
            allowed,
            left: allowed,
            ..Replay::default()
        }
    }

    /// Takes what a nested run has to know, and the variables that this thread made itself.
    pub(crate) fn take_known(&mut self) -> (Known, Vec<Variable>) {
        let own = self.variables.split_off(self.known);
        let (variables, children) = (mem::take(&mut self.variables), mem::take(&mut self.children));
        (Known { variables, children }, own)
    }

    pub(crate) fn location(&mut self, variable: Variable) -> Location {
        let overlaps = |(at, known): (Location, &Variable)| {
            known.kind == variable.kind
                && known.made_by.is_none()
                && !self.dropped.contains(&at)
                && known.address < variable.address + variable.size
                && variable.address < known.address + known.size
        };
        if let Some(at) = self.variables.iter().enumerate().position(overlaps) {
            let known = self.variables[at];
            let is_same = (known.address, known.size) == (variable.address, variable.size);
            assert!(is_same, "accesses of two sizes to the same bytes");
            return at;
        }
        self.variables.push(variable);
        self.variables.len() - 1
    }

    /// Renames the variables that the body made and dropped, by thread and number, and returns the new
    /// number of each location of this run.
    pub(crate) fn renumber_dropped(&mut self) -> Vec<Location> {
        let new = self.variables.split_off(self.known);
        let mut numbers: Vec<Location> = (0..self.known).collect();
        let mut made = 0;
        for (at, mut variable) in (self.known..).zip(new) {
            if self.dropped.contains(&at) {
                variable = Variable { address: 0, made_by: Some((self.thread, made)), ..variable };
                made += 1;
            }
            let known = self.variables.iter().position(|known| *known == variable);
            numbers.push(known.unwrap_or(self.variables.len()));
            if known.is_none() {
                self.variables.push(variable);
            }
        }
        numbers
    }

    pub(crate) fn record(
        &mut self,
        action: Action,
        strength: Strength,
        line: &'static Line<'static>,
    ) {
        let events = if thread::panicking() { &mut self.unwinding } else { &mut self.events };
        events.push(Event { action, strength, line: Some(line) });
    }

    /// Returns whether the last read is one of many at one line that found the same value, without a
    /// change or a pause in between.
    pub(crate) fn is_spinning(&self) -> bool {
        let changes = |event: &Event| match event.action {
            Action::Update { read, written, .. } => read != written,
            Action::Store { .. } | Action::Free { .. } => true,
            Action::Spawn { .. } | Action::Join { .. } => true,
            Action::Load { .. } | Action::Fence => false,
        };
        let recent = &self.events[self.paused_at..];
        let recent = &recent[recent.iter().rposition(changes).map_or(0, |last| last + 1)..];
        let same = |event: &&Event| Some(*event) == recent.last();
        recent.iter().filter(same).count() >= SPIN && !thread::panicking()
    }

    /// Returns the value that this thread last loaded or stored: destructors get it after the end of a run.
    pub(crate) fn last_value(&self, at: Location) -> u64 {
        let events = self.events.iter().chain(&self.unwinding);
        let last = events.rev().find_map(|event| match event.action {
            Action::Load { at: there, value } if there == at => Some(value),
            _ if event.location() == Some(at) => event.written(),
            _ => None,
        });
        last.unwrap_or(self.variables[at].initial)
    }

    /// Returns the answer to the next load, or the request for one.
    pub(crate) fn answer(&mut self, request: Request) -> Result<u64, Request> {
        if thread::panicking() {
            return Ok(self.last_value(request.at));
        }
        self.next_answer().map(|answer| answer.value()).ok_or(request)
    }

    pub(crate) fn next_answer(&mut self) -> Option<Answer> {
        let answer = self.answers.get(self.answered).cloned()?;
        self.answered += 1;
        Some(answer)
    }
}
