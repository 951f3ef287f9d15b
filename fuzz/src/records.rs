// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records of a clock that no timekeeper of ours wrote: each reading ends, and a timekeeper continues or refuses.

use core::cell::RefCell;
use core::time::Duration;
use std::path::PathBuf;

use tearfree_clock::{Clock, Keeper, Record, Settings};
use tearfree_page::{Options, Writer};
use zerocopy::FromBytes;

/// A page of this thread, which no other one writes.
struct Own {
    page: PathBuf,
    _folder: tempfile::TempDir,
}

impl Own {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        Own { page: folder.path().join("clock"), _folder: folder }
    }
}

thread_local! {
    static OWN: RefCell<Own> = RefCell::new(Own::new());
}

/// Publishes the input as a record; reads the clock in every way, and then has a timekeeper take it over.
///
/// # Panics
/// If a bound is not around the time that it bounds, or a reading panics.
pub fn records(input: &[u8]) {
    let mut bytes = [0; size_of::<Record>()];
    let len = input.len().min(bytes.len());
    bytes[..len].copy_from_slice(&input[..len]);
    let record = Record::read_from_bytes(&bytes).expect("as many bytes as a record has");
    OWN.with_borrow(|own| {
        publish(own, record);
        read(own);
        take_over(own);
    });
}

fn publish(own: &Own, record: Record) {
    // A page of another writer's record is continued, and its value replaced.
    drop(Writer::create(&own.page, record, &Options::new()).expect("a page"));
}

fn read(own: &Own) {
    // Refused if the counter of the record is none of this machine.
    let Ok(clock) = Clock::open_page(&own.page) else { return };
    let _times = (clock.now(), clock.now_unordered(), clock.realtime(), clock.coarse());
    for bounded in [clock.now_bounded(), clock.utc_bounded()] {
        assert!(bounded.earliest <= bounded.latest, "{bounded:?}");
    }
    let _status = clock.status();
    let no_time = Some(Duration::ZERO);
    let _reached = clock.wait_until_past(0, no_time);
    let _reached = clock.wait_until_past_utc(0, no_time);
    let (record, _) = clock.record();
    for count in [0, record.since, record.since.wrapping_sub(1), record.pivot, u64::MAX] {
        let _time = (record.ns_at(count), record.bound_at(count), record.utc_bound_at(count));
        let _status = (record.status_at(count), record.utc_status_at(count));
    }
}

fn take_over(own: &Own) {
    let Ok(mut keeper) = Keeper::open(&own.page, Settings::default()) else { return };
    keeper.tick().expect("the page is this keeper's");
    keeper.tick().expect("the page is this keeper's");
    let clock = Clock::open_page(&own.page).expect("a clock that has a timekeeper");
    let (first, second) = (clock.now(), clock.now());
    assert!(first <= second, "the time went back from {first} to {second}");
}
