// SPDX-License-Identifier: MIT OR Apache-2.0
//! The events of an execution: accesses, fences, spawns and joins.

use core::fmt;
use core::panic::Location as Line;
use core::sync::atomic::Ordering;

/// A memory location, by its number in the order of first use.
pub(crate) type Location = usize;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Load {
        at: Location,
        value: u64,
    },
    Store {
        at: Location,
        value: u64,
    },
    /// A read-modify-write that wrote.
    Update {
        at: Location,
        read: u64,
        written: u64,
    },
    /// A word of a block that is freed.
    Free {
        at: Location,
    },
    Fence,
    /// Another thread starts.
    Spawn {
        thread: usize,
    },
    /// Another thread has ended.
    Join {
        thread: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    /// Not atomic: a data race if it is not ordered.
    Plain,
    Relaxed,
    Acquire,
    Release,
    AcqRel,
    SeqCst,
}

impl From<Ordering> for Strength {
    fn from(order: Ordering) -> Self {
        match order {
            Ordering::Relaxed => Strength::Relaxed,
            Ordering::Acquire => Strength::Acquire,
            Ordering::Release => Strength::Release,
            Ordering::AcqRel => Strength::AcqRel,
            Ordering::SeqCst => Strength::SeqCst,
            order => panic!("this checker does not know the ordering {order:?}"),
        }
    }
}

/// One access, fence, spawn or join of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) action: Action,
    pub(crate) strength: Strength,
    /// The line of the source. `None` for initial stores.
    pub(crate) line: Option<&'static Line<'static>>,
}

impl Event {
    /// Creates the initial store of a location. The axioms do not use its value.
    pub(crate) fn initial(at: Location) -> Self {
        Event { action: Action::Store { at, value: 0 }, strength: Strength::Relaxed, line: None }
    }

    /// Replaces the number of its location by `numbers[location]`.
    pub(crate) fn renumbered(mut self, numbers: &[Location]) -> Self {
        match &mut self.action {
            Action::Load { at, .. }
            | Action::Store { at, .. }
            | Action::Update { at, .. }
            | Action::Free { at } => {
                *at = numbers[*at];
            }
            Action::Fence | Action::Spawn { .. } | Action::Join { .. } => {}
        }
        self
    }

    pub(crate) fn location(&self) -> Option<Location> {
        match self.action {
            Action::Load { at, .. }
            | Action::Store { at, .. }
            | Action::Update { at, .. }
            | Action::Free { at } => Some(at),
            Action::Fence | Action::Spawn { .. } | Action::Join { .. } => None,
        }
    }

    pub(crate) fn reads(&self) -> bool {
        matches!(self.action, Action::Load { .. } | Action::Update { .. })
    }

    /// Returns the value that it leaves in memory, if it writes.
    pub(crate) fn written(&self) -> Option<u64> {
        match self.action {
            Action::Store { value, .. } | Action::Update { written: value, .. } => Some(value),
            // Any value will do: a load that reads from this is reported.
            Action::Free { .. } => Some(0),
            Action::Load { .. } | Action::Fence | Action::Spawn { .. } | Action::Join { .. } => {
                None
            }
        }
    }

    pub(crate) fn is_update(&self) -> bool {
        matches!(self.action, Action::Update { .. })
    }

    pub(crate) fn is_free(&self) -> bool {
        matches!(self.action, Action::Free { .. })
    }

    pub(crate) fn is_fence(&self) -> bool {
        self.action == Action::Fence
    }

    pub(crate) fn is_atomic(&self) -> bool {
        self.strength != Strength::Plain
    }

    pub(crate) fn is_seq_cst(&self) -> bool {
        self.strength == Strength::SeqCst
    }

    /// Returns whether it is a read or fence that is at least acquire.
    pub(crate) fn acquires(&self) -> bool {
        use Strength::{AcqRel, Acquire, SeqCst};
        matches!(self.strength, Acquire | AcqRel | SeqCst) && (self.reads() || self.is_fence())
    }

    /// Returns whether it is a write or fence that is at least release.
    pub(crate) fn releases(&self) -> bool {
        use Strength::{AcqRel, Release, SeqCst};
        let counts = self.written().is_some() || self.is_fence();
        matches!(self.strength, Release | AcqRel | SeqCst) && counts
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.action {
            Action::Load { at, value } => write!(f, "load m{at} = {value}")?,
            Action::Store { at, value } => write!(f, "store m{at} = {value}")?,
            Action::Update { at, read, written } => write!(f, "update m{at} {read} -> {written}")?,
            Action::Free { at } => write!(f, "free m{at}")?,
            Action::Fence => write!(f, "fence")?,
            Action::Spawn { thread } => write!(f, "spawn thread {thread}")?,
            Action::Join { thread } => write!(f, "join thread {thread}")?,
        }
        if !matches!(self.action, Action::Spawn { .. } | Action::Join { .. }) {
            write!(f, " {:?}", self.strength)?;
        }
        self.line.map_or(Ok(()), |line| write!(f, " at {}:{}", line.file(), line.line()))
    }
}
