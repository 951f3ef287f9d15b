// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Target`: what a name on the command line refers to: a field, an element of it, or some of its elements.

use core::fmt::Display;
use core::ops::Range;
use std::io::{self, Write};

use serde::{Serialize, Serializer};
use tearfree_page::{Field, NumberKind, Schema};

use super::values;
use crate::outcome::Problem;
use crate::terminal::PrintError;

/// The elements of a long array are converted in parts, so that its text is never in memory at once.
const PART: usize = 4096;

/// A field, or elements of an array, of a page.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The name as it was given: `history`, `history[2]` or `history[2..5]`.
    name: String,
    /// The field, or a field of its own for the elements.
    field: Field,
    /// The offset in the payload from which the offset of `field` counts.
    base: usize,
}

impl Target {
    /// Finds what a name refers to.
    pub(crate) fn find(schema: &Schema, name: &str) -> Result<Self, Problem> {
        let Some((field, index)) = name.split_once('[') else {
            return values::find_field(schema, name).map(Self::whole);
        };
        let field = values::find_field(schema, field)?;
        let Some(count) = field.count() else {
            return Err(Problem::new(
                format_args!("'{name}' has an index, but {field} is not an array"),
                format!("Write '{}' without the brackets.", field.name()),
            ));
        };
        let invalid = || {
            Problem::new(
                format_args!("invalid index in '{name}'"),
                format!("Write {0}[2] for one element, or {0}[2..5] for three.", field.name()),
            )
        };
        let index = index.strip_suffix(']').ok_or_else(invalid)?;
        let elements = parse_index(index, count).ok_or_else(invalid)?;
        if elements.is_empty() || elements.end > count {
            return Err(Problem::new(
                format_args!("'{name}' is out of range: {field} has {count} elements"),
                format!("Use indexes from 0 to {}.", count - 1),
            ));
        }
        let is_single = !index.contains("..");
        Ok(Target { name: name.to_owned(), ..part(field, &elements, is_single)? })
    }

    /// Refers to a whole field.
    pub(crate) fn whole(field: &Field) -> Self {
        Target { name: field.name().to_owned(), field: field.clone(), base: 0 }
    }

    /// Parses a value and stores it in a payload. If it is invalid, a part of it may be stored.
    pub(crate) fn store(&self, payload: &mut [u8], text: &str) -> Result<(), Problem> {
        if !self.is_divisible() {
            return values::store(&mut payload[self.base..], &self.field, text);
        }
        let given = text.split(',').count();
        if given != self.count() {
            return Err(Problem::new(
                format_args!(
                    "the value has {given} numbers, but {} takes {}",
                    self.field,
                    self.count()
                ),
                "Give all numbers, separated by commas.",
            ));
        }
        let mut rest = text;
        self.for_each_part(|part| {
            let (first, others) = split_numbers(rest, part.count());
            rest = others;
            part.store(payload, first)
        })
    }

    /// Writes the value as [`store`](Self::store) parses it.
    pub(crate) fn write_text(
        &self,
        payload: &[u8],
        out: &mut impl Write,
    ) -> Result<(), PrintError> {
        if !self.is_divisible() {
            let text = values::format(&payload[self.base..], &self.field)?;
            return Ok(out.write_all(text.as_bytes())?);
        }
        let mut comma = "";
        self.for_each_part(|part| {
            out.write_all(comma.as_bytes())?;
            comma = ",";
            part.write_text(payload, out)
        })
    }

    /// Writes the value as one word of a line: text with spaces is quoted as in JSON.
    pub(crate) fn write_word(
        &self,
        payload: &[u8],
        out: &mut impl Write,
    ) -> Result<(), PrintError> {
        if self.is_divisible() {
            return self.write_text(payload, out);
        }
        let text = values::format(&payload[self.base..], &self.field)?;
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"';
        match text.chars().all(is_plain) {
            true => out.write_all(text.as_bytes())?,
            false => serde_json::to_writer(out, &text).map_err(io::Error::from)?,
        }
        Ok(())
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn count(&self) -> usize {
        self.field.count().unwrap_or(1)
    }

    /// Whether it is a long array of numbers, whose text can be divided at each comma.
    fn is_divisible(&self) -> bool {
        let is_number = |kind: String| NumberKind::NAMES.iter().any(|(name, _)| *name == kind);
        self.count() > PART && is_number(self.field.kind().to_string())
    }

    fn part<E: From<PartError>>(&self, elements: Range<usize>) -> Result<Target, E> {
        let mut part = part(&self.field, &elements, false)?;
        part.base += self.base;
        Ok(part)
    }

    /// Calls `act` with the elements of an array, [`PART`] at a time.
    fn for_each_part<E: From<PartError>>(
        &self,
        mut act: impl FnMut(Target) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut begin = 0;
        while begin < self.count() {
            let end = self.count().min(begin + PART);
            act(self.part::<E>(begin..end)?)?;
            begin = end;
        }
        Ok(())
    }
}

/// Part of a field is not a field. It would be a bug.
#[derive(Debug)]
struct PartError(String);

impl From<PartError> for Problem {
    fn from(PartError(field): PartError) -> Self {
        Problem::new(
            format_args!("cannot take elements of {field}"),
            "This is a bug: please report it.",
        )
    }
}

impl From<PartError> for PrintError {
    fn from(error: PartError) -> Self {
        PrintError::Problem(error.into())
    }
}

/// Makes a field of elements of an array: of one number, or of an array with fewer elements.
fn part(field: &Field, elements: &Range<usize>, is_single: bool) -> Result<Target, PartError> {
    let count = field.count().unwrap_or(1);
    let text = field.to_string();
    let kind = text.strip_suffix(&format!("[{count}]")).unwrap_or(&text);
    let text = if is_single { kind.to_owned() } else { format!("{kind}[{}]", elements.len()) };
    let schema = text.parse::<Schema>().map_err(|_| PartError(text.clone()))?;
    let [own] = schema.fields() else { return Err(PartError(text)) };
    let base = field.bytes().start + elements.start * (field.bytes().len() / count);
    Ok(Target { name: field.name().to_owned(), field: own.clone(), base })
}

/// Parses `2`, `2..5`, `2..`, `..5` or `..`.
fn parse_index(text: &str, count: usize) -> Option<Range<usize>> {
    let number = |text: &str, default| match text {
        "" => Some(default),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    };
    match text.split_once("..") {
        Some((begin, end)) => Some(number(begin, 0)?..number(end, count)?),
        None if text.is_empty() => None,
        None => number(text, 0).and_then(|index: usize| Some(index..index.checked_add(1)?)),
    }
}

/// Splits a list behind its first `count` numbers.
fn split_numbers(text: &str, count: usize) -> (&str, &str) {
    match text.match_indices(',').nth(count - 1) {
        Some((comma, _)) => (&text[..comma], &text[comma + 1..]),
        None => (text, ""),
    }
}

/// Stores each `name=value` in a payload. If one is invalid, others may be stored.
pub(crate) fn assign<N: AsRef<str>, V: AsRef<str>>(
    assignments: &[(N, V)],
    schema: &Schema,
    payload: &mut [u8],
) -> Result<(), Problem> {
    assignments.iter().try_for_each(|(name, text)| {
        Target::find(schema, name.as_ref())?.store(payload, text.as_ref())
    })
}

/// Splits `name=value`.
pub(crate) fn split_assignment(assignment: &str) -> Result<(&str, &str), Problem> {
    assignment.split_once('=').ok_or_else(|| no_value(&assignment))
}

pub(crate) fn no_value(assignment: &impl Display) -> Problem {
    Problem::new(format_args!("'{assignment}' has no value"), "Write name=value, as in price=99.5.")
}

/// Values as one JSON object, in the order in which they were chosen.
#[derive(Clone, Debug)]
pub(crate) struct FieldObject {
    pub(crate) payload: Vec<u8>,
    pub(crate) targets: Vec<Target>,
}

impl Serialize for FieldObject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let value = |target| TargetValue { payload: &self.payload, target };
        to.collect_map(self.targets.iter().map(|target| (target.name(), value(target))))
    }
}

/// The value of one target. A long array is converted in parts.
struct TargetValue<'a> {
    payload: &'a [u8],
    target: &'a Target,
}

impl Serialize for TargetValue<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use serde::ser::{Error as _, SerializeSeq as _};
        let Target { field, base, .. } = self.target;
        if !self.target.is_divisible() {
            return values::to_json(&self.payload[*base..], field).serialize(to);
        }
        let mut list = to.serialize_seq(Some(self.target.count()))?;
        let mut parts = Vec::new();
        let divided = self.target.for_each_part::<Problem>(|part| {
            parts.push(part);
            Ok(())
        });
        divided.map_err(S::Error::custom)?;
        for part in parts {
            let numbers = values::to_json(&self.payload[part.base..], &part.field);
            for number in numbers.as_array().into_iter().flatten() {
                list.serialize_element(number)?;
            }
        }
        list.end()
    }
}

#[cfg(test)]
mod tests;
