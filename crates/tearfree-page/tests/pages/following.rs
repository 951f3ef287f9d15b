// SPDX-License-Identifier: MIT OR Apache-2.0
//! Followers: whatever happens to the files of a page, they find the next one, and no earlier value.

use core::mem::MaybeUninit;
use core::time::Duration;
use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;

use tearfree_page::{
    ByteFollower, Error, Follower, Options, Owner, Reader, Waited, Writer, remove,
};

use crate::support::{WATCHDOG, ends, new_path, set_word_in_file, wait_until_asleep};

const COUNT: u64 = 128;
const INCARNATION: u64 = 80;

fn create(page: &Path, value: u64) -> Writer<u64> {
    Writer::create(page, value, &Options::new().wakes(true)).unwrap()
}

fn look(follower: &mut Follower<u64>) -> Waited {
    follower.wait(Some(Duration::ZERO))
}

/// Waits for this event, and asserts that no other comes before it.
fn expect(follower: &mut Follower<u64>, event: Waited) {
    assert_eq!(follower.wait(Some(WATCHDOG)), event);
}

/// Waits until this event comes, after a few others.
fn until(follower: &mut Follower<u64>, event: Waited) {
    assert!((0..5).any(|_| follower.wait(Some(WATCHDOG)) == event), "no {event:?}: {follower:?}");
}

#[test]
fn a_follower_waits_for_a_page_that_does_not_exist_yet() {
    ends(|| {
        let (folder, page) = new_path();
        let mut follower = Follower::<u64>::open(&page).unwrap();
        assert!(matches!(follower.problem(), Some(Error::Missing(_))));
        for _ in 0..2 {
            assert!(matches!(follower.read(), Err(Error::Missing(_))));
            assert!(matches!(follower.problem(), Some(Error::Missing(_))));
        }
        assert_eq!(look(&mut follower), Waited::TimedOut, "it has not gone: it never was there");
        assert!(follower.reader().is_none());
        let _writer = create(&page, 5);
        expect(&mut follower, Waited::Changed);
        assert!(follower.problem().is_none());
        assert_eq!(follower.read().unwrap().value, 5);
        assert!(follower.read_if_changed().unwrap().is_none());
        assert_eq!(look(&mut follower), Waited::TimedOut);
        let invalid = Follower::<u64>::open("a b").unwrap_err();
        assert!(matches!(invalid, Error::InvalidName(_)));
        drop(folder);
    });
}

#[test]
fn a_read_finds_a_page_as_soon_as_there_is_one() {
    let (_folder, page) = new_path();
    let mut follower = Follower::<u64>::open(&page).unwrap();
    assert!(follower.read_if_changed().is_err());
    let _writer = create(&page, 5);
    assert_eq!(follower.read_if_changed().unwrap().unwrap().value, 5);
}

#[test]
fn a_follower_reads_the_page_that_replaced_another() {
    ends(|| {
        let (_folder, page) = new_path();
        let mut writer = create(&page, 1);
        let mut follower = Follower::<u64>::open(&page).unwrap();
        for value in 2..10 {
            writer.set(value).unwrap();
        }
        let last = follower.read().unwrap();
        assert_eq!((last.value, last.generation), (9, 8));
        drop(writer);
        expect(&mut follower, Waited::Ended);
        // A restarted service asks for other options.
        let mut writer = Writer::create(&page, 20_u64, &Options::new()).unwrap();
        let new = follower.read().unwrap();
        assert_eq!(new.value, 20, "a read notices it at once");
        expect(&mut follower, Waited::Replaced);
        assert_eq!(look(&mut follower), Waited::TimedOut, "the value was read");
        writer.set(21).unwrap();
        expect(&mut follower, Waited::Changed);
        assert_eq!(follower.read_if_changed().unwrap().unwrap().value, 21);
    });
}

#[test]
fn a_sleeping_follower_is_woken_by_a_replacement_and_by_a_removal() {
    ends(|| {
        let (_folder, page) = new_path();
        drop(create(&page, 1));
        let mut follower = Follower::<u64>::open(&page).unwrap();
        follower.read().unwrap();
        expect(&mut follower, Waited::Ended);
        let (starts, started) = channel();
        let (events, reported) = channel();
        thread::spawn(move || {
            starts.send(fs::read_link("/proc/thread-self").unwrap()).unwrap();
            loop {
                let event = follower.wait(None);
                if events.send((event, follower.read().unwrap().value)).is_err() {
                    return;
                }
            }
        });
        let thread = Path::new("/proc").join(started.recv().unwrap());
        wait_until_asleep(&thread);
        drop(Writer::create(&page, 2_u64, &Options::new()).unwrap());
        assert_eq!(reported.recv_timeout(WATCHDOG), Ok((Waited::Replaced, 2)));
        assert_eq!(reported.recv_timeout(WATCHDOG), Ok((Waited::Ended, 2)));
        remove(&page).unwrap();
        assert_eq!(reported.recv_timeout(WATCHDOG), Ok((Waited::Gone, 2)));
        let _writer = create(&page, 3);
        assert_eq!(reported.recv_timeout(WATCHDOG), Ok((Waited::Replaced, 3)));
    });
}

#[test]
fn a_follower_finds_the_page_after_its_directory_was_removed_by_hand() {
    ends(|| {
        let (_folder, page) = new_path();
        let mut old = create(&page, 1);
        let mut follower = Follower::<u64>::open(&page).unwrap();
        follower.read().unwrap();
        fs::remove_dir_all(&page).unwrap();
        expect(&mut follower, Waited::Gone);
        assert!(matches!(follower.problem(), Some(Error::Missing(_))));
        // The path is inspected several times in this time, and is still without a page.
        assert_eq!(follower.wait(Some(Duration::from_millis(400))), Waited::TimedOut);
        // The writer goes on for a while, and its readers with it, until there is another page.
        old.set(2).unwrap();
        expect(&mut follower, Waited::Changed);
        assert_eq!(follower.read().unwrap().value, 2);
        let mut new = create(&page, 10);
        expect(&mut follower, Waited::Replaced);
        // By then it may have noticed that its page is gone.
        let _ = old.set(3);
        assert_eq!(follower.read().unwrap().value, 10);
        new.set(11).unwrap();
        expect(&mut follower, Waited::Changed);
        assert_eq!(follower.read().unwrap().value, 11);
    });
}

#[test]
fn a_follower_sees_a_directory_that_was_exchanged_by_renaming() {
    ends(|| {
        let (folder, page) = new_path();
        let _old = create(&page, 1);
        let mut follower = Follower::<u64>::open(&page).unwrap();
        follower.read().unwrap();
        let prepared = folder.path().join("prepared");
        let _new = create(&prepared, 2);
        fs::rename(&page, folder.path().join("aside")).unwrap();
        fs::rename(&prepared, &page).unwrap();
        expect(&mut follower, Waited::Replaced);
        assert_eq!(follower.read().unwrap().value, 2);
    });
}

#[test]
fn a_page_that_is_moved_away_and_back_is_the_same() {
    ends(|| {
        let (folder, page) = new_path();
        let mut writer = create(&page, 1);
        let mut follower = Follower::<u64>::open(&page).unwrap();
        follower.read().unwrap();
        let aside = folder.path().join("aside");
        fs::rename(&page, &aside).unwrap();
        expect(&mut follower, Waited::Gone);
        fs::rename(&aside, &page).unwrap();
        expect(&mut follower, Waited::Replaced);
        assert!(follower.problem().is_none());
        assert_eq!(look(&mut follower), Waited::TimedOut, "the value was read before");
        writer.set(2).unwrap();
        expect(&mut follower, Waited::Changed);
    });
}

#[test]
fn a_follower_never_goes_back_to_an_earlier_page() {
    ends(|| {
        let (folder, page) = new_path();
        let mut old = create(&page, 1);
        let mut follower = Follower::<u64>::open(&page).unwrap();
        follower.read().unwrap();
        let aside = folder.path().join("aside");
        fs::rename(&page, &aside).unwrap();
        let new = create(&page, 2);
        while follower.read().unwrap().value != 2 {
            assert_ne!(follower.wait(Some(WATCHDOG)), Waited::TimedOut);
        }
        drop(new);
        // The backup is put back.
        fs::remove_dir_all(&page).unwrap();
        fs::rename(&aside, &page).unwrap();
        until(&mut follower, Waited::Gone);
        old.set(3).unwrap();
        assert!(matches!(follower.problem(), Some(Error::OlderPage(_))), "{follower:?}");
        assert_eq!(Reader::<u64>::open(&page).unwrap().get(), Ok(3));
        assert_eq!(look(&mut follower), Waited::TimedOut);
        assert_eq!(follower.read().unwrap().value, 2);
        // Its number does not grow beyond that of the next page.
        drop(old);
        fs::remove_dir_all(&page).unwrap();
        let _newest = create(&page, 4);
        expect(&mut follower, Waited::Replaced);
        assert_eq!(follower.read().unwrap().value, 4);
    });
}

#[test]
fn a_follower_reads_the_copy_of_a_page() {
    ends(|| {
        let (folder, page) = new_path();
        let mut writer = create(&page, 1);
        writer.set(2).unwrap();
        let mut follower = Follower::<u64>::open(&page).unwrap();
        let earlier = folder.path().join("earlier");
        fs::copy(page.join("page"), &earlier).unwrap();
        writer.set(3).unwrap();
        assert_eq!(follower.read().unwrap().value, 3);
        drop(writer);
        expect(&mut follower, Waited::Ended);
        let copy = folder.path().join("copy");
        fs::copy(page.join("page"), &copy).unwrap();
        fs::rename(&copy, page.join("page")).unwrap();
        // It is looked at in this time, and is no event: it has the same value.
        assert_eq!(follower.wait(Some(Duration::from_millis(1200))), Waited::TimedOut);
        assert!(follower.problem().is_none());
        let mut writer = Writer::<u64>::take_over(&page, &Options::new()).unwrap();
        writer.set(4).unwrap();
        expect(&mut follower, Waited::Changed);
        assert_eq!(follower.read().unwrap().value, 4);
        // The same page, and an earlier state of it.
        fs::rename(&earlier, page.join("page")).unwrap();
        expect(&mut follower, Waited::Gone);
        assert!(matches!(follower.problem(), Some(Error::OlderPage(_))));
        assert_eq!(follower.read().unwrap().value, 4);
    });
}

#[test]
fn a_page_of_another_schema_is_a_problem() {
    ends(|| {
        let (_folder, page) = new_path();
        let options = Options::new().replace(true);
        drop(Writer::create(&page, 1_u64, &options).unwrap());
        let mut follower = Follower::<u64>::open(&page).unwrap();
        let mut bytes = ByteFollower::open(&page).unwrap();
        assert_eq!(follower.read().unwrap().value, 1);
        drop(Writer::create(&page, 2_u8, &options).unwrap());
        expect(&mut follower, Waited::Gone);
        assert!(matches!(follower.problem(), Some(Error::SchemaMismatch { .. })));
        assert_eq!(follower.read().unwrap().value, 1);
        assert_eq!(bytes.read().unwrap().value, [2]);
        assert_eq!(bytes.reader().unwrap().geometry().schema.to_string(), "value:u8");
        drop(Writer::create(&page, 3_u64, &options).unwrap());
        expect(&mut follower, Waited::Replaced);
        assert_eq!(follower.read().unwrap().value, 3);
    });
}

#[test]
fn a_follower_that_begins_with_a_wrong_page_says_why() {
    let (_folder, page) = new_path();
    drop(Writer::create(&page, 2_u8, &Options::new()).unwrap());
    let mut follower = Follower::<u64>::open(&page).unwrap();
    assert!(matches!(follower.problem(), Some(Error::SchemaMismatch { .. })));
    for _ in 0..2 {
        assert!(matches!(follower.read(), Err(Error::SchemaMismatch { .. })));
    }
}

#[test]
fn a_count_that_goes_back_is_an_error() {
    let (_folder, page) = new_path();
    let mut writer = create(&page, 1);
    writer.set(2).unwrap();
    let mut follower = Follower::<u64>::open(&page).unwrap();
    assert_eq!(follower.read().unwrap().generation, 1);
    set_word_in_file(&page, COUNT, 0);
    assert!(matches!(follower.read(), Err(Error::Unsettled(_))));
    assert!(matches!(follower.read_if_changed(), Err(Error::Unsettled(_))));
    set_word_in_file(&page, COUNT, 2);
    assert_eq!(follower.read().unwrap().value, 2);
}

/// The incarnation decides before the generation does.
#[test]
fn a_page_is_older_by_its_incarnation_alone() {
    let (folder, page) = new_path();
    let _writer = create(&page, 1);
    let mut follower = Follower::<u64>::open(&page).unwrap();
    follower.read().unwrap();
    let other = folder.path().join("other");
    drop(create(&other, 2));
    set_word_in_file(&other, INCARNATION, 7);
    set_word_in_file(&other, COUNT, 2000);
    fs::remove_dir_all(&page).unwrap();
    fs::rename(&other, &page).unwrap();
    until(&mut follower, Waited::Gone);
    assert!(matches!(follower.problem(), Some(Error::OlderPage(_))));
    assert_eq!(follower.read().unwrap().value, 1);
}

#[test]
fn a_follower_of_a_schema_keeps_its_value_while_another_schema_is_there() {
    ends(|| {
        let (_folder, page) = new_path();
        let options = Options::new().wakes(true).replace(true);
        let schema = || "value:u64".parse().unwrap();
        let open = || ByteFollower::open_schema(&page, schema(), Owner::default()).unwrap();
        drop(Writer::create(&page, [1_u64; 2], &options).unwrap());
        let mut late = open();
        assert!(matches!(late.read(), Err(Error::SchemaMismatch { .. })));
        drop(Writer::create(&page, 5_u64, &options).unwrap());
        let mut follower = open();
        let mut value = [MaybeUninit::uninit(); 8];
        follower.read_into_uninit(&mut value).unwrap();
        drop(Writer::create(&page, 7_i64, &options).unwrap());
        assert!((0..5).any(|_| follower.wait(Some(WATCHDOG)) == Waited::Gone));
        assert!(matches!(follower.problem(), Some(Error::SchemaMismatch { .. })));
        assert_eq!(follower.read().unwrap().value, 5_u64.to_ne_bytes());
        let sizes = [0, 7, 9].map(|size| vec![MaybeUninit::uninit(); size]);
        for mut wrong in sizes {
            let error = follower.read_into_uninit(&mut wrong).unwrap_err();
            assert!(matches!(error, Error::Size { wanted: 8, .. }), "{error}");
        }
        let _writer = Writer::create(&page, 6_u64, &options).unwrap();
        assert!((0..5).any(|_| follower.wait(Some(WATCHDOG)) == Waited::Replaced));
        assert_eq!(follower.read().unwrap().value, 6_u64.to_ne_bytes());
        assert_eq!(late.read().unwrap().value, 6_u64.to_ne_bytes());
    });
}
