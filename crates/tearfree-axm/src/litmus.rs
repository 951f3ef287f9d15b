// SPDX-License-Identifier: MIT OR Apache-2.0
//! Litmus tests in the C format of herd7: the part that the files of this project use.
//!
//! Threads with parameters `atomic_int*`, or `int*` for plain words; C11's atomic loads, stores, exchanges,
//! updates and fences; registers, operators, `if` and `else`; a condition over registers and final memory. A
//! comment can state the verdict that is expected: `(* expect: Never *)`.
//!
//! What C11 does not define is refused, as are loops, pointers, arrays and the calls of the Linux kernel.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Plain, Program, fence};

mod conditions;
mod expressions;
mod names;
mod parse;
mod syntax;
mod tokens;

use syntax::{Condition, Exchange, Expected, Expression, Operator, Statement, Update};
pub use syntax::{Litmus, ParseError, Verdict};

/// Values by name. A name that was never assigned is zero, as in herd7.
type Values = BTreeMap<String, u64>;

/// The shared words. A word can be atomic for one thread and plain for another.
type Memory = BTreeMap<String, Plain>;

impl Litmus {
    /// Parses a test.
    ///
    /// # Errors
    /// The first line that is not understood.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::litmus(text)
    }

    /// Explores the test and returns the verdict.
    ///
    /// # Panics
    /// If an execution fails in another way than by a data race.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let report = self.program().explore();
        let is_race = |failure: &String| failure.starts_with("data race");
        let other = report.failures.keys().find(|failure| !is_race(failure));
        assert!(other.is_none(), "{}: {}", self.name, other.map_or("", String::as_str));
        if !report.failures.is_empty() {
            return Verdict::Race;
        }
        let met = report.outcomes.iter().filter(|outcome| self.condition.is_met(&values(outcome)));
        match met.count() {
            0 => Verdict::Never,
            met if met == report.outcomes.len() => Verdict::Always,
            _ => Verdict::Sometimes,
        }
    }

    /// Returns all final states: each is `thread:register=value` and `location=value`, separated by spaces.
    /// If there is a data race, these are only the states of executions without it.
    #[must_use]
    pub fn states(&self) -> BTreeSet<String> {
        self.program().explore().outcomes
    }

    fn program(&self) -> Program<'_, Memory> {
        // There are no loops, so no thread has more weak exchanges than the text has in all.
        let weak: usize = self.threads.iter().map(|thread| count_weak(&thread.body)).sum();
        let mut program = Program::new(self.memory()).spurious(weak);
        for thread in &self.threads {
            let number = thread.number;
            program = program.thread(move |memory| {
                let mut registers = Values::new();
                run(&thread.body, memory, &mut registers);
                let shown = registers
                    .iter()
                    .map(|(name, value)| format!("{number}:{name}={}", value.cast_signed()));
                shown.collect::<Vec<_>>().join(" ")
            });
        }
        program.after(|memory| {
            let words = memory.iter().map(|(name, word)| (name, word.get()));
            words
                .map(|(name, value)| format!("{name}={}", value.cast_signed()))
                .collect::<Vec<_>>()
                .join(" ")
        })
    }

    fn memory(&self) -> Memory {
        let names = self.threads.iter().flat_map(|thread| &thread.locations);
        let start = |name| self.initial.get(name).copied().unwrap_or(0) as usize;
        names.map(|name| (name.clone(), Plain::new(start(name)))).collect()
    }
}

fn run(body: &[Statement], memory: &Memory, registers: &mut Values) {
    for statement in body {
        match statement {
            Statement::Assign(register, value) => {
                let value = value.evaluate(memory, registers);
                registers.insert(register.clone(), value);
            }
            Statement::Call(call) => _ = call.evaluate(memory, registers),
            Statement::Store(at, value, order) => {
                let value = value.evaluate(memory, registers);
                memory[at].as_atomic().store(value as usize, *order);
            }
            Statement::PlainStore(at, value) => {
                let value = value.evaluate(memory, registers);
                memory[at].set(value as usize);
            }
            Statement::Fence(order) => fence(*order),
            Statement::If(condition, yes, no) => {
                let is_met = condition.evaluate(memory, registers) != 0;
                run(if is_met { yes } else { no }, memory, registers);
            }
        }
    }
}

fn count_weak(body: &[Statement]) -> usize {
    let in_statement = |statement: &Statement| match statement {
        Statement::Assign(_, value)
        | Statement::Call(value)
        | Statement::Store(_, value, _)
        | Statement::PlainStore(_, value) => value.count_weak(),
        Statement::Fence(_) => 0,
        Statement::If(condition, yes, no) => {
            condition.count_weak() + count_weak(yes) + count_weak(no)
        }
    };
    body.iter().map(in_statement).sum()
}

impl Expression {
    fn count_weak(&self) -> usize {
        match self {
            Expression::Number(_) | Expression::Register(_) => 0,
            Expression::Load(..) | Expression::PlainLoad(_) => 0,
            Expression::Update(_, _, inner, _) | Expression::Not(inner) => inner.count_weak(),
            Expression::Exchange(exchange) => {
                usize::from(exchange.is_weak) + exchange.new.count_weak()
            }
            Expression::Binary(_, sides) => sides.iter().map(Expression::count_weak).sum(),
        }
    }

    fn evaluate(&self, memory: &Memory, registers: &mut Values) -> u64 {
        match self {
            Expression::Number(number) => *number,
            Expression::Register(name) => registers.get(name).copied().unwrap_or(0),
            Expression::Load(at, order) => memory[at].as_atomic().load(*order) as u64,
            Expression::PlainLoad(at) => memory[at].get() as u64,
            Expression::Update(update, at, value, order) => {
                let value = value.evaluate(memory, registers) as usize;
                let word = memory[at].as_atomic();
                let before = match update {
                    Update::Swap => word.swap(value, *order),
                    Update::Add => word.fetch_add(value, *order),
                    Update::Sub => word.fetch_sub(value, *order),
                    Update::Or => word.fetch_or(value, *order),
                    Update::And => word.fetch_and(value, *order),
                    Update::Xor => word.fetch_xor(value, *order),
                };
                before as u64
            }
            Expression::Exchange(exchange) => u64::from(exchange.succeeds(memory, registers)),
            Expression::Not(inner) => u64::from(inner.evaluate(memory, registers) == 0),
            Expression::Binary(operator, sides) => {
                let left = sides[0].evaluate(memory, registers);
                match operator {
                    Operator::Or if left != 0 => return 1,
                    Operator::And if left == 0 => return 0,
                    _ => {}
                }
                operator.apply(left, sides[1].evaluate(memory, registers))
            }
        }
    }
}

impl Exchange {
    fn succeeds(&self, memory: &Memory, registers: &mut Values) -> bool {
        let new = self.new.evaluate(memory, registers) as usize;
        let expected = match &self.expected {
            Expected::Register(name) => registers.get(name).copied().unwrap_or(0) as usize,
            Expected::Location(at) => memory[at].get(),
        };
        let (word, success, failure) = (memory[&self.at].as_atomic(), self.success, self.failure);
        let result = match self.is_weak {
            true => word.compare_exchange_weak(expected, new, success, failure),
            false => word.compare_exchange(expected, new, success, failure),
        };
        if let Err(found) = result {
            match &self.expected {
                Expected::Register(name) => _ = registers.insert(name.clone(), found as u64),
                Expected::Location(at) => memory[at].set(found),
            }
        }
        result.is_ok()
    }
}

impl Operator {
    fn apply(self, left: u64, right: u64) -> u64 {
        let (signed_left, signed_right) = (left.cast_signed(), right.cast_signed());
        match self {
            // Where the left side decides, this is not called.
            Operator::Or | Operator::And => u64::from(right != 0),
            Operator::BitOr => left | right,
            Operator::BitXor => left ^ right,
            Operator::BitAnd => left & right,
            Operator::Equal => u64::from(left == right),
            Operator::Unequal => u64::from(left != right),
            Operator::Less => u64::from(signed_left < signed_right),
            Operator::Greater => u64::from(signed_left > signed_right),
            Operator::AtMost => u64::from(signed_left <= signed_right),
            Operator::AtLeast => u64::from(signed_left >= signed_right),
            Operator::Plus => left.wrapping_add(right),
            Operator::Minus => left.wrapping_sub(right),
        }
    }
}

impl Condition {
    fn is_met(&self, values: &Values) -> bool {
        match self {
            Condition::True => true,
            Condition::Is(name, value) => values.get(name).copied().unwrap_or(0) == *value,
            Condition::Not(inner) => !inner.is_met(values),
            Condition::And(sides) => sides.iter().all(|side| side.is_met(values)),
            Condition::Or(sides) => sides.iter().any(|side| side.is_met(values)),
        }
    }
}

/// Parses the text of a final state.
fn values(outcome: &str) -> Values {
    let pairs = outcome.split([',', ' ']).filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| {
            let value: i64 = value.parse().expect("states have numbers");
            (name.to_owned(), value.cast_unsigned())
        })
        .collect()
}
