// SPDX-License-Identifier: MIT OR Apache-2.0
//! Test clocks show the time that they are set to, and their monotonic time never goes back.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::thread;

use tearfree_clock::{Clock, Error, Record, SHIFT, Status, TestClock, TestSettings, host_ns};
use tearfree_page::{Options, Writer};
use tempfile::TempDir;

const NSEC: u64 = 1_000_000_000;
/// How often the speed changes.
const TURNS: u64 = 60;
const BILLION_NS: u64 = 1_000_000_000 * NSEC;

fn time_and_speed(at_ns: u64, speed: f64) -> TestSettings {
    TestSettings::new().at_ns(at_ns).speed(speed)
}

fn speed(speed: f64) -> TestSettings {
    TestSettings::new().speed(speed)
}

/// Stops the readers when it is dropped, also by a panic.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// All readers share the latest time that any of them read; no later read may be less.
#[test]
fn no_reader_sees_the_time_go_back_while_the_speed_changes() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, speed(1.0)).expect("the page is new");
    let (latest, ended, reads) = (AtomicU64::new(0), AtomicBool::new(false), AtomicU64::new(0));
    let largest_step = AtomicU64::new(0);
    let read = || {
        let clock = Clock::open_page(&page).expect("the clock can be opened");
        while !ended.load(Ordering::Relaxed) {
            let seen = latest.load(Ordering::Acquire);
            let now = clock.now();
            largest_step.fetch_max(seen.saturating_sub(now), Ordering::Relaxed);
            latest.fetch_max(now, Ordering::AcqRel);
            reads.fetch_add(1, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(2, usize::from).clamp(2, 16);
        (0..cores).for_each(|_| drop(scope.spawn(read)));
        let _ended = Ended(&ended);
        for turn in 0..TURNS {
            let next = [0.0, 1000.0, 0.001, 30.0][usize::try_from(turn % 4).expect("a digit")];
            TestClock::change(&page, speed(next)).expect("the page is free");
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(reads.into_inner() > 1000, "too few reads");
    let late = Clock::open_page(&page).expect("the clock can be opened").late_publications();
    let step_back = largest_step.into_inner();
    println!("late {late}, largest step back {step_back} ns");
    // On a busy machine a bend may be late; then it is counted.
    assert!(late < TURNS / 2, "most bends were published late");
    assert!(late > 0 || step_back == 0, "back by {step_back} ns");
}

#[test]
fn a_clock_runs_at_the_speed_that_was_set() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, time_and_speed(BILLION_NS, 100.0)).expect("the page is new");
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    let read = || (host_ns(), clock.now(), clock.realtime(), host_ns());
    let (first, second) = (read(), {
        thread::sleep(Duration::from_millis(20));
        read()
    });
    let (least, most) = ((second.0 - first.3) * 100, (second.3 - first.0) * 100);
    for passed in [second.1 - first.1, second.2 - first.2] {
        assert!((least..=most + 1).contains(&passed), "{least} {passed} {most}");
    }
    assert!(first.2 >= BILLION_NS, "the clock began before the time that was set");
}

#[test]
fn each_change_applies_to_the_current_time() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, time_and_speed(BILLION_NS, 0.0)).expect("the page is new");
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    let (mono, steps) = (clock.now(), clock.record().0.steps);
    let offset = |ns: i64| TestSettings::new().offset_ns(ns);
    for (setting, shown) in [
        (offset(5), BILLION_NS + 5),
        (offset(-10), BILLION_NS - 5),
        (time_and_speed(NSEC, 0.0).offset_ns(7), NSEC + 7),
    ] {
        TestClock::change(&page, setting).expect("the page is free");
        assert_eq!((clock.realtime(), clock.now()), (shown, mono), "{setting:?}");
        assert_eq!(clock.coarse(), mono);
    }
    assert_eq!(clock.record().0.steps, steps + 3);
    assert_eq!(clock.late_publications(), 0);
    for wrong in [offset(-2 * 1_000_000_007), speed(-0.1), speed(1000.5), speed(f64::NAN)] {
        let result = TestClock::change(&page, wrong);
        assert!(matches!(result, Err(Error::Setting(_))), "{wrong:?}: {result:?}");
    }
    assert_eq!(clock.realtime(), NSEC + 7, "a refused setting changes nothing");
    let again = TestClock::create(&page, TestSettings::default());
    assert!(matches!(again, Err(Error::Exists)), "{again:?}");
}

#[test]
fn a_clock_without_settings_is_the_hosts() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    let begin = host_ns();
    TestClock::create(&page, TestSettings::default()).expect("the page is new");
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    thread::sleep(Duration::from_millis(20));
    let (before, now, after) = (host_ns(), clock.now(), host_ns());
    assert!((before..=after).contains(&now), "{before} {now} {after}");
    assert!((begin..before).contains(&clock.coarse()), "the time of the creation");
    let record = clock.record().0;
    assert_eq!((record.is_test, record.steps, clock.status()), (1, 0, Status::Synchronised));
}

#[test]
fn each_change_moves_the_coarse_time() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, time_and_speed(BILLION_NS, 100.0)).expect("the page is new");
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    assert_eq!(clock.record().0.steps, 0, "a new clock was not set");
    let as_before = time_and_speed(NSEC, 100.0);
    for (setting, wanted) in [(as_before, 100.0), (speed(50.0), 50.0), (speed(0.0), 0.0)] {
        let before = clock.now();
        let record = TestClock::change(&page, setting).expect("the page is free");
        assert!((before..=clock.now()).contains(&clock.coarse()), "{setting:?}");
        assert_eq!(record.rate, record.next, "{setting:?}");
        let speed = record.next as f64 / (1_u64 << SHIFT) as f64;
        assert!((wanted - speed).abs() < 1e-6, "{setting:?} {speed}");
    }
}

#[test]
fn a_change_waits_for_another_one() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, time_and_speed(BILLION_NS, 0.0)).expect("the page is new");
    let other = Writer::<Record>::take_over(&page, &Options::new()).expect("the page is free");
    thread::scope(|scope| {
        let change = scope.spawn(|| TestClock::change(&page, time_and_speed(NSEC, 0.0)));
        thread::sleep(Duration::from_millis(30));
        drop(other);
        change.join().expect("it does not panic").expect("the page is free then");
    });
    let clock = Clock::open_page(&page).expect("the clock can be opened");
    assert_eq!(clock.realtime(), NSEC);
}

#[test]
fn the_time_of_day_has_limits() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    // 11 April 2262.
    let last = u64::try_from(i64::MAX).expect("it is positive");
    TestClock::create(&page, time_and_speed(last, 0.0)).expect("the last time");
    let later = TestSettings::new().offset_ns(1);
    let result = TestClock::change(&page, later);
    assert!(matches!(result, Err(Error::Setting(_))), "{result:?}");
    TestClock::change(&page, time_and_speed(0, 0.0)).expect("the first time");
    let earlier = TestSettings::new().offset_ns(-1);
    let result = TestClock::change(&page, earlier);
    assert!(matches!(result, Err(Error::Setting(_))), "{result:?}");
}
