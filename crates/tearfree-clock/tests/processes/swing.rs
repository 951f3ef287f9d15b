// SPDX-License-Identifier: MIT OR Apache-2.0
//! A clock whose slope swings by hundreds of ppm, and whose keeper takes its time.
//!
//! The slope of a real host's clock hardly changes, so a bend that comes late would not be seen. Here
//! the keeper follows a host that it makes up, and waits between the choice of a bend and its
//! publication, for half of the time by which it has to be ahead.

use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

use tearfree_clock::{Clock, Record, Sample, Source, Surroundings, Timekeeper, host_ns};
use tearfree_page::{Options, Writer};

use crate::{Latest, SPAN, WATCHDOG, kill, settings, start, start_keeper};

/// The host's clock is so much faster, then so much slower.
const SWING_PPM: u64 = 400;
/// For half of this each.
const PERIOD_NS: u64 = 800_000_000;
/// Nothing else is to be known of the host here.
const SURROUNDINGS: Surroundings = Surroundings {
    real_offset_ns: (0, 0),
    utc_error_ns: 0,
    utc_is_synchronised: false,
    tai_offset: 0,
    asleep_ns: 0,
};

/// The time of the host that is made up, when the real one's is `ns`.
fn swung(ns: u64) -> u64 {
    let phase = ns % PERIOD_NS;
    let gained = phase.min(PERIOD_NS - phase);
    ns + gained * SWING_PPM / 1_000_000
}

fn sample(source: Source) -> Sample {
    let before = source.ordered();
    let host_ns = swung(host_ns());
    Sample { before, after: source.ordered().max(before), host_ns }
}

fn first_estimate(source: Source) -> f64 {
    let start = (source.ordered(), host_ns());
    thread::sleep(Duration::from_millis(20));
    let end = (source.ordered(), host_ns());
    (end.1 - start.1) as f64 / (end.0 - start.0) as f64
}

pub(crate) fn keep(page: &Path) {
    let source = Source::best().0;
    let mut keeper = Timekeeper::start(source, sample(source), first_estimate(source), settings());
    let record = keeper.tick(sample(source), &SURROUNDINGS);
    let mut writer = Writer::<Record>::create(page, record, &Options::new()).expect("it is new");
    println!("keeping");
    let end = Instant::now() + WATCHDOG;
    while Instant::now() < end {
        let before = keeper.clone();
        let record = keeper.tick(sample(source), &SURROUNDINGS);
        thread::sleep(settings().lead / 2);
        // As `Keeper` does: what has become too late is chosen anew.
        let line = keeper.line();
        let is_new = line.pivot != before.line().pivot;
        if is_new && line.mult != line.next && source.ordered() > line.pivot {
            keeper = before;
            continue;
        }
        writer.set(record);
    }
}

/// Reads in the order that everybody else does; prints how often, and the range of slopes in ppm.
pub(crate) fn witness(page: &Path) {
    let clock = Clock::open_page(page).expect("there is a clock");
    let latest = Latest::open(page);
    let (mut reads, mut slopes) = (0_u64, (u64::MAX, 0));
    let end = Instant::now() + SPAN;
    while Instant::now() < end {
        for _ in 0..1000 {
            latest.check(&clock);
        }
        let slope = clock.record().0.mult;
        slopes = (slopes.0.min(slope), slopes.1.max(slope));
        reads += 1000;
    }
    println!("{reads} {} 0 0", (slopes.1 - slopes.0) * 1_000_000 / slopes.1);
}

#[test]
fn nobody_sees_the_time_go_back_while_the_slope_swings() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    Latest::create(&page);
    let keeper = start_keeper("swinging keeper", &page);
    let cores = thread::available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let witnesses: Vec<_> = (0..cores).map(|_| start("witness", &page)).collect();
    for (mut witness, output) in witnesses {
        let report = crate::report(output);
        assert!(witness.wait().expect("it ends").success(), "a witness failed");
        let [reads, range_ppm, ..] = report[..] else { panic!("no report: {report:?}") };
        println!("reads {reads}, slopes differ by {range_ppm} ppm");
        assert!(reads > 1000, "it hardly read");
        assert!(range_ppm > SWING_PPM / 2, "the slope hardly changed: by {range_ppm} ppm");
    }
    kill(keeper);
}
