// SPDX-License-Identifier: MIT OR Apache-2.0
//! `TestClock`: a time that is set at will, for the programs that look at its page.
//!
//! It counts by the host's `CLOCK_MONOTONIC`, so it needs no keeper: its line is right until somebody
//! changes it, and whoever changes it is its writer for that moment only.

use core::time::Duration;
use std::path::Path;
use std::thread;

use rustix::time::ClockId;
use tearfree_page::{Options, Reader, Writer};

use crate::clock::Clock;
use crate::error::Error;
use crate::line::{Line, slope};
use crate::namespace::time_namespace;
use crate::record::{Record, word};
use crate::source::{Source, host_ns, nanoseconds};
use crate::status::Status;

/// The fastest test clock; the slope would have room for four times as much.
pub const MAX_SPEED: f64 = 1000.0;
/// A bend is published so long before its pivot.
const LEAD_NS: u64 = 5_000_000;
/// How often a change waits for another one to be done, 1 ms each time.
const PATIENCE: u32 = 1000;

/// What a test clock is told. What is not given stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Setting {
    /// The time of day that it shows now, in nanoseconds since 1970.
    pub at_ns: Option<u64>,
    /// By how much the time of day is moved, in nanoseconds, after `at_ns`.
    pub offset_ns: Option<i64>,
    /// How many of its seconds pass in one of the host's; 0 is a clock that stands still.
    pub speed: Option<f64>,
}

/// Makes and changes test clocks.
///
/// # Examples
/// ```
/// use tearfree_clock::{Clock, Setting, TestClock};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("test");
/// let frozen = Setting { at_ns: Some(1_000_000_000_000_000_000), speed: Some(0.0), ..Setting::default() };
/// TestClock::create(&page, frozen)?;
/// let clock = Clock::open_page(&page)?;
/// assert_eq!(clock.realtime(), 1_000_000_000_000_000_000);
///
/// TestClock::change(&page, Setting { offset_ns: Some(-5), ..Setting::default() })?;
/// assert_eq!(clock.realtime(), 999_999_999_999_999_995);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TestClock;

impl TestClock {
    /// Makes the page of a test clock. Without any setting it shows the host's time.
    ///
    /// # Errors
    /// If there is a page already, if the setting cannot be, or the system refuses.
    pub fn create(page: impl AsRef<Path>, setting: Setting) -> Result<(), Error> {
        let now = host_ns();
        let line = Line::new(now, now, slope(checked(setting.speed)?.unwrap_or(1.0)));
        let host = nanoseconds(ClockId::Realtime).wrapping_sub(now).cast_signed();
        let mut record = Record {
            real_offset_ns: host,
            status: Status::Synchronised.word(),
            is_test: 1,
            ..Record::of_line(line, Source::Host)
        };
        set_time_of_day(&mut record, now, setting)?;
        record.steps = 0;
        let options = Options::new();
        match Writer::<Record>::take_over(page.as_ref(), &options) {
            Err(tearfree_page::Error::Missing(_) | tearfree_page::Error::OtherBoot(_)) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Err(Error::IsThere),
        }
        let writer = Writer::create(page.as_ref(), record, &options)?;
        writer.set_word(word::TIME_NAMESPACE, time_namespace());
        writer.set_word(word::COARSE_NS, record.at(now));
        Ok(())
    }

    /// Changes a test clock, for all programs that look at it, at once. The monotonic time never goes
    /// back: another speed holds from a moment on that is 5 ms ahead. If the caller loses its processor
    /// for as long as that between two instructions, it may go back; that is counted, see
    /// [`Clock::late_publications`](crate::Clock::late_publications).
    ///
    /// # Errors
    /// If there is none, if it is no test clock, if the setting cannot be, or if another process holds
    /// the page for longer than a second.
    pub fn change(page: impl AsRef<Path>, setting: Setting) -> Result<Record, Error> {
        let speed = checked(setting.speed)?;
        // Whoever cannot read it must not set it: it may count by the clock of another namespace.
        Clock::open_page(page.as_ref())?;
        let mut writer = hold(page.as_ref())?;
        let record = writer.get();
        if record.is_test == 0 {
            return Err(Error::NotATest);
        }
        // The bend before has to be over, which takes 5 ms.
        let mut patience = PATIENCE;
        while record.line().bends_after(host_ns()) && patience > 0 {
            patience -= 1;
            thread::sleep(Duration::from_millis(1));
        }
        let now = host_ns();
        if now < record.since || record.line().bends_after(now) {
            return Err(Error::TimeNamespace);
        }
        let (record, now) = loop {
            let now = host_ns();
            let changed = changed(record, now, speed, setting)?;
            // If the system took the processor away meanwhile, the bend may be over already.
            if speed.is_none() || host_ns() < now + LEAD_NS / 2 {
                break (changed, now);
            }
        };
        writer.set(record);
        if speed.is_some() && record.line().pivot < host_ns() {
            count_late(page.as_ref(), &writer)?;
        }
        writer.set_word(word::COARSE_NS, record.at(now));
        Ok(record)
    }
}

fn changed(
    mut record: Record,
    now: u64,
    speed: Option<f64>,
    setting: Setting,
) -> Result<Record, Error> {
    if let Some(speed) = speed {
        let line = record.line().from(now).bend(now + LEAD_NS, slope(speed));
        record = Record { rate: line.next, ..record.with_line(line) };
    }
    set_time_of_day(&mut record, now, setting)?;
    Ok(record)
}

/// The bend was published after its pivot: somebody may have seen a step back.
fn count_late(page: &Path, writer: &Writer<Record>) -> Result<(), Error> {
    let late = Reader::<Record>::open(page)?.word(word::LATE_PUBLICATIONS);
    writer.set_word(word::LATE_PUBLICATIONS, late + 1);
    Ok(())
}

/// Becomes the writer of a page, after whoever changes it just now.
fn hold(page: &Path) -> Result<Writer<Record>, Error> {
    let mut patience = PATIENCE;
    loop {
        match Writer::take_over(page, &Options::new()) {
            Err(tearfree_page::Error::Busy { .. }) if patience > 0 => {
                patience -= 1;
                thread::sleep(Duration::from_millis(1));
            }
            other => return Ok(other?),
        }
    }
}

fn checked(speed: Option<f64>) -> Result<Option<f64>, Error> {
    match speed {
        Some(speed) if !(0.0..=MAX_SPEED).contains(&speed) => {
            Err(Error::Setting("a test clock runs at a speed from 0 to 1000"))
        }
        speed => Ok(speed),
    }
}

fn set_time_of_day(record: &mut Record, now: u64, setting: Setting) -> Result<(), Error> {
    const RANGE: &str = "the time of day would be before 1970 or after 2500";
    const YEAR_2500_NS: i128 = 16_725_225_600_000_000_000;
    if setting.at_ns.is_none() && setting.offset_ns.is_none() {
        return Ok(());
    }
    let mono = i128::from(record.at(now));
    let shown = mono + i128::from(record.real_offset_ns);
    let wanted =
        setting.at_ns.map_or(shown, i128::from) + i128::from(setting.offset_ns.unwrap_or(0));
    if !(0..=YEAR_2500_NS).contains(&wanted) {
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
    fn a_clock_that_begins_in_the_future_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("clock");
        TestClock::create(&page, Setting { speed: Some(2.0), ..Setting::default() }).expect("new");
        let change = |pivot_and_since: fn(&mut Record)| {
            let mut writer = hold(&page).expect("nobody else has it");
            let mut record = writer.get();
            pivot_and_since(&mut record);
            writer.set(record);
            drop(writer);
            TestClock::change(&page, Setting { speed: Some(1.0), ..Setting::default() })
        };
        assert!(change(|_| ()).is_ok());
        // As made where `CLOCK_MONOTONIC` is an hour ahead.
        let ahead = change(|record| record.since += HOUR_NS);
        assert!(matches!(ahead, Err(Error::TimeNamespace)), "{ahead:?}");
        let bends = change(|record| {
            record.since -= HOUR_NS;
            record.pivot = host_ns() + HOUR_NS;
        });
        assert!(matches!(bends, Err(Error::TimeNamespace)), "{bends:?}");
    }
}
