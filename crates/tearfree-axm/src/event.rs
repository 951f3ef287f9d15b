// SPDX-License-Identifier: MIT OR Apache-2.0
//! What threads do to memory: the events of an execution.

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
    /// Not atomic: a race if it is not ordered.
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
            order => panic!("an ordering of which this checker knows nothing: {order:?}"),
        }
    }
}

/// One access or fence of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) action: Action,
    pub(crate) strength: Strength,
    /// The line of the source that did it. The program did not do what was there before it.
    pub(crate) line: Option<&'static Line<'static>>,
}

impl Event {
    /// The store that was there when the threads started. Its value does not matter to the axioms.
    pub(crate) fn initial(at: Location) -> Self {
        Event { action: Action::Store { at, value: 0 }, strength: Strength::Relaxed, line: None }
    }

    /// The event with another number for its location.
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

    /// The value that it leaves in memory, if it does.
    pub(crate) fn written(&self) -> Option<u64> {
        match self.action {
            Action::Store { value, .. } | Action::Update { written: value, .. } => Some(value),
            // Nothing is left there. A load that reads from this is reported.
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

    /// At least acquire, where that means something: reads and fences.
    pub(crate) fn acquires(&self) -> bool {
        use Strength::{AcqRel, Acquire, SeqCst};
        matches!(self.strength, Acquire | AcqRel | SeqCst) && (self.reads() || self.is_fence())
    }

    /// At least release, where that means something: writes and fences.
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
