// SPDX-License-Identifier: MIT OR Apache-2.0
//! Texts of schemas: one that is accepted has one spelling, and fields that do not overlap.

use tearfree_page::layout::{MAX_FIELDS, MAX_PAYLOAD};
use tearfree_page::{Kind, Schema};

/// Parses a schema and checks what it says of itself.
///
/// # Panics
/// If a schema is accepted that is wrong.
pub fn schemas(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let Ok(schema) = text.parse::<Schema>() else { return };
    let spelling = schema.to_string();
    assert!(
        spelling.split(' ').eq(text.split_ascii_whitespace()),
        "'{text}' was accepted as '{spelling}'"
    );
    let again: Schema = spelling.parse().expect("the schema's own text");
    assert_eq!(again, schema);
    assert_eq!(again.fingerprint(), schema.fingerprint());
    assert!((1..=MAX_FIELDS).contains(&schema.fields().len()));
    assert!((1..=MAX_PAYLOAD).contains(&schema.size()), "{} bytes", schema.size());
    assert!(schema.size().is_multiple_of(schema.align()));
    let mut end = 0;
    for field in schema.fields() {
        let bytes = field.bytes();
        assert!(end <= bytes.start && bytes.end <= schema.size(), "{field} lies at {bytes:?}");
        assert_eq!(bytes.len(), field.kind().size() * field.count().unwrap_or(1));
        assert!(bytes.start.is_multiple_of(field.kind().align()), "{field} is not aligned");
        end = bytes.end;
    }
    if schema.size() <= 4096 {
        values(&schema, input);
    }
}

/// Checks a payload of these bytes, again and again: fields that are found invalid become zeros.
fn values(schema: &Schema, input: &[u8]) {
    let mut payload: Vec<u8> = input.iter().copied().cycle().take(schema.size()).collect();
    for field in schema.fields() {
        let size = field.kind().size();
        let before = schema.check_values(&payload).err();
        let bytes = &mut payload[field.bytes()];
        let is_valid = bytes.chunks_exact(size).all(|bytes| field.kind().is_valid(bytes));
        let is_found = before.is_some_and(|invalid| invalid.field() == field.name());
        assert_eq!(is_found, !is_valid, "{field}: {before:?}");
        if let Kind::Enum(kind) = field.kind() {
            let (name, _) = kind.names().next().expect("an enum has names");
            let first = kind.bytes_of(name).expect("its numbers fit");
            assert_eq!(kind.name_of(&first), Some(name));
            bytes.chunks_exact_mut(size).for_each(|bytes| bytes.copy_from_slice(&first));
        } else {
            bytes.fill(0);
        }
    }
    assert_eq!(schema.check_values(&payload), Ok(()));
}
