// SPDX-License-Identifier: MIT OR Apache-2.0
//! Invalid schemas and their error messages.

use super::*;
use crate::layout::{MAX_PAYLOAD, MAX_SCHEMA};

#[test]
fn an_invalid_schema_has_an_error_that_says_what_to_do() {
    for (text, advice) in [
        ("", "write name:kind"),
        ("price", "invalid field 'price'"),
        ("price:f64[2", "invalid field"),
        ("price:money", "unknown kind 'money'; use one of u8 u16"),
        ("9:u8", "beginning with a letter"),
        ("a:u8 a:u8", "two fields are named 'a'"),
        ("a:u8[0]", "invalid array length"),
        ("a:u8[+1]", "invalid array length"),
        ("a:u8[01]", "invalid array length"),
        ("a:u8 b:u64", "put larger kinds first, or add u8 padding"),
        ("b:u64 a:u8", "a gap of 7 bytes; add a u8 array of that size"),
        ("a:u8[16777217]", "more than 1024 fields, 16777216 bytes"),
        ("a:u128[99999999999999999]", "use several pages"),
    ] {
        let error = text.parse::<Schema>().unwrap_err().to_string();
        assert!(error.contains(advice), "{text}: {error}");
    }
    assert_eq!("a:u8[16777216]".parse::<Schema>().unwrap().size(), MAX_PAYLOAD);
    let many = |n: usize| (0..n).map(|i| format!("f{i}:u8 ")).collect::<String>();
    assert!(many(1024).parse::<Schema>().is_ok());
    assert_eq!(many(1025).parse::<Schema>(), Err(SchemaError::TooLarge));
}

#[test]
fn a_type_that_no_page_can_hold_is_refused() {
    assert_eq!(schema_of::<[u8; 0]>(), Err(SchemaError::InvalidCount("value:u8[0]".into())));
    assert_eq!(schema_of::<[[u8; 2]; 2000]>(), Err(SchemaError::TooLarge));
    assert_eq!(schema_of::<[u8; MAX_PAYLOAD + 1]>(), Err(SchemaError::TooLarge));
}

#[test]
fn the_fingerprint_is_fnv_1a() {
    // From the test vectors that its authors published.
    assert_eq!(fnv1a(b""), 0xCBF2_9CE4_8422_2325);
    assert_eq!(fnv1a(b"a"), 0xAF63_DC4C_8601_EC8C);
    assert_eq!(fnv1a(b"foobar"), 0x8594_4171_F739_67E8);
}

#[test]
fn the_advice_for_an_unknown_kind_lists_all_kinds() {
    let advice = SchemaError::UnknownKind(String::new()).advice();
    let listed: Vec<&str> = advice.split(' ').skip(3).collect();
    assert_eq!(listed, NumberKind::NAMES.map(|(name, _kind)| name));
}

#[test]
fn the_limits_are_those_of_the_protocol() {
    let named = |len: usize| format!("{}:u8", "n".repeat(len)).parse::<Schema>();
    assert!(named(64).is_ok());
    assert_eq!(named(65), Err(SchemaError::InvalidName("n".repeat(65))));
    // 963 fields take 68 bytes each, with the blank behind them.
    struct Fields<const LAST: usize>;
    impl<const LAST: usize> Describe for Fields<LAST> {
        fn describe(_: &str, schema: &mut SchemaBuilder) {
            (0..963).for_each(|i| schema.field::<u8>("", &format!("n{i:063}")));
            schema.field::<u8>("", &"n".repeat(LAST));
        }
    }
    let longest = schema_of::<Fields<49>>().expect("65536 bytes");
    assert_eq!(longest.to_string().len(), MAX_SCHEMA);
    assert_eq!(longest.to_string().parse(), Ok(longest));
    assert_eq!(schema_of::<Fields<50>>(), Err(SchemaError::TooLarge));
}

#[test]
fn a_schema_is_described_by_its_fields() {
    let schema: Schema = "wide:u128[2] half:f64 small:i16[4]".parse().unwrap();
    assert_eq!((schema.size(), schema.align()), (48, 16));
    let fields = schema.fields();
    assert_eq!(fields.iter().map(Field::name).collect::<Vec<_>>(), ["wide", "half", "small"]);
    assert_eq!(fields.iter().map(Field::count).collect::<Vec<_>>(), [Some(2), None, Some(4)]);
    assert_eq!(fields.iter().map(Field::bytes).collect::<Vec<_>>(), [0..32, 32..40, 40..48]);
    assert_eq!(fields[2].kind(), NumberKind::I16);
}
