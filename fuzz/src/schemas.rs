// SPDX-License-Identifier: MIT OR Apache-2.0
//! Texts of schemas: one that is accepted has one spelling, and fields that do not overlap.

use tearfree_page::Schema;
use tearfree_page::layout::{MAX_FIELDS, MAX_PAYLOAD};

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
        assert!(bytes.start.is_multiple_of(field.kind().size()), "{field} is not aligned");
        end = bytes.end;
    }
}
