// SPDX-License-Identifier: MIT OR Apache-2.0
//! How often a reader copies a value, and which copies it accepts.

use core::mem::offset_of;

use tearfree_page::layout::MAX_ATTEMPTS;
use tearfree_page::{Options, ReadError, Reader, Writer};

use crate::support::{Quote, new_path, quote, set_word_in_file, word_in_file};

/// One publication does not touch the slot that is being read, so the copy is not torn, but not current.
#[test]
fn read_current_repeats_after_a_publication() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let mut tries = 0;
    let publish_once = || {
        tries += 1;
        if tries == 1 {
            writer.set(quote(1)).unwrap();
        }
    };
    let (current, ()) = reader.read_current(publish_once).unwrap();
    assert_eq!((current.value, current.generation, tries), (quote(1), 1, 2));
    let publish_twice = || {
        tries += 1;
        if tries < 5 {
            writer.set(quote(tries)).unwrap();
        }
        tries
    };
    assert_eq!(reader.get_current(publish_twice), Ok((quote(4), 5)), "the last of three tries");
}

#[test]
fn read_current_gives_up_after_a_thousand_attempts() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let mut attempts = 0;
    let publish_each_time = || {
        attempts += 1;
        assert!(attempts <= 1000, "it does not give up");
        writer.set(quote(attempts)).unwrap();
    };
    assert_eq!(reader.read_current(publish_each_time).unwrap_err(), ReadError::Unsettled);
    assert_eq!((attempts, MAX_ATTEMPTS), (1000, 1000));
    let publish_each_time = || {
        attempts += 1;
        assert!(attempts <= 2000, "it does not give up");
        writer.set(quote(attempts)).unwrap();
    };
    assert_eq!(reader.get_current(publish_each_time), Err(ReadError::Unsettled));
    assert_eq!(attempts, 2000);
    assert!(ReadError::Unsettled.to_string().contains("1000 attempts"));
}

#[test]
fn try_current_sees_the_newest_value_or_nothing() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    for generation in 0..4 {
        let read = reader.try_current(|value| {
            let quantity = value.u64_at::<{ offset_of!(Quote, quantity) }>();
            (quantity, value.u32_at::<{ offset_of!(Quote, quantity) }>())
        });
        let low = if cfg!(target_endian = "little") { generation } else { 0 };
        assert_eq!(read, Some((generation, low)), "from the slot of this generation");
        writer.set(quote(generation + 1)).unwrap();
    }
    assert_eq!(reader.try_current(|_| writer.set(quote(5)).unwrap()), None, "no longer the newest");
}

/// A writer died in a publication, or is slow: nothing was published yet.
#[test]
fn a_value_stays_the_newest_while_the_next_one_is_written() {
    const COUNT: usize = 128;
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    writer.set(quote(1)).unwrap();
    let begin_to_write = || set_word_in_file(&page, COUNT as u64, 3);
    assert_eq!(word_in_file(&page, COUNT), 2);
    assert!(reader.try_current(|_| begin_to_write()).is_some());
    assert_eq!(reader.generation(), 1);
    let mut tries = 0;
    let (reading, ()) = reader.read_current(|| tries += 1).unwrap();
    assert_eq!((reading.value, reading.generation, tries), (quote(1), 1, 1));
    assert!(reader.read_if_changed(&mut 1).unwrap().is_none(), "an odd count is no change");
    writer.set(quote(2)).unwrap();
    assert_eq!(reader.read().unwrap().value, quote(2));
}
