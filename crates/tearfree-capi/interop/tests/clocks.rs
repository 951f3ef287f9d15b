// SPDX-License-Identifier: MIT OR Apache-2.0
//! C reads a clock that Rust publishes.

#![allow(unsafe_code, reason = "a text of C")]

use core::ffi::CStr;
use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use tearfree_capi::c;
use tearfree_capi_interop::clocks::{CClock, Wait, wrong_arguments};
use tearfree_clock::{Bounded, Clock, Keeper, Record, Settings, Status, TestClock, TestSettings};
use tearfree_page::{Options, Writer};

const SECOND: u64 = 1_000_000_000;
/// 2001-09-09 01:46:40 UTC.
const THEN: u64 = 1_000_000_000 * SECOND;
const TIMED_OUT: i32 = 17;
/// The word of a clock's page with its time namespace.
const TIME_NAMESPACE: usize = 4;
/// The limit of a wait: none takes as long, even on a busy machine.
const WATCHDOG: Duration = Duration::from_secs(60);
/// The same, for C.
const A_MINUTE: i64 = 60_000_000_000;

struct Folder {
    _folder: tempfile::TempDir,
    page: PathBuf,
    text: CString,
}

fn folder() -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("clock");
    let text = CString::new(page.as_os_str().as_bytes()).unwrap();
    Folder { _folder: folder, page, text }
}

fn last_error() -> String {
    // SAFETY: the text ends with a zero byte and stays until the next failure of this thread.
    unsafe { CStr::from_ptr(c::tearfree_last_error()) }.to_string_lossy().into_owned()
}

fn at_speed(speed: f64) -> TestSettings {
    TestSettings::new().at_ns(THEN).speed(speed)
}

fn ends(bounded: Bounded) -> (u64, u64) {
    (bounded.earliest, bounded.latest)
}

fn middle(earliest: u64, latest: u64) -> u64 {
    earliest + (latest - earliest) / 2
}

/// Runs a keeper until `during` returns.
fn with_keeper<R>(page: &Path, during: impl FnOnce() -> R) -> R {
    struct End<'a>(&'a AtomicBool);
    impl Drop for End<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed);
        }
    }
    let mut keeper = Keeper::open(page, Settings::default()).unwrap();
    let ends = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !ends.load(Relaxed) {
                keeper.tick().expect("the page is this keeper's");
                keeper.wait();
            }
        });
        let _end = End(&ends);
        during()
    })
}

#[test]
fn c_and_rust_read_the_same_of_a_frozen_clock() {
    let Folder { page, text, .. } = &folder();
    TestClock::create(page, at_speed(0.0)).unwrap();
    let (rust, clock) = (Clock::open_page(page).unwrap(), CClock::open(Some(text)).unwrap());
    let values = clock.read();
    assert_eq!(
        (values.now, values.now_unordered, values.coarse),
        (rust.now(), rust.now(), rust.now())
    );
    assert_eq!(values.realtime, THEN);
    assert_eq!((values.bounded.earliest, values.bounded.latest), ends(rust.now_bounded()));
    assert_eq!(values.bounded.earliest, rust.now());
    assert_eq!((values.status, values.bounded.status), (1, 1));
    assert_eq!((values.utc.status, rust.utc_bounded().status), (0, Status::Unknown));
    assert_eq!(middle(values.utc.earliest, values.utc.latest), THEN);
}

#[test]
fn what_c_reads_lies_between_two_reads_by_rust() {
    let Folder { page, text, .. } = &folder();
    with_keeper(page, || {
        let (rust, clock) = (Clock::open_page(page).unwrap(), CClock::open(Some(text)).unwrap());
        let all = || (rust.coarse(), rust.now(), rust.realtime());
        let within = |name, range: RangeInclusive<u64>, ns| {
            assert!(range.contains(&ns), "{name}: {ns} is not in {range:?}");
        };
        let (mut reads, mut ticks) = (0, 0);
        let (begin, mut last_coarse) = (Instant::now(), 0);
        // The ticks of a third of a second on an idle machine.
        while ticks < 30 {
            assert!(begin.elapsed() < WATCHDOG, "{ticks} ticks in {reads} reads");
            let (before, values, after) = (all(), clock.read(), all());
            within("coarse", before.0..=after.0, values.coarse);
            // A publication after its pivot may show a step back of some nanoseconds.
            let tight = before.1 - 1_000..=after.1 + 1_000;
            within("now", tight.clone(), values.now);
            // The processor may read the counter a little earlier or later, but by less than a millisecond.
            let loose = before.1 - 1_000_000..=after.1 + 1_000_000;
            within("now_unordered", loose, values.now_unordered);
            let bounded = middle(values.bounded.earliest, values.bounded.latest);
            within("now_bounded", tight, bounded);
            // The host's time of day is not set during the test.
            within("realtime", before.2 - 1_000_000..=after.2 + 1_000_000, values.realtime);
            let utc = middle(values.utc.earliest, values.utc.latest);
            within("utc_bounded", before.2 - 1_000_000..=after.2 + 1_000_000, utc);
            assert!(values.bounded.earliest < values.bounded.latest, "the interval is empty");
            ticks += u64::from(values.coarse != last_coarse);
            last_coarse = values.coarse;
            reads += 1;
        }
        assert!(reads >= ticks);
    });
}

#[test]
fn c_waits_until_a_time_is_past_and_for_no_longer_than_asked() {
    let Folder { page, text, .. } = &folder();
    TestClock::create(page, at_speed(0.0)).unwrap();
    let clock = CClock::open(Some(text)).unwrap();
    let now = clock.read().now;
    assert_eq!(clock.wait(Wait::Past, now - 1, 0).map(|seen| seen.earliest), Ok(now));
    assert_eq!(clock.wait(Wait::Past, now, 2_000_000), Err(TIMED_OUT));
    assert!(last_error().contains("has not come yet"), "{}", last_error());
    assert_eq!(clock.wait(Wait::PastUtc, THEN, 2_000_000), Err(TIMED_OUT));
    assert!(last_error().contains("the time of day"), "{}", last_error());
    let utc = clock.read().utc;
    let past = clock.wait(Wait::PastUtc, utc.earliest - 1, 0);
    assert_eq!(past.map(|seen| seen.earliest), Ok(utc.earliest));
    TestClock::change(page, at_speed(1000.0)).unwrap();
    let seen = clock.wait(Wait::Past, now + SECOND, -1).unwrap();
    assert!(seen.earliest > now + SECOND && seen.latest >= seen.earliest, "{seen:?}");
    let seen = clock.wait(Wait::PastUtc, THEN + SECOND, A_MINUTE).unwrap();
    assert!(seen.earliest > THEN + SECOND, "{seen:?}");
}

#[test]
fn c_waits_until_a_clock_is_synchronised() {
    let Folder { page, text, .. } = &folder();
    // The keeper has just started, and does not tick.
    drop(Keeper::open(page, Settings::default()).unwrap());
    let clock = CClock::open(Some(text)).unwrap();
    assert_ne!(clock.read().status, 1);
    assert_eq!(clock.wait(Wait::Synchronised, 0, 2_000_000), Err(TIMED_OUT));
    assert!(last_error().contains("its timekeeper"), "{}", last_error());
    let seen = with_keeper(page, || clock.wait(Wait::Synchronised, 0, A_MINUTE));
    assert_eq!(seen.map(|seen| seen.status), Ok(1));
}

#[test]
fn each_error_has_a_number_and_a_text_that_helps() {
    let Folder { page, text, .. } = &folder();
    let refused = || CClock::open(Some(text)).map(drop);
    assert_eq!(refused(), Err(6));
    assert!(last_error().contains("tearfree clock serve"), "{}", last_error());
    drop(Writer::create(page, 1_u64, &Options::new()).unwrap());
    assert_eq!(refused(), Err(10));
    std::fs::remove_dir_all(page).unwrap();

    TestClock::create(page, at_speed(1.0)).unwrap();
    let mut writer = Writer::<Record>::take_over(page, &Options::new()).unwrap();
    let here = tearfree_page::Reader::<Record>::open(page).unwrap().word(TIME_NAMESPACE);
    if here != 0 {
        writer.set_word(TIME_NAMESPACE, here + 1).expect("the page is ours");
        assert_eq!(refused(), Err(21));
        assert!(last_error().contains("time namespace"), "{}", last_error());
        writer.set_word(TIME_NAMESPACE, here).expect("the page is ours");
    } else {
        println!("left out: the clock of another time namespace, because this kernel has none");
    }
    assert_eq!(refused(), Ok(()));
    writer.set(Record { source: 99, ..writer.get() }).expect("the page is ours");
    assert_eq!(refused(), Err(20));
    assert!(last_error().contains("unknown kind 99"), "{}", last_error());
}

#[test]
fn without_a_name_it_is_the_clock_of_this_machine_or_there_is_none() {
    let opened = CClock::open(None).map(drop);
    match Clock::open() {
        Ok(_) => assert_eq!(opened, Ok(())),
        Err(error) => assert!(opened.is_err() && last_error() == error.to_string(), "{error}"),
    }
}

#[test]
fn wrong_arguments_are_refused_and_change_nothing() {
    let Folder { page, text, .. } = &folder();
    TestClock::create(page, at_speed(1.0)).unwrap();
    assert_eq!(wrong_arguments(text), 0, "the line of src/clocks.c; {}", last_error());
}
