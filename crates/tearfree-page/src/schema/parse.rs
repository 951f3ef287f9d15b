// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parses the text of a schema.

use core::str::FromStr;

use super::definition::Schema;
use super::error::SchemaError;
use super::field::NumberKind;
use crate::layout::{MAX_FIELDS, MAX_SCHEMA};

impl FromStr for Schema {
    type Err = SchemaError;

    fn from_str(text: &str) -> Result<Self, SchemaError> {
        let mut schema = Schema::default();
        if text.len() > MAX_SCHEMA || text.split_ascii_whitespace().nth(MAX_FIELDS).is_some() {
            return Err(SchemaError::TooLarge);
        }
        for field in text.split_ascii_whitespace() {
            let invalid = || SchemaError::InvalidField(field.to_owned());
            let (name, kind) = field.split_once(':').ok_or_else(invalid)?;
            let (kind, count) = match kind.split_once('[') {
                None => (kind, None),
                Some((kind, count)) => {
                    let count = count.strip_suffix(']').ok_or_else(invalid)?;
                    let invalid = || SchemaError::InvalidCount(field.to_owned());
                    (kind, Some(parse_count(count).ok_or_else(invalid)?))
                }
            };
            schema.push(name, parse_kind(kind)?, count)?;
        }
        schema.complete()
    }
}

/// Parses a decimal number without sign or leading zeros, so that each schema has only one text.
fn parse_count(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number: &usize| number.to_string() == text)
}

fn parse_kind(name: &str) -> Result<NumberKind, SchemaError> {
    let found = NumberKind::NAMES.iter().find(|(known, _)| *known == name);
    found.map(|&(_, kind)| kind).ok_or_else(|| SchemaError::UnknownKind(name.to_owned()))
}
