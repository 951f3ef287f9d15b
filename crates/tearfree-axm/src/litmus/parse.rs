// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parser of litmus tests.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::syntax::{
    Condition, Expression, Litmus, Operator, Parsed, Source, Statement, Thread, Verdict, error,
};
use crate::Ordering;

/// A word, a number or a sign, with its line.
struct Token<'t> {
    text: &'t str,
    line: usize,
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    next: usize,
    names: Names,
}

pub(super) fn litmus(text: &str) -> Parsed<Litmus> {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    let name = title.strip_prefix("C ").ok_or_else(|| error(1, "a C test begins with `C name`"))?;
    let expected = expected_verdict(text)?;
    let body = without_comments(body);
    let mut parser = Parser { tokens: tokens(&body), next: 0, names: Names::default() };
    let initial = parser.initial()?;
    let mut threads = Vec::new();
    while parser.peek().starts_with('P') {
        threads.push(parser.thread()?);
    }
    parser.names.check_start_values()?;
    if parser.accept("~") || parser.peek() == "forall" || parser.peek() == "exists" {
        parser.next += 1;
    } else {
        return parser.fail("`exists`, `~exists` or `forall`");
    }
    let condition = parser.disjunction()?;
    if !parser.peek().is_empty() {
        return parser.fail("the end");
    }
    Ok(Litmus { name: name.trim().to_owned(), expected, initial, threads, condition })
}

fn expected_verdict(text: &str) -> Parsed<Verdict> {
    const TAG: &str = "expect:";
    let at = text.find(TAG).ok_or_else(|| {
        error(1, "no comment says `expect:` and Never, Sometimes, Always or Race")
    })?;
    let line = text[..at].lines().count();
    if text[at + TAG.len()..].contains(TAG) {
        return Err(error(line, "there are two comments that say `expect:`"));
    }
    match text[at + TAG.len()..].split_whitespace().next() {
        Some("Never") => Ok(Verdict::Never),
        Some("Sometimes") => Ok(Verdict::Sometimes),
        Some("Always") => Ok(Verdict::Always),
        Some("Race") => Ok(Verdict::Race),
        _ => Err(error(line, "`expect:` takes Never, Sometimes, Always or Race")),
    }
}

/// Replaces by blanks: `(* comments *)`, `// comments` and `"titles"`.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("(*") {
            rest.find("*)").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            rest[1..].find('"').map_or(rest.len(), |end| end + 2)
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        plain.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[length..];
    }
    plain
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    // The title took the first line.
    for (line, text) in (2..).zip(text.lines()) {
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let pair = ["/\\", "\\/", "==", "!="].iter().any(|sign| rest.starts_with(sign));
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let length =
                if pair { 2 } else { word.max(rest.chars().next().map_or(1, char::len_utf8)) };
            tokens.push(Token { text: &rest[..length], line });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

type Orders = &'static [(&'static str, Ordering)];

const RELAXED: (&str, Ordering) = ("memory_order_relaxed", Ordering::Relaxed);
const ACQUIRE: (&str, Ordering) = ("memory_order_acquire", Ordering::Acquire);
const RELEASE: (&str, Ordering) = ("memory_order_release", Ordering::Release);
const ACQ_REL: (&str, Ordering) = ("memory_order_acq_rel", Ordering::AcqRel);
const SEQ_CST: (&str, Ordering) = ("memory_order_seq_cst", Ordering::SeqCst);
const LOADS: Orders = &[RELAXED, ACQUIRE, SEQ_CST];
const STORES: Orders = &[RELAXED, RELEASE, SEQ_CST];
const ALL: Orders = &[RELAXED, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST];

impl<'t> Parser<'t> {
    fn peek(&self) -> &'t str {
        self.tokens.get(self.next).map_or("", |token| token.text)
    }

    fn take(&mut self) -> &'t str {
        let text = self.peek();
        self.next += 1;
        text
    }

    fn accept(&mut self, text: &str) -> bool {
        let is_there = self.peek() == text;
        self.next += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.accept(text) { Ok(()) } else { self.fail(&format!("`{text}`")) }
    }

    /// Returns the line of the next token.
    fn line(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    fn fail<T>(&self, wanted: &str) -> Parsed<T> {
        Err(error(self.line(), &format!("expected {wanted}, found `{}`", self.peek())))
    }

    fn name(&mut self) -> Parsed<String> {
        let is_name = self.peek().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if is_name { Ok(self.take().to_owned()) } else { self.fail("a name") }
    }

    fn number(&mut self) -> Parsed<u64> {
        match self.peek().parse() {
            Ok(number) => {
                self.next += 1;
                Ok(number)
            }
            Err(_) => self.fail("a number"),
        }
    }

    /// `{ x = 1; y = 0; }`
    fn initial(&mut self) -> Parsed<BTreeMap<String, u64>> {
        let mut initial = BTreeMap::new();
        self.expect("{")?;
        while !self.accept("}") {
            let (line, name) = (self.line(), self.name()?);
            self.names.start_value(&name, line)?;
            self.expect("=")?;
            initial.insert(name, self.number()?);
            self.accept(";");
        }
        Ok(initial)
    }

    /// `P0 (atomic_int* x, int* y) { .. }`
    fn thread(&mut self) -> Parsed<Thread> {
        let line = self.line();
        let name = self.take();
        let number = self.names.thread(name, line)?;
        self.expect("(")?;
        let mut locations = BTreeSet::new();
        while !self.accept(")") {
            let is_atomic = match self.take() {
                "atomic_int" => true,
                "int" => false,
                _ => return self.fail("`atomic_int*` or `int*`"),
            };
            self.expect("*")?;
            let (line, name) = (self.line(), self.name()?);
            self.names.parameter(&name, is_atomic, line)?;
            locations.insert(name);
            self.accept(",");
        }
        Ok(Thread { number, locations, body: self.block()? })
    }

    fn block(&mut self) -> Parsed<Vec<Statement>> {
        let mut body = Vec::new();
        self.expect("{")?;
        while !self.accept("}") {
            body.push(self.statement()?);
        }
        Ok(body)
    }

    fn statement(&mut self) -> Parsed<Statement> {
        if self.accept("if") {
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            let yes = self.block()?;
            let no = if self.accept("else") { self.block()? } else { Vec::new() };
            return Ok(Statement::If(condition, yes, no));
        }
        let statement = match self.peek() {
            "atomic_store_explicit" => {
                let (at, value, order) = self.call_with_value(STORES)?;
                Statement::Store(at, value, order)
            }
            "atomic_thread_fence" => {
                self.next += 1;
                self.expect("(")?;
                let order = self.order(ALL)?;
                self.expect(")")?;
                Statement::Fence(order)
            }
            "*" => {
                self.next += 1;
                let at = self.parameter(false)?;
                self.expect("=")?;
                Statement::PlainStore(at, self.expression()?)
            }
            _ => {
                self.accept("int");
                let (line, register) = (self.line(), self.name()?);
                self.expect("=")?;
                let source = self.source()?;
                self.names.register(&register, line)?;
                Statement::Assign(register, source)
            }
        };
        self.expect(";")?;
        Ok(statement)
    }

    fn source(&mut self) -> Parsed<Source> {
        match self.peek() {
            "atomic_load_explicit" => {
                self.next += 1;
                self.expect("(")?;
                let at = self.parameter(true)?;
                self.expect(",")?;
                let order = self.order(LOADS)?;
                self.expect(")")?;
                Ok(Source::Load(at, order))
            }
            "atomic_exchange_explicit" => {
                let (at, value, order) = self.call_with_value(ALL)?;
                Ok(Source::Exchange(at, value, order))
            }
            "atomic_fetch_add_explicit" => {
                let (at, value, order) = self.call_with_value(ALL)?;
                Ok(Source::FetchAdd(at, value, order))
            }
            "*" => {
                self.next += 1;
                Ok(Source::PlainLoad(self.parameter(false)?))
            }
            _ => Ok(Source::Computed(self.expression()?)),
        }
    }

    /// Parses the name of a parameter of this thread.
    fn parameter(&mut self, is_atomic: bool) -> Parsed<String> {
        let (line, name) = (self.line(), self.name()?);
        self.names.check_parameter(&name, is_atomic, line)?;
        Ok(name)
    }

    /// `name(x, value, memory_order_..)`
    fn call_with_value(&mut self, orders: Orders) -> Parsed<(String, Expression, Ordering)> {
        self.next += 1;
        self.expect("(")?;
        let at = self.parameter(true)?;
        self.expect(",")?;
        let value = self.expression()?;
        self.expect(",")?;
        let order = self.order(orders)?;
        self.expect(")")?;
        Ok((at, value, order))
    }

    fn order(&mut self, orders: Orders) -> Parsed<Ordering> {
        let Some(&(_, order)) = orders.iter().find(|(name, _)| *name == self.peek()) else {
            return self.fail("a memory order that this call can have");
        };
        self.next += 1;
        Ok(order)
    }

    /// Parses a sum, or a comparison of two sums.
    fn expression(&mut self) -> Parsed<Expression> {
        let left = self.sum()?;
        let operator = match self.peek() {
            "==" => Operator::Equal,
            "!=" => Operator::Unequal,
            _ => return Ok(left),
        };
        self.next += 1;
        Ok(Expression::Binary(operator, Box::new([left, self.sum()?])))
    }

    fn sum(&mut self) -> Parsed<Expression> {
        let mut sum = self.operand()?;
        loop {
            let operator = match self.peek() {
                "+" => Operator::Plus,
                "-" => Operator::Minus,
                _ => return Ok(sum),
            };
            self.next += 1;
            sum = Expression::Binary(operator, Box::new([sum, self.operand()?]));
        }
    }

    fn operand(&mut self) -> Parsed<Expression> {
        if self.accept("(") {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.peek().starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Expression::Number(self.number()?));
        }
        let (line, name) = (self.line(), self.name()?);
        self.names.check_register(&name, line)?;
        Ok(Expression::Register(name))
    }

    fn disjunction(&mut self) -> Parsed<Condition> {
        let mut condition = self.conjunction()?;
        while self.accept("\\/") {
            condition = Condition::Or(Box::new([condition, self.conjunction()?]));
        }
        Ok(condition)
    }

    fn conjunction(&mut self) -> Parsed<Condition> {
        let mut condition = self.atom()?;
        while self.accept("/\\") {
            condition = Condition::And(Box::new([condition, self.atom()?]));
        }
        Ok(condition)
    }

    fn atom(&mut self) -> Parsed<Condition> {
        if self.accept("~") {
            return Ok(Condition::Not(Box::new(self.atom()?)));
        }
        if self.accept("(") {
            let inner = self.disjunction()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if self.accept("true") {
            return Ok(Condition::True);
        }
        let line = self.line();
        let mut name = self.take().to_owned();
        if self.accept(":") {
            let register = self.name()?;
            self.names.check_register_in(&name, &register, line)?;
            name = format!("{name}:{register}");
        } else {
            self.names.check_location(&name, line)?;
        }
        self.expect("=")?;
        Ok(Condition::Is(name, self.number()?))
    }
}
