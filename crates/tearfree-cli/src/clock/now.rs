// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock now` and `watch`: reads a clock.

use core::time::Duration;
use std::path::Path;
use std::time::{Instant, UNIX_EPOCH};

use indicatif::HumanCount;
use serde::Serialize;
use tearfree_clock::{Bounded, Clock, SHIFT, Status};

use super::args::{ClockPageArg, WatchArgs};
use crate::outcome::{Outcome, Problem};
use crate::stop::{Stop, sleep_until};
use crate::terminal::{self, OutputState};

const SECOND: Duration = Duration::from_secs(1);

/// The state of a clock. The names of the fields are those of the JSON object.
#[derive(Debug, Serialize)]
struct ClockReport {
    page: String,
    status: &'static str,
    #[serde(serialize_with = "terminal::as_string")]
    monotonic_ns: u64,
    #[serde(serialize_with = "terminal::as_string")]
    coarse_ns: u64,
    #[serde(serialize_with = "terminal::as_string")]
    bound_ns: u64,
    #[serde(serialize_with = "terminal::as_string")]
    realtime_ns: u64,
    realtime: String,
    utc_status: &'static str,
    #[serde(serialize_with = "terminal::as_string")]
    utc_bound_ns: u64,
    tai_offset_s: i32,
    steps: u32,
    disruptions: u32,
    late_publications: u64,
    source: &'static str,
    is_test: bool,
    speed: Option<f64>,
    #[serde(serialize_with = "terminal::as_string")]
    generation: u64,
}

impl ClockReport {
    fn new(page: &Path, clock: &Clock) -> Self {
        let (record, _) = clock.record();
        let (now, utc) = (clock.now_bounded(), clock.utc_bounded());
        let realtime_ns = clock.realtime();
        ClockReport {
            page: page.display().to_string(),
            status: now.status.name(),
            monotonic_ns: middle(now),
            coarse_ns: clock.coarse(),
            bound_ns: now.bound_ns(),
            realtime_ns,
            realtime: time_of_day(realtime_ns),
            utc_status: utc.status.name(),
            utc_bound_ns: utc.bound_ns(),
            tai_offset_s: record.tai_offset,
            steps: record.steps,
            disruptions: record.disruptions,
            late_publications: clock.late_publications(),
            source: clock.source().name(),
            is_test: record.is_test != 0,
            speed: (record.is_test != 0).then(|| record.next as f64 / (1_u64 << SHIFT) as f64),
            generation: clock.page().generation(),
        }
    }

    fn text(&self) -> String {
        let bound = |ns: u64| format!("within {} ns", HumanCount(ns));
        let mut rows = vec![
            ("time of day", self.realtime.clone()),
            ("monotonic", format!("{} ns", HumanCount(self.monotonic_ns))),
        ];
        if let Some(speed) = self.speed {
            rows.push(("test clock", format!("{speed} x the host's speed")));
        } else {
            rows.push(("to the host", format!("{}, {}", self.status, bound(self.bound_ns))));
            rows.push(("to UTC", format!("{}, {}", self.utc_status, bound(self.utc_bound_ns))));
        }
        rows.push(("counter", self.source.to_owned()));
        rows.push(("set, jumped", format!("{}, {} times", self.steps, self.disruptions)));
        rows.iter().map(|(name, value)| format!("{name:<12} {value}\n")).collect()
    }

    /// A clock whose keeper ended too long ago has no bound that can be relied on.
    fn outcome(&self) -> Outcome {
        let is_unknown = !self.is_test && self.status == Status::Unknown.name();
        if is_unknown { Outcome::NotFresh } else { Outcome::Success }
    }

    fn line(&self) -> String {
        let bound = HumanCount(self.bound_ns);
        format!("{}  {}, within {bound} ns of the host\n", self.realtime, self.status)
    }
}

fn middle(now: Bounded) -> u64 {
    now.earliest + (now.latest - now.earliest) / 2
}

/// Formats a time as RFC 3339, in UTC.
fn time_of_day(realtime_ns: u64) -> String {
    let time = UNIX_EPOCH + Duration::from_nanos(realtime_ns);
    humantime::format_rfc3339_nanos(time).to_string()
}

pub(super) fn run(args: &ClockPageArg) -> Result<Outcome, Problem> {
    show(&args.page, args.json)
}

/// Reads a clock once and prints it.
pub(super) fn show(page: &Path, json: bool) -> Result<Outcome, Problem> {
    let report = ClockReport::new(page, &Clock::open_page(page)?);
    terminal::print(&if json { terminal::json_line(&report)? } else { report.text() })?;
    Ok(report.outcome())
}

pub(super) fn watch(args: &WatchArgs, stop: &Stop) -> Result<Outcome, Problem> {
    let ClockPageArg { page, json } = &args.clock;
    let clock = Clock::open_page(page)?;
    let mut left = args.count.map(u64::from);
    let mut next = Instant::now();
    loop {
        let report = ClockReport::new(page, &clock);
        let text = if *json { terminal::json_line(&report)? } else { report.line() };
        left = left.map(|left| left - 1);
        if terminal::print(&text)? == OutputState::Closed || left == Some(0) {
            return Ok(Outcome::Success);
        }
        next += SECOND;
        if !sleep_until(next, || stop.signal().is_some()) {
            return Ok(Outcome::new(0, stop.signal()));
        }
    }
}

#[cfg(test)]
mod tests {
    use tearfree_clock::{Record, TestClock, TestSettings};
    use tearfree_page::{Options, Writer};

    use super::*;

    /// A clock that stands still at speed 0, with a different number in each field.
    fn report(is_test: u32, speed: f64) -> ClockReport {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("clock");
        let settings = TestSettings::new().at_ns(1_000_000_000_123_456_789).speed(speed);
        TestClock::create(&page, settings).expect("the page is new");
        let mut writer = Writer::<Record>::take_over(&page, &Options::new()).expect("it is free");
        writer
            .update(|record| {
                record.mono_ns = 7_000_000_000;
                record.real_offset_ns = 1_000_000_000_123_456_789 - 7_000_000_000;
                (record.bound_ns, record.utc_bound_ns) = (1_500, 25_000);
                (record.status, record.utc_status) = (1, 3);
                (record.tai_offset, record.steps, record.disruptions) = (37, 3, 4);
                record.is_test = is_test;
            })
            .expect("the page is ours");
        writer.set_word(0, 6_000_000_000).expect("the page is ours");
        writer.set_word(1, 11).expect("the page is ours");
        ClockReport::new(Path::new("office"), &Clock::open_page(&page).expect("a clock"))
    }

    #[test]
    fn each_field_of_the_object_is_that_of_the_clock() {
        let object = serde_json::to_value(report(1, 0.0)).expect("a JSON object");
        let expected = serde_json::json!({
            "page": "office",
            "status": "synchronised",
            "monotonic_ns": "7000000000",
            "coarse_ns": "6000000000",
            "bound_ns": "1500",
            "realtime_ns": "1000000000123456789",
            "realtime": "2001-09-09T01:46:40.123456789Z",
            "utc_status": "disrupted",
            // On a clock that stands still, a nanosecond of age is assumed.
            "utc_bound_ns": "25001",
            "tai_offset_s": 37,
            "steps": 3,
            "disruptions": 4,
            "late_publications": 11,
            "source": "clock_gettime",
            "is_test": true,
            "speed": 0.0,
            "generation": object["generation"],
        });
        assert_eq!(object, expected);
        assert!(object["generation"].as_str().is_some_and(|count| count != "0"), "{object}");
        assert_eq!(report(0, 0.0).speed, None, "a clock that follows the host");
        assert_eq!(report(1, 2.5).speed, Some(2.5));
    }

    #[test]
    fn the_table_has_both_bounds_or_the_speed() {
        let first = "time of day  2001-09-09T01:46:40.123456789Z\nmonotonic    7,000,000,000 ns\n";
        let last = "counter      clock_gettime\nset, jumped  3, 4 times\n";
        let bounds = "to the host  synchronised, within 1,500 ns\n\
                      to UTC       disrupted, within 25,001 ns\n";
        assert_eq!(report(0, 0.0).text(), [first, bounds, last].concat());
        let speed = "test clock   0 x the host's speed\n";
        assert_eq!(report(1, 0.0).text(), [first, speed, last].concat());
        let line = "2001-09-09T01:46:40.123456789Z  synchronised, within 1,500 ns of the host\n";
        assert_eq!(report(0, 0.0).line(), line);
    }

    #[test]
    fn the_time_is_in_the_middle_of_its_bounds() {
        let bounded =
            |earliest, latest| middle(Bounded { earliest, latest, status: Status::Unknown });
        assert_eq!((bounded(10, 20), bounded(7, 7)), (15, 7));
        assert_eq!(bounded(u64::MAX - 2, u64::MAX), u64::MAX - 1, "nothing overflows");
    }
}
