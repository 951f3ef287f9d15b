// SPDX-License-Identifier: MIT OR Apache-2.0
//! Simulates hours of the clock discipline against a synthetic host with all faults of real clocks.
//!
//! At every read the published bound has to cover the error, the time must not go back, and the slope
//! must be within 500 ppm of the host's own slopes.

use core::ops::RangeInclusive;

use tearfree_clock::{Discipline, HostState, Record, SHIFT, Sample, Settings, Source, Status};

/// The counter's frequency: 2.596128 GHz.
const COUNTS_PER_NS: f64 = 2.596_128;
const TICK_NS: f64 = 10e6;
const SECOND_NS: f64 = 1e9;

/// The faults of the host's clock.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// The probability of a sample that is wrong by up to a millisecond.
    wrong: f64,
    /// The probability of a sample that was interrupted for up to 50 us.
    interruptions: f64,
    /// The probability of a tick that comes up to 300 ms late.
    late_ticks: f64,
    /// The clock is stopped.
    is_stopped: bool,
}

struct Host {
    random: fastrand::Rng,
    counter: f64,
    host_ns: f64,
    ppm: f64,
    faults: Faults,
    stopped_at: Option<f64>,
}

/// Statistics of all reads.
#[derive(Default)]
struct Stats {
    reads: u64,
    last_ns: u64,
    worst_error: f64,
    largest_bound: u64,
    tightest_bound: Option<u64>,
}

struct Simulation {
    host: Host,
    discipline: Discipline,
    record: Record,
    stats: Stats,
}

impl Host {
    fn new(seed: u64, ppm: f64) -> Self {
        Host {
            random: fastrand::Rng::with_seed(seed),
            counter: 5e12,
            host_ns: 3e12,
            ppm,
            faults: Faults::default(),
            stopped_at: None,
        }
    }

    fn pass(&mut self, ns: f64) {
        self.counter += ns * COUNTS_PER_NS;
        self.host_ns += ns * (1.0 + self.ppm / 1e6);
    }

    fn happens(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.random.f64() < probability
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.random.f64() * (high - low)
    }

    fn sample(&mut self) -> Sample {
        let interrupted = self.happens(self.faults.interruptions);
        let before = self.counter as u64;
        let early = self.between(8.0, 20.0);
        self.pass(early);
        let mut shown = self.host_ns;
        if self.faults.is_stopped {
            shown = *self.stopped_at.get_or_insert(shown);
        } else {
            self.stopped_at = None;
        }
        if self.happens(self.faults.wrong) {
            shown += self.between(-1e6, 1e6);
        }
        let late = self.between(8.0, if interrupted { 50_000.0 } else { 20.0 });
        self.pass(late);
        Sample { before, after: self.counter.ceil() as u64, host_ns: shown as u64 }
    }
}

fn host_state() -> HostState {
    HostState {
        real_offset_ns: (1_700_000_000_000_000_000 - 20, 1_700_000_000_000_000_000 + 20),
        utc_error_ns: 5_000,
        utc_is_synchronised: true,
        tai_offset: 37,
        suspended_ns: 0,
    }
}

impl Simulation {
    fn new(seed: u64, ppm: f64) -> Self {
        let mut host = Host::new(seed, ppm);
        let sample = host.sample();
        // As after a calibration of 20 ms: off by 2 ppm.
        let estimate = (1.0 + (ppm + 2.0) / 1e6) / COUNTS_PER_NS;
        let mut discipline = Discipline::new(Source::Tsc, sample, estimate, Settings::default());
        let record = discipline.tick(host.sample(), &host_state());
        Simulation { host, discipline, record, stats: Stats::default() }
    }

    /// Simulates a time, tick by tick, with reads at random moments in between.
    fn run(&mut self, seconds: f64) {
        let end = self.host.counter + seconds * SECOND_NS * COUNTS_PER_NS;
        while self.host.counter < end {
            let late = self.host.happens(self.host.faults.late_ticks);
            let length = TICK_NS + if late { self.host.between(0.0, 300e6) } else { 0.0 };
            let mut left = length;
            for _ in 0..3 {
                let part = self.host.between(0.0, left);
                self.host.pass(part);
                left -= part;
                self.read();
            }
            self.host.pass(left);
            self.read();
            self.publish();
            self.read();
        }
    }

    fn publish(&mut self) {
        let sample = self.host.sample();
        let earlier = self.discipline.line();
        let next = self.discipline.tick(sample, &host_state());
        let line = self.discipline.line();
        let bends = line.pivot != earlier.pivot && line.mult != line.next;
        assert!(!bends || line.pivot > sample.after, "a bend in the past");
        self.record = next;
        let slew = (next.next as f64 / next.rate as f64 - 1.0).abs() * 1e9;
        // A slope chosen before the host's changed is not a slew.
        assert!(!bends || slew <= 500_001.0, "slewed by {slew} ppb");
    }

    /// Reads the clock, and asserts the three guarantees.
    fn read(&mut self) {
        let count = self.host.counter as u64;
        let ns = self.record.ns_at(count);
        assert!(ns >= self.stats.last_ns, "back from {} to {ns}", self.stats.last_ns);
        let error = (self.host.host_ns - ns as f64).abs();
        let bound = self.record.bound_at(count);
        assert!(
            error <= bound as f64 + 1.0,
            "off by {error} ns, and the bound is {bound}, at {} s, {:?}",
            self.host.host_ns / SECOND_NS,
            self.record
        );
        self.stats.last_ns = ns;
        self.stats.reads += 1;
        self.stats.worst_error = self.stats.worst_error.max(error);
        self.stats.largest_bound = self.stats.largest_bound.max(bound);
        self.stats.tightest_bound = Some(self.stats.tightest_bound.map_or(bound, |b| b.min(bound)));
    }

    fn status(&self) -> Status {
        self.record.status_at(self.host.counter as u64)
    }

    /// Asserts that after some seconds without faults the clock is close and synchronised.
    fn assert_converges(&mut self, seconds: f64, within_ns: f64) {
        self.host.faults = Faults::default();
        self.run(seconds);
        self.stats = Stats { last_ns: self.stats.last_ns, ..Stats::default() };
        self.run(5.0);
        let stats = &self.stats;
        assert!(stats.worst_error <= within_ns, "off by {} ns", stats.worst_error);
        assert_eq!(self.status(), Status::Synchronised);
    }
}

const SEEDS: RangeInclusive<u64> = 1..=4;

#[test]
fn an_hour_without_faults_stays_within_nanoseconds_and_does_not_drift() {
    let mut simulation = Simulation::new(1, 12.5);
    simulation.run(1.0);
    assert_ne!(simulation.status(), Status::Unknown);
    simulation.assert_converges(10.0, 60.0);
    simulation.run(3600.0);
    let stats = &simulation.stats;
    assert!(stats.worst_error <= 60.0, "off by {} ns", stats.worst_error);
    // At the end of a tick the bound has to allow for 500 ppm of the host's slew and of the clock's own.
    assert!(stats.tightest_bound.is_some_and(|bound| bound < 100), "{:?}", stats.tightest_bound);
    assert!(stats.largest_bound < 20_000, "{}", stats.largest_bound);
    assert!(stats.reads > 1_000_000);
}

#[test]
fn frequency_steps_are_followed() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, -20.0);
        simulation.run(20.0);
        for ppm in [80.0, -150.0, 250.0, -240.0, 0.0] {
            simulation.host.ppm = ppm;
            simulation.assert_converges(40.0, 1_000.0);
        }
    }
}

#[test]
fn a_step_of_the_frequency_that_no_bound_foresees_is_followed_after_three_samples() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, 400.0);
        simulation.assert_converges(20.0, 100.0);
        simulation.host.ppm = -400.0;
        for _ in 0..6 {
            simulation.host.pass(TICK_NS);
            simulation.publish();
        }
        // From here on `read` asserts that the bound covers the error again.
        simulation.assert_converges(40.0, 1_000.0);
        assert_eq!(simulation.record.disruptions, 1);
    }
}

#[test]
fn phase_steps_are_slewed_and_counted_as_disruptions() {
    for (seed, step) in SEEDS.zip([2e6, -2e6, 150e3, -700e3]) {
        let mut simulation = Simulation::new(seed, 5.0);
        simulation.assert_converges(20.0, 100.0);
        simulation.host.host_ns += step;
        // The jump is detected by the next sample, and covered from then on.
        simulation.publish();
        simulation.stats.worst_error = 0.0;
        simulation.run(0.2);
        assert_eq!(simulation.record.disruptions, 1);
        assert_eq!(simulation.status(), Status::Disrupted);
        simulation.assert_converges(30.0, 200.0);
        assert_eq!(simulation.record.disruptions, 1);
    }
}

#[test]
fn a_clock_that_is_far_behind_steps_forward_and_one_that_is_ahead_never_steps_back() {
    let mut simulation = Simulation::new(9, 0.0);
    simulation.assert_converges(20.0, 100.0);
    simulation.host.host_ns += 3_600e9;
    simulation.publish();
    simulation.assert_converges(20.0, 200.0);
    simulation.host.host_ns -= 5e9;
    simulation.publish();
    // `read` asserts that the time goes on, and that the bound admits five seconds.
    simulation.run(60.0);
    assert_eq!((simulation.status(), simulation.record.disruptions), (Status::Disrupted, 2));
    assert!(simulation.record.bound_ns > 4_000_000_000);
}

#[test]
fn noise_and_wrong_are_covered_and_do_not_move_the_clock() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, 30.0);
        simulation.assert_converges(20.0, 100.0);
        simulation.stats.worst_error = 0.0;
        simulation.host.faults =
            Faults { wrong: 0.01, interruptions: 0.05, late_ticks: 0.02, ..Faults::default() };
        simulation.run(1800.0);
        let stats = &simulation.stats;
        assert!(stats.largest_bound > 500_000, "no wrong sample: {}", stats.largest_bound);
        assert!(stats.worst_error < 10_000.0, "off by {} ns", stats.worst_error);
        assert_eq!(simulation.record.disruptions, 0, "wrong samples were taken for a jump");
        simulation.assert_converges(20.0, 100.0);
    }
}

#[test]
fn a_stopped_clock_is_not_followed_and_the_status_says_so() {
    let mut simulation = Simulation::new(3, -40.0);
    simulation.assert_converges(20.0, 100.0);
    simulation.host.faults.is_stopped = true;
    simulation.run(60.0);
    assert_eq!(simulation.status(), Status::FreeRunning, "no sample was accepted for a minute");
    simulation.run(300.0);
    assert_eq!(simulation.status(), Status::Unknown);
    simulation.assert_converges(40.0, 1_000.0);
}

#[test]
fn a_new_timekeeper_goes_on_without_a_step() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, 17.0);
        simulation.assert_converges(20.0, 100.0);
        // A minute without a timekeeper: the line goes on, and its bound grows.
        for _ in 0..600 {
            simulation.host.pass(SECOND_NS / 10.0);
            simulation.read();
        }
        simulation.discipline = Discipline::from_record(&simulation.record, Settings::default());
        let before = simulation.record;
        simulation.publish();
        let after = simulation.record;
        for count in [after.since, after.since + 1_000_000] {
            assert_eq!(after.ns_at(count), before.ns_at(count), "a step");
        }
        simulation.assert_converges(20.0, 100.0);
        assert_eq!(simulation.record.disruptions, 0);
    }
}

#[test]
fn the_time_does_not_go_back_with_a_counter_that_is_set_back() {
    let mut simulation = Simulation::new(5, 0.0);
    simulation.assert_converges(20.0, 100.0);
    simulation.host.counter -= 4e12;
    // Until the next tick, readers see the time stand still.
    let count = simulation.host.counter as u64;
    let ns = simulation.record.ns_at(count);
    assert!(ns.abs_diff(simulation.stats.last_ns) < 10_000_000, "not the time of the last tick");
    simulation.publish();
    simulation.run(10.0);
    assert_eq!(simulation.record.disruptions, 1);
    simulation.assert_converges(20.0, 100.0);
    // Again, with a host whose clock is behind: the time still does not go back.
    simulation.host.host_ns -= 5e9;
    simulation.publish();
    simulation.run(1.0);
    simulation.host.counter -= 2e12;
    simulation.publish();
    simulation.run(1.0);
    assert!(simulation.record.disruptions >= 3);
}

#[test]
fn the_time_does_not_go_back_with_a_counter_that_is_set_back_between_two_ticks() {
    let mut simulation = Simulation::new(5, 0.0);
    simulation.assert_converges(20.0, 100.0);
    // The clock is ahead of the host's from now on, so the host's clock is no floor.
    simulation.host.host_ns -= 5e9;
    simulation.publish();
    simulation.run(3.0);
    simulation.host.pass(9e6);
    simulation.read();
    simulation.host.counter -= 2e12;
    simulation.publish();
    simulation.read();
    assert_eq!(simulation.record.disruptions, 2);
}

#[test]
fn a_jump_within_the_bound_is_detected() {
    for (seed, jump) in SEEDS.zip([2e9, -2e9, -5e7, 3e6]) {
        let mut simulation = Simulation::new(seed, 0.0);
        simulation.assert_converges(20.0, 100.0);
        // The clock is seconds ahead from now on, for hours, and its bound covers that.
        simulation.host.host_ns -= 5e9;
        simulation.publish();
        simulation.run(10.0);
        assert_eq!(simulation.record.disruptions, 1);
        simulation.host.host_ns += jump;
        simulation.publish();
        for _ in 0..1000 {
            simulation.run(0.01);
            let ns_per_count = simulation.record.rate as f64 / (1_u64 << SHIFT) as f64;
            let off = ns_per_count * COUNTS_PER_NS - 1.0;
            assert!(off.abs() < 1e-6, "the rate is off by {off} after a jump by {jump} ns");
        }
        assert_eq!(simulation.record.disruptions, 2, "a jump by {jump} ns");
    }
}

#[test]
fn all_faults_for_three_hours() {
    let mut simulation = Simulation::new(7, 3.0);
    simulation.assert_converges(20.0, 100.0);
    let faults = Faults { wrong: 0.002, interruptions: 0.02, late_ticks: 0.01, is_stopped: false };
    for minute in 0..180 {
        simulation.host.faults = faults;
        simulation.host.faults.is_stopped = minute % 17 == 5;
        if minute % 5 == 0 {
            simulation.host.ppm = simulation.host.between(-240.0, 240.0);
        }
        simulation.run(60.0);
    }
    simulation.assert_converges(40.0, 1_000.0);
}
