// SPDX-License-Identifier: MIT OR Apache-2.0
//! Test clocks: what they are told is what they show, and their monotonic time never goes back.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::thread;

use tearfree_clock::{Clock, Error, Setting, TestClock, host_ns};
use tempfile::TempDir;

const NSEC: u64 = 1_000_000_000;
/// So often the speed changes.
const TURNS: u64 = 60;
const BILLION_NS: u64 = 1_000_000_000 * NSEC;

fn at(at_ns: u64, speed: f64) -> Setting {
    Setting { at_ns: Some(at_ns), speed: Some(speed), ..Setting::default() }
}

fn speed(speed: f64) -> Setting {
    Setting { speed: Some(speed), ..Setting::default() }
}

/// Tells the readers that it is over, also if it ends by a panic.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Everybody enters the latest time that anybody saw; nobody may see less.
#[test]
fn nobody_sees_the_time_go_back_while_the_speed_changes() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, speed(1.0)).expect("the page is new");
    let (latest, ended, reads) = (AtomicU64::new(0), AtomicBool::new(false), AtomicU64::new(0));
    let largest_step = AtomicU64::new(0);
    let read = || {
        let clock = Clock::open_page(&page).expect("there is a clock");
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
            TestClock::change(&page, speed(next)).expect("it is free");
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(reads.into_inner() > 1000, "it was hardly read");
    let late = Clock::open_page(&page).expect("there is a clock").late_publications();
    let step_back = largest_step.into_inner();
    println!("late {late}, largest step back {step_back} ns");
    // On a machine that is as busy as that, the count says why.
    assert!(late < TURNS / 2, "hardly a bend was published ahead of time");
    assert!(late > 0 || step_back == 0, "back by {step_back} ns");
}

#[test]
fn a_clock_is_as_fast_as_it_was_told() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, at(BILLION_NS, 100.0)).expect("the page is new");
    let clock = Clock::open_page(&page).expect("there is a clock");
    let read = || (host_ns(), clock.now(), clock.realtime(), host_ns());
    let (first, second) = (read(), {
        thread::sleep(Duration::from_millis(20));
        read()
    });
    let (least, most) = ((second.0 - first.3) * 100, (second.3 - first.0) * 100);
    for passed in [second.1 - first.1, second.2 - first.2] {
        assert!((least..=most + 1).contains(&passed), "{least} {passed} {most}");
    }
    assert!(first.2 >= BILLION_NS, "it began at the time that it was given");
}

#[test]
fn settings_follow_one_another() {
    let folder = TempDir::new().expect("a folder");
    let page = folder.path().join("clock");
    TestClock::create(&page, at(BILLION_NS, 0.0)).expect("the page is new");
    let clock = Clock::open_page(&page).expect("there is a clock");
    let (mono, steps) = (clock.now(), clock.record().0.steps);
    let offset = |ns| Setting { offset_ns: Some(ns), ..Setting::default() };
    for (setting, shown) in [
        (offset(5), BILLION_NS + 5),
        (offset(-10), BILLION_NS - 5),
        (Setting { offset_ns: Some(7), ..at(NSEC, 0.0) }, NSEC + 7),
    ] {
        TestClock::change(&page, setting).expect("it is free");
        assert_eq!((clock.realtime(), clock.now()), (shown, mono), "{setting:?}");
        assert_eq!(clock.coarse(), mono);
    }
    assert_eq!(clock.record().0.steps, steps + 3);
    assert_eq!(clock.late_publications(), 0);
    for wrong in [offset(-2 * 1_000_000_007), speed(-0.1), speed(1000.5), speed(f64::NAN)] {
        let refusal = TestClock::change(&page, wrong);
        assert!(matches!(refusal, Err(Error::Setting(_))), "{wrong:?}: {refusal:?}");
    }
    assert_eq!(clock.realtime(), NSEC + 7, "a refused setting changes nothing");
    let again = TestClock::create(&page, Setting::default());
    assert!(matches!(again, Err(Error::IsThere)), "{again:?}");
}
