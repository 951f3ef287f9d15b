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
        ("a:u8<1>", "invalid kind 'u8<1>'"),
        ("a:bool<1>", "invalid kind 'bool<1>'"),
        ("a:text<1>", "invalid kind 'text<1>'"),
        ("a:Uuid<16>", "invalid kind"),
        ("a:uuid<0>", "invalid kind"),
        ("a:uuid<016>", "unknown kind"),
        ("a:uuid<-1>", "unknown kind"),
        ("a:uuid<16", "unknown kind"),
        ("a:<16>", "invalid kind"),
        ("a:uuid", "unknown kind 'uuid'"),
        ("a:uuid<16777217>", "use several pages"),
        ("a:text", "unknown kind 'text'; use one of"),
        ("a:text[0]", "invalid kind 'text[0]'; write text[16]"),
        ("a:text[01]", "invalid array length in 'a:text[01]'"),
        ("a:text[16", "invalid array length"),
        ("a:text[]", "invalid array length"),
        ("a:text[2]x", "invalid field"),
        ("a:text[2][3][4]", "invalid array length"),
        ("a:text[2][0]", "invalid array length"),
        ("a:text[16777217]", "use several pages"),
        ("a:bool{x=1}", "unknown kind"),
        ("a:u8{}", "invalid kind 'u8{}'; write text[16] or u8{idle=0,busy=1}"),
        ("a:u8{x}", "invalid kind"),
        ("a:u8{x=}", "invalid kind"),
        ("a:u8{=1}", "invalid kind"),
        ("a:u8{x=1,}", "invalid kind"),
        ("a:u8{x=1", "invalid kind"),
        ("a:u8{x=1}y", "invalid field"),
        ("a:u8{x=01}", "invalid kind"),
        ("a:u8{x=+1}", "invalid kind"),
        ("a:i8{x=-0}", "invalid kind"),
        ("a:u8{x=256}", "invalid kind"),
        ("a:u8{x=-1}", "invalid kind"),
        ("a:i8{x=128}", "invalid kind"),
        ("a:u8{x=1,y=1}", "ascending numbers"),
        ("a:u8{x=2,y=1}", "ascending numbers"),
        ("a:u8{x=1,x=2}", "invalid kind"),
        ("a:u8{9=1}", "invalid kind"),
        ("a:u8{x.y=1}", "invalid kind"),
        ("a:u8{\u{e9}=1}", "invalid kind"),
        ("a:u128{x=1}", "invalid kind"),
        ("a:f32{x=1}", "invalid kind"),
        ("a:u8 b:u16{x=1}", "'b:u16{x=1}' would begin at byte 1"),
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
    let (numbers, others) = listed.split_at(NumberKind::NAMES.len());
    assert_eq!(numbers, NumberKind::NAMES.map(|(name, _kind)| name));
    assert_eq!(others, ["bool", "text[16]", "u8{idle=0,busy=1}"]);
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
    assert_eq!(*fields[2].kind(), Kind::Number(NumberKind::I16));
}

#[test]
fn kinds_are_as_large_as_the_protocol_says() {
    for (text, size, align) in [
        ("a:bool", 1, 1),
        ("a:bool[3]", 3, 1),
        ("a:text[5]", 5, 1),
        ("a:text[16][2]", 32, 1),
        ("a:i64{Down=-9223372036854775808,Up=9223372036854775807}", 8, 8),
        ("a:u64{x=18446744073709551615}", 8, 8),
        ("a:u16{x=0}[3]", 6, 2),
        ("a:date<3>", 3, 1),
        ("a:time<8>[2]", 16, 8),
        ("a:uuid<16>", 16, 16),
        ("a:many<32>", 32, 1),
    ] {
        let schema: Schema = text.parse().unwrap();
        assert_eq!((schema.size(), schema.align()), (size, align), "{text}");
        assert_eq!(schema.to_string(), text);
    }
}

#[test]
fn an_enum_has_at_most_256_names_of_64_letters() {
    let named = |count: usize, len: usize| {
        let name = |i| format!("{}{i:03}={i}", "n".repeat(len - 3));
        let names: Vec<String> = (0..count).map(name).collect();
        format!("a:u16{{{}}}", names.join(",")).parse::<Schema>().map(|schema| schema.size())
    };
    assert_eq!(named(256, 64), Ok(2));
    assert!(matches!(named(257, 64), Err(SchemaError::InvalidKind(_))));
    assert!(matches!(named(1, 65), Err(SchemaError::InvalidKind(_))));
}

#[test]
fn names_and_bytes_of_an_enum_belong_together() {
    let kind = EnumKind::new(NumberKind::I16, [("up", 300), ("down", -2), ("off", 0)]);
    assert_eq!(kind.names().collect::<Vec<_>>(), [("down", -2), ("off", 0), ("up", 300)]);
    for (name, number) in [("up", 300_i16), ("down", -2), ("off", 0)] {
        assert_eq!(kind.bytes_of(name), Some(number.to_ne_bytes().to_vec()));
        assert_eq!(kind.name_of(&number.to_ne_bytes()), Some(name));
    }
    assert_eq!((kind.name_of(&1_i16.to_ne_bytes()), kind.name_of(&[0])), (None, None));
    assert_eq!((kind.bytes_of("on"), kind.repr()), (None, NumberKind::I16));
}

#[test]
fn text_is_utf_8_padded_with_nuls() {
    for (bytes, is_valid) in [
        (*b"abcd", true),
        (*b"ab\0\0", true),
        ([0; 4], true),
        (*b"ab\0d", false),
        (*b"\0\0\0d", false),
        (*b"abc\xC3", false),
        (*b"a\xC3\0\0", false),
        (*b"\x1B[m\n", true),
    ] {
        assert_eq!(Kind::Text(4).is_valid(&bytes), is_valid, "{bytes:?}");
    }
    assert!(!Kind::Text(4).is_valid(b"abc") && !Kind::Bool.is_valid(&[]));
}
