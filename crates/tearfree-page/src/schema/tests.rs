// SPDX-License-Identifier: MIT OR Apache-2.0
//! Schemas that are none, and what is said about them.

use super::*;

#[test]
fn what_is_wrong_with_a_schema_is_said() {
    for (text, advice) in [
        ("", "write name:kind"),
        ("price", "'price' is no field"),
        ("price:f64[2", "is no field"),
        ("price:money", "there is no kind 'money'; there are u8 u16"),
        ("9:u8", "begin with a letter"),
        ("a:u8 a:u8", "two fields are called 'a'"),
        ("a:u8[0]", "has no elements"),
        ("a:u8[+1]", "has no elements"),
        ("a:u8[01]", "has no elements"),
        ("a:u8 b:u64", "put larger kinds first, or add a filler"),
        ("b:u64 a:u8", "add a field of u8[7]"),
        ("a:u8[16777217]", "at most 1024 fields, 16777216 bytes"),
        ("a:u128[99999999999999999]", "at most"),
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
fn a_type_that_no_page_can_hold_says_why() {
    assert_eq!(schema_of::<[u8; 0]>(), Err(SchemaError::Empty("value:u8[0]".into())));
    assert_eq!(schema_of::<[[u8; 2]; 2000]>(), Err(SchemaError::TooLarge));
    assert_eq!(schema_of::<[u8; MAX_PAYLOAD + 1]>(), Err(SchemaError::TooLarge));
}

#[test]
fn the_fingerprint_is_fowler_nolls_and_vos() {
    // From the authors' own list of test vectors.
    assert_eq!(fnv1a(b""), 0xCBF2_9CE4_8422_2325);
    assert_eq!(fnv1a(b"a"), 0xAF63_DC4C_8601_EC8C);
    assert_eq!(fnv1a(b"foobar"), 0x8594_4171_F739_67E8);
}
