// SPDX-License-Identifier: MIT OR Apache-2.0
//! Parses the text of a schema.

use core::str::FromStr;

use super::definition::Schema;
use super::error::SchemaError;
use super::field::NumberKind;
use super::kind::{EnumKind, Kind, MAX_ENUM_NAMES, OpaqueKind};
use crate::layout::{MAX_FIELDS, MAX_SCHEMA};

impl FromStr for Schema {
    type Err = SchemaError;

    fn from_str(text: &str) -> Result<Self, SchemaError> {
        let mut schema = Schema::default();
        if text.len() > MAX_SCHEMA || text.split_ascii_whitespace().nth(MAX_FIELDS).is_some() {
            return Err(SchemaError::TooLarge);
        }
        for field in text.split_ascii_whitespace() {
            let (name, rest) =
                field.split_once(':').ok_or_else(|| SchemaError::InvalidField(field.to_owned()))?;
            let (kind, count) = split_kind(rest);
            let kind = parse_kind(kind, field)?;
            let count = if count.is_empty() { None } else { Some(parse_brackets(count, field)?) };
            schema.push(name, kind, count)?;
        }
        schema.complete()
    }
}

/// Splits `text[16][4]` into `text[16]` and `[4]`, and `u8[4]` into `u8` and `[4]`.
fn split_kind(text: &str) -> (&str, &str) {
    let word = text.find(['[', '{', '<']).unwrap_or(text.len());
    let end = match (&text[..word], text[word..].chars().next()) {
        ("text", Some('[')) => text.find(']').map_or(text.len(), |end| end + 1),
        (_, Some('{')) => text.find('}').map_or(text.len(), |end| end + 1),
        (_, Some('<')) => text.find('>').map_or(text.len(), |end| end + 1),
        _ => word,
    };
    text.split_at(end)
}

/// Parses the `[4]` of a field.
fn parse_brackets(text: &str, field: &str) -> Result<usize, SchemaError> {
    let number = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let number = number.ok_or_else(|| SchemaError::InvalidField(field.to_owned()))?;
    parse_decimal(number).ok_or_else(|| SchemaError::InvalidCount(field.to_owned()))
}

/// Parses a decimal number without `+` or leading zeros, so that each schema has only one text.
fn parse_decimal<N: FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}

fn parse_kind(kind: &str, field: &str) -> Result<Kind, SchemaError> {
    let find = |name| NumberKind::NAMES.iter().find(|(known, _)| *known == name);
    let unknown = || SchemaError::UnknownKind(kind.to_owned());
    if kind == "bool" {
        return Ok(Kind::Bool);
    }
    if let Some(size) = kind.strip_prefix("text[") {
        let size = size.strip_suffix(']').and_then(parse_decimal);
        return size.map(Kind::Text).ok_or_else(|| SchemaError::InvalidCount(field.to_owned()));
    }
    if let Some((repr, names)) = kind.split_once('{') {
        let &(_, repr) = find(repr).ok_or_else(unknown)?;
        let names = names.strip_suffix('}').and_then(parse_names);
        return match names.map(|names| EnumKind::new(repr, names)) {
            // The numbers were in another order.
            Some(parsed) if parsed.to_string() == kind => Ok(Kind::Enum(parsed)),
            _ => Err(SchemaError::InvalidKind(kind.to_owned())),
        };
    }
    if let Some((name, size)) = kind.split_once('<') {
        let size = size.strip_suffix('>').and_then(parse_decimal).ok_or_else(unknown)?;
        return Ok(Kind::Opaque(OpaqueKind { name: name.to_owned(), size }));
    }
    find(kind).map(|&(_, number)| number.into()).ok_or_else(unknown)
}

fn parse_names(text: &str) -> Option<Vec<(String, i128)>> {
    let pair = |text: &str| {
        let (name, number) = text.split_once('=')?;
        Some((name.to_owned(), parse_decimal(number)?))
    };
    // One more than allowed, which the schema refuses.
    text.split(',').take(MAX_ENUM_NAMES + 1).map(pair).collect()
}
