// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Timekeeper`: from comparisons with the host's clock to the records that are published.
//!
//! It does no input or output, so that hours of it can be simulated in seconds.

use core::time::Duration;
use std::collections::VecDeque;

use crate::line::{Line, MAX_SLEW_PPB, counts_in, ns_in, ns_per_count, slope};
use crate::offset::Offset;
use crate::record::Record;
use crate::settings::Settings;
use crate::source::Source;
use crate::status::Status;
use crate::window::{Point, Window};

/// How much the host's clock may change its own slope between two comparisons: what the kernel's NTP
/// code allows.
const HOST_DRIFT_PPB: u64 = 500_000;
/// For what the estimate of the slope is off itself.
const ESTIMATE_PPB: u64 = 1_000;
/// A clock that is this close counts as synchronised.
const CLOSE_NS: u64 = 100_000;
/// A clock that is behind by more than this is set forward after a disruption; slewing would take
/// half an hour or more.
const STEP_NS: i64 = 1_000_000_000;
/// By how much the counters of two processors may differ.
const SKEW: Duration = Duration::from_micros(1);
/// So many comparisons in a row have to agree before one believes that the host's clock jumped.
const WITNESSES: usize = 3;

/// The host's clock, read between two looks at the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The count before.
    pub before: u64,
    /// The count after.
    pub after: u64,
    /// `CLOCK_MONOTONIC` in between, in nanoseconds.
    pub host_ns: u64,
}

/// What the host says apart from its monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// `CLOCK_REALTIME` minus `CLOCK_MONOTONIC` is between these, in nanoseconds.
    pub real_offset_ns: (i64, i64),
    /// The kernel's `maxerror`: how far `CLOCK_REALTIME` is off from UTC at most.
    pub utc_error_ns: u64,
    /// Whether somebody disciplines the host's clock (`STA_UNSYNC` is clear).
    pub utc_is_synchronised: bool,
    /// TAI minus UTC in seconds, 0 if the kernel was not told.
    pub tai_offset: i32,
    /// For how long the host has slept since its boot, in nanoseconds.
    pub asleep_ns: u64,
}

/// The bound that was right at a count.
#[derive(Clone, Copy, Debug)]
struct Trusted {
    at: u64,
    bound_ns: u64,
}

/// Follows the host's clock, sample by sample.
///
/// Its promises, as long as the host changes the slope of its own clock by at most 500 ppm between
/// two samples:
/// * the time of the records never decreases;
/// * it is slewed by at most 500 ppm against the estimated slope of the host's clock;
/// * at every moment it is within [`Record::bound_at`] of the host's clock. Only a jump of that
///   clock itself is unknown until the next sample.
#[derive(Clone, Debug)]
pub struct Timekeeper {
    settings: Settings,
    source: Source,
    line: Line,
    /// Nanoseconds of the host's clock per count.
    rate: f64,
    window: Window,
    trusted: Trusted,
    /// The count of the last sample that was believed.
    last_heard: u64,
    /// The count of the last sample.
    last_count: u64,
    /// The last sample itself, believed or not.
    previous: Option<Sample>,
    /// The last samples that were believed.
    believed: VecDeque<Sample>,
    /// Samples that contradict the bound.
    doubts: Vec<Sample>,
    /// What the last sample would mean for the bound, if it was not believed.
    doubt_ns: u64,
    next_steer: u64,
    drift_ppb: u32,
    status: Status,
    offset: Offset,
    disruptions: u32,
    asleep_ns: Option<u64>,
}

impl Timekeeper {
    /// A clock that begins at a sample. `ns_per_count` is a first estimate of the counter's speed; it
    /// may be off by a tenth of a percent.
    ///
    /// # Panics
    /// If `ns_per_count` is not between 0 and 4000.
    #[must_use]
    pub fn start(source: Source, sample: Sample, ns_per_count: f64, settings: Settings) -> Self {
        assert!(ns_per_count > 0.0 && ns_per_count < 4000.0, "{ns_per_count} ns per count");
        let line = Line::new(sample.after, sample.host_ns, slope(ns_per_count));
        Self::at(source, line, ns_per_count, sample.after, settings)
    }

    /// The same clock, but one that begins at `floor_ns` or later.
    #[must_use]
    pub fn not_before(mut self, floor_ns: u64) -> Self {
        let ahead_ns = floor_ns.saturating_sub(self.line.mono_ns);
        self.line.mono_ns += ahead_ns;
        self.trusted.bound_ns += ahead_ns;
        self
    }

    /// Goes on with the clock of another timekeeper where it is, without a step.
    #[must_use]
    pub fn resume(record: &Record, settings: Settings) -> Self {
        let rate = ns_per_count(record.rate);
        let source = Source::of(record.source).unwrap_or(Source::Host);
        let mut keeper = Self::at(source, record.line(), rate, record.since, settings);
        keeper.trusted.bound_ns = record.bound_ns;
        keeper.drift_ppb = record.drift_ppb;
        keeper.offset = Offset::resumed(record.real_offset_ns, record.steps);
        keeper.disruptions = record.disruptions;
        keeper
    }

    fn at(source: Source, line: Line, rate: f64, count: u64, settings: Settings) -> Self {
        let mut keeper = Timekeeper {
            settings,
            source,
            line,
            rate,
            window: Window::default(),
            trusted: Trusted { at: count, bound_ns: CLOSE_NS },
            last_heard: count,
            last_count: count,
            previous: None,
            believed: VecDeque::new(),
            doubts: Vec::new(),
            doubt_ns: 0,
            next_steer: 0,
            drift_ppb: 0,
            status: Status::FreeRunning,
            offset: Offset::default(),
            disruptions: 0,
            asleep_ns: None,
        };
        keeper.drift_ppb = keeper.drift();
        keeper
    }

    /// Takes a sample, and returns what is to be published now.
    pub fn tick(&mut self, sample: Sample, around: &Surroundings) -> Record {
        self.notice_sleep(around.asleep_ns);
        if sample.before + self.counts(SKEW) < self.last_count {
            self.restart(sample);
        }
        self.last_count = sample.after;
        let error = self.error_at(sample);
        let allowed = i64::try_from(self.grown(sample.after)).unwrap_or(i64::MAX);
        let confirmed = self.previous.is_some_and(|previous| self.agree(previous, sample));
        self.previous = Some(sample);
        match error.0 <= allowed && error.1 >= -allowed {
            true if confirmed => {
                self.notice_jump(sample);
                self.believe(sample, error);
            }
            // Nobody else saw it so. It may be right, but nothing is to hang on it.
            true => self.doubt_ns = widest(error),
            false => self.doubt(sample, error),
        }
        self.steer(sample.after);
        self.offset.observe(around.real_offset_ns);
        self.record(sample.after, around)
    }

    /// By how much the host's clock is ahead of the line: at least, and at most.
    fn error_at(&self, sample: Sample) -> (i64, i64) {
        let ahead = |ns: u64| {
            let difference = i128::from(sample.host_ns) - i128::from(ns);
            i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
        };
        (ahead(self.line.at(sample.after)), ahead(self.line.at(sample.before)))
    }

    /// A jump of the host's clock that the bound covers contradicts nothing but what was seen before.
    /// Two samples agree that it happened; most of those before have to disagree, for one of them may
    /// have lied.
    fn notice_jump(&mut self, sample: Sample) {
        let contrary =
            self.believed.iter().filter(|earlier| !self.agree(**earlier, sample)).count();
        if self.believed.len() == WITNESSES && contrary * 2 > WITNESSES {
            self.disrupted();
            self.next_steer = 0;
        }
    }

    fn believe(&mut self, sample: Sample, error: (i64, i64)) {
        self.doubts.clear();
        self.believed.push_back(sample);
        if self.believed.len() > WITNESSES {
            self.believed.pop_front();
        }
        self.doubt_ns = 0;
        self.last_heard = sample.after;
        let measured = widest(error);
        // After an interruption within the sample, the older bound may be the tighter one.
        if measured <= self.grown(sample.before) {
            self.trusted = Trusted { at: sample.before, bound_ns: measured };
        }
        let spacing = self.counts(self.settings.steer / 2);
        self.window.push(point(sample), spacing);
        self.status = match self.window.is_full() && measured < CLOSE_NS {
            true => Status::Synchronised,
            false if self.status == Status::Synchronised => Status::FreeRunning,
            false => self.status,
        };
    }

    /// The sample contradicts the bound. Until others agree, the bound has to cover both.
    fn doubt(&mut self, sample: Sample, error: (i64, i64)) {
        self.doubt_ns = widest(error);
        self.doubts.push(sample);
        if self.doubts.len() < WITNESSES {
            return;
        }
        if self.doubts.windows(2).all(|pair| self.agree(pair[0], pair[1])) {
            self.accept_jump(sample, error);
        } else {
            self.doubts.remove(0);
        }
    }

    /// Whether as much time passed between two samples as the counter says, within 1000 ppm.
    fn agree(&self, earlier: Sample, later: Sample) -> bool {
        let counted = later.after.saturating_sub(earlier.after) as f64 * self.rate;
        let passed = later.host_ns as f64 - earlier.host_ns as f64;
        let widths = (later.after - later.before + earlier.after - earlier.before) as f64;
        (passed - counted).abs() <= counted / 1000.0 + widths * self.rate + 100.0
    }

    /// The host's clock has jumped against the counter: it is followed, and the jump is on record.
    fn accept_jump(&mut self, sample: Sample, error: (i64, i64)) {
        self.follow_speed(self.doubts[0], sample);
        self.disrupted();
        let ahead = error.0;
        if ahead > STEP_NS {
            self.line = Line::new(sample.before, sample.host_ns, slope(self.rate));
            self.drift_ppb = self.drift();
        }
        let measured = widest(self.error_at(sample));
        self.trusted = Trusted { at: sample.before, bound_ns: measured };
        self.believe(sample, self.error_at(sample));
        self.next_steer = 0;
    }

    /// If it is the speed of the host's clock that jumped, the bound has to know, or the next samples
    /// contradict it again, and so on for ever. Smaller changes are left to the window, which sees more.
    fn follow_speed(&mut self, earlier: Sample, later: Sample) {
        let Some(counted) = later.after.checked_sub(earlier.after).filter(|counts| *counts > 0)
        else {
            return;
        };
        let rate = (later.host_ns as f64 - earlier.host_ns as f64) / counted as f64;
        let widths = (later.after - later.before + earlier.after - earlier.before) as f64;
        let certain = (rate / self.rate - 1.0).abs() - widths / counted as f64;
        if certain * 1e9 > (HOST_DRIFT_PPB / 2) as f64 {
            self.rate = rate;
            self.drift_ppb = self.drift();
        }
    }

    /// The counter was set back, as in a machine that was restored from a copy of itself.
    fn restart(&mut self, sample: Sample) {
        self.disrupted();
        // Readers have looked since, at counts that nobody knows; as long as the host says, and a little.
        let passed_ns = self.previous.map_or(0, |p| sample.host_ns.saturating_sub(p.host_ns));
        let passed = Duration::from_nanos(passed_ns + passed_ns / 500);
        let floor = self.line.at(self.last_count.saturating_add(self.counts(passed)));
        self.line = Line::new(sample.before, sample.host_ns.max(floor), slope(self.rate));
        let measured = widest(self.error_at(sample));
        self.trusted = Trusted { at: sample.before, bound_ns: measured };
        self.last_heard = sample.after;
        self.next_steer = 0;
    }

    fn disrupted(&mut self) {
        self.disruptions = self.disruptions.wrapping_add(1);
        self.status = Status::Disrupted;
        self.doubts.clear();
        self.believed.clear();
        self.window.clear();
    }

    fn notice_sleep(&mut self, asleep_ns: u64) {
        // The two clocks are read one after the other, so small differences mean nothing.
        let slept = self.asleep_ns.is_some_and(|before| asleep_ns > before + 10_000_000);
        if slept {
            self.disrupted();
        }
        if slept || self.asleep_ns.is_none() {
            self.asleep_ns = Some(asleep_ns);
        }
    }

    /// Bends the line, at a count that is still to come.
    fn steer(&mut self, now: u64) {
        if now < self.next_steer || self.line.bends_after(now) || !self.doubts.is_empty() {
            return;
        }
        let Some(fit) = self.window.fit() else { return };
        self.rate = fit.rate;
        let ahead_ns = fit.ahead_of(self.line.at(now), now);
        // What is missing is made up for within two periods.
        let wanted = ahead_ns / (2.0 * self.settings.steer.as_nanos() as f64);
        let limit = MAX_SLEW_PPB as f64 / 1e9;
        let mult = slope(self.rate * (1.0 + wanted.clamp(-limit, limit)));
        // From here on the bound grows at another speed: settle what it has grown until now.
        self.trusted = Trusted { at: now, bound_ns: self.grown(now) };
        self.line = self.line.from(now).bend(now + self.counts(self.settings.lead), mult);
        self.drift_ppb = self.drift();
        self.next_steer = now + self.counts(self.settings.steer);
    }

    /// How fast the line and the host's clock can part.
    fn drift(&self) -> u32 {
        let slewing = |mult| ((ns_per_count(mult) / self.rate - 1.0).abs() * 1e9).ceil() as u64;
        let most = slewing(self.line.mult).max(slewing(self.line.next));
        u32::try_from(HOST_DRIFT_PPB + ESTIMATE_PPB + most).unwrap_or(u32::MAX)
    }

    /// The trusted bound, grown until a count.
    fn grown(&self, count: u64) -> u64 {
        let passed_ns = ns_in(count.saturating_sub(self.trusted.at), self.line.steepest());
        let growth = u128::from(passed_ns) * u128::from(self.drift_ppb) / 1_000_000_000 + 1;
        self.trusted.bound_ns.saturating_add(u64::try_from(growth).unwrap_or(u64::MAX))
    }

    fn counts(&self, time: Duration) -> u64 {
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        counts_in(ns, slope(self.rate))
    }

    fn record(&self, now: u64, around: &Surroundings) -> Record {
        let (since, bound_ns) = match self.doubt_ns {
            0 => (self.trusted.at, self.trusted.bound_ns),
            doubt_ns => (now, self.grown(now).max(doubt_ns)),
        };
        let (real_offset_ns, offset_error_ns) = self.offset.value();
        let utc_error_ns = around.utc_error_ns.saturating_add(offset_error_ns);
        Record {
            real_offset_ns,
            bound_ns,
            free_after: self.last_heard.saturating_add(self.counts(self.settings.free_after)),
            unknown_after: self.last_heard.saturating_add(self.counts(self.settings.unknown_after)),
            utc_bound_ns: utc_error_ns.saturating_add(bound_ns),
            drift_ppb: self.drift_ppb,
            steps: self.offset.steps(),
            status: self.status.word(),
            utc_status: self.utc_status(around).word(),
            disruptions: self.disruptions,
            tai_offset: around.tai_offset,
            rate: slope(self.rate),
            ..Record::of_line(self.line.from(since), self.source)
        }
    }

    fn utc_status(&self, around: &Surroundings) -> Status {
        if around.utc_is_synchronised { self.status } else { Status::Unknown }
    }

    /// The line as it is now.
    #[must_use]
    pub fn line(&self) -> Line {
        self.line
    }
}

/// The larger end of an error, and what rounding may hide.
fn widest(error: (i64, i64)) -> u64 {
    error.0.unsigned_abs().max(error.1.unsigned_abs()).saturating_add(1)
}

fn point(sample: Sample) -> Point {
    let width = sample.after - sample.before;
    Point { count: sample.before + width / 2, host_ns: sample.host_ns, width }
}
