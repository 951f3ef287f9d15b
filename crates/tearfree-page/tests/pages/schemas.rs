// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which schemas types have, and which pages a program may use as its own.

use core::time::Duration;

use tearfree_page::zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use tearfree_page::{
    ByteReader, ByteWriter, Describe, Error, NumberKind, Options, Reader, Schema, SchemaBuilder,
    Waited, Writer, WriterState, payload, schema_of,
};

use crate::support::{Quote, new_path, quote};

payload! {
    struct Nested {
        quotes: [Quote; 2],
        history: [f32; 4],
    }
}

#[test]
fn nested_structs_and_arrays_are_named_in_the_schema() {
    let schema = tearfree_page::schema_of::<Nested>().unwrap();
    let text = "quotes._0.price:f64 quotes._0.quantity:u64 quotes._1.price:f64 \
                quotes._1.quantity:u64 history:f32[4]";
    assert_eq!(schema.to_string(), text);
    assert_eq!(text.parse(), Ok(schema.clone()));
    assert_eq!(schema.size(), size_of::<Nested>());
}

/// The same bytes mean something else: only the texts tell the schemas apart.
#[test]
fn a_schema_of_the_same_size_is_another_schema() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(3), &Options::new()).unwrap());
    let others = [
        "price:f64 quantity:i64",
        "prize:f64 quantity:u64",
        "quantity:u64 price:f64",
        "value:u64[2]",
    ];
    for other in others.map(|text| text.parse::<Schema>().unwrap()) {
        assert_eq!((other.size(), other.align()), (16, 8));
        let error = ByteWriter::create(&page, &other, &[0; 16], &Options::new()).unwrap_err();
        assert!(
            matches!(&error, Error::SchemaMismatch { wanted, .. } if *wanted == other.to_string())
        );
    }
    for error in [
        Reader::<[u64; 2]>::open(&page).unwrap_err(),
        Writer::create(&page, [1_u64, 2], &Options::new()).unwrap_err(),
        Writer::<[u64; 2]>::take_over(&page, &Options::new()).unwrap_err(),
    ] {
        assert!(matches!(error, Error::SchemaMismatch { .. }), "{error}");
    }
    assert_eq!(Reader::<Quote>::open(&page).unwrap().get(), Ok(quote(3)));
    let sealed = Writer::create_sealed("quote", quote(3), &Options::new()).unwrap();
    let error = Reader::<[u64; 2]>::open_sealed(sealed.sealed_file().unwrap()).unwrap_err();
    assert!(matches!(error, Error::SchemaMismatch { .. }), "{error}");
}

#[test]
fn each_number_has_the_kind_of_its_name() {
    fn kind<T: Describe>() -> (String, usize) {
        let schema = schema_of::<T>().unwrap();
        assert_eq!((schema.size(), schema.align()), (size_of::<T>(), size_of::<T>()));
        (schema.to_string(), schema.fields()[0].kind().size())
    }
    for (found, name, size) in [
        (kind::<u8>(), "u8", 1),
        (kind::<u16>(), "u16", 2),
        (kind::<u32>(), "u32", 4),
        (kind::<u64>(), "u64", 8),
        (kind::<u128>(), "u128", 16),
        (kind::<i8>(), "i8", 1),
        (kind::<i16>(), "i16", 2),
        (kind::<i32>(), "i32", 4),
        (kind::<i64>(), "i64", 8),
        (kind::<i128>(), "i128", 16),
        (kind::<f32>(), "f32", 4),
        (kind::<f64>(), "f64", 8),
    ] {
        assert_eq!(found, (format!("value:{name}"), size));
        assert_eq!(found.0.parse::<Schema>().unwrap().to_string(), found.0);
    }
}

#[test]
fn the_longest_schema_is_stored_and_read() {
    let mut text: String = (0..963).map(|i| format!("n{i:063}:u8 ")).collect();
    text += &format!("{}:u8", "n".repeat(49));
    assert_eq!(text.len(), 65536);
    let (_folder, page) = new_path();
    let writer =
        ByteWriter::create(&page, &text.parse().unwrap(), &[7; 964], &Options::new()).unwrap();
    let reader = ByteReader::open(&page).unwrap();
    assert_eq!((reader.read().unwrap().value, writer.get()), (vec![7; 964], vec![7; 964]));
    assert_eq!(reader.geometry().schema.to_string(), text);
}

/// `Describe` can be written by hand, and be wrong.
#[test]
fn a_description_of_another_size_is_refused() {
    #[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
    #[repr(C)]
    struct Wrong(u64);
    impl Describe for Wrong {
        fn describe(name: &str, schema: &mut SchemaBuilder) {
            schema.number(name, NumberKind::U64, Some(2));
        }
    }
    let (_folder, page) = new_path();
    let error = Writer::create(&page, Wrong(1), &Options::new()).unwrap_err();
    assert!(matches!(error, Error::Size { given: 8, wanted: 16 }), "{error}");
    drop(Writer::create(&page, [1_u64, 2], &Options::new()).unwrap());
    for error in [
        Reader::<Wrong>::open(&page).unwrap_err(),
        Writer::<Wrong>::take_over(&page, &Options::new()).unwrap_err(),
        Writer::create_sealed("wrong", Wrong(1), &Options::new()).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Size { given: 8, wanted: 16 }), "{error}");
    }
}

#[test]
fn a_page_of_another_schema_is_refused_or_replaced() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(3), &Options::new()).unwrap());
    let opened = Reader::<u64>::open(&page).unwrap_err();
    let created = Writer::create(&page, 7_u64, &Options::new()).unwrap_err();
    let taken = Writer::<u64>::take_over(&page, &Options::new()).unwrap_err();
    for error in [opened, created, taken] {
        let text = error.to_string();
        for part in ["price:f64 quantity:u64", "value:u64", "replace the page"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let old = Reader::<Quote>::open(&page).unwrap();
    assert_eq!(old.read().unwrap().value, quote(3), "the page is unchanged");

    let _writer = Writer::create(&page, 7_u64, &Options::new().replace(true)).unwrap();
    assert_eq!(old.writer_state(), WriterState::Superseded);
    assert_eq!(old.wait_changed(old.generation(), Some(Duration::ZERO)), Waited::Superseded);
    assert_eq!(old.read().unwrap().value, quote(3), "its readers keep the last value");
    assert_eq!(Reader::<u64>::open(&page).unwrap().read().unwrap().value, 7);
}
