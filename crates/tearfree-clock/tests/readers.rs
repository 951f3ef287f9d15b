// SPDX-License-Identifier: MIT OR Apache-2.0
//! What readers make of a record, whatever a timekeeper may have written.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod common;

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use tearfree_clock::{Bounded, Clock, Error, Record, Status, TestClock, TestSettings, host_ns};
use tearfree_page::{Options, Writer};
use tempfile::TempDir;

const NSEC: u64 = 1_000_000_000;
/// The limit of a wait: none takes as long, even on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(60);
/// The word of the page with the timekeeper's time namespace.
const TIME_NAMESPACE: usize = 4;

/// A clock that does not move, so that what readers return can be compared exactly.
struct Frozen {
    page: PathBuf,
    clock: Clock,
    _folder: TempDir,
}

impl Frozen {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let page = folder.path().join("clock");
        TestClock::create(&page, TestSettings::new().at_ns(NSEC * NSEC).speed(0.0))
            .expect("the page is new");
        let clock = Clock::open_page(&page).expect("the clock can be opened");
        Frozen { page, clock, _folder: folder }
    }

    /// Changes the record, as its timekeeper.
    fn edit(&self, edit: impl FnOnce(&mut Record)) {
        edit_record(&self.page, edit);
    }
}

fn edit_record(page: &Path, edit: impl FnOnce(&mut Record)) {
    let mut writer = Writer::<Record>::take_over(page, &Options::new()).expect("it is free");
    let mut record = writer.get();
    edit(&mut record);
    writer.set(record).expect("the page is ours");
}

#[test]
fn a_wait_ends_when_the_whole_interval_is_past() {
    let frozen = Frozen::new();
    let clock = &frozen.clock;
    frozen.edit(|record| {
        (record.bound_ns, record.utc_bound_ns, record.utc_status) = (1_000, 5_000, 2);
    });
    let now = clock.now();
    let (earliest, latest) = (now - 1_000, now + 1_000);
    assert_eq!(clock.now_bounded(), Bounded { earliest, latest, status: Status::Synchronised });
    let short = Some(Duration::from_millis(1));
    assert_eq!(clock.wait_until_past(earliest, short), None, "the time may still be this one");
    let past = clock.wait_until_past(earliest - 1, None).expect("the time is past already");
    assert_eq!(past.earliest, earliest);

    // On a clock that stands still, a nanosecond of age is assumed, and the bound grows by as much.
    let (earliest, latest) = (clock.realtime() - 5_001, clock.realtime() + 5_001);
    assert_eq!(clock.realtime(), NSEC * NSEC);
    assert_eq!(clock.utc_bounded(), Bounded { earliest, latest, status: Status::FreeRunning });
    assert_eq!(clock.wait_until_past_utc(earliest, short), None);
    let past = clock.wait_until_past_utc(earliest - 1, None).expect("the time is past already");
    assert_eq!(past.earliest, earliest);
}

#[test]
fn a_wait_notices_that_the_clock_is_synchronised() {
    let frozen = Frozen::new();
    frozen.edit(|record| record.status = 2);
    assert_eq!(frozen.clock.wait_synchronised(Some(Duration::from_millis(5))), None);
    let (ended, end) = channel();
    let page = frozen.page.clone();
    // The wait is not awaited: if it hangs, the test ends without it.
    thread::spawn(move || {
        let clock = Clock::open_page(page).expect("the clock can be opened");
        let _ = ended.send(clock.wait_synchronised(Some(100 * WATCHDOG)));
    });
    thread::sleep(Duration::from_millis(30));
    frozen.edit(|record| record.status = 1);
    let now = end.recv_timeout(WATCHDOG).expect("the wait ends").expect("before its timeout");
    assert_eq!(now.status, Status::Synchronised);
}

#[test]
fn an_unknown_time_of_day_has_no_bound() {
    let frozen = Frozen::new();
    frozen.edit(|record| (record.utc_bound_ns, record.utc_status) = (u64::MAX, 1));
    let everything = Bounded { earliest: 0, latest: u64::MAX, status: Status::Unknown };
    assert_eq!(frozen.clock.utc_bounded(), everything);
    assert_eq!(frozen.clock.status(), Status::Synchronised);
}

#[test]
fn a_clock_whose_counter_is_unknown_shows_the_host() {
    let frozen = Frozen::new();
    frozen.edit(|record| record.source = 9);
    let clock = &frozen.clock;
    let (before, now, after) = (host_ns(), clock.now(), host_ns());
    assert!((before..=after).contains(&now), "{before} {now} {after}");
    assert_eq!(clock.status(), Status::Unknown);
    let utc = clock.utc_bounded();
    assert_eq!(utc, Bounded { earliest: 0, latest: u64::MAX, status: Status::Unknown });
    // An hour is left for a clock that is set meanwhile.
    let system = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is past 1970");
    let off = u128::from(clock.realtime()).abs_diff(system.as_nanos());
    assert!(off < 3600 * u128::from(NSEC), "{off}");
    let opened = Clock::open_page(&frozen.page);
    assert!(matches!(opened, Err(Error::Source(9))), "{opened:?}");
}

#[test]
fn a_clock_of_another_time_namespace_is_refused() {
    let Some(own) = common::time_namespace() else { return };
    let frozen = Frozen::new();
    let page = frozen.clock.page();
    assert_eq!(page.word(TIME_NAMESPACE), own, "noted when the clock was created");
    let note = |namespace| {
        let writer = Writer::<Record>::take_over(&frozen.page, &Options::new());
        writer.expect("it is free").set_word(TIME_NAMESPACE, namespace).expect("the page is ours");
    };
    note(own + 1);
    let opened = Clock::open_page(&frozen.page);
    assert!(matches!(opened, Err(Error::TimeNamespace)), "{opened:?}");
    let changed = TestClock::change(&frozen.page, TestSettings::default());
    assert!(matches!(changed, Err(Error::TimeNamespace)), "{changed:?}");
    note(0); // unknown, as on a kernel without them
    assert!(Clock::open_page(&frozen.page).is_ok());
}

/// A later version may write one.
#[test]
fn a_status_without_a_meaning_is_unknown() {
    let frozen = Frozen::new();
    let seen = [0, 1, 2, 3, 4, u32::MAX].map(|word| {
        frozen.edit(|record| record.status = word);
        frozen.clock.status()
    });
    let [unknown, ..] = seen;
    assert_eq!(unknown, Status::Unknown);
    assert_eq!(seen[1..4], [Status::Synchronised, Status::FreeRunning, Status::Disrupted]);
    assert_eq!(seen[4..], [Status::Unknown; 2]);
}

#[test]
fn half_the_width_of_an_interval_is_rounded_up() {
    let bounded = |earliest, latest| Bounded { earliest, latest, status: Status::Unknown };
    assert_eq!(bounded(10, 20).bound_ns(), 5);
    assert_eq!(bounded(10, 21).bound_ns(), 6);
    assert_eq!(bounded(0, u64::MAX).bound_ns(), 1 << 63);
}
