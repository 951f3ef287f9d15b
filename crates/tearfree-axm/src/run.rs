// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a run of a thread's body is: how it is started, where it goes, what it did, how it ended.

use core::panic::Location as Line;
use std::rc::Rc;

use crate::event::{Event, Location};
use crate::heap::{Reader, block_of};

/// The most threads that a program can have.
pub(crate) const MOST_THREADS: usize = 16;

/// The thread that is run after all others.
pub(crate) const AFTER: usize = usize::MAX;

/// Where an access goes: which memory, and what was there when the threads started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Zero for a word that a body made and dropped: its memory is used again.
    pub(crate) address: usize,
    pub(crate) size: usize,
    pub(crate) initial: u64,
    pub(crate) kind: Kind,
    /// The thread whose body made the word, and how many that body had made before.
    pub(crate) made_by: Option<(usize, usize)>,
    pub(crate) reader: Reader,
}

impl Place {
    /// Whether it is a word that a thread has allocated: then there is no initial store to read.
    pub(crate) fn is_allocated(&self) -> bool {
        self.kind == Kind::Word && self.made_by.is_none() && block_of(self.address).is_some()
    }
}

/// Memory, or what the system keeps beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    /// The number of wakes that the queue of a word has seen.
    Queue,
}

/// A load that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) at: Location,
    /// The thread sleeps for as long as the value is this one.
    pub(crate) sleeps_at: Option<u64>,
    /// The only value that is an answer.
    pub(crate) only: Option<u64>,
    pub(crate) line: &'static Line<'static>,
}

/// How a run of a body ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum End {
    /// It has not begun: no thread has spawned it.
    Absent,
    /// It needs the answer to its next load.
    Asks(Request),
    /// It needs to know whether what can fail for no reason does.
    Chooses,
    /// It waits there until this thread has ended.
    Joins(usize, &'static Line<'static>),
    /// It came to its end, and tells what it saw.
    Done(String),
    /// It waits there for another thread, and other executions show what comes of that.
    Cut(&'static Line<'static>),
    /// It reads the same values again and again, and does not pause.
    Spins(&'static Line<'static>),
    /// It panicked.
    Failed(String),
}

/// What a body did until its run ended.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) events: Vec<Event>,
    pub(crate) end: End,
}

/// How often a thread may do what it could do without end.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowed {
    pub(crate) pauses: usize,
    /// Weak exchanges that fail, and sleeps that end, for no reason.
    pub(crate) spurious: usize,
}

/// What a run finds where it needs an answer.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Value(u64),
    /// The thread that is joined got these answers.
    Joined(Rc<[Answer]>),
}

impl Answer {
    pub(crate) fn value(&self) -> u64 {
        match self {
            Answer::Value(value) => *value,
            Answer::Joined(_) => 0, // only where a body is not deterministic, which is found out
        }
    }
}

/// A part of the way to a run: a thread, which the thread before it spawned, and its answers.
#[derive(Clone, Debug)]
pub(crate) struct Leg {
    pub(crate) thread: usize,
    pub(crate) answers: Vec<Answer>,
}

/// What all runs share.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) places: Vec<Place>,
    pub(crate) children: Children,
}

/// The numbers of the threads that threads have spawned, in any execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Children {
    /// How many threads the program itself has.
    listed: usize,
    /// For each: the thread that spawned it, and how many that one had spawned before.
    of: Vec<(usize, usize)>,
}

impl Children {
    pub(crate) fn new(listed: usize) -> Self {
        Children { listed, of: Vec::new() }
    }

    /// The number of a thread, or why there is none.
    pub(crate) fn number(&mut self, parent: usize, before: usize) -> Result<usize, String> {
        if parent == AFTER {
            return Err("a thread is spawned after all others have ended".to_owned());
        }
        let known = self.of.iter().position(|&child| child == (parent, before));
        let number = self.listed + known.unwrap_or(self.of.len());
        if number >= MOST_THREADS {
            return Err(format!("more than {MOST_THREADS} threads: use a smaller program"));
        }
        if known.is_none() {
            self.of.push((parent, before));
        }
        Ok(number)
    }
}
