// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Discipline`: the control loop that makes a clock follow the host's. Samples go in, records come out.
//!
//! It does no input or output, so hours of it can be simulated in seconds.

use core::time::Duration;
use std::collections::VecDeque;

use crate::fields::Record;
use crate::line::{Line, MAX_SLEW_PPB, counts_in, ns_in, ns_per_count, slope};
use crate::offset::Offset;
use crate::sample::{HostState, Sample};
use crate::settings::Settings;
use crate::source::Source;
use crate::status::Status;
use crate::window::{Point, Window};

/// The largest change of the host's slope between two samples: what the kernel's NTP code allows.
const HOST_DRIFT_PPB: u64 = 500_000;
/// The error of the estimated slope.
const ESTIMATE_PPB: u64 = 1_000;
/// The largest error of a clock that counts as synchronised.
const CLOSE_NS: u64 = 100_000;
/// After a disruption, a clock that is behind by more than this is stepped forward: slewing would take
/// more than half an hour.
const STEP_NS: i64 = 1_000_000_000;
/// The largest difference between the counters of two processors.
const SKEW: Duration = Duration::from_micros(1);
/// How many samples in a row have to agree before a jump of the host's clock is followed.
const QUORUM: usize = 3;

/// A bound that holds at a count.
#[derive(Clone, Copy, Debug)]
struct Bound {
    count: u64,
    ns: u64,
}

/// Follows the host's clock, sample by sample.
///
/// As long as the host changes the slope of its own clock by at most 500 ppm between two samples:
/// * the time of the records never decreases;
/// * it is slewed by at most 500 ppm against the estimated slope of the host's clock;
/// * it is always within [`Record::bound_at`] of the host's clock, except between a jump of that clock
///   and the next sample.
#[derive(Clone, Debug)]
pub struct Discipline {
    settings: Settings,
    source: Source,
    line: Line,
    /// Nanoseconds of the host's clock per count.
    rate: f64,
    window: Window,
    bound: Bound,
    /// The count of the last accepted sample.
    last_accepted: u64,
    /// The count of the last sample.
    last_count: u64,
    /// The last sample, accepted or not.
    previous: Option<Sample>,
    /// The last accepted samples.
    accepted: VecDeque<Sample>,
    /// Samples outside the bound.
    outliers: Vec<Sample>,
    /// The error by the last sample, if it was not accepted.
    unconfirmed_ns: u64,
    next_steer: u64,
    drift_ppb: u32,
    status: Status,
    offset: Offset,
    disruptions: u32,
    suspended_ns: Option<u64>,
}

impl Discipline {
    /// Starts a clock at a sample. `ns_per_count` is a first estimate, with an error of up to a tenth of
    /// a percent.
    ///
    /// # Panics
    /// If `ns_per_count` is not between 0 and 4000.
    #[must_use]
    pub fn new(source: Source, sample: Sample, ns_per_count: f64, settings: Settings) -> Self {
        assert!(ns_per_count > 0.0 && ns_per_count < 4000.0, "{ns_per_count} ns per count");
        let line = Line::new(sample.after, sample.host_ns, slope(ns_per_count));
        Self::with_line(source, line, ns_per_count, sample.after, settings)
    }

    /// Steps a new clock forward, so that it begins at `floor_ns` or later.
    #[must_use]
    pub fn not_before(mut self, floor_ns: u64) -> Self {
        let ahead_ns = floor_ns.saturating_sub(self.line.mono_ns);
        self.line.mono_ns += ahead_ns;
        self.bound.ns += ahead_ns;
        self
    }

    /// Continues the clock of another timekeeper without a step.
    #[must_use]
    pub fn from_record(record: &Record, settings: Settings) -> Self {
        let rate = ns_per_count(record.rate);
        let source = Source::from_word(record.source).unwrap_or(Source::Host);
        let mut discipline = Self::with_line(source, record.line(), rate, record.since, settings);
        discipline.bound.ns = record.bound_ns;
        discipline.drift_ppb = record.drift_ppb;
        discipline.offset = Offset::from_previous(record.real_offset_ns, record.steps);
        discipline.disruptions = record.disruptions;
        discipline
    }

    fn with_line(source: Source, line: Line, rate: f64, count: u64, settings: Settings) -> Self {
        let mut discipline = Discipline {
            settings,
            source,
            line,
            rate,
            window: Window::default(),
            bound: Bound { count, ns: CLOSE_NS },
            last_accepted: count,
            last_count: count,
            previous: None,
            accepted: VecDeque::new(),
            outliers: Vec::new(),
            unconfirmed_ns: 0,
            next_steer: 0,
            drift_ppb: 0,
            status: Status::FreeRunning,
            offset: Offset::default(),
            disruptions: 0,
            suspended_ns: None,
        };
        discipline.drift_ppb = discipline.max_drift();
        discipline
    }

    /// Takes a sample, and returns the record to publish.
    pub fn tick(&mut self, sample: Sample, host: &HostState) -> Record {
        self.detect_suspend(host.suspended_ns);
        if sample.before + self.counts(SKEW) < self.last_count {
            self.restart(sample);
        }
        self.last_count = sample.after;
        let error = self.measure_error(sample);
        let allowed = i64::try_from(self.bound_at(sample.after)).unwrap_or(i64::MAX);
        let confirmed = self.previous.is_some_and(|previous| self.agree(previous, sample));
        self.previous = Some(sample);
        match error.0 <= allowed && error.1 >= -allowed {
            true if confirmed => {
                self.detect_jump(sample);
                self.accept(sample, error);
            }
            // No other sample agrees. It may be right, but nothing else may depend on it.
            true => self.unconfirmed_ns = max_error(error),
            false => self.add_outlier(sample, error),
        }
        self.steer(sample.after);
        self.offset.observe(host.real_offset_ns);
        self.record(sample.after, host)
    }

    /// Returns by how much the host's clock is ahead of the line, at least and at most.
    fn measure_error(&self, sample: Sample) -> (i64, i64) {
        let ahead = |ns: u64| {
            let difference = i128::from(sample.host_ns) - i128::from(ns);
            i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
        };
        (ahead(self.line.ns_at(sample.after)), ahead(self.line.ns_at(sample.before)))
    }

    /// Detects a jump of the host's clock within the bound: two samples agree, and most of the accepted
    /// ones, of which one may be wrong, disagree with them.
    fn detect_jump(&mut self, sample: Sample) {
        let disagreeing =
            self.accepted.iter().filter(|earlier| !self.agree(**earlier, sample)).count();
        if self.accepted.len() == QUORUM && disagreeing * 2 > QUORUM {
            self.count_disruption();
            self.next_steer = 0;
        }
    }

    fn accept(&mut self, sample: Sample, error: (i64, i64)) {
        self.outliers.clear();
        self.accepted.push_back(sample);
        if self.accepted.len() > QUORUM {
            self.accepted.pop_front();
        }
        self.unconfirmed_ns = 0;
        self.last_accepted = sample.after;
        let measured = max_error(error);
        // After an interruption within the sample, the older bound may be the tighter one.
        if measured <= self.bound_at(sample.before) {
            self.bound = Bound { count: sample.before, ns: measured };
        }
        let spacing = self.counts(self.settings.steer / 2);
        self.window.push(point(sample), spacing);
        self.status = match self.window.is_full() && measured < CLOSE_NS {
            true => Status::Synchronised,
            false if self.status == Status::Synchronised => Status::FreeRunning,
            false => self.status,
        };
    }

    /// Keeps a sample outside the bound. Until others agree, the bound has to cover both.
    fn add_outlier(&mut self, sample: Sample, error: (i64, i64)) {
        self.unconfirmed_ns = max_error(error);
        self.outliers.push(sample);
        if self.outliers.len() < QUORUM {
            return;
        }
        if self.outliers.windows(2).all(|pair| self.agree(pair[0], pair[1])) {
            self.follow_jump(sample, error);
        } else {
            self.outliers.remove(0);
        }
    }

    /// Whether the host's clock and the counter agree on the time between two samples, within 1000 ppm.
    fn agree(&self, earlier: Sample, later: Sample) -> bool {
        let counted = later.after.saturating_sub(earlier.after) as f64 * self.rate;
        let passed = later.host_ns as f64 - earlier.host_ns as f64;
        let widths = (later.width() + earlier.width()) as f64;
        (passed - counted).abs() <= counted / 1000.0 + widths * self.rate + 100.0
    }

    /// Follows a jump of the host's clock against the counter, and counts it.
    fn follow_jump(&mut self, sample: Sample, error: (i64, i64)) {
        self.follow_rate(self.outliers[0], sample);
        self.count_disruption();
        let ahead = error.0;
        if ahead > STEP_NS {
            self.line = Line::new(sample.before, sample.host_ns, slope(self.rate));
            self.drift_ppb = self.max_drift();
        }
        let measured = max_error(self.measure_error(sample));
        self.bound = Bound { count: sample.before, ns: measured };
        self.accept(sample, self.measure_error(sample));
        self.next_steer = 0;
    }

    /// Follows a jump of the host's rate: otherwise the next samples would be outside the bound again.
    /// Smaller changes are left to the window, which has more samples.
    fn follow_rate(&mut self, earlier: Sample, later: Sample) {
        let Some(counted) = later.after.checked_sub(earlier.after).filter(|counts| *counts > 0)
        else {
            return;
        };
        let rate = (later.host_ns as f64 - earlier.host_ns as f64) / counted as f64;
        let widths = (later.width() + earlier.width()) as f64;
        let certain = (rate / self.rate - 1.0).abs() - widths / counted as f64;
        if certain * 1e9 > (HOST_DRIFT_PPB / 2) as f64 {
            self.rate = rate;
            self.drift_ppb = self.max_drift();
        }
    }

    /// Continues after the counter was set back, as in a virtual machine restored from a snapshot.
    fn restart(&mut self, sample: Sample) {
        self.count_disruption();
        // Readers have read at unknown counts since, for as long as the host's clock says and a little.
        let passed_ns = self.previous.map_or(0, |p| sample.host_ns.saturating_sub(p.host_ns));
        let passed = Duration::from_nanos(passed_ns + passed_ns / 500);
        let floor = self.line.ns_at(self.last_count.saturating_add(self.counts(passed)));
        self.line = Line::new(sample.before, sample.host_ns.max(floor), slope(self.rate));
        let measured = max_error(self.measure_error(sample));
        self.bound = Bound { count: sample.before, ns: measured };
        self.last_accepted = sample.after;
        self.next_steer = 0;
    }

    fn count_disruption(&mut self) {
        self.disruptions = self.disruptions.wrapping_add(1);
        self.status = Status::Disrupted;
        self.outliers.clear();
        self.accepted.clear();
        self.window.clear();
    }

    fn detect_suspend(&mut self, suspended_ns: u64) {
        // The two clocks are read one after the other, so small differences are noise.
        let was_suspended =
            self.suspended_ns.is_some_and(|before| suspended_ns > before + 10_000_000);
        if was_suspended {
            self.count_disruption();
        }
        if was_suspended || self.suspended_ns.is_none() {
            self.suspended_ns = Some(suspended_ns);
        }
    }

    /// Bends the line at a count in the future.
    fn steer(&mut self, now: u64) {
        if now < self.next_steer || self.line.bends_after(now) || !self.outliers.is_empty() {
            return;
        }
        let Some(fit) = self.window.fit() else { return };
        self.rate = fit.rate;
        let ahead_ns = fit.ahead_of(self.line.ns_at(now), now);
        // The error is corrected within two periods.
        let wanted = ahead_ns / (2.0 * self.settings.steer.as_nanos() as f64);
        let limit = MAX_SLEW_PPB as f64 / 1e9;
        let mult = slope(self.rate * (1.0 + wanted.clamp(-limit, limit)));
        // From here on the bound grows at another rate, so add its growth until now.
        self.bound = Bound { count: now, ns: self.bound_at(now) };
        self.line = self.line.rebased(now).bend(now + self.counts(self.settings.lead), mult);
        self.drift_ppb = self.max_drift();
        self.next_steer = now + self.counts(self.settings.steer);
    }

    /// Returns how fast the line and the host's clock can diverge.
    fn max_drift(&self) -> u32 {
        let slew_ppb = |mult| ((ns_per_count(mult) / self.rate - 1.0).abs() * 1e9).ceil() as u64;
        let most = slew_ppb(self.line.mult).max(slew_ppb(self.line.next));
        u32::try_from(HOST_DRIFT_PPB + ESTIMATE_PPB + most).unwrap_or(u32::MAX)
    }

    /// Returns the bound at a count: it grows with time.
    fn bound_at(&self, count: u64) -> u64 {
        let passed_ns = ns_in(count.saturating_sub(self.bound.count), self.line.steepest());
        let growth = u128::from(passed_ns) * u128::from(self.drift_ppb) / 1_000_000_000 + 1;
        self.bound.ns.saturating_add(u64::try_from(growth).unwrap_or(u64::MAX))
    }

    fn counts(&self, time: Duration) -> u64 {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        counts_in(ns, slope(self.rate))
    }

    fn record(&self, now: u64, host: &HostState) -> Record {
        let (since, bound_ns) = match self.unconfirmed_ns {
            0 => (self.bound.count, self.bound.ns),
            unconfirmed_ns => (now, self.bound_at(now).max(unconfirmed_ns)),
        };
        let (real_offset_ns, offset_error_ns) = self.offset.value();
        let utc_error_ns = host.utc_error_ns.saturating_add(offset_error_ns);
        Record {
            real_offset_ns,
            bound_ns,
            free_after: self.last_accepted.saturating_add(self.counts(self.settings.free_after)),
            unknown_after: self
                .last_accepted
                .saturating_add(self.counts(self.settings.unknown_after)),
            utc_bound_ns: utc_error_ns.saturating_add(bound_ns),
            drift_ppb: self.drift_ppb,
            steps: self.offset.steps(),
            status: self.status.to_word(),
            utc_status: self.utc_status(host).to_word(),
            disruptions: self.disruptions,
            tai_offset: host.tai_offset,
            rate: slope(self.rate),
            ..Record::from_line(self.line.rebased(since), self.source)
        }
    }

    fn utc_status(&self, host: &HostState) -> Status {
        if host.utc_is_synchronised { self.status } else { Status::Unknown }
    }

    /// Returns the current line.
    #[must_use]
    pub fn line(&self) -> Line {
        self.line
    }
}

/// Returns the largest magnitude of an error, including rounding.
fn max_error(error: (i64, i64)) -> u64 {
    error.0.unsigned_abs().max(error.1.unsigned_abs()).saturating_add(1)
}

fn point(sample: Sample) -> Point {
    let width = sample.width();
    Point { count: sample.before + width / 2, host_ns: sample.host_ns, width }
}
