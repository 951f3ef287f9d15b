// SPDX-License-Identifier: MIT OR Apache-2.0
//! Invalid schemas and their error messages.

use super::*;
use crate::layout::MAX_PAYLOAD;

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
