// SPDX-License-Identifier: MIT OR Apache-2.0
//! Damaged pages and pages of another boot: refused, left unchanged, and replaced on request.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::cell::Cell;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tearfree_page::{ByteReader, Damage, Error, Options, Reader, Writer, remove};
use tempfile::TempDir;

/// Creates a page with the value 5, and has `change` change its file.
fn changed(change: impl FnOnce(&mut Vec<u8>)) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let page = folder.path().join("page");
    drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
    let mut bytes = fs::read(page.join("page")).unwrap();
    change(&mut bytes);
    fs::write(page.join("page"), bytes).unwrap();
    (folder, page)
}

/// Cuts a page where its schema would begin, and sets its length to that.
fn without_schema(bytes: &mut Vec<u8>) {
    bytes.truncate(448 + 2 * 128);
    bytes[40..44].fill(0);
    let len = bytes.len() as u64;
    bytes[16..24].copy_from_slice(&len.to_ne_bytes());
}

#[test]
fn any_file_is_opened_or_refused() {
    let word = prop_oneof![Just(0), 0..700_u32, any::<u32>()];
    let words = prop::collection::vec((2_usize..20, word), 1..4);
    let len = prop_oneof![Just(None), (0_usize..800).prop_map(Some)];
    let (opened, refused) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(500));
    let result = runner.run(&(words, len), |(words, len)| {
        let (_folder, page) = changed(|bytes| {
            for (word, number) in words {
                bytes[word * 4..word * 4 + 4].copy_from_slice(&number.to_ne_bytes());
            }
            bytes.resize(len.unwrap_or(bytes.len()), b'x');
        });
        match ByteReader::open(&page) {
            Ok(reader) => {
                prop_assert_eq!(reader.read().map(|reading| reading.value.len()), Ok(8));
                opened.set(opened.get() + 1);
            }
            Err(error) => {
                prop_assert!(!error.to_string().is_empty());
                refused.set(refused.get() + 1);
            }
        }
        Ok(())
    });
    result.unwrap();
    assert!(opened.get() > 0 && refused.get() > 0, "{opened:?} opened, {refused:?} refused");
}

#[test]
fn a_damaged_page_is_refused_with_its_own_error() {
    type Change = fn(&mut Vec<u8>);
    let changes: [(Change, Damage); 8] = [
        (Vec::clear, Damage::TooShort),
        (|bytes| bytes.truncate(447), Damage::TooShort),
        (|bytes| bytes.truncate(500), Damage::Truncated),
        (|bytes| bytes[0] = b'P', Damage::Magic),
        // What a machine of the other byte order wrote, whose version reads as 256.
        (
            |bytes| {
                bytes[8..12].reverse();
                bytes[12..14].reverse();
            },
            Damage::ByteOrder,
        ),
        (|bytes| bytes[12..14].copy_from_slice(&9_u16.to_ne_bytes()), Damage::Version(9)),
        (|bytes| bytes[32..36].copy_from_slice(&264_u32.to_ne_bytes()), Damage::Sizes),
        (without_schema, Damage::SchemaText),
    ];
    for (change, damage) in changes {
        let (_folder, page) = changed(change);
        let before = fs::read(page.join("page")).unwrap();
        for error in [
            Reader::<u64>::open(&page).unwrap_err(),
            ByteReader::open(&page).unwrap_err(),
            Writer::create(&page, 6_u64, &Options::new()).unwrap_err(),
            Writer::<u64>::take_over(&page, &Options::new()).unwrap_err(),
        ] {
            assert!(matches!(&error, Error::Damaged(_, found) if *found == damage), "{error}");
            assert!(
                error.to_string().contains("remove it, or have its writer replace it"),
                "{error}"
            );
        }
        assert_eq!(fs::read(page.join("page")).unwrap(), before, "nothing was changed");
        let _writer = Writer::create(&page, 6_u64, &Options::new().replace(true)).unwrap();
        assert_eq!(Reader::<u64>::open(&page).unwrap().get(), Ok(6));
    }
}

#[test]
fn a_damaged_page_can_be_removed() {
    let (_folder, page) = changed(Vec::clear);
    remove(&page).unwrap();
    assert!(!page.exists());
}

#[test]
fn a_page_of_another_boot_is_refused_by_readers_and_replaced_by_its_writer() {
    let (_folder, page) = changed(|bytes| bytes[64..80].fill(0xAB));
    for error in [
        Reader::<u64>::open(&page).unwrap_err(),
        Writer::<u64>::take_over(&page, &Options::new()).unwrap_err(),
    ] {
        assert!(matches!(error, Error::OtherBoot(_)), "{error}");
        assert!(error.to_string().contains("start its writer"), "{error}");
    }
    let writer = Writer::create(&page, 6_u64, &Options::new()).unwrap();
    assert_eq!((writer.generation(), writer.identity().unwrap().takeovers()), (0, 0));
    assert_eq!(Reader::<u64>::open(&page).unwrap().get(), Ok(6));
}

#[test]
fn a_page_of_an_unknown_boot_is_accepted() {
    let (_folder, page) = changed(|bytes| bytes[64..80].fill(0));
    assert_eq!(Reader::<u64>::open(&page).unwrap().get(), Ok(5));
}

#[test]
fn a_count_wraps_around() {
    let (_folder, page) = changed(|bytes| {
        // Generation 2^63 - 2 is in slot 0, and a write has begun.
        bytes[128..136].copy_from_slice(&(u64::MAX - 2).to_ne_bytes());
    });
    let reader = Reader::<u64>::open(&page).unwrap();
    let last = u64::MAX / 2;
    assert_eq!(reader.read().unwrap().generation, last - 1);
    let mut writer = Writer::<u64>::take_over(&page, &Options::new()).unwrap();
    for (value, generation) in [(7, last), (8, 0), (9, 1)] {
        writer.set(value).expect("the page is ours");
        let reading = reader.read().unwrap();
        assert_eq!((reading.value, reading.generation), (value, generation));
        assert_eq!(writer.generation(), generation);
        assert_eq!(reader.read_current(|| ()).unwrap().0.value, value);
    }
}
