// SPDX-License-Identifier: MIT OR Apache-2.0
//! `TestClock`: a clock that can be set at will, for the programs that use its page.
//!
//! Its counter is the host's `CLOCK_MONOTONIC`, so it needs no keeper: its line holds until it is changed.
//! A process that changes it is the writer of the page for that moment only.

use core::time::Duration;
use std::path::Path;
use std::thread;

use rustix::time::ClockId;
use tearfree_page::{Options, Reader, Writer};

use crate::clock::Clock;
use crate::error::Error;
use crate::fields::{Record, word};
use crate::host_time::{host_ns, nanoseconds};
use crate::line::{Line, slope};
use crate::namespace::time_namespace;
use crate::source::Source;
use crate::status::Status;

/// The largest speed of a test clock; the slope has room for four times as much.
pub const MAX_SPEED: f64 = 1000.0;
/// How long before its pivot a bend is published.
const LEAD_NS: u64 = 5_000_000;
/// How many times a change polls for the end of another one, each 1 ms.
const MAX_POLLS: u32 = 1000;

/// Changes to a test clock. What is not set, or set to `None`, stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TestSettings {
    at_ns: Option<u64>,
    offset_ns: Option<i64>,
    speed: Option<f64>,
}

impl TestSettings {
    /// Returns the settings that change nothing.
    #[must_use]
    pub fn new() -> Self {
        TestSettings::default()
    }

    /// Sets the time of day from now on, in nanoseconds since 1970.
    #[must_use]
    pub fn at_ns(self, at_ns: impl Into<Option<u64>>) -> Self {
        TestSettings { at_ns: at_ns.into(), ..self }
    }

    /// Sets the change of the time of day in nanoseconds, after `at_ns`.
    #[must_use]
    pub fn offset_ns(self, offset_ns: impl Into<Option<i64>>) -> Self {
        TestSettings { offset_ns: offset_ns.into(), ..self }
    }

    /// Sets how many of its seconds pass in one of the host's; 0 freezes the clock.
    #[must_use]
    pub fn speed(self, speed: impl Into<Option<f64>>) -> Self {
        TestSettings { speed: speed.into(), ..self }
    }
}

/// Creates and changes test clocks.
///
/// # Examples
/// ```
/// use tearfree_clock::{Clock, TestSettings, TestClock};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("test");
/// let frozen = TestSettings::new().at_ns(1_000_000_000_000_000_000).speed(0.0);
/// TestClock::create(&page, frozen)?;
/// let clock = Clock::open_page(&page)?;
/// assert_eq!(clock.realtime(), 1_000_000_000_000_000_000);
///
/// TestClock::change(&page, TestSettings::new().offset_ns(-5))?;
/// assert_eq!(clock.realtime(), 999_999_999_999_999_995);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TestClock;

impl TestClock {
    /// Creates the page of a test clock. With default settings it shows the host's time.
    ///
    /// # Errors
    /// If the page exists already, a setting is out of range, or the system refuses.
    pub fn create(page: impl AsRef<Path>, setting: TestSettings) -> Result<(), Error> {
        let now = host_ns();
        let line = Line::new(now, now, slope(check_speed(setting.speed)?.unwrap_or(1.0)));
        let host = nanoseconds(ClockId::Realtime).wrapping_sub(now).cast_signed();
        let mut record = Record {
            real_offset_ns: host,
            status: Status::Synchronised.to_word(),
            is_test: 1,
            ..Record::from_line(line, Source::Host)
        };
        set_time_of_day(&mut record, now, setting)?;
        record.steps = 0;
        let options = Options::new();
        match Writer::<Record>::take_over(page.as_ref(), &options) {
            Err(tearfree_page::Error::Missing(_) | tearfree_page::Error::OtherBoot(_)) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Err(Error::Exists),
        }
        let writer = Writer::create(page.as_ref(), record, &options)?;
        writer.set_word(word::TIME_NAMESPACE, time_namespace())?;
        Ok(writer.set_word(word::COARSE_NS, record.ns_at(now))?)
    }

    /// Changes a test clock for all programs at once.
    ///
    /// The monotonic time never goes back: a new speed applies after 5 ms. If the caller is preempted
    /// for that long just before it publishes, the time may go back, which
    /// [`Clock::late_publications`](crate::Clock::late_publications) counts.
    ///
    /// # Errors
    /// If there is no such page, it is no test clock, a setting is out of range, or another process holds
    /// the page for longer than a second.
    pub fn change(page: impl AsRef<Path>, setting: TestSettings) -> Result<Record, Error> {
        let speed = check_speed(setting.speed)?;
        // A clock that this process cannot read may belong to another time namespace.
        Clock::open_page(page.as_ref())?;
        let mut writer = take_over(page.as_ref())?;
        let record = writer.get();
        if record.is_test == 0 {
            return Err(Error::NotTestClock);
        }
        // The previous bend has to be over, which takes 5 ms.
        let mut polls = MAX_POLLS;
        while record.line().bends_after(host_ns()) && polls > 0 {
            polls -= 1;
            thread::sleep(Duration::from_millis(1));
        }
        let now = host_ns();
        if now < record.since || record.line().bends_after(now) {
            return Err(Error::TimeNamespace);
        }
        let (record, now) = loop {
            let now = host_ns();
            let changed = apply(record, now, speed, setting)?;
            // If this thread was preempted meanwhile, the bend may be in the past already.
            if speed.is_none() || host_ns() < now + LEAD_NS / 2 {
                break (changed, now);
            }
        };
        publish(page.as_ref(), &mut writer, record, speed.is_some())?;
        writer.set_word(word::COARSE_NS, record.ns_at(now))?;
        Ok(record)
    }
}

/// Publishes a record, and counts a bend that came after its pivot.
fn publish(
    page: &Path,
    writer: &mut Writer<Record>,
    record: Record,
    bends: bool,
) -> Result<(), Error> {
    writer.set(record)?;
    if bends && record.line().pivot < host_ns() {
        count_late(page, writer)?;
    }
    Ok(())
}

fn apply(
    mut record: Record,
    now: u64,
    speed: Option<f64>,
    setting: TestSettings,
) -> Result<Record, Error> {
    if let Some(speed) = speed {
        let line = record.line().rebased(now).bend(now + LEAD_NS, slope(speed));
        record = Record { rate: line.next, ..record.with_line(line) };
    }
    set_time_of_day(&mut record, now, setting)?;
    Ok(record)
}

/// Counts a bend that was published after its pivot: readers may have seen a step back.
fn count_late(page: &Path, writer: &Writer<Record>) -> Result<(), Error> {
    let late = Reader::<Record>::open(page)?.word(word::LATE_PUBLICATIONS);
    Ok(writer.set_word(word::LATE_PUBLICATIONS, late + 1)?)
}

/// Becomes the writer of a page; waits for another process that is changing it.
fn take_over(page: &Path) -> Result<Writer<Record>, Error> {
    let mut polls = MAX_POLLS;
    loop {
        match Writer::take_over(page, &Options::new()) {
            Err(tearfree_page::Error::Busy { .. }) if polls > 0 => {
                polls -= 1;
                thread::sleep(Duration::from_millis(1));
            }
            other => return Ok(other?),
        }
    }
}

fn check_speed(speed: Option<f64>) -> Result<Option<f64>, Error> {
    match speed {
        Some(speed) if !(0.0..=MAX_SPEED).contains(&speed) => {
            Err(Error::Setting("the speed of a test clock must be from 0 to 1000"))
        }
        speed => Ok(speed),
    }
}

fn set_time_of_day(record: &mut Record, now: u64, setting: TestSettings) -> Result<(), Error> {
    const RANGE: &str = "the time of day must be between 1970 and April 2262";
    // `real_offset_ns` has 63 bits.
    const LAST_NS: i128 = i64::MAX as i128;
    if setting.at_ns.is_none() && setting.offset_ns.is_none() {
        return Ok(());
    }
    let mono = i128::from(record.ns_at(now));
    let shown = mono + i128::from(record.real_offset_ns);
    let wanted =
        setting.at_ns.map_or(shown, i128::from) + i128::from(setting.offset_ns.unwrap_or(0));
    if !(0..=LAST_NS).contains(&wanted) {
        return Err(Error::Setting(RANGE));
    }
    record.real_offset_ns = i64::try_from(wanted - mono).map_err(|_| Error::Setting(RANGE))?;
    record.steps = record.steps.wrapping_add(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_NS: u64 = 3_600_000_000_000;

    #[test]
    fn a_bend_that_is_published_after_its_pivot_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("clock");
        TestClock::create(&page, TestSettings::default()).expect("the page is new");
        let clock = Clock::open_page(&page).expect("the clock can be opened");
        let mut writer = take_over(&page).expect("the page is free");
        let straight = writer.get();
        let bent = |pivot| straight.with_line(straight.line().bend(pivot, slope(2.0)));
        let (past, future) = (bent(host_ns() - 1), bent(host_ns() + HOUR_NS));
        let mut late = |record, bends| {
            publish(&page, &mut writer, record, bends).expect("the page is ours");
            clock.late_publications()
        };
        assert_eq!(late(future, true), 0);
        assert_eq!(late(past, true), 1);
        assert_eq!(late(past, true), 2);
        assert_eq!(late(past, false), 2, "the bend is an older one");
        assert_eq!(late(straight, true), 2);
    }

    #[test]
    fn a_clock_that_begins_in_the_future_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("clock");
        TestClock::create(&page, TestSettings::new().speed(2.0)).expect("the page is new");
        let change = |edit: fn(&mut Record)| {
            let mut writer = take_over(&page).expect("the page is free");
            let mut record = writer.get();
            edit(&mut record);
            writer.set(record).expect("the page is ours");
            drop(writer);
            TestClock::change(&page, TestSettings::new().speed(1.0))
        };
        assert!(change(|_| ()).is_ok());
        // As created in a namespace whose `CLOCK_MONOTONIC` is an hour ahead.
        let ahead = change(|record| record.since += HOUR_NS);
        assert!(matches!(ahead, Err(Error::TimeNamespace)), "{ahead:?}");
        let bends = change(|record| {
            record.since -= HOUR_NS;
            record.pivot = host_ns() + HOUR_NS;
        });
        assert!(matches!(bends, Err(Error::TimeNamespace)), "{bends:?}");
    }
}
