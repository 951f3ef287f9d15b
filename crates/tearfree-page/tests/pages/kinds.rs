// SPDX-License-Identifier: MIT OR Apache-2.0
//! `bool`, text and named numbers: what a page holds may be none of them.

use proptest::prelude::*;
use tearfree_page::zerocopy::FromBytes;
use tearfree_page::{
    ByteReader, ByteWriter, Error, InvalidValue, Kind, Options, ReadError, Reader, Schema, Text,
    TextError, Writer, field, payload, schema_of,
};

use crate::support::{Quote, new_path, quote, set_word_in_file};

payload! {
    #[derive(Debug, PartialEq)]
    enum State: u8 {
        Idle = 0,
        Busy = 3,
    }
}

payload! {
    #[derive(Debug, PartialEq)]
    enum Wide: i64 { Most = i64::MAX, Least = i64::MIN }
}

payload! {
    #[derive(Debug, PartialEq)]
    struct Job {
        number: u64,
        is_urgent: bool,
        state: State,
        states: [State; 2],
        name: Text<4>,
    }
}

payload! {
    /// Large enough to be copied to the caller directly, if it were plain.
    #[derive(Debug, PartialEq)]
    struct Long {
        jobs: [Job; 16],
    }
}

payload! {
    /// Not all of its types are named in one word, but all bytes are valid.
    #[derive(Debug, PartialEq)]
    struct Nested {
        quotes: [Quote; 20],
        more: [[u8; 4]; 2],
    }
}

fn job() -> Job {
    let name = Text::new("abcd").unwrap();
    Job { number: 7, is_urgent: true, state: State::Busy, states: [State::Idle; 2], name }
}

const SCHEMA: &str = "number:u64 is_urgent:bool state:u8{Idle=0,Busy=3} \
                      states:u8{Idle=0,Busy=3}[2] name:text[4]";
/// The offset of the second word of a job in slot 0, behind its stamp: all that can be invalid.
const CHECKED: u64 = 448 + 64 + 8;

/// The bytes of `job()` behind its number.
const VALID: [u8; 8] = [1, 3, 0, 0, b'a', b'b', b'c', b'd'];

fn invalid(result: Result<impl Sized, ReadError>) -> InvalidValue {
    match result {
        Err(ReadError::Invalid(invalid)) => invalid,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it is a value"),
    }
}

#[test]
fn all_kinds_are_published_and_read() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, job(), &Options::new()).unwrap();
    let reader = Reader::<Job>::open(&page).unwrap();
    assert_eq!(reader.geometry().schema.to_string(), SCHEMA);
    assert_eq!(SCHEMA.parse(), Ok(schema_of::<Job>().unwrap()));
    assert_eq!(reader.get(), Ok(job()));
    writer.update(|job| job.name = Text::new("é").unwrap()).unwrap();
    let read = reader.get().unwrap();
    assert_eq!((read.name.as_str(), read.name), ("é", writer.get().name));
    let fields = (field!(Job, states[1]), field!(Job, is_urgent), field!(Job, name));
    assert_eq!(reader.read_fields(fields), Ok((State::Idle, true, read.name)));
    let wide = schema_of::<Wide>().unwrap().to_string();
    let numbers = "i64{Least=-9223372036854775808,Most=9223372036854775807}";
    assert_eq!(wide, format!("value:{numbers}"), "in ascending order");
}

/// Each invalid byte that a writer which breaks the protocol can store is found by each way to read it.
#[test]
fn an_invalid_value_is_an_error_that_names_its_field_and_bytes() {
    for (at, byte, field, element, bytes) in [
        (0, 2, "is_urgent", None, &[2][..]),
        (0, 255, "is_urgent", None, &[255]),
        (1, 1, "state", None, &[1]),
        (2, 9, "states", Some(0), &[9]),
        (3, 4, "states", Some(1), &[4]),
        (4, 0xC3, "name", None, &[0xC3, b'b', b'c', b'd']),
        (4, 0, "name", None, &[0, b'b', b'c', b'd']),
        (7, 0x80, "name", None, &[b'a', b'b', b'c', 0x80]),
    ] {
        let (_folder, page) = new_path();
        drop(Writer::create(&page, job(), &Options::new()).unwrap());
        let mut changed = VALID;
        changed[at] = byte;
        set_word_in_file(&page, CHECKED, u64::from_ne_bytes(changed));
        let reader = Reader::<Job>::open(&page).unwrap();
        let mut to = job();
        to.number = 1;
        let found = invalid(reader.get());
        assert_eq!((found.field(), found.element(), found.bytes()), (field, element, bytes));
        for other in [
            invalid(reader.read()),
            invalid(reader.get_into(&mut to)),
            invalid(reader.read_into(&mut to)),
            invalid(reader.read_if_changed(&mut 9)),
            invalid(reader.read_current(|| ())),
        ] {
            assert_eq!(other, found);
        }
        assert_eq!(to.number, 1, "it is unchanged");
        let text = Error::from(reader.get().unwrap_err()).to_string();
        let index = element.map(|element| format!("[{element}]")).unwrap_or_default();
        assert!(text.contains(&format!("the field '{field}{index}' holds the bytes")), "{text}");
        assert!(text.ends_with("publish a value of its kind"), "{text}");
        // The other fields can still be read, and so can all bytes.
        assert_eq!(reader.read_fields(field!(Job, number)), Ok(7));
        assert_eq!(ByteReader::open(&page).unwrap().read().unwrap().value[8..], changed);
        // The writer of the type is refused, and replaces the value.
        let error = Writer::<Job>::take_over(&page, &Options::new()).unwrap_err();
        assert!(matches!(error, Error::InvalidValue(other) if other == found), "{error}");
        let _writer = Writer::create(&page, job(), &Options::new()).unwrap();
        assert_eq!(reader.get(), Ok(job()));
    }
}

#[test]
fn single_fields_are_checked_too() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, job(), &Options::new()).unwrap());
    let reader = Reader::<Job>::open(&page).unwrap();
    set_word_in_file(&page, CHECKED, u64::from_ne_bytes([2, 1, 0, 5, 0xFF, 0, 0, 0]));
    let names = [
        invalid(reader.read_fields(field!(Job, is_urgent))),
        invalid(reader.read_fields((field!(Job, number), field!(Job, state)))),
        invalid(reader.read_fields(field!(Job, states))),
        invalid(reader.read_fields(field!(Job, states[1]))),
        invalid(reader.read_fields(field!(Job, name))),
    ];
    let names = names.map(|found| (found.field().to_owned(), found.element()));
    let wanted = [
        ("is_urgent", None),
        ("state", None),
        ("states", Some(1)),
        ("states", Some(1)),
        ("name", None),
    ];
    assert_eq!(names, wanted.map(|(name, element)| (name.to_owned(), element)));
    assert_eq!(reader.read_fields(field!(Job, states[0])), Ok(State::Idle));
}

#[test]
fn a_nested_field_is_named_by_its_path() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, Long { jobs: [job(); 16] }, &Options::new()).unwrap());
    let reader = Reader::<Long>::open(&page).unwrap();
    let mut to = Long { jobs: [job(); 16] };
    reader.get_into(&mut to).unwrap();
    let last = u64::from_ne_bytes([1, 1, 0, 0, 0, 0, 0, 0]);
    set_word_in_file(&page, CHECKED + 15 * 16, last);
    assert_eq!(invalid(reader.get()).field(), "jobs._15.state");
    to.jobs[15].number = 1;
    assert_eq!(invalid(reader.get_into(&mut to)).field(), "jobs._15.state");
    assert_eq!(to.jobs[15].number, 1, "it is unchanged");
    let found = invalid(reader.read_fields(field!(Long, jobs[15])));
    assert_eq!(found.field(), "jobs._15.state");
    assert_eq!(reader.read_fields(field!(Long, jobs[14])), Ok(job()));
}

#[test]
fn a_struct_of_valid_bytes_is_read_without_a_check() {
    use tearfree_page::Describe;
    fn is_unchecked<T: Describe>() -> bool {
        T::ANY_BIT_PATTERN.is_some()
    }
    assert!(is_unchecked::<Quote>() && is_unchecked::<Nested>() && is_unchecked::<[[u64; 4]; 3]>());
    assert!(!is_unchecked::<Job>() && !is_unchecked::<Long>() && !is_unchecked::<State>());
    assert!(!is_unchecked::<[Text<4>; 3]>() && !is_unchecked::<[bool; 3]>());
    let (_folder, page) = new_path();
    let nested = Nested { quotes: core::array::from_fn(|i| quote(i as u64)), more: [[1; 4]; 2] };
    let _writer = Writer::create(&page, nested, &Options::new()).unwrap();
    let reader = Reader::<Nested>::open(&page).unwrap();
    let mut to = Nested { quotes: [quote(0); 20], more: [[0; 4]; 2] };
    reader.get_into(&mut to).unwrap();
    assert_eq!((to, reader.get()), (nested, Ok(nested)));
    let zeros = Quote::read_from_bytes(&[0; 16]).expect("a struct of numbers is `FromBytes`");
    assert_eq!(zeros, quote(0));
}

#[test]
fn invalid_bytes_are_not_published() {
    let schema: Schema = SCHEMA.parse().unwrap();
    let (_folder, page) = new_path();
    let mut value = [[0; 8], VALID].concat();
    let mut writer = ByteWriter::create(&page, &schema, &value, &Options::new()).unwrap();
    value[9] = 1;
    let error = writer.set(&value).unwrap_err();
    assert!(matches!(&error, Error::InvalidValue(found) if found.field() == "state"), "{error}");
    assert_eq!((writer.generation(), writer.get()[9]), (0, 3));
    let (_folder, page) = new_path();
    let error = ByteWriter::create(&page, &schema, &value, &Options::new()).unwrap_err();
    assert!(matches!(&error, Error::InvalidValue(found) if found.bytes() == [1]), "{error}");
    assert!(!page.exists());
    // A text can be made from any bytes.
    let text = Text::<2>::read_from_bytes(b"a\xFF").unwrap();
    assert_eq!((text.as_str(), format!("{text:?}")), ("a", "\"a\"".to_owned()));
    let error = Writer::create(&page, text, &Options::new()).unwrap_err();
    assert!(matches!(error, Error::InvalidValue(_)), "{error}");
}

#[test]
fn a_text_holds_what_fits() {
    assert_eq!(Text::<3>::new("abc").unwrap().as_str(), "abc");
    assert_eq!(Text::<3>::new("").unwrap(), Text::default());
    assert_eq!(Text::<3>::new("aé").unwrap().to_string(), "aé");
    assert_eq!(Text::<3>::new("abé"), Err(TextError::TooLong { given: 4, wanted: 3 }));
    assert_eq!("a\0".parse::<Text<3>>(), Err(TextError::Nul));
    assert!(TextError::Nul.to_string().contains("remove it"));
    assert!(Text::<3>::new("abcd").unwrap_err().to_string().contains("use at most 3"));
    assert_eq!(format!("{:>4}", Text::<3>::new("ab").unwrap()), "  ab");
    assert!(Text::<3>::new("ab").unwrap() < Text::new("b").unwrap());
}

/// A reader of today finds the other fields beside a kind of a later version.
#[test]
fn a_kind_of_a_later_version_is_read_as_bytes() {
    let schema: Schema = "id:uuid<16> on:bool day:date<3>[2] left:u8[9]".parse().unwrap();
    assert_eq!((schema.size(), schema.align()), (32, 16));
    let value = [&[255; 16][..], &[1], &[7; 15]].concat();
    let (_folder, page) = new_path();
    let _writer = ByteWriter::create(&page, &schema, &value, &Options::new()).unwrap();
    let reader = ByteReader::open(&page).unwrap();
    assert_eq!(reader.read().unwrap().value, value);
    let [id, on, day, left] = &reader.geometry().schema.fields() else { panic!("four fields") };
    assert!(matches!(id.kind(), Kind::Opaque(kind) if kind.name() == "uuid"));
    assert_eq!((on.bytes(), day.bytes(), left.bytes()), (16..17, 17..23, 23..32));
    assert_eq!((day.kind().size(), day.kind().align()), (3, 1));
}

proptest! {
    /// The check of the schema and that of the type agree on any bytes.
    #[test]
    fn any_bytes_are_a_value_or_an_error(
        changes in prop::collection::vec((0_usize..8, prop_oneof![0..5_u8, any::<u8>()]), 0..3),
    ) {
        let mut word = VALID;
        changes.into_iter().for_each(|(at, byte)| word[at] = byte);
        let (_folder, page) = new_path();
        drop(Writer::create(&page, job(), &Options::new()).unwrap());
        set_word_in_file(&page, CHECKED, u64::from_ne_bytes(word));
        let read = Reader::<Job>::open(&page).unwrap().get();
        let bytes = [7_u64.to_ne_bytes(), word].concat();
        let checked = SCHEMA.parse::<Schema>().unwrap().check_values(&bytes);
        prop_assert_eq!(read.err(), checked.err().map(ReadError::Invalid));
    }
}
