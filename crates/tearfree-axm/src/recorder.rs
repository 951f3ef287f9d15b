// SPDX-License-Identifier: MIT OR Apache-2.0
//! The run of a body that is being recorded.

use core::mem;
use core::panic::Location as Line;
use std::thread;

use crate::event::{Action, Event, Location, Strength};
use crate::run::{Allowed, Answer, Children, Known, Leg, Place, Request, Run};

/// So many reads that found the same, one after the other, are a spin loop.
const SPIN: usize = 16;

#[derive(Default)]
pub(crate) struct Replay {
    pub(crate) places: Vec<Place>,
    /// How many of them there were before this run.
    pub(crate) known: usize,
    /// Those that were dropped in this run.
    pub(crate) dropped: Vec<Location>,
    pub(crate) children: Children,
    pub(crate) thread: usize,
    /// How many blocks this run has allocated.
    pub(crate) allocations: usize,
    /// How many threads this run has spawned.
    pub(crate) spawned: usize,
    pub(crate) answers: Vec<Answer>,
    pub(crate) answered: usize,
    pub(crate) events: Vec<Event>,
    /// What destructors did after the run was left: not part of the execution.
    pub(crate) unwinding: Vec<Event>,
    /// The run that is meant is one of a thread that this one spawns, or of one that that one spawns.
    pub(crate) onward: Vec<Leg>,
    /// That run, once it is over.
    pub(crate) inner: Option<Run>,
    pub(crate) allowed: Allowed,
    pub(crate) left: Allowed,
    /// The number of events before the last pause.
    pub(crate) paused_at: usize,
    pub(crate) sleeps: usize,
}

impl Replay {
    /// The run of a thread along a path that starts with it.
    pub(crate) fn new(known: Known, path: Vec<Leg>, allowed: Allowed) -> Self {
        let mut legs = path.into_iter();
        let Leg { thread, answers } = legs.next().expect("a path has a start");
        Replay {
            known: known.places.len(),
            places: known.places,
            children: known.children,
            thread,
            answers,
            onward: legs.collect(),
            allowed,
            left: allowed,
            ..Replay::default()
        }
    }

    /// What a run inside of this one has to know. The words that this thread made are no part of it.
    pub(crate) fn lend(&mut self) -> (Known, Vec<Place>) {
        let own = self.places.split_off(self.known);
        let (places, children) = (mem::take(&mut self.places), mem::take(&mut self.children));
        (Known { places, children }, own)
    }

    pub(crate) fn location(&mut self, place: Place) -> Location {
        let overlaps = |(at, known): (Location, &Place)| {
            known.kind == place.kind
                && known.made_by.is_none()
                && !self.dropped.contains(&at)
                && known.address < place.address + place.size
                && place.address < known.address + known.size
        };
        if let Some(at) = self.places.iter().enumerate().position(overlaps) {
            let known = self.places[at];
            let is_same = (known.address, known.size) == (place.address, place.size);
            assert!(is_same, "accesses of two sizes to the same bytes");
            return at;
        }
        self.places.push(place);
        self.places.len() - 1
    }

    /// Gives the words that the body made and dropped names of their own, by thread and number, and
    /// tells what number each location of this run has from now on.
    pub(crate) fn settled(&mut self) -> Vec<Location> {
        let new = self.places.split_off(self.known);
        let mut numbers: Vec<Location> = (0..self.known).collect();
        let mut made = 0;
        for (at, mut place) in (self.known..).zip(new) {
            if self.dropped.contains(&at) {
                place = Place { address: 0, made_by: Some((self.thread, made)), ..place };
                made += 1;
            }
            let known = self.places.iter().position(|known| *known == place);
            numbers.push(known.unwrap_or(self.places.len()));
            if known.is_none() {
                self.places.push(place);
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

    /// Whether the last read is one of many at one line that found the same, with nothing changed and no
    /// pause in between.
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

    /// What this thread last saw or stored there: for destructors, while a run is left.
    pub(crate) fn look(&self, at: Location) -> u64 {
        let events = self.events.iter().chain(&self.unwinding);
        let last = events.rev().find_map(|event| match event.action {
            Action::Load { at: there, value } if there == at => Some(value),
            _ if event.location() == Some(at) => event.written(),
            _ => None,
        });
        last.unwrap_or(self.places[at].initial)
    }

    /// The answer to the next load, or what to ask for.
    pub(crate) fn answer(&mut self, request: Request) -> Result<u64, Request> {
        if thread::panicking() {
            return Ok(self.look(request.at));
        }
        self.next_answer().map(|answer| answer.value()).ok_or(request)
    }

    pub(crate) fn next_answer(&mut self) -> Option<Answer> {
        let answer = self.answers.get(self.answered).cloned()?;
        self.answered += 1;
        Some(answer)
    }
}
