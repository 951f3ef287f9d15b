// SPDX-License-Identifier: MIT OR Apache-2.0
//! Litmus tests in the C format of herd7: the part that the files of this project use.
//!
//! Threads with `atomic_int*` parameters (and `int*` for plain words); loads, stores, exchanges,
//! `fetch_add`, fences, all `_explicit`; registers, `+ - == !=`, `if` and `else`; a condition over
//! registers and final memory. The expected verdict stands in a comment: `(* expect: Never *)`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Plain, Program, fence};

mod names;
mod parse;
mod syntax;

use syntax::{Condition, Expression, Operator, Source, Statement};
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
    #[must_use]
    pub fn states(&self) -> BTreeSet<String> {
        self.program().explore().outcomes
    }

    fn program(&self) -> Program<'_, Memory> {
        let mut program = Program::new(self.memory());
        for thread in &self.threads {
            let number = thread.number;
            program = program.thread(move |memory| {
                let mut registers = Values::new();
                run(&thread.body, memory, &mut registers);
                let shown =
                    registers.iter().map(|(name, value)| format!("{number}:{name}={value}"));
                shown.collect::<Vec<_>>().join(" ")
            });
        }
        program.after(|memory| {
            let words = memory.iter().map(|(name, word)| (name, word.get()));
            words.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
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
            Statement::Assign(register, source) => {
                let value = source.value(memory, registers);
                registers.insert(register.clone(), value);
            }
            Statement::Store(at, value, order) => {
                memory[at].as_atomic().store(value.evaluate(registers) as usize, *order);
            }
            Statement::PlainStore(at, value) => memory[at].set(value.evaluate(registers) as usize),
            Statement::Fence(order) => fence(*order),
            Statement::If(condition, yes, no) => {
                let branch = if condition.evaluate(registers) == 0 { no } else { yes };
                run(branch, memory, registers);
            }
        }
    }
}

impl Source {
    fn value(&self, memory: &Memory, registers: &Values) -> u64 {
        let word = match self {
            Source::Load(at, order) => memory[at].as_atomic().load(*order),
            Source::Exchange(at, value, order) => {
                memory[at].as_atomic().swap(value.evaluate(registers) as usize, *order)
            }
            Source::FetchAdd(at, value, order) => {
                memory[at].as_atomic().fetch_add(value.evaluate(registers) as usize, *order)
            }
            Source::PlainLoad(at) => memory[at].get(),
            Source::Computed(expression) => return expression.evaluate(registers),
        };
        word as u64
    }
}

impl Expression {
    fn evaluate(&self, registers: &Values) -> u64 {
        match self {
            Expression::Number(number) => *number,
            Expression::Register(name) => registers.get(name).copied().unwrap_or(0),
            Expression::Binary(operator, sides) => {
                let [left, right] = [&sides[0], &sides[1]].map(|side| side.evaluate(registers));
                match operator {
                    Operator::Plus => left.wrapping_add(right),
                    Operator::Minus => left.wrapping_sub(right),
                    Operator::Equal => u64::from(left == right),
                    Operator::Unequal => u64::from(left != right),
                }
            }
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
        .map(|(name, value)| (name.to_owned(), value.parse().expect("states have numbers")))
        .collect()
}
