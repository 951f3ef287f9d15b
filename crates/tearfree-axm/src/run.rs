// SPDX-License-Identifier: MIT OR Apache-2.0
//! A run of a thread's body: its start, the variables that it accesses, its events and its end.

use core::panic::Location as Line;
use std::rc::Rc;

use crate::block::{Reader, block_of};
use crate::event::{Event, Location};

/// The most threads that a program can have.
pub(crate) const MOST_THREADS: usize = 16;

/// A run, by its number.
pub(crate) type RunId = usize;

/// The number of the thread that runs after all others.
pub(crate) const AFTER: usize = usize::MAX;

/// A variable that threads access: its memory, and its value when the threads start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Variable {
    /// Zero for a variable that a body made and dropped: its memory is reused.
    pub(crate) address: usize,
    pub(crate) size: usize,
    pub(crate) initial: u64,
    pub(crate) kind: VariableKind,
    /// The thread whose body made the variable, and how many that body had made before.
    pub(crate) made_by: Option<(usize, usize)>,
    pub(crate) reader: Reader,
}

impl Variable {
    /// Returns whether a thread has allocated it: then loads cannot read from its initial store.
    pub(crate) fn is_allocated(&self) -> bool {
        self.kind == VariableKind::Word
            && self.made_by.is_none()
            && block_of(self.address).is_some()
    }
}

/// Memory, or a queue that the system keeps for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VariableKind {
    Word,
    /// The queue of threads that sleep on a word. Its value is the number of wakes.
    Queue,
}

/// A load that needs a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) at: Location,
    /// The thread sleeps while this is the value.
    pub(crate) sleeps_at: Option<u64>,
    /// The only value that the load can return.
    pub(crate) only: Option<u64>,
    pub(crate) line: &'static Line<'static>,
}

/// How a run of a body ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// No thread has spawned it.
    NotSpawned,
    /// The next load needs a value.
    NeedsValue(Request),
    /// An operation that can fail spuriously needs to know whether it does.
    NeedsChoice,
    /// It waits at this line until the thread has ended.
    NeedsJoin(usize, &'static Line<'static>),
    /// It returned this outcome.
    Done(String),
    /// It waits at this line for another thread longer than the program allows.
    Cut(&'static Line<'static>),
    /// It reads the same values at this line again and again, and does not pause.
    Spins(&'static Line<'static>),
    /// It panicked, or was refused.
    Failed(String),
}

/// The events of a body until its run ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) events: Vec<Event>,
    pub(crate) end: End,
}

/// How often a thread may do what could otherwise go on without end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowed {
    pub(crate) pauses: usize,
    /// Weak exchanges that fail spuriously.
    pub(crate) failures: usize,
    /// Sleeps that end spuriously.
    pub(crate) wake_ups: usize,
}

impl Default for Allowed {
    fn default() -> Self {
        // One wake-up finds a sleep that is not in a loop, so without a word each program has one.
        Allowed { pauses: 0, failures: 0, wake_ups: 1 }
    }
}

/// The answer to a load, a choice or a join of a run.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Value(u64),
    /// The answers that the joined thread got.
    Joined(Rc<[Answer]>),
}

impl Answer {
    pub(crate) fn value(&self) -> u64 {
        match self {
            Answer::Value(value) => *value,
            Answer::Joined(_) => 0, // the body is not deterministic, which is reported
        }
    }
}

/// A segment of the path to a run: a thread, which the thread before it spawned, and its answers.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) thread: usize,
    pub(crate) answers: Vec<Answer>,
}

/// What all runs know.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) variables: Vec<Variable>,
    pub(crate) children: Children,
}

/// The numbers of the threads that threads have spawned, in any execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children {
    /// The number of threads that the program itself has.
    listed: usize,
    /// For each: the thread that spawned it, and how many that one had spawned before.
    spawned_by: Vec<(usize, usize)>,
}

impl Children {
    pub(crate) fn new(listed: usize) -> Self {
        Children { listed, spawned_by: Vec::new() }
    }

    /// Returns the number of a thread, or the reason why it cannot be spawned.
    pub(crate) fn number(&mut self, parent: usize, before: usize) -> Result<usize, String> {
        if parent == AFTER {
            return Err("a thread is spawned after all others have ended".to_owned());
        }
        let known = self.spawned_by.iter().position(|&child| child == (parent, before));
        let number = self.listed + known.unwrap_or(self.spawned_by.len());
        if number >= MOST_THREADS {
            return Err(format!("more than {MOST_THREADS} threads: use a smaller program"));
        }
        if known.is_none() {
            self.spawned_by.push((parent, before));
        }
        Ok(number)
    }
}
