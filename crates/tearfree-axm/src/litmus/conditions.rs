// SPDX-License-Identifier: MIT OR Apache-2.0
//! The parser of conditions on final states.

use super::parse::Parser;
use super::syntax::{Condition, Parsed};

impl Parser<'_> {
    /// `locations [x; 0:r0;]` names what herd7 prints.
    pub(super) fn locations(&mut self) -> Parsed<()> {
        if !self.accept("locations") {
            return Ok(());
        }
        self.expect("[")?;
        while !self.accept("]") {
            self.variable()?;
            self.accept(";");
        }
        Ok(())
    }

    /// `exists (..)`, `~exists (..)` or `forall (..)`. A test without one only has states.
    pub(super) fn quantified(&mut self) -> Parsed<Condition> {
        if self.peek().is_empty() {
            return Ok(Condition::True);
        }
        let is_quantified = if self.accept("~") {
            self.accept("exists")
        } else {
            self.accept("exists") || self.accept("forall")
        };
        if !is_quantified {
            return self.fail("`exists`, `~exists` or `forall`");
        }
        self.disjunction()
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
        if self.accept("~") || self.accept("not") {
            return Ok(Condition::Not(Box::new(self.nested(Self::atom)?)));
        }
        if self.accept("(") {
            let inner = self.nested(Self::disjunction)?;
            self.expect(")")?;
            return Ok(inner);
        }
        match self.peek() {
            "true" => {
                self.take();
                return Ok(Condition::True);
            }
            "false" => {
                self.take();
                return Ok(Condition::Not(Box::new(Condition::True)));
            }
            _ => {}
        }
        let name = self.variable()?;
        let is_negated = self.accept("!=");
        if !is_negated {
            self.expect("=")?;
        }
        let is = Condition::Is(name, self.number()?);
        Ok(if is_negated { Condition::Not(Box::new(is)) } else { is })
    }

    /// `x`, `[x]` or `1:r0`
    fn variable(&mut self) -> Parsed<String> {
        let is_bracketed = self.accept("[");
        let line = self.line();
        let name = self.take().to_owned();
        if is_bracketed {
            self.expect("]")?;
        } else if self.accept(":") {
            let register = self.name()?;
            self.names.check_register_in(&name, &register, line)?;
            return Ok(format!("{name}:{register}"));
        }
        self.names.check_location(&name, line)?;
        Ok(name)
    }
}
