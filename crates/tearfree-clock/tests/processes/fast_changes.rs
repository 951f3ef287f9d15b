// SPDX-License-Identifier: MIT OR Apache-2.0
//! A clock whose slope changes by hundreds of ppm, and whose keeper is slow.
//!
//! The slope of a real host's clock hardly changes, so a late bend would not be visible. Here the keeper
//! follows a simulated host, and waits between the choice of a bend and its publication, for half of the
//! lead.

use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

use tearfree_clock::{Clock, Discipline, HostState, Record, Sample, Source, host_ns};
use tearfree_page::{Options, Writer};

use crate::{LEAD, Latest, SPAN, WATCHDOG, kill, settings, start, start_keeper};

/// By how much the host's clock is faster than the real one, and then slower.
const CHANGE_PPM: u64 = 400;
/// The time of one change up and one down.
const PERIOD_NS: u64 = 800_000_000;
/// The word of the page with the number of bends that were published after their pivot.
const LATE_PUBLICATIONS: usize = 1;
/// The rest of the host's state, which has no effect here.
const HOST_STATE: HostState = HostState {
    real_offset_ns: (0, 0),
    utc_error_ns: 0,
    utc_is_synchronised: false,
    tai_offset: 0,
    suspended_ns: 0,
};

/// Returns the simulated host's time when the real one's is `ns`.
fn simulated_ns(ns: u64) -> u64 {
    let phase = ns % PERIOD_NS;
    let gained = phase.min(PERIOD_NS - phase);
    ns + gained * CHANGE_PPM / 1_000_000
}

fn sample(source: Source) -> Sample {
    let before = source.read_ordered();
    let host_ns = simulated_ns(host_ns());
    Sample { before, after: source.read_ordered().max(before), host_ns }
}

fn estimate_ns_per_count(source: Source) -> f64 {
    let start = (source.read_ordered(), host_ns());
    thread::sleep(Duration::from_millis(20));
    let end = (source.read_ordered(), host_ns());
    (end.1 - start.1) as f64 / (end.0 - start.0) as f64
}

pub(crate) fn keep(page: &Path) {
    let source = Source::best().0;
    let mut discipline =
        Discipline::new(source, sample(source), estimate_ns_per_count(source), settings());
    let record = discipline.tick(sample(source), &HOST_STATE);
    let mut writer = Writer::<Record>::create(page, record, &Options::new()).expect("it is new");
    println!("keeping");
    let mut late = 0;
    let end = Instant::now() + WATCHDOG;
    while Instant::now() < end {
        let before = discipline.clone();
        let record = discipline.tick(sample(source), &HOST_STATE);
        thread::sleep(LEAD / 2);
        // Like `Keeper`, chooses again if the bend has become too late.
        let line = discipline.line();
        let is_new = line.pivot != before.line().pivot;
        if is_new && line.mult != line.next && source.read_ordered() > line.pivot {
            discipline = before;
            continue;
        }
        writer.set(record).expect("the page is ours");
        if is_new && line.mult != line.next && source.read_ordered() > line.pivot {
            late += 1;
            writer.set_word(LATE_PUBLICATIONS, late).expect("the page is ours");
        }
    }
}

/// Checks the time against all other readers; prints the number of reads, and the range of slopes in ppm.
pub(crate) fn read(page: &Path) {
    let clock = Clock::open_page(page).expect("there is a clock");
    let latest = Latest::open(page);
    let (mut reads, mut back, mut slopes) = (0_u64, 0, (u64::MAX, 0));
    let start = Instant::now();
    // On a busy machine the keeper may need longer for the first changes.
    while start.elapsed() < SPAN
        || range_ppm(slopes) <= CHANGE_PPM / 2 && start.elapsed() < WATCHDOG / 2
    {
        for _ in 0..1000 {
            back = latest.step_back(&clock).max(back);
        }
        let slope = clock.record().0.mult;
        slopes = (slopes.0.min(slope), slopes.1.max(slope));
        reads += 1000;
    }
    println!("{reads} {} 0 {back} {}", range_ppm(slopes), clock.late_publications());
}

fn range_ppm((least, most): (u64, u64)) -> u64 {
    most.saturating_sub(least) * 1_000_000 / most.max(1)
}

#[test]
fn no_reader_sees_the_time_go_back_while_the_slope_changes_fast() {
    let folder = tempfile::tempdir().expect("a folder for the page");
    let page = folder.path().join("clock");
    Latest::create(&page);
    let keeper = start_keeper("fast keeper", &page);
    let cores = thread::available_parallelism().map_or(2, usize::from).clamp(2, 16);
    let readers: Vec<_> = (0..cores).map(|_| start("fast reader", &page)).collect();
    for (mut reader, output) in readers {
        let report = crate::report(output);
        assert!(reader.wait().expect("it ends").success(), "a reader failed");
        let [reads, range_ppm, _, back, late] = report[..] else { panic!("no report: {report:?}") };
        println!("reads {reads}, slopes differ by {range_ppm} ppm");
        assert!(reads > 1000, "it hardly read");
        crate::assert_monotonic(back, late);
        assert!(range_ppm > CHANGE_PPM / 2, "the slope hardly changed: by {range_ppm} ppm");
    }
    kill(keeper);
}
