// SPDX-License-Identifier: MIT OR Apache-2.0
//! Headers of new pages, and damaged and hostile headers.

use core::cell::Cell;
use core::mem::offset_of;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;
use crate::identity::own_record;

fn page_with(schema: &str) -> Vec<u8> {
    let schema: Schema = schema.parse().unwrap();
    let value = vec![7; schema.size()];
    let page = NewPage {
        schema: &schema,
        value: &value,
        writer: own_record(0, 0),
        stamp: Stamp { published_ns: 4, valid_until: 5, time_namespace: 6, reserved: [0; 5] },
        page_id: 3,
        boot_id: [9; 16],
        incarnation: 11,
        lock_inode: 13,
        wakes: true,
        sealed: false,
    };
    page.to_bytes()
}

fn inspect_whole(image: &[u8]) -> Result<Geometry, Damage> {
    inspect(image, image.len() as u64)
}

/// Inspects a page with the bytes of one field replaced.
fn with<const N: usize>(offset: usize, bytes: [u8; N]) -> Result<Geometry, Damage> {
    let mut image = page_with("price:f64 qty:u64");
    image[offset..offset + N].copy_from_slice(&bytes);
    inspect_whole(&image)
}

fn with_u32(offset: usize, number: u32) -> Result<Geometry, Damage> {
    with(offset, number.to_ne_bytes())
}

#[test]
fn a_new_page_has_the_requested_contents() {
    let image = page_with("price:f64 qty:u64");
    let geometry = inspect_whole(&image).unwrap();
    assert_eq!(geometry.schema.to_string(), "price:f64 qty:u64");
    assert_eq!((geometry.page_id, geometry.boot_id), (3, [9; 16]));
    assert_eq!((geometry.incarnation, &image[80..88]), (11, &11_u64.to_ne_bytes()[..]));
    assert_eq!((geometry.wakes, geometry.sealed), (true, false));
    assert_eq!((geometry.lock_inode, &image[88..96]), (13, &13_u64.to_ne_bytes()[..]));
    assert_eq!(geometry.total_len, image.len());
    assert_eq!(image[448..512], *[4, 5, 6, 0, 0, 0, 0, 0_u64].as_bytes(), "the stamp of slot 0");
    assert_eq!(image[512..528], [7; 16], "the value in slot 0");
    assert_eq!(
        &image[704..],
        b"price:f64 qty:u64",
        "the schema follows two slots of two lines each"
    );
}

#[test]
fn each_wrong_field_is_refused_with_its_own_error() {
    for (damaged, damage) in [
        (with(0, [0; 8]), Damage::Magic),
        (with(0, *b"\x89TFP\n\x1a\n\0"), Damage::Magic),
        (with_u32(offset_of!(FixedFields, byte_order), BYTE_ORDER.swap_bytes()), Damage::ByteOrder),
        (with(offset_of!(FixedFields, major), 2_u16.to_ne_bytes()), Damage::Version(2)),
        (with(offset_of!(FixedFields, total_len), 4096_u64.to_ne_bytes()), Damage::Truncated),
        (with(offset_of!(FixedFields, total_len), u64::MAX.to_ne_bytes()), Damage::Truncated),
        (with(offset_of!(FixedFields, total_len), 720_u64.to_ne_bytes()), Damage::Sizes),
        (with(offset_of!(FixedFields, total_len), 0_u64.to_ne_bytes()), Damage::Sizes),
        (with_u32(offset_of!(FixedFields, schema_len), u32::MAX), Damage::Sizes),
        (with_u32(offset_of!(FixedFields, schema_len), 18), Damage::Sizes),
        (with_u32(offset_of!(FixedFields, schema_len), 0), Damage::SchemaText),
        (with_u32(offset_of!(FixedFields, schema_len), 9), Damage::SchemaMismatch),
        (with(704, *b"\xff"), Damage::SchemaText),
        (with(704, *b"9"), Damage::SchemaText),
        (with(704, *b"q"), Damage::SchemaMismatch),
        (with_u32(offset_of!(FixedFields, payload_size), u32::MAX), Damage::Sizes),
        (with_u32(offset_of!(FixedFields, payload_size), 65), Damage::Sizes),
        (with_u32(offset_of!(FixedFields, payload_size), 0), Damage::SchemaText),
        (with_u32(offset_of!(FixedFields, payload_size), 17), Damage::SchemaMismatch),
        (with_u32(offset_of!(FixedFields, payload_align), 4), Damage::SchemaMismatch),
        (with(offset_of!(FixedFields, fingerprint), [0; 8]), Damage::SchemaMismatch),
    ] {
        assert_eq!(damaged, Err(damage));
        assert!(!damage.to_string().is_empty());
    }
}

/// Readers in other languages compare texts.
#[test]
fn another_text_of_the_same_schema_is_refused() {
    for text in ["a:u64  b:u64", " a:u64 b:u64", "a:u64 b:u64 ", "a:u64\tb:u64", "a:u64\nb:u64"] {
        let fields = text.parse::<Schema>().expect("the same fields");
        let mut image = page_with("a:u64 b:u64");
        image.truncate(704);
        image.extend(text.as_bytes());
        let (len, total) = (to_u32(text.len()), image.len() as u64);
        image[40..44].copy_from_slice(&len.to_ne_bytes());
        image[16..24].copy_from_slice(&total.to_ne_bytes());
        image[24..32].copy_from_slice(&fnv1a(text.as_bytes()).to_ne_bytes());
        assert_eq!((fields.size(), fields.align()), (16, 8));
        assert_eq!(inspect_whole(&image), Err(Damage::SchemaMismatch), "{text:?}");
    }
}

#[test]
fn a_newer_minor_version_is_read() {
    assert!(with(offset_of!(FixedFields, minor), 7_u16.to_ne_bytes()).is_ok());
    assert!(with_u32(offset_of!(FixedFields, flags), u32::MAX).is_ok());
}

#[test]
fn every_shorter_page_is_refused() {
    let image = page_with("price:f64 qty:u64");
    for len in 0..image.len() {
        assert!(inspect_whole(&image[..len]).is_err(), "{len}");
        // A truncated file whose header is complete.
        assert!(inspect(&image, len as u64).is_err(), "{len}");
    }
}

/// What users of a geometry rely on: both slots are in the file, and the schema follows them.
fn is_inside(geometry: &Geometry, file_len: u64) -> bool {
    let size = geometry.schema.size();
    let end = schema_offset(size) + geometry.schema.to_string().len();
    size > 0 && end <= geometry.total_len && geometry.total_len as u64 <= file_len
}

/// Runs a property that holds for the inputs that are accepted, and sees that some are and some are not.
fn for_accepted_and_refused<S: Strategy>(inputs: &S, is_accepted: impl Fn(S::Value) -> bool) {
    let (accepted, refused) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::default().run(inputs, |input| {
        let counter = if is_accepted(input) { &accepted } else { &refused };
        counter.set(counter.get() + 1);
        Ok(())
    });
    result.unwrap();
    assert!(accepted.get() > 0 && refused.get() > 0, "{accepted:?} accepted, {refused:?} refused");
}

#[test]
fn an_accepted_page_lies_inside_its_file() {
    let changes = prop::collection::vec((0_usize..720, any::<u8>()), 0..6);
    let words = prop::collection::vec((2_usize..16, any::<u32>()), 0..3);
    let file_len = prop_oneof![Just(721_u64), 0..2000_u64, any::<u64>()];
    for_accepted_and_refused(&(changes, words, file_len), |(changes, words, file_len)| {
        let mut image = page_with("price:f64 qty:u64");
        for (offset, byte) in changes {
            image[offset] = byte;
        }
        for (word, number) in words {
            image[word * 4..word * 4 + 4].copy_from_slice(&(number % 1024).to_ne_bytes());
        }
        let geometry = inspect(&image, file_len);
        if let Ok(geometry) = &geometry {
            assert!(is_inside(geometry, file_len), "{geometry:?}");
        }
        geometry.is_ok()
    });
}

#[test]
fn a_schema_and_its_text_convert_both_ways() {
    let text = "[a-c]:[uif](8|16|32|64|128)(\\[[0-9]{1,3}\\])?( [d-f.]:f64| g:u8\\[8\\]){0,3}";
    for_accepted_and_refused(&text, |text: String| {
        let schema = text.parse::<Schema>();
        if let Ok(schema) = &schema {
            assert_eq!(schema.to_string(), text);
            assert_eq!(inspect_whole(&page_with(&text)).unwrap().schema, *schema);
        }
        schema.is_ok()
    });
}

proptest! {
    #[test]
    fn inspecting_any_bytes_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut bytes = bytes;
        let _ = inspect(&bytes, u64::MAX);
        if bytes.len() > 16 {
            bytes[..16].copy_from_slice(&page_with("a:u8")[..16]);
            prop_assert!(inspect(&bytes, u64::MAX).is_err());
        }
    }

    #[test]
    fn parsing_any_text_does_not_panic(text in ".{0,200}") {
        if let Err(error) = text.parse::<Schema>() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
