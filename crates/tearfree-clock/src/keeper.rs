// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Keeper`: keeps a clock's page, tick by tick.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use tearfree_page::{Options, Reader, Writer};

use crate::alarm::{Alarm, Woken};
use crate::error::Error;
use crate::host;
use crate::line::{counts_in, ns_per_count};
use crate::namespace::{is_elsewhere, time_namespace};
use crate::record::{Record, word};
use crate::settings::Settings;
use crate::source::Source;
use crate::status::Status;
use crate::timekeeper::{Sample, Timekeeper};

/// The time between two ticks: as often, a coarse read moves on.
pub const TICK: Duration = Duration::from_millis(10);
/// A publication is prepared anew if half of its lead is gone; but not for ever.
const ATTEMPTS: u32 = 4;

/// What a timekeeper knows about its clock after a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// How the clock stands to the host's.
    pub status: Status,
    /// How the host's clock stands to UTC, as far as the kernel knows.
    pub utc_status: Status,
    /// The counter.
    pub source: Source,
    /// Nanoseconds by which the host's clock was ahead, in the middle of the last comparison.
    pub error_ns: i64,
    /// The published bound of that.
    pub bound_ns: u64,
    /// The published bound against UTC.
    pub utc_bound_ns: u64,
    /// The speed of the counter against the host's clock, in counts per second.
    pub counts_per_second: f64,
    /// The slewing that is under way, in parts per million.
    pub slew_ppm: f64,
    /// How often the time of day was set.
    pub steps: u32,
    /// How often the counter or the host's clock jumped, or the host slept.
    pub disruptions: u32,
    /// Bends that were published after their pivot.
    pub late_publications: u64,
    /// Ticks that came more than a tick too late.
    pub late_ticks: u64,
    /// By how much the latest of them was late.
    pub worst_delay: Duration,
    /// Publications until now, of all timekeepers of this page.
    pub generation: u64,
}

/// Keeps the page of a clock. There is one keeper of a page at a time.
///
/// A program calls [`tick`](Self::tick), then [`wait`](Self::wait), for ever. When it ends, in
/// whatever way, the clock goes on for its readers, and the next keeper goes on with it where it is,
/// without a step.
#[derive(Debug)]
pub struct Keeper {
    page: Writer<Record>,
    source: Source,
    timekeeper: Timekeeper,
    lead_counts: u64,
    coarse_ns: u64,
    late_publications: u64,
    alarm: Alarm,
    planned: Instant,
    late_ticks: u64,
    worst_delay: Duration,
}

impl Keeper {
    /// Makes the page of a clock, or goes on with one whose keeper is gone, by the best counter of
    /// this machine.
    ///
    /// # Errors
    /// If the page has a keeper, holds something else, or the system refuses.
    pub fn open(page: impl AsRef<Path>, settings: Settings) -> Result<Self, Error> {
        Self::open_with(page, Source::best().0, settings)
    }

    /// As [`open`](Self::open), by a counter of the caller's choice.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_with(
        page: impl AsRef<Path>,
        source: Source,
        settings: Settings,
    ) -> Result<Self, Error> {
        let options = Options::new().lifetime(settings.free_after);
        let earlier = Reader::<Record>::open(page.as_ref());
        let earlier_word = |index| earlier.as_ref().map_or(0, |reader| reader.word(index));
        let (coarse_ns, late) =
            (earlier_word(word::COARSE_NS), earlier_word(word::LATE_PUBLICATIONS));
        let (page, timekeeper) = match Writer::<Record>::take_over(page.as_ref(), &options) {
            Ok(writer) => {
                let record = writer.get();
                let there = earlier_word(word::TIME_NAMESPACE);
                if Source::of(record.source) == Some(Source::Host) && is_elsewhere(there) {
                    return Err(Error::TimeNamespace);
                }
                let timekeeper = resume(&record, source, settings)?;
                (writer, timekeeper)
            }
            Err(tearfree_page::Error::Missing(_) | tearfree_page::Error::OtherBoot(_)) => {
                let mut timekeeper = begin(source, settings);
                let record = timekeeper.tick(host::sample(source), &host::surroundings());
                (Writer::create(page.as_ref(), record, &options)?, timekeeper)
            }
            Err(error) => return Err(error.into()),
        };
        page.set_word(word::TIME_NAMESPACE, time_namespace());
        Ok(Keeper {
            page,
            source,
            lead_counts: counts_in(nanos(settings.lead), timekeeper.line().next),
            timekeeper,
            coarse_ns,
            late_publications: late,
            alarm: Alarm::new().map_err(|error| Error::System("make a timer", error))?,
            planned: Instant::now() + TICK,
            late_ticks: 0,
            worst_delay: Duration::ZERO,
        })
    }

    /// Compares the counter with the host's clock and publishes what follows from it.
    pub fn tick(&mut self) -> Report {
        let (record, sample, bends) = self.prepare();
        self.page.set_from(&record);
        let published = self.source.ordered();
        let line = self.timekeeper.line();
        // A line of one slope has no bend that could be late.
        if bends && line.mult != line.next && published > line.pivot {
            self.late_publications += 1;
            self.page.set_word(word::LATE_PUBLICATIONS, self.late_publications);
        }
        self.coarse_ns = self.coarse_ns.max(record.at(published));
        self.page.set_word(word::COARSE_NS, self.coarse_ns);
        self.report(&record, sample)
    }

    /// The next record, and whether it bends the line. If the system took the processor away in the
    /// meantime, so that the bend is too near, it is prepared anew.
    fn prepare(&mut self) -> (Record, Sample, bool) {
        let before = self.timekeeper.clone();
        let mut attempts = ATTEMPTS;
        loop {
            let sample = host::sample(self.source);
            let record = self.timekeeper.tick(sample, &host::surroundings());
            let pivot = self.timekeeper.line().pivot;
            let bends = pivot != before.line().pivot;
            let left = pivot.saturating_sub(self.source.ordered());
            attempts -= 1;
            if !bends || left > self.lead_counts / 2 || attempts == 0 {
                return (record, sample, bends);
            }
            self.timekeeper = before.clone();
        }
    }

    /// Sleeps until the next tick is due, or until somebody sets the host's clock.
    pub fn wait(&mut self) -> Woken {
        let woken = self.alarm.sleep(self.planned.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        if now < self.planned {
            return woken;
        }
        let delay = now - self.planned;
        if delay > TICK {
            self.late_ticks += 1;
            self.worst_delay = self.worst_delay.max(delay);
            self.page.set_word(word::LATE_TICKS, self.late_ticks);
            self.page.set_word(word::WORST_DELAY_NS, nanos(self.worst_delay));
        }
        self.planned = now + TICK;
        woken
    }

    fn report(&self, record: &Record, sample: Sample) -> Report {
        let middle = sample.before + (sample.after - sample.before) / 2;
        let rate = ns_per_count(record.rate);
        Report {
            status: Status::of(record.status),
            utc_status: Status::of(record.utc_status),
            source: self.source,
            error_ns: sample.host_ns.wrapping_sub(record.at(middle)).cast_signed(),
            bound_ns: record.bound_at(sample.after),
            utc_bound_ns: record.utc_bound_at(sample.after).unwrap_or(u64::MAX),
            counts_per_second: 1e9 / rate,
            slew_ppm: (ns_per_count(record.next) / rate - 1.0) * 1e6,
            steps: record.steps,
            disruptions: record.disruptions,
            late_publications: self.late_publications,
            late_ticks: self.late_ticks,
            worst_delay: self.worst_delay,
            generation: self.page.generation(),
        }
    }
}

fn begin(source: Source, settings: Settings) -> Timekeeper {
    let ns_per_count = host::first_estimate(source);
    Timekeeper::start(source, host::sample(source), ns_per_count, settings)
}

/// Goes on with the clock that a page holds. With another counter it is a new line, which begins
/// where the old one is now.
fn resume(record: &Record, source: Source, settings: Settings) -> Result<Timekeeper, Error> {
    if record.is_test != 0 {
        return Err(Error::IsTest);
    }
    match Source::of(record.source) {
        Some(theirs) if theirs == source => Ok(Timekeeper::resume(record, settings)),
        Some(theirs) if theirs.is_here() => {
            Ok(begin(source, settings).not_before(record.at(theirs.ordered())))
        }
        _ => Err(Error::Source(record.source)),
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
