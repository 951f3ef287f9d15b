// SPDX-License-Identifier: MIT OR Apache-2.0
//! The image in this process: it shows the times that `Clock` reads on the same page.

#![allow(unsafe_code, reason = "functions of the image are called with C's pointers")]

mod common;

use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use common::Functions;
use tearfree_clock::{
    Clock, Keeper, NEVER, Record, SHIFT, Settings, ShownClock, TestClock, TestSettings, host_ns,
};
use tearfree_page::{Options, Reader, Writer};
use tempfile::TempDir;

/// 2030-06-01, in nanoseconds since 1970.
const AT_NS: u64 = 1_906_502_400_000_000_000;
/// Each clock that is shown.
const SHOWN: [i32; 9] = [0, 1, 4, 5, 6, 7, 8, 9, 11];

fn test_clock(settings: TestSettings) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("clock with blanks");
    TestClock::create(&page, settings).expect("the page is new");
    (folder, page)
}

/// Returns what `Clock` shows on one of Linux's clocks.
fn clock_ns(clock: &Clock, id: i32) -> u64 {
    let (record, count) = clock.record();
    let shown = ShownClock::from_id(id).expect("it is shown");
    shown.ns(record.ns_at(count), record.real_offset_ns, record.tai_offset)
}

/// Checks that a reading of the image is between two of `Clock`, on each clock.
fn compare(image: &Functions, clock: &Clock) {
    for id in SHOWN {
        let before = clock_ns(clock, id);
        let shown = image.ns(id);
        let after = clock_ns(clock, id);
        assert!(before <= shown && shown <= after, "clock {id}: {before} {shown} {after}");
    }
}

/// Changes the record of a page as no test clock would.
fn edit(page: &Path, change: impl FnOnce(&mut Record)) {
    let mut writer = Writer::<Record>::take_over(page, &Options::new()).expect("it has no writer");
    let mut record = writer.get();
    change(&mut record);
    writer.set(record).expect("the page is ours");
}

#[test]
fn a_frozen_clock_is_the_same_to_the_nanosecond() {
    let (_folder, page) = test_clock(TestSettings::new().at_ns(AT_NS + 987_654_321).speed(0.0));
    edit(&page, |record| record.tai_offset = 37);
    let (image, clock) = (common::map(&page), Clock::open_page(&page).expect("a clock"));
    for step in 0..100_u64 {
        let offset = step.pow(5).cast_signed();
        TestClock::change(&page, TestSettings::new().offset_ns(offset))
            .expect("it is a test clock");
        for id in SHOWN {
            assert_eq!(image.ns(id), clock_ns(&clock, id), "clock {id}");
        }
        let real = clock.realtime();
        assert_eq!(image.ns(libc::CLOCK_TAI), real + 37_000_000_000);
        let mut time = libc::timeval { tv_sec: -1, tv_usec: -1 };
        // SAFETY: there is room for a time.
        assert_eq!(unsafe { (image.gettimeofday)(&raw mut time, null_mut()) }, 0);
        let micros = time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
        assert_eq!(micros, real / 1000);
        if let Some(time) = image.time {
            let mut seconds = -1;
            // SAFETY: there is room for a number.
            assert_eq!(unsafe { time(&raw mut seconds) }, (real / 1_000_000_000) as i64);
            assert_eq!(seconds, (real / 1_000_000_000) as i64);
            // SAFETY: no room is asked for.
            assert_eq!(unsafe { time(null_mut()) }, seconds);
        }
    }
}

#[test]
fn a_running_clock_is_between_two_readings_of_it() {
    for speed in [0.001, 1.0, 3.0, 1000.0] {
        let (_folder, page) = test_clock(TestSettings::new().at_ns(AT_NS).speed(speed));
        let (image, clock) = (common::map(&page), Clock::open_page(&page).expect("a clock"));
        (0..1000).for_each(|_| compare(&image, &clock));
        // Beyond the first slope: long after the record, and after a bend.
        edit(&page, |record| {
            record.since -= 1_000_000_000_000.min(record.since);
            record.reach = u32::MAX;
        });
        (0..1000).for_each(|_| compare(&image, &clock));
        edit(&page, |record| {
            let bent = record.line().rebased(host_ns()).bend(host_ns() + 100_000, 5 << SHIFT);
            (record.since, record.mono_ns, record.frac) = (bent.since, bent.mono_ns, bent.frac);
            (record.mult, record.pivot, record.next) = (bent.mult, bent.pivot, bent.next);
            record.reach = bent.reach();
        });
        (0..1000).for_each(|_| compare(&image, &clock));
    }
}

#[test]
fn the_clock_of_a_timekeeper_is_read_by_its_counter() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("clock");
    let mut keeper = Keeper::open(&page, Settings::default()).expect("the page is new");
    keeper.tick().expect("the page is ours");
    let (image, clock) = (common::map(&page), Clock::open_page(&page).expect("a clock"));
    for _ in 0..20 {
        (0..200).for_each(|_| compare(&image, &clock));
        keeper.tick().expect("the page is ours");
    }
}

/// The page that changes while the image reads it, and how often it is yet to change.
static CHANGING: Mutex<Option<(PathBuf, u32)>> = Mutex::new(None);

/// In place of the kernel's function, which the image calls in the middle of a reading.
unsafe extern "C" fn change_and_read(id: i32, time: *mut libc::timespec) -> i32 {
    if let Some((page, left @ 1..)) = &mut *CHANGING.lock().expect("no thread panicked") {
        *left -= 1;
        edit(page, |record| record.real_offset_ns += 1_000_000_000);
    }
    // SAFETY: the arguments of the image.
    unsafe { libc::clock_gettime(id, time) }
}

#[test]
fn a_reading_during_which_the_page_changed_is_repeated() {
    let (_folder, page) = test_clock(TestSettings::new().at_ns(AT_NS).speed(0.0));
    let clock = Clock::open_page(&page).expect("a clock");
    let image = common::map_with(&page, Some(change_and_read));
    for (round, changes) in [0, 1, 2, 3, 10].into_iter().enumerate() {
        let before = clock.realtime();
        *CHANGING.lock().expect("no thread panicked") = Some((page.clone(), changes));
        let shown = image.ns(libc::CLOCK_REALTIME);
        assert_eq!(shown, before + u64::from(changes) * 1_000_000_000, "round {round}");
        assert_eq!(shown, clock.realtime());
    }
}

/// Ends a thread that checks this flag.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        // ORDERING: Relaxed: a flag; nothing else is published.
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Each record is on one line, so a torn one, or one that was not the newest, is off it.
#[test]
fn time_never_goes_back_while_a_writer_publishes_at_full_speed() {
    let (_folder, page) = test_clock(TestSettings::new().at_ns(AT_NS).speed(3.0));
    let (image, clock) = (common::map(&page), Clock::open_page(&page).expect("a clock"));
    let (line, count) = (clock.record().0.line(), host_ns);
    let is_over = AtomicBool::new(false);
    let published = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut writer =
                Writer::<Record>::take_over(&page, &Options::new()).expect("no writer");
            let (mut record, mut published) = (writer.get(), 0_u64);
            // ORDERING: Relaxed: a flag; nothing else is published.
            while !is_over.load(Ordering::Relaxed) {
                // The same line, by other numbers.
                let rebased = line.rebased(count());
                (record.since, record.mono_ns, record.frac) =
                    (rebased.since, rebased.mono_ns, rebased.frac);
                (record.pivot, record.reach) = (NEVER, rebased.reach());
                writer.set(record).expect("the page is ours");
                published += 1;
            }
            published
        });
        // Also when an assertion fails, or the scope would wait for the writer for ever.
        let over = SetOnDrop(&is_over);
        let end = Instant::now() + Duration::from_millis(500);
        let (mut last, mut readings) = (0, 0_u64);
        while Instant::now() < end {
            for _ in 0..100 {
                let before = line.ns_at(count());
                let shown = image.ns(libc::CLOCK_MONOTONIC);
                let after = line.ns_at(count());
                assert!(last <= shown, "back by {}", last - shown);
                assert!(before <= shown && shown <= after, "{before} {shown} {after}");
                last = shown;
                readings += 1;
            }
        }
        drop(over);
        assert!(readings > 0);
        writer.join().expect("the writer ends")
    });
    assert!(published > 100, "{published} publications are too few for a test");
    let generation = Reader::<Record>::open(&page).expect("a page").generation();
    assert!(generation >= published);
}

#[test]
fn other_clocks_are_the_hosts_and_unknown_ones_are_refused() {
    let (_folder, page) = test_clock(TestSettings::new().at_ns(AT_NS).speed(1000.0));
    let image = common::map(&page);
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    for own in [libc::CLOCK_PROCESS_CPUTIME_ID, libc::CLOCK_THREAD_CPUTIME_ID] {
        // SAFETY: there is room for a time.
        assert_eq!(unsafe { libc::clock_gettime(own, &raw mut time) }, 0);
        let before = time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64;
        assert!(image.ns(own).saturating_sub(before) < 600_000_000_000);
    }
    for unknown in [10, 12, 31, 32, i32::MAX] {
        // SAFETY: there is room for a time.
        let result = unsafe { (image.clock_gettime)(unknown, &raw mut time) };
        assert_eq!(result, -libc::EINVAL, "clock {unknown}");
    }
    // SAFETY: there is room for a resolution.
    assert_eq!(unsafe { (image.clock_getres)(libc::CLOCK_MONOTONIC, &raw mut time) }, 0);
    let mut expected = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: there is room for a resolution.
    assert_eq!(unsafe { libc::clock_getres(libc::CLOCK_MONOTONIC, &raw mut expected) }, 0);
    assert_eq!((time.tv_sec, time.tv_nsec), (expected.tv_sec, expected.tv_nsec));
    if let Some(getcpu) = image.getcpu {
        let (mut cpu, mut node) = (u32::MAX, u32::MAX);
        // SAFETY: there is room for two numbers.
        assert_eq!(unsafe { getcpu(&raw mut cpu, &raw mut node, null_mut()) }, 0);
        assert!(cpu < 8192 && node < 1024, "processor {cpu}, node {node}");
    }
    // The zone comes from the kernel, also without a time.
    let mut zone = [i32::MAX; 2];
    // SAFETY: there is room for a zone.
    assert_eq!(unsafe { (image.gettimeofday)(null_mut(), zone.as_mut_ptr().cast()) }, 0);
    assert_ne!(zone, [i32::MAX; 2]);
}

#[test]
fn a_record_that_cannot_be_read_shows_the_time_of_the_host() {
    let (_folder, page) = test_clock(TestSettings::new().at_ns(AT_NS).speed(1000.0));
    let image = common::map(&page);
    assert!(image.ns(libc::CLOCK_REALTIME) >= AT_NS);
    let other = if cfg!(target_arch = "x86_64") { 3 } else { 2 };
    for source in [0, other, 4, u32::MAX] {
        edit(&page, |record| record.source = source);
        let before = host_ns();
        let shown = image.ns(libc::CLOCK_MONOTONIC);
        assert!(before <= shown && shown <= host_ns(), "source {source}");
    }
}
