// SPDX-License-Identifier: MIT OR Apache-2.0
//! What each method of a writer and a reader does to the value and beside it.

use tearfree_page::{
    ByteReader, ByteWriter, Error, Freshness, Options, Reader, Writer, WriterState, field, remove,
};

use crate::support::{Quote, new_path, quote};

#[test]
fn a_reader_sees_each_publication_and_its_generation() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    for generation in 0..5 {
        let reading = reader.read().unwrap();
        assert_eq!((reading.value, reading.generation), (quote(generation), generation));
        assert_eq!(reading.freshness(), Freshness::Unpromised);
        assert_eq!(reading.writer_state(), WriterState::Live);
        assert_eq!(reader.get(), Ok(quote(generation)));
        let mut into = quote(77);
        assert_eq!((reader.get_into(&mut into), into), (Ok(()), quote(generation)));
        into = quote(77);
        assert_eq!(reader.read_into(&mut into).unwrap().generation, generation);
        assert_eq!((into, writer.get()), (quote(generation), quote(generation)));
        let fields = (field!(Quote, quantity), field!(Quote, price));
        let Quote { price, quantity } = quote(generation);
        assert_eq!(reader.read_fields(fields), Ok((quantity, price)));
        let (current, result) = reader.read_current(|| 1).unwrap();
        assert_eq!((current.value, result), (quote(generation), 1));
        writer.set(quote(generation + 1)).unwrap();
    }
    assert_eq!(writer.update(|quote| quote.quantity), Ok(5));
    assert_eq!(reader.generation(), 6);
    assert_eq!(writer.replace(quote(6)), Ok(quote(5)));
    let discard = |quote: &mut Quote| {
        quote.quantity = 7;
        Err::<(), _>(Error::NotSent)
    };
    assert!(matches!(writer.update_or_discard(discard), Err(Error::NotSent)));
    assert_eq!((reader.get(), reader.generation()), (Ok(quote(6)), 7));
}

#[test]
fn a_new_writer_continues_the_count_of_the_last_one() {
    let (_folder, page) = new_path();
    let mut first = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    first.set(quote(1)).unwrap();
    drop(first);
    assert_eq!(reader.writer_state(), WriterState::Ended);
    assert_eq!(reader.read().unwrap().value, quote(1));

    let second = Writer::<Quote>::take_over(&page, &Options::new()).unwrap();
    assert_eq!((second.get(), second.generation()), (quote(1), 1));
    assert_eq!(reader.writer_state(), WriterState::Live);
    assert_eq!(reader.writer().unwrap().takeovers(), 1);
    drop(second);

    let third = Writer::create(&page, quote(2), &Options::new()).unwrap();
    assert_eq!((third.generation(), third.identity().unwrap().takeovers()), (2, 2));
    let reading = reader.read().unwrap();
    assert_eq!((reading.value, reading.generation), (quote(2), 2));
}

#[test]
fn the_error_of_a_second_writer_names_the_first() {
    let (_folder, page) = new_path();
    let _first = Writer::create(&page, quote(0), &Options::new()).unwrap();
    for _ in 0..2 {
        let error = Writer::create(&page, quote(1), &Options::new()).unwrap_err();
        let Error::Busy { pid, writer, .. } = &error else { panic!("{error}") };
        assert_eq!(*pid, Some(std::process::id()));
        assert_eq!(writer.as_ref().unwrap().pid(), std::process::id());
        assert!(error.to_string().contains("this process"), "{error}");
    }
    assert!(matches!(remove(&page), Err(Error::Busy { .. })));
    assert_eq!(Reader::<Quote>::open(&page).unwrap().read().unwrap().value, quote(0));
}

#[test]
fn each_word_is_stored_and_loaded_by_itself() {
    let (_folder, page) = new_path();
    let writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    for index in 0..8 {
        assert_eq!(reader.word(index), 0);
        writer.set_word(index, u64::MAX - index as u64).unwrap();
    }
    for index in 0..8 {
        assert_eq!(reader.word(index), u64::MAX - index as u64);
    }
    assert_eq!(reader.read().unwrap().value, quote(0));
}

#[test]
fn a_removed_page_is_gone_and_its_readers_see_it() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(4), &Options::new()).unwrap());
    let reader = Reader::<Quote>::open(&page).unwrap();
    remove(&page).unwrap();
    assert!(!page.exists());
    assert_eq!(reader.writer_state(), WriterState::Superseded);
    assert_eq!(reader.read().unwrap().value, quote(4));
    assert!(matches!(Reader::<Quote>::open(&page), Err(Error::Missing(_))));
    assert!(matches!(remove(&page), Err(Error::Missing(_))));
    assert!(matches!(Writer::<Quote>::take_over(&page, &Options::new()), Err(Error::Missing(_))));
}

#[test]
fn bytes_and_types_share_a_page() {
    let (_folder, page) = new_path();
    let schema = tearfree_page::schema_of::<Quote>().unwrap();
    let mut writer = ByteWriter::create(&page, &schema, &[0; 16], &Options::new()).unwrap();
    assert!(matches!(writer.set(&[0; 15]), Err(Error::Size { given: 15, wanted: 16 })));
    writer.set(&[1_u64.to_ne_bytes(), 9_u64.to_ne_bytes()].concat()).unwrap();
    assert_eq!(Reader::<Quote>::open(&page).unwrap().read().unwrap().value.quantity, 9);
    let reader = ByteReader::open(&page).unwrap();
    assert_eq!(reader.geometry().schema, schema);
    assert_eq!(reader.read().unwrap().value, writer.get());
}

#[test]
fn a_value_of_another_size_than_its_schema_is_refused() {
    let (_folder, page) = new_path();
    let schema = "value:u16".parse().unwrap();
    for bytes in [&[][..], &[1], &[1, 2, 3]] {
        let error = ByteWriter::create(&page, &schema, bytes, &Options::new()).unwrap_err();
        assert!(matches!(error, Error::Size { wanted: 2, .. }), "{error}");
    }
    assert!(!page.exists(), "refused before anything is created");
    let mut writer = ByteWriter::create(&page, &schema, &[1, 2], &Options::new()).unwrap();
    let reader = ByteReader::open(&page).unwrap();
    for len in [0, 1, 3] {
        let bytes = &mut [9; 3][..len];
        let (set, read) = (writer.set(bytes).unwrap_err(), reader.read_into(bytes).unwrap_err());
        assert!(matches!(set, Error::Size { given, wanted: 2 } if given == len), "{set}");
        assert!(matches!(read, Error::Size { given, wanted: 2 } if given == len), "{read}");
    }
    assert_eq!((writer.generation(), reader.read().unwrap().value), (0, vec![1, 2]));
    assert!(writer.set(&[3, 4]).is_ok());
    let mut seen = 0;
    assert_eq!(reader.read_if_changed(&mut seen).unwrap().unwrap().value, [3, 4]);
    assert_eq!((seen, reader.read_if_changed(&mut seen).unwrap().is_none()), (1, true));
    let into = &mut [0; 2];
    assert_eq!((reader.read_into(into).unwrap().generation, *into), (1, [3, 4]));
}

/// Larger than 128 bytes, the size up to which values go through registers.
#[test]
fn a_large_value_is_read_in_every_way() {
    let (_folder, page) = new_path();
    let value = |seed: u64| core::array::from_fn::<u64, 700, _>(|i| seed * 1000 + i as u64);
    let mut writer = Writer::create(&page, value(1), &Options::new()).unwrap();
    let reader = Reader::<[u64; 700]>::open(&page).unwrap();
    for generation in 0..3 {
        let (expected, mut into) = (value(generation + 1), [0; 700]);
        assert_eq!(reader.get_into(&mut into), Ok(()));
        assert_eq!(into, expected);
        into = [0; 700];
        assert_eq!(reader.read_into(&mut into).unwrap().generation, generation);
        assert_eq!((into, reader.get().unwrap()), (expected, expected));
        let mut seen = u64::MAX;
        assert_eq!(reader.read_if_changed(&mut seen).unwrap().unwrap().value, expected);
        assert_eq!((seen, writer.get()), (generation, expected));
        writer.set_from(&value(generation + 2)).unwrap();
    }
}
