// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds an order of the calls of a history: the search of Wing and Gong, with Lowe's cache of failed states.

use std::collections::{HashMap, HashSet};

use crate::record::{Call, FIRST, History};
use crate::specification::{Around, Mismatch, State, Step, Token};

/// A step of one thread, as the search wants it.
struct Pending {
    step: Step,
    begun: u64,
    ended: u64,
    around: Around,
}

/// How many steps of each thread have been made.
type Done = Vec<usize>;

/// The furthest that any order got, and why it ended there.
pub(crate) struct Stuck {
    pub(crate) steps: usize,
    pub(crate) state: State,
    /// For each thread: the time at which its next call begins and ends, and what is wrong with it.
    pub(crate) next: Vec<Option<(u64, u64, Option<Mismatch>)>>,
}

struct Search {
    threads: Vec<Vec<Pending>>,
    done: Done,
    /// How many steps that have been made knew a version.
    known: HashMap<Token, usize>,
    failed: HashSet<(Done, State)>,
    furthest: Option<Stuck>,
}

/// Finds an order, or returns how far the longest one got.
pub(crate) fn order(history: &History) -> Result<(), Stuck> {
    let mut search = Search {
        threads: pending(history),
        done: vec![0; history.threads.len()],
        known: HashMap::from([(history.first, 1)]),
        failed: HashSet::new(),
        furthest: None,
    };
    let state = State { value: FIRST, version: Some(history.first), holder: None };
    if search.succeeds(state) { Ok(()) } else { Err(search.furthest.expect("nothing was tried")) }
}

impl Search {
    /// Whether all steps that are left can be made from here.
    fn succeeds(&mut self, state: State) -> bool {
        if self.threads.iter().zip(&self.done).all(|(steps, &done)| done == steps.len()) {
            return true;
        }
        if self.failed.contains(&(self.done.clone(), state)) {
            return false;
        }
        for thread in self.threads_that_can_be_next() {
            let Ok(after) = self.after(state, thread) else { continue };
            let version = version(self.threads[thread][self.done[thread]].step);
            self.step(thread, version, 1);
            let succeeds = self.succeeds(after);
            self.step(thread, version, -1);
            if succeeds {
                return true;
            }
        }
        self.remember_furthest(state);
        self.failed.insert((self.done.clone(), state));
        false
    }

    /// Makes the next step of `thread`, or takes the last one back.
    fn step(&mut self, thread: usize, version: Option<Token>, by: isize) {
        self.done[thread] = self.done[thread].checked_add_signed(by).unwrap();
        if let Some(version) = version {
            let known = self.known.entry(version).or_default();
            *known = known.checked_add_signed(by).unwrap();
        }
    }

    fn next(&self, thread: usize) -> Option<&Pending> {
        self.threads[thread].get(self.done[thread])
    }

    /// The threads whose next call began before any call that is not over has ended.
    fn threads_that_can_be_next(&self) -> Vec<usize> {
        let threads = 0..self.threads.len();
        let first_end = threads.clone().filter_map(|t| Some(self.next(t)?.ended)).min();
        let in_time = |t: &usize| self.next(*t).is_some_and(|p| Some(p.begun) < first_end);
        threads.filter(in_time).collect()
    }

    fn after(&self, state: State, thread: usize) -> Result<State, Mismatch> {
        let Pending { step, around, .. } = self.threads[thread][self.done[thread]];
        let version = version(step);
        let outdated = version.is_some_and(|v| self.known.get(&v).is_some_and(|&known| known > 0));
        state.after(step, thread, Around { outdated, ..around })
    }

    fn remember_furthest(&mut self, state: State) {
        let steps = self.done.iter().sum();
        if self.furthest.as_ref().is_some_and(|furthest| furthest.steps >= steps) {
            return;
        }
        let in_time = self.threads_that_can_be_next();
        let explain = |thread: usize| {
            let next = self.next(thread)?;
            let wrong = in_time.contains(&thread).then(|| self.after(state, thread).err());
            Some((next.begun, next.ended, wrong.flatten()))
        };
        let next = (0..self.threads.len()).map(explain).collect();
        self.furthest = Some(Stuck { steps, state, next });
    }
}

fn version(step: Step) -> Option<Token> {
    match step {
        Step::At(token) | Step::NotAt(token) | Step::SeeVersioned(_, token) => Some(token),
        _ => None,
    }
}

fn pending(history: &History) -> Vec<Vec<Pending>> {
    let all = || history.threads.iter().enumerate();
    let overlap = |a: &Call, b: &Call| a.begun < b.ended && b.begun < a.ended;
    let others = |thread: usize, call: &Call, what: fn(&Step) -> bool| {
        let mut others = all().filter(|&(other, _)| other != thread).flat_map(|(_, calls)| calls);
        others.any(|other| overlap(call, other) && other.steps.iter().any(what))
    };
    let steps_of = |thread: usize, call: &Call| -> Vec<Pending> {
        let around = |step: Step| Around {
            writes: step == Step::Disturbed
                && others(thread, call, |step| matches!(step, Step::Publish(_))),
            holds: step == Step::Busy && others(thread, call, |step| *step == Step::MayHold),
            outdated: false,
        };
        let Call { begun, ended, ref steps, .. } = *call;
        steps.iter().map(|&step| Pending { step, begun, ended, around: around(step) }).collect()
    };
    all()
        .map(|(thread, calls)| calls.iter().flat_map(|call| steps_of(thread, call)).collect())
        .collect()
}
