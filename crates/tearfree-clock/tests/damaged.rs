// SPDX-License-Identifier: MIT OR Apache-2.0
//! A page with a clock that no timekeeper left is refused with a reason, and stays as it is.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use tearfree_clock::{Clock, Error, Keeper, Record, SHIFT, Settings};
use tearfree_page::{Options, Reader, Writer};

/// What `coarse` reads.
const COARSE_NS: usize = 0;

type Change = fn(&mut Record);

/// Has a timekeeper leave a page, changes it, and lets another timekeeper take it over.
fn taken_over(change: impl Fn(&mut Record), coarse_ns: Option<u64>) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("clock");
    let mut keeper = Keeper::open(&page, Settings::default()).expect("a page");
    keeper.tick().expect("the page is this keeper's");
    drop(keeper);

    let mut writer = Writer::<Record>::take_over(&page, &Options::new()).expect("the same page");
    writer.update(&change).expect("the page is ours");
    coarse_ns.inspect(|ns| writer.set_word(COARSE_NS, *ns).expect("the page is ours"));
    let left = writer.get();
    drop(writer);

    match Keeper::open(&page, Settings::default()) {
        Ok(mut keeper) => {
            keeper.tick().expect("the page is this keeper's");
            let clock = Clock::open_page(&page).expect("a clock that is kept");
            assert!(clock.coarse() <= clock.now());
            Ok(())
        }
        Err(error @ Error::Record(_)) => {
            let reader = Reader::<Record>::open(&page).expect("the page is still there");
            assert_eq!(reader.read().expect("its value").value, left, "the page was changed");
            Err(error.to_string())
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_clock_as_a_timekeeper_left_it_is_continued() {
    assert_eq!(taken_over(|_| (), None), Ok(()));
}

#[test]
fn a_slope_that_no_counter_has_is_refused() {
    let changes: [(&str, Change); 6] = [
        ("the slope is 0", |record| record.mult = 0),
        ("the slope is too large", |record| record.mult = 4000 << SHIFT),
        ("the next slope is 0", |record| record.next = 0),
        ("the next slope is too large", |record| record.next = u64::MAX),
        ("the rate is 0", |record| record.rate = 0),
        ("the rate is too large", |record| record.rate = u64::MAX),
    ];
    for (what, change) in changes {
        let error = taken_over(change, None).expect_err(what);
        assert!(error.contains("no counter has its slope; remove the page"), "{what}: {error}");
    }
}

#[test]
fn a_time_far_ahead_of_the_hosts_is_refused() {
    const DAY_NS: u64 = 24 * 60 * 60 * 1_000_000_000;
    let ahead = |record: &mut Record| record.mono_ns += DAY_NS + DAY_NS / 2;
    let error = taken_over(ahead, None).expect_err("a day and a half ahead");
    assert!(error.contains("a day ahead of the host's"), "{error}");
    let error = taken_over(|_| (), Some(u64::MAX)).expect_err("only the coarse time is ahead");
    assert!(error.contains("a day ahead of the host's"), "{error}");
    assert_eq!(taken_over(|record| record.mono_ns += DAY_NS / 2, None), Ok(()), "half a day");
}
