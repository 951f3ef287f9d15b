// SPDX-License-Identifier: MIT OR Apache-2.0
//! The time and the promise of a value: they belong to it, whatever its writer and the next one do.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};
use tearfree_page::{ByteReader, ByteWriter, Freshness, Options, Reader, Writer};

use crate::support::{Quote, new_path, quote, set_word_in_file, word_in_file};

/// The offsets of the numbers in a stamp.
const PUBLISHED_NS: u64 = 0;
const VALID_UNTIL: u64 = 8;
const TIME_NAMESPACE: u64 = 16;

/// Returns where the stamp of a generation is, in a page of `Quote`s.
fn stamp_of(generation: u64) -> u64 {
    448 + generation % 2 * 128
}

/// Returns the three numbers of a generation's stamp.
fn stamp_in_file(page: &Path, generation: u64) -> [u64; 3] {
    [PUBLISHED_NS, VALID_UNTIL, TIME_NAMESPACE]
        .map(|at| word_in_file(page, usize::try_from(stamp_of(generation) + at).unwrap()))
}

fn boot_time_ns() -> u64 {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap().as_nanos().try_into().unwrap()
}

fn hour() -> Options {
    Options::new().lifetime(Duration::from_secs(3600))
}

/// Has a value be published a second after the boot, with a promise of another second.
fn make_old(page: &Path, generation: u64) {
    let stamp = stamp_of(generation);
    set_word_in_file(page, stamp + PUBLISHED_NS, 1_000_000_000);
    set_word_in_file(page, stamp + VALID_UNTIL, 2_000_000_000);
}

fn is_old(reader: &Reader<Quote>) -> bool {
    let reading = reader.read().unwrap();
    reading.published_ns() == Some(1_000_000_000)
        && matches!(reading.freshness(), Freshness::Stale(_))
        && matches!(reader.freshness(), Freshness::Stale(_))
}

#[test]
fn a_value_turns_stale_when_its_promise_expires_and_fresh_again() {
    let (_folder, page) = new_path();
    let promise = Duration::from_millis(50);
    let mut writer = Writer::create(&page, quote(0), &Options::new().lifetime(promise)).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let is_stale = || matches!(reader.freshness(), Freshness::Stale(_));
    let watchdog = Instant::now();
    while !is_stale() {
        assert!(watchdog.elapsed() < Duration::from_secs(60), "never stale");
        thread::sleep(Duration::from_millis(5));
    }
    assert!(matches!(reader.read().unwrap().freshness(), Freshness::Stale(_)));
    drop(writer);
    writer = Writer::take_over(&page, &hour()).unwrap();
    assert!(is_stale(), "a take-over does not make the old value fresh");
    writer.touch().unwrap();
    assert!(matches!(reader.freshness(), Freshness::Fresh(left) if left > promise));
    make_old(&page, 1);
    assert!(is_stale(), "it was made to expire");
    writer.set(quote(1)).unwrap();
    assert!(matches!(reader.read().unwrap().freshness(), Freshness::Fresh(left) if left > promise));
    drop(writer);
    writer = Writer::take_over(&page, &Options::new()).unwrap();
    assert!(matches!(reader.freshness(), Freshness::Fresh(_)), "its own writer's promise");
    writer.touch().unwrap();
    assert_eq!(writer.generation(), 2, "this one promises nothing");
    writer.set(quote(2)).unwrap();
    assert_eq!(reader.freshness(), Freshness::Unpromised);
}

#[test]
fn a_promise_longer_than_the_clock_runs_never_expires() {
    let (_folder, page) = new_path();
    let for_ever = Options::new().lifetime(Duration::MAX);
    let mut writer = Writer::create(&page, quote(0), &for_ever).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let is_fresh =
        || matches!(reader.freshness(), Freshness::Fresh(left) if left.as_secs() > 1 << 33);
    assert!(is_fresh(), "{:?}", reader.freshness());
    writer.set(quote(1)).unwrap();
    assert!(is_fresh(), "{:?}", reader.freshness());
    writer.touch().unwrap();
    assert!(is_fresh(), "{:?}", reader.freshness());
}

#[test]
fn a_value_knows_when_it_was_published() {
    let (_folder, page) = new_path();
    let before = boot_time_ns();
    let mut writer = Writer::create(&page, quote(0), &Options::new()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let first = reader.read().unwrap();
    writer.set(quote(1)).unwrap();
    let (second, after) = (reader.read().unwrap(), boot_time_ns());
    let times = [before, first.published_ns().unwrap(), second.published_ns().unwrap(), after];
    assert!(times.is_sorted(), "{times:?}");
    // The reading is of its own moment: its value grows older.
    let (age, later) = (first.age().unwrap(), first.age().unwrap());
    assert!(age.as_nanos() >= u128::from(times[2] - times[1]) && later >= age, "{age:?} {later:?}");
    assert!(later.as_nanos() <= u128::from(boot_time_ns() - times[1]), "{later:?}");
    make_old(&page, 1);
    let since_then = Duration::from_nanos(boot_time_ns() - 1_000_000_000);
    assert!(reader.age().is_some_and(|age| age >= since_then), "{:?}", reader.age());
    assert_eq!(second.published_ns(), Some(times[2]), "it was read before");
}

/// An odd count: the dead writer had begun another value.
#[test]
fn a_take_over_leaves_an_old_value_as_old_as_it_is() {
    for (count, generation) in [(0, 0), (1, 0), (2, 1), (3, 1)] {
        let (_folder, page) = new_path();
        drop(Writer::create(&page, quote(0), &hour()).unwrap());
        set_word_in_file(&page, 128, count);
        make_old(&page, generation);
        set_word_in_file(&page, stamp_of(1) + TIME_NAMESPACE, stamp_in_file(&page, 0)[2]);
        let reader = Reader::<Quote>::open(&page).unwrap();
        let before = stamp_in_file(&page, generation);
        let mut writer = Writer::<Quote>::take_over(&page, &hour()).unwrap();
        assert!(is_old(&reader), "count {count}");
        assert_eq!(stamp_in_file(&page, generation), before, "count {count}");
        writer.set(quote(5)).unwrap();
        let reading = reader.read().unwrap();
        assert_eq!((reading.value, reading.generation), (quote(5), generation + 1));
        assert!(matches!(reading.freshness(), Freshness::Fresh(_)), "count {count}");
        assert_eq!(stamp_in_file(&page, generation), before, "it stays with the old value");
    }
}

#[test]
fn the_last_value_of_a_replaced_page_keeps_its_stamp() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(0), &hour()).unwrap());
    make_old(&page, 0);
    let reader = Reader::<Quote>::open(&page).unwrap();
    let _writer = Writer::create(&page, 1_u64, &hour().replace(true)).unwrap();
    assert_eq!(reader.read().unwrap().value, quote(0));
    assert!(is_old(&reader));
}

#[test]
fn touching_renews_the_promise_and_nothing_else() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &hour()).unwrap();
    writer.touch().unwrap();
    assert_eq!(writer.generation(), 0, "the first value is this writer's, too");
    writer.set(quote(1)).unwrap();
    make_old(&page, 0);
    make_old(&page, 1);
    let before = fs::read(page.join("page")).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let reading = reader.read().unwrap();
    let now = boot_time_ns();
    writer.touch().unwrap();
    let mut after = fs::read(page.join("page")).unwrap();
    let until = stamp_in_file(&page, 1)[1];
    assert!(until >= now + 3_600_000_000_000, "{until}");
    let at = usize::try_from(stamp_of(1) + VALID_UNTIL).unwrap();
    after[at..at + 8].copy_from_slice(&before[at..at + 8]);
    assert!(after == before, "another byte was changed");
    let touched = reader.read().unwrap();
    assert!(matches!(touched.freshness(), Freshness::Fresh(_)));
    assert_eq!((touched.generation, touched.published_ns()), (1, Some(1_000_000_000)));
    assert!(matches!(reading.freshness(), Freshness::Stale(_)), "it was read before");
}

/// The clock of the earlier writer may have been another one, and its value is not this writer's.
#[test]
fn touching_an_earlier_writers_value_publishes_it_again() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, quote(3), &hour()).unwrap());
    make_old(&page, 0);
    set_word_in_file(&page, stamp_of(0) + TIME_NAMESPACE, 77);
    let mut writer = Writer::<Quote>::take_over(&page, &hour()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    assert_eq!(reader.freshness(), Freshness::Unknown);
    let now = boot_time_ns();
    for _ in 0..3 {
        writer.touch().unwrap();
        let reading = reader.read().unwrap();
        assert_eq!((reading.value, reading.generation), (quote(3), 1), "once");
        assert!(reading.published_ns().is_some_and(|published| published >= now));
        assert!(matches!(reading.freshness(), Freshness::Fresh(_)));
    }
    assert_eq!(stamp_in_file(&page, 0), [1_000_000_000, 2_000_000_000, 77]);
}

#[test]
fn a_writer_without_times_clears_those_of_the_values_before() {
    let (_folder, page) = new_path();
    let mut writer = Writer::create(&page, quote(0), &hour()).unwrap();
    writer.set(quote(1)).unwrap();
    drop(writer);
    let untimed = Options::new().timed(false);
    let mut writer = Writer::<Quote>::take_over(&page, &untimed).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    assert!(reader.age().is_some(), "the value of the writer before");
    // What a newer minor version may have there does not outlive its value.
    set_word_in_file(&page, stamp_of(2) + 56, 9);
    for generation in [2, 3] {
        writer.set(quote(5)).unwrap();
        let reading = reader.read().unwrap();
        assert_eq!((reading.age(), reading.published_ns()), (None, None));
        assert_eq!(reading.freshness(), Freshness::Unpromised);
        assert_eq!(stamp_in_file(&page, generation), [0, u64::MAX, 0]);
        let stamp = usize::try_from(stamp_of(generation)).unwrap();
        assert_eq!(fs::read(page.join("page")).unwrap()[stamp + 24..stamp + 64], [0; 40]);
    }
    drop(writer);
    // A promise has a time.
    let _writer = Writer::create(&page, quote(6), &hour().timed(false)).unwrap();
    assert!(reader.age().is_some());
    assert!(matches!(reader.freshness(), Freshness::Fresh(_)));
}

#[test]
fn each_way_of_reading_gives_the_stamp_of_its_value() {
    let (_folder, page) = new_path();
    let schema = tearfree_page::schema_of::<Quote>().unwrap();
    let mut writer = ByteWriter::create(&page, &schema, &[0; 16], &hour()).unwrap();
    let (reader, bytes) = (Reader::<Quote>::open(&page).unwrap(), ByteReader::open(&page).unwrap());
    for generation in 0..4 {
        let other = stamp_of(generation + 1);
        set_word_in_file(&page, stamp_of(generation) + PUBLISHED_NS, 100 + generation);
        set_word_in_file(&page, other + PUBLISHED_NS, 5);
        set_word_in_file(&page, other + VALID_UNTIL, 6);
        let (mut into, mut seen) = (quote(9), u64::MAX);
        let readings = [
            reader.read().unwrap().status(),
            reader.read_into(&mut into).unwrap().status(),
            reader.read_if_changed(&mut seen).unwrap().unwrap().status(),
            reader.read_current(|| ()).unwrap().0.status(),
            bytes.read().unwrap().status(),
            bytes.read_into(&mut [0; 16]).unwrap().status(),
        ];
        for (way, reading) in readings.into_iter().enumerate() {
            assert_eq!(reading, (generation, Some(100 + generation), true), "way {way}");
        }
        writer.set(&[0; 16]).unwrap();
    }
}

trait Status {
    /// Returns the generation, the time of publication, and whether the value is fresh.
    fn status(&self) -> (u64, Option<u64>, bool);
}

impl<T> Status for tearfree_page::Reading<T> {
    fn status(&self) -> (u64, Option<u64>, bool) {
        let is_fresh = matches!(self.freshness(), Freshness::Fresh(_));
        (self.generation, self.published_ns(), is_fresh)
    }
}

#[test]
fn hostile_stamps_are_read_as_what_they_are() {
    let (_folder, page) = new_path();
    let _writer = Writer::create(&page, quote(0), &hour()).unwrap();
    let reader = Reader::<Quote>::open(&page).unwrap();
    let namespace = stamp_in_file(&page, 0)[2];
    let numbers = [0, 1, boot_time_ns(), 1 << 63, u64::MAX - 2, u64::MAX - 1, u64::MAX];
    let namespaces = [namespace, 0, namespace ^ 1, u64::MAX];
    for published in numbers {
        for until in numbers {
            for writers in namespaces {
                for (at, word) in
                    [(PUBLISHED_NS, published), (VALID_UNTIL, until), (TIME_NAMESPACE, writers)]
                {
                    set_word_in_file(&page, stamp_of(0) + at, word);
                }
                let reading = reader.read().unwrap();
                let is_known = writers == namespace && published <= boot_time_ns();
                let age = reading.age();
                assert_eq!(age.is_some(), is_known && published != 0, "{reading:?}");
                let freshness = reading.freshness();
                match until {
                    u64::MAX => assert_eq!(freshness, Freshness::Unpromised, "{reading:?}"),
                    _ if is_known && until < u64::MAX - 1 => {
                        let is_stale = matches!(freshness, Freshness::Stale(_));
                        assert_eq!(is_stale, until < boot_time_ns(), "{reading:?}");
                    }
                    _ => assert_eq!(freshness, Freshness::Unknown, "{reading:?}"),
                }
                assert_eq!(reading.value, quote(0));
            }
        }
    }
}
