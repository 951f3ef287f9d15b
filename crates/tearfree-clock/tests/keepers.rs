// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a timekeeper takes over from the one before, what it publishes beside the record, and its reports.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod common;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::path::PathBuf;
use std::thread;

use tearfree_clock::{
    Clock, Error, Keeper, Record, Settings, Source, Status, TestClock, TestSettings, TickReport,
    Woken, host_ns,
};
use tearfree_page::{Options, Writer};
use tempfile::TempDir;

const NSEC: u64 = 1_000_000_000;
const HOUR_NS: u64 = 3600 * NSEC;
/// The words of the page.
const COARSE_NS: usize = 0;
const LATE_PUBLICATIONS: usize = 1;
const LATE_TICKS: usize = 2;
const WORST_DELAY_NS: usize = 3;
const TIME_NAMESPACE: usize = 4;

/// Bends every 20 ms, so that a test sees bends.
fn settings() -> Settings {
    Settings::new().lead(Duration::from_millis(10)).steer(Duration::from_millis(20))
}

/// The page of a clock whose first keeper has ticked and ended.
struct Left {
    page: PathBuf,
    _folder: TempDir,
}

impl Left {
    fn new(source: Source) -> Self {
        let folder = TempDir::new().expect("a folder");
        let page = folder.path().join("clock");
        Keeper::open_with(&page, source, settings())
            .expect("the page is new")
            .tick()
            .expect("the page is this keeper's");
        Left { page, _folder: folder }
    }

    fn writer(&self) -> Writer<Record> {
        Writer::take_over(&self.page, &Options::new()).expect("the page has no keeper")
    }

    /// Sets the clock ahead of the host; the bound admits that.
    fn set_ahead(&self, ns: u64) {
        let mut writer = self.writer();
        let record = writer.get();
        let (mono_ns, bound_ns) = (record.mono_ns + ns, record.bound_ns + ns);
        writer.set(Record { mono_ns, bound_ns, ..record }).expect("the page is ours");
    }

    fn keep(&self, source: Source, settings: Settings) -> Keeper {
        Keeper::open_with(&self.page, source, settings).expect("the page has no keeper")
    }

    fn clock(&self) -> Clock {
        Clock::open_page(&self.page).expect("the clock can be opened")
    }
}

/// Ticks until a report is as it should be.
fn tick_until(keeper: &mut Keeper, is_right: impl Fn(&TickReport) -> bool) -> TickReport {
    for _ in 0..6000 {
        let report = keeper.tick().expect("the page is this keeper's");
        if is_right(&report) {
            return report;
        }
        keeper.wait();
    }
    panic!("not within a minute: {:?}", keeper.tick().expect("the page is this keeper's"))
}

#[test]
fn a_successor_continues_the_words_of_the_page() {
    let left = Left::new(Source::Host);
    let ahead = host_ns() + HOUR_NS;
    let writer = left.writer();
    writer.set_word(COARSE_NS, ahead).expect("the page is ours");
    writer.set_word(LATE_PUBLICATIONS, 41).expect("the page is ours");
    writer.set_word(TIME_NAMESPACE, 0).expect("the page is ours");
    drop(writer);
    let clock = left.clock();
    let mut keeper = left.keep(Source::Host, settings());
    assert_eq!(keeper.tick().expect("the page is this keeper's").late_publications, 41);
    assert_eq!(clock.coarse(), ahead, "the coarse time never decreases");
    let own = common::time_namespace().unwrap_or(0);
    assert_eq!(clock.page().word(TIME_NAMESPACE), own);
}

#[test]
fn the_page_promises_to_be_renewed_as_long_as_the_clock_is_synchronised() {
    let left = Left::new(Source::Host);
    let free_after = Duration::from_secs(7);
    let mut keeper = left.keep(Source::Host, settings().free_after(free_after));
    keeper.tick().expect("the page is this keeper's");
    let writer = left.clock().page().writer().expect("the page has a writer");
    assert_eq!(writer.lifetime(), free_after);
}

#[test]
fn pages_that_are_not_for_this_keeper_are_refused() {
    let left = Left::new(Source::Host);
    if let Some(own) = common::time_namespace() {
        left.writer().set_word(TIME_NAMESPACE, own + 1).expect("the page is ours");
        let refused = Keeper::open_with(&left.page, Source::Host, settings());
        assert!(matches!(refused, Err(Error::TimeNamespace)), "{refused:?}");
        left.writer().set_word(TIME_NAMESPACE, own).expect("the page is ours");
    }
    let mut writer = left.writer();
    let record = writer.get();
    writer.set(Record { source: 9, ..record }).expect("the page is ours");
    drop(writer);
    let refused = Keeper::open_with(&left.page, Source::Host, settings());
    assert!(matches!(refused, Err(Error::Source(9))), "{refused:?}");

    let test = left.page.with_file_name("test");
    TestClock::create(&test, TestSettings::default()).expect("the page is new");
    let refused = Keeper::open_with(&test, Source::Host, settings());
    assert!(matches!(refused, Err(Error::TestClock)), "{refused:?}");
    left.writer().set(record).expect("the page is ours");
    let refused = TestClock::change(&left.page, TestSettings::default());
    assert!(matches!(refused, Err(Error::NotTestClock)), "{refused:?}");
}

#[test]
fn a_report_says_how_far_the_host_is_ahead_and_how_the_clock_is_slewed() {
    let left = Left::new(Source::Host);
    left.set_ahead(50_000_000);
    let mut keeper = left.keep(Source::Host, settings());
    let report = keeper.tick().expect("the page is this keeper's");
    assert!((-50_100_000..-49_900_000).contains(&report.error_ns), "{report:?}");
    assert_eq!((report.source, report.steps, report.disruptions), (Source::Host, 0, 0));
    // The host's clock is the counter here, so its rate is exact.
    assert!((report.counts_per_second - 1e9).abs() < 1e3, "{report:?}");
    assert!(report.bound_ns >= 49_900_000 && report.utc_bound_ns > report.bound_ns, "{report:?}");
    let report = tick_until(&mut keeper, |report| report.slew_ppm < -100.0);
    assert!((-501.0..-499.0).contains(&report.slew_ppm), "at most 500 ppm: {report:?}");
    assert_eq!(report.generation, left.clock().page().generation());
    assert_ne!(report.status, Status::Synchronised, "{report:?}");
}

#[test]
fn a_bend_that_is_published_after_its_pivot_is_counted() {
    let left = Left::new(Source::Host);
    left.set_ahead(50_000_000);
    let mut keeper = left.keep(Source::Host, settings().lead(Duration::ZERO));
    let report = tick_until(&mut keeper, |report| report.late_publications > 0);
    assert_eq!(left.clock().late_publications(), report.late_publications);
}

/// Otherwise each tick after a bend would count as late.
#[test]
fn the_bend_of_a_predecessor_is_not_counted_again() {
    let left = Left::new(Source::Host);
    left.set_ahead(50_000_000);
    let mut keeper = left.keep(Source::Host, settings());
    let before = tick_until(&mut keeper, |report| report.slew_ppm < -100.0).late_publications;
    drop(keeper);
    // Its window takes an hour to fill.
    let steer = Duration::from_secs(3600);
    let mut keeper = left.keep(Source::Host, settings().steer(steer));
    let (record, _) = left.clock().record();
    tick_until(&mut keeper, |_| host_ns() > record.pivot);
    let report = keeper.tick().expect("the page is this keeper's");
    assert_eq!(report.late_publications, before, "{report:?}");
    assert!(report.slew_ppm < -100.0, "the line is bent: {report:?}");
}

#[test]
fn a_late_tick_is_counted() {
    let left = Left::new(Source::Host);
    let mut keeper = left.keep(Source::Host, settings());
    // More than a tick after the time for which the tick was planned.
    thread::sleep(Duration::from_millis(50));
    keeper.wait();
    let report = keeper.tick().expect("the page is this keeper's");
    assert!(
        report.late_ticks == 1 && report.worst_delay >= Duration::from_millis(40),
        "{report:?}"
    );
    let clock = left.clock();
    assert_eq!(clock.page().word(LATE_TICKS), 1);
    let delay = Duration::from_nanos(clock.page().word(WORST_DELAY_NS));
    assert_eq!(delay, report.worst_delay);
}

/// A keeper that did not sleep would use a whole processor.
#[test]
fn a_wait_lasts_until_the_next_tick() {
    let left = Left::new(Source::Host);
    let mut keeper = left.keep(Source::Host, settings());
    let start = host_ns();
    // A signal may end a wait early, but not each.
    let ended = (0..10_000).filter(|_| keeper.wait() == Woken::ByTime).take(20).count();
    assert_eq!(ended, 20, "hardly any wait lasts");
    // The first tick is planned for a tick after `open`, which took a part of it.
    let passed = host_ns() - start;
    assert!(passed >= 190_000_000, "twenty ticks in {passed} ns");
}

/// Readers go on while the new keeper measures its counter, and no reading after that may be earlier.
#[test]
fn a_change_of_the_counter_does_not_set_the_clock_back() {
    let all = [Source::Host, Source::Tsc, Source::Cntvct];
    let counters: Vec<_> = all.into_iter().filter(|source| source.is_supported()).collect();
    let left = Left::new(counters[0]);
    for turn in 1..6 {
        left.set_ahead(HOUR_NS);
        let clock = left.clock();
        let is_kept = AtomicBool::new(false);
        let (keeper, seen) = thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = clock.now();
                while !is_kept.load(Ordering::Relaxed) {
                    seen = clock.now();
                    thread::sleep(Duration::from_micros(100));
                }
                seen
            });
            let source = counters[turn % counters.len()];
            let keeper = Keeper::open_with(&left.page, source, settings());
            is_kept.store(true, Ordering::Relaxed);
            let seen = reader.join().expect("it only reads");
            let mut keeper = keeper.expect("the page has no keeper");
            keeper.tick().expect("the page is this keeper's");
            (keeper, seen)
        });
        let now = clock.now();
        assert!(now >= seen, "an hour ahead at {seen}, and then {now}");
        drop(keeper);
    }
}
