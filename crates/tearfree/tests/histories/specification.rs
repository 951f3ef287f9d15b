// SPDX-License-Identifier: MIT OR Apache-2.0
//! The specification of `SeqLock` and `SeqLatch` as a state machine for one thread at a time.

use core::fmt;

use tearfree::Version;

/// What a version or a count was, to be compared for equality only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    Version(Version),
    Count(u32),
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Version(version) => write!(f, "{version:?}"),
            Token::Count(count) => write!(f, "count {count:#x}"),
        }
    }
}

/// One indivisible part of a call. A call has one or more, in this order, between its begin and its
/// end; steps of other calls may come in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Takes the writer lock, which has to be free.
    Take,
    /// Releases the lock.
    Release,
    /// The value becomes this one, which has a version of its own.
    Publish(u64),
    /// The value is this one.
    See(u64),
    /// The value is this one, and its version is this one.
    SeeVersioned(u64, Token),
    /// The version is this one.
    At(Token),
    /// The version is another one.
    NotAt(Token),
    /// The lock is held.
    Busy,
    /// An attempt failed because of a write that took place during this call.
    Disturbed,
    /// Holds the lock for a moment, perhaps.
    MayHold,
    /// The parts of the value do not belong together.
    Torn,
}

/// The state of the lock between two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) value: u64,
    /// Unknown until it is first seen after a write.
    pub(crate) version: Option<Token>,
    /// The thread that holds the writer lock.
    pub(crate) holder: Option<usize>,
}

/// What the rest of the history says about a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Around {
    /// A call that writes overlaps with the step's call.
    pub(crate) writes: bool,
    /// A call of another thread that may hold the lock for a moment overlaps with the step's call.
    pub(crate) holds: bool,
    /// The version of this step was that of a former value already.
    pub(crate) outdated: bool,
}

impl State {
    /// The state after `step` of `thread`, or why the step cannot be made here.
    pub(crate) fn after(
        self,
        step: Step,
        thread: usize,
        around: Around,
    ) -> Result<State, Mismatch> {
        let wrong = Err(Mismatch { state: self, step, around });
        let allow = |allowed: bool| if allowed { Ok(self) } else { wrong };
        match step {
            Step::Take if self.holder.is_none() => Ok(State { holder: Some(thread), ..self }),
            Step::Release if self.holder == Some(thread) => Ok(State { holder: None, ..self }),
            Step::Publish(value) => Ok(State { value, version: None, ..self }),
            Step::See(value) => allow(self.value == value),
            Step::SeeVersioned(value, _) if self.value != value => wrong,
            Step::SeeVersioned(_, token) | Step::At(token) => match self.version {
                Some(version) => allow(version == token),
                None if around.outdated => wrong,
                None => Ok(State { version: Some(token), ..self }),
            },
            // A value that no thread has read yet has a version that no thread has seen.
            Step::NotAt(token) => allow(self.version.map_or(around.outdated, |v| v != token)),
            Step::Busy => allow(self.holder.is_some() || around.holds),
            Step::Disturbed => allow(around.writes),
            Step::MayHold => Ok(self),
            Step::Take | Step::Release | Step::Torn => wrong,
        }
    }
}

/// A step that the state does not allow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mismatch {
    state: State,
    step: Step,
    around: Around,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { value, version, holder } = self.state;
        match self.step {
            Step::See(seen) | Step::SeeVersioned(seen, _) if seen != value => {
                write!(f, "it saw {seen}, and the value is {value}")
            }
            Step::At(token) | Step::SeeVersioned(_, token) => match version {
                Some(version) => write!(f, "it saw {token}, and the value is of {version}"),
                None => write!(f, "it saw {token}, which was that of a former value"),
            },
            Step::NotAt(token) => write!(f, "it saw a change from {token}, and there is none"),
            Step::Take | Step::Release => match holder {
                Some(thread) => write!(f, "it wants the lock, and thread {thread} holds it"),
                None => f.write_str("it releases the lock, but the lock is free"),
            },
            Step::Busy => f.write_str("it found the lock held, but the lock is free"),
            Step::Disturbed => f.write_str("it was disturbed by a write, and there is none"),
            Step::Torn => f.write_str("it saw parts of different values"),
            _ => write!(f, "{:?} does not fit {:?}", self.step, self.around),
        }
    }
}
