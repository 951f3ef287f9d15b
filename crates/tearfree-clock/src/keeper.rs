// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Keeper`: publishes a clock on its page, tick by tick.

use core::time::Duration;
use std::path::Path;
use std::time::Instant;

use tearfree_page::{Options, Reader, Writer};

use crate::alarm::{Alarm, Woken};
use crate::discipline::Discipline;
use crate::error::Error;
use crate::fields::{Record, word};
use crate::host;
use crate::host_time::host_ns;
use crate::line::{counts_in, ns_per_count};
use crate::namespace::{is_other_namespace, time_namespace};
use crate::sample::{HostState, Sample};
use crate::settings::Settings;
use crate::source::Source;
use crate::status::Status;

/// The time between two ticks, and so the resolution of a coarse read.
pub const TICK: Duration = Duration::from_millis(10);
/// How often a publication is prepared, at most: again whenever half of its lead is gone.
const ATTEMPTS: u32 = 4;
/// A clock that is further ahead of the host's is not continued: it would never follow the host again.
const MAX_LEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// The state of a clock after a tick, as its timekeeper knows it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct TickReport {
    /// Whether the clock is synchronised with the host's.
    pub status: Status,
    /// Whether the host's clock is synchronised with UTC, as far as the kernel knows.
    pub utc_status: Status,
    /// The counter.
    pub source: Source,
    /// By how much the host's clock was ahead at the last sample, in nanoseconds.
    pub error_ns: i64,
    /// The published bound of that error.
    pub bound_ns: u64,
    /// The published bound against UTC.
    pub utc_bound_ns: u64,
    /// The speed of the counter against the host's clock, in counts per second.
    pub counts_per_second: f64,
    /// The current slew, in parts per million.
    pub slew_ppm: f64,
    /// How often the time of day was set.
    pub steps: u32,
    /// How often the counter or the host's clock jumped, or the host was suspended.
    pub disruptions: u32,
    /// How many bends were published after their pivot.
    pub late_publications: u64,
    /// How many ticks came more than a tick too late.
    pub late_ticks: u64,
    /// The longest delay of a tick.
    pub worst_delay: Duration,
    /// The number of publications until now, by all timekeepers of this page.
    pub generation: u64,
}

/// Publishes a clock on a page: a timekeeper. A page has one keeper at a time.
///
/// A program calls [`tick`](Self::tick) and [`wait`](Self::wait) in a loop. When it ends, even by a
/// crash, the clock runs on for its readers, and the next keeper continues it without a step.
#[derive(Debug)]
pub struct Keeper {
    page: Writer<Record>,
    source: Source,
    discipline: Discipline,
    lead_counts: u64,
    coarse_ns: u64,
    late_publications: u64,
    alarm: Alarm,
    planned: Instant,
    late_ticks: u64,
    worst_delay: Duration,
}

impl Keeper {
    /// Creates the page of a clock, or takes over one whose keeper is gone, with the best counter of
    /// this machine.
    ///
    /// # Errors
    /// If the page has a keeper, holds something else, or the system refuses.
    pub fn open(page: impl AsRef<Path>, settings: Settings) -> Result<Self, Error> {
        Self::open_with(page, Source::best().0, settings)
    }

    /// As [`open`](Self::open), with the given counter.
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
        let (page, discipline) = match Writer::<Record>::take_over(page.as_ref(), &options) {
            Ok(writer) => {
                let record = writer.get();
                let namespace = earlier_word(word::TIME_NAMESPACE);
                if Source::from_word(record.source) == Some(Source::Host)
                    && is_other_namespace(namespace)
                {
                    return Err(Error::TimeNamespace);
                }
                let discipline = resume(&record, source, settings)?;
                check_lead(coarse_ns)?;
                (writer, discipline)
            }
            Err(tearfree_page::Error::Missing(_) | tearfree_page::Error::OtherBoot(_)) => {
                let mut discipline = start(source, settings);
                let record = discipline.tick(host::sample(source), &host::read_state());
                (Writer::create(page.as_ref(), record, &options)?, discipline)
            }
            Err(error) => return Err(error.into()),
        };
        page.set_word(word::TIME_NAMESPACE, time_namespace())?;
        Ok(Keeper {
            page,
            source,
            lead_counts: counts_in(nanos(settings.lead), discipline.line().next),
            discipline,
            coarse_ns,
            late_publications: late,
            alarm: Alarm::new().map_err(|error| Error::System("create a timer", error))?,
            planned: Instant::now() + TICK,
            late_ticks: 0,
            worst_delay: Duration::ZERO,
        })
    }

    /// Compares the counter with the host's clock, and publishes the next record.
    ///
    /// # Errors
    /// If another keeper has the page, or it was removed: this one can only end.
    pub fn tick(&mut self) -> Result<TickReport, Error> {
        let (record, sample, bends) = self.prepare();
        self.page.set_from(&record)?;
        let published = self.source.read_ordered();
        let line = self.discipline.line();
        // A line of one slope has no bend that could be late.
        if bends && line.mult != line.next && published > line.pivot {
            self.late_publications += 1;
            self.page.set_word(word::LATE_PUBLICATIONS, self.late_publications)?;
        }
        self.coarse_ns = self.coarse_ns.max(record.ns_at(published));
        self.page.set_word(word::COARSE_NS, self.coarse_ns)?;
        Ok(self.report(&record, sample))
    }

    /// Prepares the next record; returns also whether it bends the line.
    fn prepare(&mut self) -> (Record, Sample, bool) {
        let source = self.source;
        let sample = || (host::sample(source), host::read_state());
        prepare(&mut self.discipline, self.lead_counts, sample, || source.read_ordered())
    }

    /// Sleeps until the next tick is due, or until the host's clock is set.
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
            // If the page is lost, the next tick says so.
            let _ = self.page.set_word(word::LATE_TICKS, self.late_ticks);
            let _ = self.page.set_word(word::WORST_DELAY_NS, nanos(self.worst_delay));
        }
        self.planned = now + TICK;
        woken
    }

    fn report(&self, record: &Record, sample: Sample) -> TickReport {
        let middle = sample.before + (sample.after - sample.before) / 2;
        let rate = ns_per_count(record.rate);
        TickReport {
            status: Status::from_word(record.status),
            utc_status: Status::from_word(record.utc_status),
            source: self.source,
            error_ns: sample.host_ns.wrapping_sub(record.ns_at(middle)).cast_signed(),
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

/// As [`Keeper::prepare`]. If the thread was preempted meanwhile, so that the bend is too near, the record
/// is prepared again.
fn prepare(
    discipline: &mut Discipline,
    lead_counts: u64,
    mut sample: impl FnMut() -> (Sample, HostState),
    mut now: impl FnMut() -> u64,
) -> (Record, Sample, bool) {
    let before = discipline.clone();
    let mut attempts = ATTEMPTS;
    loop {
        let (sample, host) = sample();
        let record = discipline.tick(sample, &host);
        let pivot = discipline.line().pivot;
        let bends = pivot != before.line().pivot;
        let left = pivot.saturating_sub(now());
        attempts -= 1;
        if !bends || left > lead_counts / 2 || attempts == 0 {
            return (record, sample, bends);
        }
        *discipline = before.clone();
    }
}

fn start(source: Source, settings: Settings) -> Discipline {
    let ns_per_count = host::estimate_ns_per_count(source);
    Discipline::new(source, host::sample(source), ns_per_count, settings)
}

/// Continues the clock that a page holds. With another counter it begins a new line at the old one's
/// current time.
fn resume(record: &Record, source: Source, settings: Settings) -> Result<Discipline, Error> {
    if record.is_test != 0 {
        return Err(Error::TestClock);
    }
    record.check_slopes().map_err(Error::Record)?;
    match Source::from_word(record.source) {
        Some(previous) if previous.is_supported() => {
            let now_ns = || record.ns_at(previous.read_ordered());
            check_lead(now_ns())?;
            if previous == source {
                return Ok(Discipline::from_record(record, settings));
            }
            let started = start(source, settings);
            // Not before: `start` takes a while, in which readers go on.
            Ok(started.not_before(now_ns()))
        }
        _ => Err(Error::Source(record.source)),
    }
}

/// Refuses a time that is much later than the host's.
fn check_lead(ns: u64) -> Result<(), Error> {
    match ns > host_ns().saturating_add(nanos(MAX_LEAD)) {
        true => Err(Error::Record("its time is more than a day ahead of the host's")),
        false => Ok(()),
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;

    use super::*;

    const TICK_COUNTS: u64 = 10_000_000;

    /// Prepares records on a perfect host, of one count per nanosecond, until one has a bend. From then on
    /// each attempt takes the next of the given parts of the lead. Returns the number of attempts, and how
    /// much of the lead is left.
    fn attempts(parts: &[f64]) -> (usize, f64) {
        let lead_counts = 100_000_000;
        let (count, samples) = (Cell::new(1 << 40), Cell::new(0));
        let sample = || {
            samples.set(samples.get() + 1);
            let before = count.get();
            let host = HostState {
                real_offset_ns: (0, 0),
                utc_error_ns: 0,
                utc_is_synchronised: false,
                tai_offset: 0,
                suspended_ns: 0,
            };
            (Sample { before, after: before + 20, host_ns: before + 10 }, host)
        };
        let mut discipline = Discipline::new(Source::Tsc, sample().0, 1.0, Settings::default());
        loop {
            count.set(count.get() + TICK_COUNTS);
            samples.set(0);
            // A slow attempt makes only such a record late that bends.
            let mut took = parts.iter();
            let now = || {
                count.set(count.get() + (took.next().unwrap_or(&0.0) * lead_counts as f64) as u64);
                count.get()
            };
            let (.., bends) = prepare(&mut discipline, lead_counts, sample, now);
            if bends {
                let left = discipline.line().pivot - count.get();
                return (samples.get(), left as f64 / lead_counts as f64);
            }
        }
    }

    #[test]
    fn the_lead_is_that_of_the_settings() {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings::new().lead(Duration::from_millis(70));
        let keeper = Keeper::open_with(folder.path().join("clock"), Source::Host, settings);
        // A count of this counter is a nanosecond.
        assert_eq!(keeper.expect("the page is new").lead_counts, 70_000_000);
    }

    #[test]
    fn a_bend_is_prepared_again_when_half_of_its_lead_is_gone() {
        assert_eq!(attempts(&[0.4]).0, 1);
        let (number, left) = attempts(&[0.6, 0.6]);
        assert!(number == 3 && left > 0.9, "{number} attempts, {left}");
        // On a machine that is always too slow the last attempt is published.
        let (number, left) = attempts(&[0.6; 10]);
        assert!(number == 4 && left < 0.5, "{number} attempts, {left}");
    }
}
