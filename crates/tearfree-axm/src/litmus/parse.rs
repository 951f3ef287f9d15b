// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parser of litmus tests: the title, the start values, the threads and their statements.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::syntax::{Expression, Litmus, Parsed, Statement, Thread, Verdict, error};
use super::tokens::{Token, tokens, without_comments};

pub(super) struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    next: usize,
    depth: usize,
    pub(super) names: Names,
}

/// The most parts that can be nested, so that no text makes the parser overflow its stack.
const MOST_NESTED: usize = 64;

pub(super) fn litmus(text: &str) -> Parsed<Litmus> {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    let name = title.strip_prefix("C ").ok_or_else(|| error(1, "a C test begins with `C name`"))?;
    let expected = expected_verdict(text)?;
    let body = without_comments(body);
    let mut parser = Parser { tokens: tokens(&body), next: 0, depth: 0, names: Names::default() };
    let initial = parser.initial()?;
    let mut threads = vec![parser.thread()?];
    while parser.peek().starts_with('P') {
        threads.push(parser.thread()?);
    }
    parser.names.check_start_values()?;
    parser.locations()?;
    let condition = parser.quantified()?;
    if !parser.peek().is_empty() {
        return parser.fail("the end");
    }
    Ok(Litmus { name: name.trim().to_owned(), expected, initial, threads, condition })
}

fn expected_verdict(text: &str) -> Parsed<Option<Verdict>> {
    const TAG: &str = "expect:";
    let Some(at) = text.find(TAG) else { return Ok(None) };
    let line = text[..at].lines().count();
    if text[at + TAG.len()..].contains(TAG) {
        return Err(error(line, "there are two comments that say `expect:`"));
    }
    match text[at + TAG.len()..].split_whitespace().next() {
        Some("Never") => Ok(Some(Verdict::Never)),
        Some("Sometimes") => Ok(Some(Verdict::Sometimes)),
        Some("Always") => Ok(Some(Verdict::Always)),
        Some("Race") => Ok(Some(Verdict::Race)),
        _ => Err(error(line, "`expect:` takes Never, Sometimes, Always or Race")),
    }
}

/// Types of values. The size makes no difference: a word is one location.
const TYPES: [&str; 11] = [
    "int",
    "long",
    "unsigned",
    "_Bool",
    "bool",
    "int64_t",
    "__int128",
    "__int128_t",
    "__uint128_t",
    "int128_t",
    "atomic_int",
];
const QUALIFIERS: [&str; 3] = ["const", "volatile", "_Atomic"];

impl<'t> Parser<'t> {
    pub(super) fn peek(&self) -> &'t str {
        self.tokens.get(self.next).map_or("", |token| token.text)
    }

    pub(super) fn take(&mut self) -> &'t str {
        let text = self.peek();
        self.next += 1;
        text
    }

    pub(super) fn accept(&mut self, text: &str) -> bool {
        let is_there = self.peek() == text;
        self.next += usize::from(is_there);
        is_there
    }

    pub(super) fn expect(&mut self, text: &str) -> Parsed<()> {
        if self.accept(text) { Ok(()) } else { self.fail(&format!("`{text}`")) }
    }

    /// Returns the line of the next token.
    pub(super) fn line(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(1, |token| token.line)
    }

    pub(super) fn fail<T>(&self, wanted: &str) -> Parsed<T> {
        Err(error(self.line(), &format!("expected {wanted}, found `{}`", self.peek())))
    }

    /// Parses a part that may contain others like it.
    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == MOST_NESTED {
            return Err(error(self.line(), "more than 64 parts are nested here"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    pub(super) fn name(&mut self) -> Parsed<String> {
        let is_name = self.peek().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if is_name { Ok(self.take().to_owned()) } else { self.fail("a name") }
    }

    /// A number, which may be negative.
    pub(super) fn number(&mut self) -> Parsed<u64> {
        let is_negative = self.accept("-");
        let Ok(number) = self.peek().parse::<u64>() else { return self.fail("a number") };
        self.next += 1;
        Ok(if is_negative { number.wrapping_neg() } else { number })
    }

    /// Skips a type and its qualifiers. Returns whether it is atomic, or `None` if there is none.
    fn accept_type(&mut self) -> Option<bool> {
        let (start, mut is_atomic) = (self.next, false);
        while QUALIFIERS.contains(&self.peek()) || TYPES.contains(&self.peek()) {
            is_atomic |= matches!(self.take(), "_Atomic" | "atomic_int");
        }
        (self.next > start).then_some(is_atomic)
    }

    /// `{ x = 1; [y] = 0; int z = 2; int w; }`
    fn initial(&mut self) -> Parsed<BTreeMap<String, u64>> {
        let mut initial = BTreeMap::new();
        self.expect("{")?;
        while !self.accept("}") {
            let has_type = self.accept_type().is_some();
            let is_bracketed = self.accept("[");
            let (line, name) = (self.line(), self.name()?);
            if is_bracketed {
                self.expect("]")?;
            }
            self.names.start_value(&name, line)?;
            if !has_type || self.peek() == "=" {
                self.expect("=")?;
                initial.insert(name, self.number()?);
            }
            self.accept(";");
        }
        Ok(initial)
    }

    /// `P0 (atomic_int* x, volatile int* y) { .. }`
    fn thread(&mut self) -> Parsed<Thread> {
        let line = self.line();
        let name = self.take();
        let number = self.names.thread(name, line)?;
        self.expect("(")?;
        let mut locations = BTreeSet::new();
        while !self.accept(")") {
            let Some(is_atomic) = self.accept_type() else {
                return self.fail("`atomic_int*` or `int*`");
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
            self.statement(&mut body)?;
        }
        Ok(body)
    }

    /// Parses a block, or a statement that stands for one.
    fn branch(&mut self) -> Parsed<Vec<Statement>> {
        if self.peek() == "{" {
            return self.block();
        }
        let mut body = Vec::new();
        self.statement(&mut body)?;
        Ok(body)
    }

    fn statement(&mut self, body: &mut Vec<Statement>) -> Parsed<()> {
        self.nested(|parser| parser.one_statement(body))
    }

    fn one_statement(&mut self, body: &mut Vec<Statement>) -> Parsed<()> {
        if self.peek() == "{" {
            body.extend(self.block()?);
            return Ok(());
        }
        if self.accept("if") {
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            let yes = self.branch()?;
            let no = if self.accept("else") { self.branch()? } else { Vec::new() };
            body.push(Statement::If(condition, yes, no));
            return Ok(());
        }
        if self.accept("*") {
            let at = self.plain_parameter()?;
            self.expect("=")?;
            body.push(Statement::PlainStore(at, self.expression()?));
        } else if self.peek().starts_with("atomic_") && self.peek() != "atomic_int" {
            body.extend(self.call_statement()?);
        } else {
            body.extend(self.assignment()?);
        }
        self.expect(";")
    }

    /// `int r0 = 1`, `r0 = 1`, or `int r0`, which does nothing.
    fn assignment(&mut self) -> Parsed<Option<Statement>> {
        let has_type = self.accept_type().is_some();
        let (line, register) = (self.line(), self.name()?);
        if has_type && self.peek() == ";" {
            return Ok(None);
        }
        self.expect("=")?;
        let value: Expression = self.expression()?;
        self.names.register(&register, line)?;
        Ok(Some(Statement::Assign(register, value)))
    }
}
