// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parser of expressions and calls.

use super::parse::Parser;
use super::syntax::{Exchange, Expected, Expression, Operator, Parsed, Statement, Update, error};
use crate::Ordering;

type Orders = &'static [(&'static str, Ordering)];

const RELAXED: (&str, Ordering) = ("memory_order_relaxed", Ordering::Relaxed);
const ACQUIRE: (&str, Ordering) = ("memory_order_acquire", Ordering::Acquire);
const RELEASE: (&str, Ordering) = ("memory_order_release", Ordering::Release);
const ACQ_REL: (&str, Ordering) = ("memory_order_acq_rel", Ordering::AcqRel);
const SEQ_CST: (&str, Ordering) = ("memory_order_seq_cst", Ordering::SeqCst);
const LOADS: Orders = &[RELAXED, ACQUIRE, SEQ_CST];
const STORES: Orders = &[RELAXED, RELEASE, SEQ_CST];
const ALL: Orders = &[RELAXED, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST];

/// The operators from those that bind least.
const LEVELS: [&[(&str, Operator)]; 8] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[("|", Operator::BitOr)],
    &[("^", Operator::BitXor)],
    &[("&", Operator::BitAnd)],
    &[("==", Operator::Equal), ("!=", Operator::Unequal)],
    &[
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
];

const UPDATES: [(&str, Update); 6] = [
    ("atomic_exchange", Update::Swap),
    ("atomic_fetch_add", Update::Add),
    ("atomic_fetch_sub", Update::Sub),
    ("atomic_fetch_or", Update::Or),
    ("atomic_fetch_and", Update::And),
    ("atomic_fetch_xor", Update::Xor),
];

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expression> {
        self.level(0)
    }

    fn level(&mut self, level: usize) -> Parsed<Expression> {
        let Some(operators) = LEVELS.get(level) else { return self.operand() };
        let mut left = self.level(level + 1)?;
        while let Some(&(_, operator)) = operators.iter().find(|(sign, _)| *sign == self.peek()) {
            let line = self.line();
            self.take();
            let right = self.level(level + 1)?;
            let is_sequenced = matches!(operator, Operator::Or | Operator::And);
            if !is_sequenced && left.has_access() && right.has_access() {
                return Err(error(line, "C does not order these two accesses: use a register"));
            }
            left = Expression::Binary(operator, Box::new([left, right]));
        }
        Ok(left)
    }

    fn operand(&mut self) -> Parsed<Expression> {
        if self.accept("(") {
            let inner = self.nested(Self::expression)?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.accept("!") {
            return Ok(Expression::Not(Box::new(self.nested(Self::operand)?)));
        }
        if self.accept("*") {
            return Ok(Expression::PlainLoad(self.plain_parameter()?));
        }
        if self.peek() == "-" || self.peek().starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Expression::Number(self.number()?));
        }
        if self.peek().starts_with("atomic_") {
            return self.call();
        }
        let (line, name) = (self.line(), self.name()?);
        self.names.check_register(&name, line)?;
        Ok(Expression::Register(name))
    }

    /// `atomic_store(..)`, `atomic_thread_fence(..)`, or another call whose result is not used.
    pub(super) fn call_statement(&mut self) -> Parsed<Option<Statement>> {
        match self.peek() {
            "atomic_store" | "atomic_store_explicit" => {
                let (at, value, order) = self.call_with_value(STORES)?;
                Ok(Some(Statement::Store(at, value, order)))
            }
            "atomic_thread_fence" => {
                self.take();
                self.expect("(")?;
                let order = self.order(ALL)?;
                self.expect(")")?;
                // In C a relaxed fence does nothing.
                Ok((order != Ordering::Relaxed).then_some(Statement::Fence(order)))
            }
            _ => Ok(Some(Statement::Call(self.call()?))),
        }
    }

    fn call(&mut self) -> Parsed<Expression> {
        let call = self.peek();
        let name = call.strip_suffix("_explicit").unwrap_or(call);
        if let Some(&(_, update)) = UPDATES.iter().find(|(known, _)| *known == name) {
            let (at, value, order) = self.call_with_value(ALL)?;
            return Ok(Expression::Update(update, at, Box::new(value), order));
        }
        match name {
            "atomic_load" => {
                self.take();
                self.expect("(")?;
                let at = self.parameter()?;
                let order = self.last_order(call, LOADS)?;
                self.expect(")")?;
                Ok(Expression::Load(at, order))
            }
            "atomic_compare_exchange_strong" => self.exchange(false),
            "atomic_compare_exchange_weak" => self.exchange(true),
            _ => self.fail("a call of C11's atomics that returns a value"),
        }
    }

    /// `name(x, value)`, or `name_explicit(x, value, memory_order_..)`
    fn call_with_value(&mut self, orders: Orders) -> Parsed<(String, Expression, Ordering)> {
        let call = self.take();
        self.expect("(")?;
        let at = self.parameter()?;
        self.expect(",")?;
        let value = self.nested(Self::expression)?;
        let order = self.last_order(call, orders)?;
        self.expect(")")?;
        Ok((at, value, order))
    }

    /// `name(x, &register, value)` or `name(x, y, value)`; with `_explicit`, two orderings follow.
    fn exchange(&mut self, is_weak: bool) -> Parsed<Expression> {
        let call = self.take();
        self.expect("(")?;
        let at = self.parameter()?;
        self.expect(",")?;
        let expected = if self.accept("&") {
            let (line, name) = (self.line(), self.name()?);
            self.names.check_register(&name, line)?;
            Expected::Register(name)
        } else {
            Expected::Location(self.parameter()?)
        };
        self.expect(",")?;
        let new = self.nested(Self::expression)?;
        let success = self.last_order(call, ALL)?;
        let failure = self.last_order(call, LOADS)?;
        self.expect(")")?;
        let exchange = Exchange { at, expected, new, success, failure, is_weak };
        Ok(Expression::Exchange(Box::new(exchange)))
    }

    /// `, memory_order_..` in an `_explicit` call. Others are sequentially consistent.
    fn last_order(&mut self, call: &str, orders: Orders) -> Parsed<Ordering> {
        if !call.ends_with("_explicit") {
            return Ok(Ordering::SeqCst);
        }
        self.expect(",")?;
        self.order(orders)
    }

    fn order(&mut self, orders: Orders) -> Parsed<Ordering> {
        let Some(&(_, order)) = orders.iter().find(|(name, _)| *name == self.peek()) else {
            return self.fail("a memory order that this call can have");
        };
        self.take();
        Ok(order)
    }

    /// Parses the name of a parameter of this thread, for an atomic call. As in herd7, it may be declared as
    /// plain: the call makes the access atomic.
    fn parameter(&mut self) -> Parsed<String> {
        let (line, name) = (self.line(), self.name()?);
        self.names.check_parameter(&name, line)?;
        Ok(name)
    }

    /// Parses the name behind `*`.
    pub(super) fn plain_parameter(&mut self) -> Parsed<String> {
        let (line, name) = (self.line(), self.name()?);
        self.names.check_plain_parameter(&name, line)?;
        Ok(name)
    }
}
