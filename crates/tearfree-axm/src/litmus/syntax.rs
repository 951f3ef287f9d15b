// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parts of a litmus test.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use crate::Ordering;

/// A litmus test.
#[derive(Clone, Debug)]
pub struct Litmus {
    /// The name in the first line.
    pub name: String,
    /// The verdict that the file expects of itself, if a comment says one.
    pub expected: Option<Verdict>,
    pub(super) initial: BTreeMap<String, u64>,
    pub(super) threads: Vec<Thread>,
    pub(super) condition: Condition,
}

/// Which executions end in a state that meets the condition of a test. As in herd7's `Observation`, whether
/// the condition stands behind `exists`, `~exists` or `forall` makes no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No execution meets it.
    Never,
    /// Some executions meet it, others do not.
    Sometimes,
    /// All executions meet it.
    Always,
    /// There is a data race, so the behaviour is undefined.
    Race,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// The error of a text that is not a litmus test.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl core::error::Error for ParseError {}

#[derive(Clone, Debug)]
pub(super) struct Thread {
    /// The number in its name.
    pub(super) number: usize,
    /// Its parameters.
    pub(super) locations: BTreeSet<String>,
    pub(super) body: Vec<Statement>,
}

#[derive(Clone, Debug)]
pub(super) enum Statement {
    Assign(String, Expression),
    /// A call whose result is not used.
    Call(Expression),
    Store(String, Expression, Ordering),
    PlainStore(String, Expression),
    Fence(Ordering),
    If(Expression, Vec<Statement>, Vec<Statement>),
}

#[derive(Clone, Debug)]
pub(super) enum Expression {
    Number(u64),
    Register(String),
    Load(String, Ordering),
    PlainLoad(String),
    Update(Update, String, Box<Expression>, Ordering),
    Exchange(Box<Exchange>),
    /// `!`
    Not(Box<Expression>),
    Binary(Operator, Box<[Expression; 2]>),
}

impl Expression {
    pub(super) fn has_access(&self) -> bool {
        match self {
            Expression::Number(_) | Expression::Register(_) => false,
            Expression::Not(inner) => inner.has_access(),
            Expression::Binary(_, sides) => sides.iter().any(Expression::has_access),
            _ => true,
        }
    }
}

/// `atomic_exchange` and `atomic_fetch_..`
#[derive(Clone, Copy, Debug)]
pub(super) enum Update {
    Swap,
    Add,
    Sub,
    Or,
    And,
    Xor,
}

/// `atomic_compare_exchange_..`
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) at: String,
    pub(super) expected: Expected,
    pub(super) new: Expression,
    pub(super) success: Ordering,
    pub(super) failure: Ordering,
    pub(super) is_weak: bool,
}

/// Where an exchange finds the expected value, and leaves what it found if it fails: by plain accesses.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// `&register`
    Register(String),
    Location(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    /// `||` and `&&` evaluate the right side only if that decides.
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    Equal,
    Unequal,
    Less,
    Greater,
    AtMost,
    AtLeast,
    Plus,
    Minus,
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    True,
    /// `1:r0=2`, or `x=2` for memory.
    Is(String, u64),
    Not(Box<Condition>),
    And(Box<[Condition; 2]>),
    Or(Box<[Condition; 2]>),
}

/// What the parser returns.
pub(super) type Parsed<T> = Result<T, ParseError>;

/// Creates an error.
pub(super) fn error(line: usize, message: &str) -> ParseError {
    ParseError { line, message: message.to_owned() }
}
