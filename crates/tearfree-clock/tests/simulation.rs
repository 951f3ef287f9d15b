// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hours of the timekeeper against a synthetic host, whose clock does what clocks do to people.
//!
//! At every look the published bound has to cover the error, the time must not go back, and the slope
//! must be within 500 ppm of the host's own slopes.

use core::ops::RangeInclusive;

use tearfree_clock::{
    MAX_SLEW_PPB, Record, SHIFT, Sample, Settings, Source, Status, Surroundings, Timekeeper,
};

/// A counter like the survey's: 2.596128 GHz.
const COUNTS_PER_NS: f64 = 2.596_128;
const TICK_NS: f64 = 10e6;
const SECOND_NS: f64 = 1e9;

/// What the host's clock suffers from.
#[derive(Clone, Copy, Default)]
struct Weather {
    /// The odds of a sample that lies by up to a millisecond.
    lies: f64,
    /// The odds of a sample that was interrupted for up to 50 us.
    interruptions: f64,
    /// The odds of a tick that comes up to 300 ms late.
    late_ticks: f64,
    /// The clock shows the same time for ever.
    is_stopped: bool,
}

struct World {
    random: fastrand::Rng,
    counter: f64,
    host: f64,
    ppm: f64,
    weather: Weather,
    stopped_at: Option<f64>,
}

/// What was seen of the clock.
#[derive(Default)]
struct Seen {
    looks: u64,
    last_ns: u64,
    worst_error: f64,
    largest_bound: u64,
    tightest_bound: Option<u64>,
}

struct Simulation {
    world: World,
    keeper: Timekeeper,
    record: Record,
    seen: Seen,
}

impl World {
    fn new(seed: u64, ppm: f64) -> Self {
        World {
            random: fastrand::Rng::with_seed(seed),
            counter: 5e12,
            host: 3e12,
            ppm,
            weather: Weather::default(),
            stopped_at: None,
        }
    }

    fn pass(&mut self, ns: f64) {
        self.counter += ns * COUNTS_PER_NS;
        self.host += ns * (1.0 + self.ppm / 1e6);
    }

    fn happens(&mut self, odds: f64) -> bool {
        odds > 0.0 && self.random.f64() < odds
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.random.f64() * (high - low)
    }

    fn sample(&mut self) -> Sample {
        let interrupted = self.happens(self.weather.interruptions);
        let before = self.counter as u64;
        let early = self.between(8.0, 20.0);
        self.pass(early);
        let mut shown = self.host;
        if self.weather.is_stopped {
            shown = *self.stopped_at.get_or_insert(shown);
        } else {
            self.stopped_at = None;
        }
        if self.happens(self.weather.lies) {
            shown += self.between(-1e6, 1e6);
        }
        let late = self.between(8.0, if interrupted { 50_000.0 } else { 20.0 });
        self.pass(late);
        Sample { before, after: self.counter.ceil() as u64, host_ns: shown as u64 }
    }
}

fn surroundings() -> Surroundings {
    Surroundings {
        real_offset_ns: (1_700_000_000_000_000_000 - 20, 1_700_000_000_000_000_000 + 20),
        utc_error_ns: 5_000,
        utc_is_synchronised: true,
        tai_offset: 37,
        asleep_ns: 0,
    }
}

impl Simulation {
    fn new(seed: u64, ppm: f64) -> Self {
        let mut world = World::new(seed, ppm);
        let sample = world.sample();
        // As after a calibration of 20 ms: off by 2 ppm.
        let estimate = (1.0 + (ppm + 2.0) / 1e6) / COUNTS_PER_NS;
        let mut keeper = Timekeeper::start(Source::Tsc, sample, estimate, Settings::default());
        let record = keeper.tick(world.sample(), &surroundings());
        Simulation { world, keeper, record, seen: Seen::default() }
    }

    /// Lets so much time pass, tick by tick, and looks at random moments in between.
    fn run(&mut self, seconds: f64) {
        let end = self.world.counter + seconds * SECOND_NS * COUNTS_PER_NS;
        while self.world.counter < end {
            let late = self.world.happens(self.world.weather.late_ticks);
            let length = TICK_NS + if late { self.world.between(0.0, 300e6) } else { 0.0 };
            let mut left = length;
            for _ in 0..3 {
                let part = self.world.between(0.0, left);
                self.world.pass(part);
                left -= part;
                self.look();
            }
            self.world.pass(left);
            self.look();
            self.publish();
            self.look();
        }
    }

    fn publish(&mut self) {
        let sample = self.world.sample();
        let earlier = self.keeper.line();
        let next = self.keeper.tick(sample, &surroundings());
        let line = self.keeper.line();
        let bends = line.pivot != earlier.pivot && line.mult != line.next;
        assert!(!bends || line.pivot > sample.after, "a bend in the past");
        self.record = next;
        let slew = (next.next as f64 / next.rate as f64 - 1.0).abs() * 1e9;
        // A slope that it chose before the host's changed is no slewing.
        assert!(!bends || slew <= MAX_SLEW_PPB as f64 + 1.0, "slewed by {slew} ppb");
    }

    /// The three promises, now.
    fn look(&mut self) {
        let count = self.world.counter as u64;
        let ns = self.record.at(count);
        assert!(ns >= self.seen.last_ns, "back from {} to {ns}", self.seen.last_ns);
        let error = (self.world.host - ns as f64).abs();
        let bound = self.record.bound_at(count);
        assert!(
            error <= bound as f64 + 1.0,
            "off by {error} ns, and the bound is {bound}, at {} s, {:?}",
            self.world.host / SECOND_NS,
            self.record
        );
        self.seen.last_ns = ns;
        self.seen.looks += 1;
        self.seen.worst_error = self.seen.worst_error.max(error);
        self.seen.largest_bound = self.seen.largest_bound.max(bound);
        self.seen.tightest_bound = Some(self.seen.tightest_bound.map_or(bound, |b| b.min(bound)));
    }

    fn status(&self) -> Status {
        self.record.status_at(self.world.counter as u64)
    }

    /// After so many calm seconds the clock is close, and says so.
    fn has_converged(&mut self, calm_seconds: f64, within_ns: f64) {
        self.world.weather = Weather::default();
        self.run(calm_seconds);
        self.seen = Seen { last_ns: self.seen.last_ns, ..Seen::default() };
        self.run(5.0);
        let seen = &self.seen;
        assert!(seen.worst_error <= within_ns, "off by {} ns", seen.worst_error);
        assert_eq!(self.status(), Status::Synchronised);
    }
}

const SEEDS: RangeInclusive<u64> = 1..=4;

#[test]
fn a_calm_hour_stays_within_nanoseconds_and_does_not_drift() {
    let mut simulation = Simulation::new(1, 12.5);
    simulation.run(1.0);
    assert_ne!(simulation.status(), Status::Unknown);
    simulation.has_converged(10.0, 60.0);
    simulation.run(3600.0);
    let seen = &simulation.seen;
    assert!(seen.worst_error <= 60.0, "off by {} ns", seen.worst_error);
    // At the end of a tick the bound has to allow for 500 ppm of the host's, and of ours.
    assert!(seen.tightest_bound.is_some_and(|bound| bound < 100), "{:?}", seen.tightest_bound);
    assert!(seen.largest_bound < 20_000, "{}", seen.largest_bound);
    assert!(seen.looks > 1_000_000);
}

#[test]
fn frequency_steps_are_followed() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, -20.0);
        simulation.run(20.0);
        for ppm in [80.0, -150.0, 250.0, -240.0, 0.0] {
            simulation.world.ppm = ppm;
            simulation.has_converged(40.0, 1_000.0);
        }
    }
}

#[test]
fn a_step_of_the_frequency_that_no_bound_foresees_is_followed_after_three_samples() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, 400.0);
        simulation.has_converged(20.0, 100.0);
        simulation.world.ppm = -400.0;
        for _ in 0..6 {
            simulation.world.pass(TICK_NS);
            simulation.publish();
        }
        // From here on `look` asserts that the bound covers the error again.
        simulation.has_converged(40.0, 1_000.0);
        assert_eq!(simulation.record.disruptions, 1);
    }
}

#[test]
fn phase_steps_are_slewed_and_counted_as_disruptions() {
    for (seed, step) in SEEDS.zip([2e6, -2e6, 150e3, -700e3]) {
        let mut simulation = Simulation::new(seed, 5.0);
        simulation.has_converged(20.0, 100.0);
        simulation.world.host += step;
        // What has just jumped is noticed by the next sample, and covered from then on.
        simulation.publish();
        simulation.seen.worst_error = 0.0;
        simulation.run(0.2);
        assert_eq!(simulation.record.disruptions, 1);
        assert_eq!(simulation.status(), Status::Disrupted);
        simulation.has_converged(30.0, 200.0);
        assert_eq!(simulation.record.disruptions, 1);
    }
}

#[test]
fn a_clock_that_is_far_behind_steps_forward_and_one_that_is_ahead_never_steps_back() {
    let mut simulation = Simulation::new(9, 0.0);
    simulation.has_converged(20.0, 100.0);
    simulation.world.host += 3_600e9;
    simulation.publish();
    simulation.has_converged(20.0, 200.0);
    simulation.world.host -= 5e9;
    simulation.publish();
    // `look` asserts that the time goes on, and that the bound admits five seconds.
    simulation.run(60.0);
    assert_eq!((simulation.status(), simulation.record.disruptions), (Status::Disrupted, 2));
    assert!(simulation.record.bound_ns > 4_000_000_000);
}

#[test]
fn noise_and_lies_are_covered_and_do_not_move_the_clock() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, 30.0);
        simulation.has_converged(20.0, 100.0);
        simulation.seen.worst_error = 0.0;
        simulation.world.weather =
            Weather { lies: 0.01, interruptions: 0.05, late_ticks: 0.02, ..Weather::default() };
        simulation.run(1800.0);
        let seen = &simulation.seen;
        assert!(seen.largest_bound > 500_000, "no lie was ever told: {}", seen.largest_bound);
        assert!(seen.worst_error < 10_000.0, "off by {} ns", seen.worst_error);
        assert_eq!(simulation.record.disruptions, 0, "lies were taken for a jump");
        simulation.has_converged(20.0, 100.0);
    }
}

#[test]
fn a_stopped_source_is_not_followed_and_readers_are_told() {
    let mut simulation = Simulation::new(3, -40.0);
    simulation.has_converged(20.0, 100.0);
    simulation.world.weather.is_stopped = true;
    simulation.run(60.0);
    assert_eq!(simulation.status(), Status::FreeRunning, "it heard nothing for a minute");
    simulation.run(300.0);
    assert_eq!(simulation.status(), Status::Unknown);
    simulation.has_converged(40.0, 1_000.0);
}

#[test]
fn a_new_timekeeper_goes_on_without_a_step() {
    for seed in SEEDS {
        let mut simulation = Simulation::new(seed, 17.0);
        simulation.has_converged(20.0, 100.0);
        // A minute without a timekeeper: the line goes on, and so does its bound.
        for _ in 0..600 {
            simulation.world.pass(SECOND_NS / 10.0);
            simulation.look();
        }
        simulation.keeper = Timekeeper::resume(&simulation.record, Settings::default());
        let before = simulation.record;
        simulation.publish();
        let after = simulation.record;
        for count in [after.since, after.since + 1_000_000] {
            assert_eq!(after.at(count), before.at(count), "a step");
        }
        simulation.has_converged(20.0, 100.0);
        assert_eq!(simulation.record.disruptions, 0);
    }
}

#[test]
fn a_counter_that_was_set_back_does_not_take_the_time_with_it() {
    let mut simulation = Simulation::new(5, 0.0);
    simulation.has_converged(20.0, 100.0);
    simulation.world.counter -= 4e12;
    // Readers that come before the timekeeper see the time stand still.
    let count = simulation.world.counter as u64;
    let stands = simulation.record.at(count);
    assert!(stands.abs_diff(simulation.seen.last_ns) < 10_000_000, "it is the time of a tick ago");
    simulation.publish();
    simulation.run(10.0);
    assert_eq!(simulation.record.disruptions, 1);
    simulation.has_converged(20.0, 100.0);
    // Once more, with a host whose clock is behind ours: the time still does not go back.
    simulation.world.host -= 5e9;
    simulation.publish();
    simulation.run(1.0);
    simulation.world.counter -= 2e12;
    simulation.publish();
    simulation.run(1.0);
    assert!(simulation.record.disruptions >= 3);
}

#[test]
fn a_counter_that_was_set_back_between_two_ticks_does_not_take_the_time_with_it() {
    let mut simulation = Simulation::new(5, 0.0);
    simulation.has_converged(20.0, 100.0);
    // Ours is ahead of the host's from now on, so the host's clock is no floor.
    simulation.world.host -= 5e9;
    simulation.publish();
    simulation.run(3.0);
    simulation.world.pass(9e6);
    simulation.look();
    simulation.world.counter -= 2e12;
    simulation.publish();
    simulation.look();
    assert_eq!(simulation.record.disruptions, 2);
}

#[test]
fn a_jump_that_the_bound_covers_is_a_jump_all_the_same() {
    for (seed, jump) in SEEDS.zip([2e9, -2e9, -5e7, 3e6]) {
        let mut simulation = Simulation::new(seed, 0.0);
        simulation.has_converged(20.0, 100.0);
        // Ours is seconds ahead now, for hours, and says so.
        simulation.world.host -= 5e9;
        simulation.publish();
        simulation.run(10.0);
        assert_eq!(simulation.record.disruptions, 1);
        simulation.world.host += jump;
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
fn bad_weather_for_three_hours() {
    let mut simulation = Simulation::new(7, 3.0);
    simulation.has_converged(20.0, 100.0);
    let weather = Weather { lies: 0.002, interruptions: 0.02, late_ticks: 0.01, is_stopped: false };
    for minute in 0..180 {
        simulation.world.weather = weather;
        simulation.world.weather.is_stopped = minute % 17 == 5;
        if minute % 5 == 0 {
            simulation.world.ppm = simulation.world.between(-240.0, 240.0);
        }
        simulation.run(60.0);
    }
    simulation.has_converged(40.0, 1_000.0);
}
