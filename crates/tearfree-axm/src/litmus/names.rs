// SPDX-License-Identifier: MIT OR Apache-2.0
//! The names in a litmus test. An unknown name is refused, because a zero in its place could prove the
//! condition. A name with two meanings is refused too.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{Parsed, error};

/// The names so far.
#[derive(Default)]
pub(super) struct Names {
    /// Locations with a start value, and its line.
    start_values: BTreeMap<String, usize>,
    /// The parameters of all threads.
    locations: BTreeSet<String>,
    /// The registers of each thread, by its number.
    registers: BTreeMap<usize, BTreeSet<String>>,
    /// The current thread, its parameters, and whether they are atomic there.
    thread: usize,
    parameters: BTreeMap<String, bool>,
}

fn refuse<T>(line: usize, message: &str) -> Parsed<T> {
    Err(error(line, message))
}

impl Names {
    pub(super) fn start_value(&mut self, name: &str, line: usize) -> Parsed<()> {
        match self.start_values.insert(name.to_owned(), line) {
            Some(_) => refuse(line, &format!("`{name}` has two start values")),
            None => Ok(()),
        }
    }

    /// Begins thread `P<number>`, and returns its number.
    pub(super) fn thread(&mut self, name: &str, line: usize) -> Parsed<usize> {
        let Some(number) = name.strip_prefix('P').and_then(|number| number.parse().ok()) else {
            return refuse(line, &format!("expected a thread like `P0`, found `{name}`"));
        };
        if self.registers.insert(number, BTreeSet::new()).is_some() {
            return refuse(line, &format!("there are two threads `{name}`"));
        }
        self.thread = number;
        self.parameters.clear();
        Ok(number)
    }

    pub(super) fn parameter(&mut self, name: &str, is_atomic: bool, line: usize) -> Parsed<()> {
        self.locations.insert(name.to_owned());
        match self.parameters.insert(name.to_owned(), is_atomic) {
            Some(_) => refuse(line, &format!("P{} has two parameters `{name}`", self.thread)),
            None => Ok(()),
        }
    }

    pub(super) fn check_parameter(&self, name: &str, line: usize) -> Parsed<()> {
        match self.parameters.contains_key(name) {
            true => Ok(()),
            false => refuse(line, &format!("`{name}` is not a parameter of P{}", self.thread)),
        }
    }

    pub(super) fn check_plain_parameter(&self, name: &str, line: usize) -> Parsed<()> {
        match self.parameters.get(name) {
            Some(true) => refuse(line, &format!("`{name}` is atomic: use atomic calls")),
            _ => self.check_parameter(name, line),
        }
    }

    pub(super) fn register(&mut self, name: &str, line: usize) -> Parsed<()> {
        if self.parameters.contains_key(name) {
            return refuse(line, &format!("`{name}` is also a parameter of P{}", self.thread));
        }
        self.registers.entry(self.thread).or_default().insert(name.to_owned());
        Ok(())
    }

    pub(super) fn check_register(&self, name: &str, line: usize) -> Parsed<()> {
        if self.registers[&self.thread].contains(name) {
            return Ok(());
        }
        refuse(line, &format!("`{name}` is not a register that P{} has assigned", self.thread))
    }

    /// Checks `1:r0` in a condition.
    pub(super) fn check_register_in(&self, thread: &str, name: &str, line: usize) -> Parsed<()> {
        let Some(registers) = thread.parse().ok().and_then(|number| self.registers.get(&number))
        else {
            return refuse(line, &format!("there is no thread P{thread}"));
        };
        if registers.contains(name) {
            return Ok(());
        }
        refuse(line, &format!("P{thread} has no register `{name}`"))
    }

    /// Checks `x` in a condition.
    pub(super) fn check_location(&self, name: &str, line: usize) -> Parsed<()> {
        if self.locations.contains(name) {
            return Ok(());
        }
        refuse(line, &format!("no thread has a parameter `{name}`"))
    }

    pub(super) fn check_start_values(&self) -> Parsed<()> {
        self.start_values.iter().try_for_each(|(name, &line)| self.check_location(name, line))
    }
}
