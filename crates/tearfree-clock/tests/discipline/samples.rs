// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decisions about samples: which are wrong, and which show that a clock or a counter jumped.

use tearfree_clock::{Discipline, Record, Settings, Source, Status};

use crate::{Host, SECOND, START, TICK, WIDTH};

#[test]
fn a_suspended_host_is_one_disruption() {
    let mut host = Host::new();
    let (mut discipline, _) = host.synchronised();
    // The two clocks are read one after the other.
    host.state.suspended_ns += 5_000_000;
    let record = host.tick(&mut discipline);
    assert_eq!((record.disruptions, record.status), (0, 1), "noise is no suspend");
    host.state.suspended_ns += 10 * SECOND;
    let record = host.tick(&mut discipline);
    assert_eq!(record.disruptions, 1);
    assert_eq!(record.status_at(host.count), Status::Disrupted);
    assert_eq!(host.tick(&mut discipline).disruptions, 1, "it was suspended once");
    host.state.suspended_ns += SECOND;
    assert_eq!(host.ticks(&mut discipline, 3).disruptions, 2);
}

#[test]
fn an_interrupted_sample_does_not_widen_the_bound() {
    let mut host = Host::new();
    let (mut discipline, record) = host.synchronised();
    assert!(record.bound_ns < 100, "{}", record.bound_ns);
    host.count += TICK;
    let sample = host.sample(50_000);
    let record = discipline.tick(sample, &host.state);
    // From the last sample on the bound has grown by 1000 ppm of a tick.
    let bound = record.bound_at(host.count);
    assert!(bound < 12_000, "{bound}");
    assert!(u64::try_from(host.error(&record).abs()).is_ok_and(|error| error <= bound));
    assert_eq!(record.status_at(host.count), Status::Synchronised);
    // A sample of a third of a millisecond does not show that the clock is close.
    host.count += TICK;
    let sample = host.sample(300_000);
    let record = discipline.tick(sample, &host.state);
    assert_eq!(record.status_at(host.count), Status::FreeRunning);
    assert_eq!(host.tick(&mut discipline).status_at(host.count), Status::Synchronised);
}

#[test]
fn a_jump_is_followed_after_three_samples_and_stepped_beyond_a_second() {
    for (jump, steps) in [(1_100_000_000, true), (900_000_000, false)] {
        let mut host = Host::new();
        let (mut discipline, _) = host.synchronised();
        host.ahead += jump;
        for disruptions in [0, 0, 1] {
            let record = host.tick(&mut discipline);
            assert_eq!(record.disruptions, disruptions);
            let bound = record.bound_at(host.count).cast_signed();
            assert!(host.error(&record) <= bound, "the bound covers the jump");
        }
        let record = host.tick(&mut discipline);
        let error = host.error(&record);
        assert_eq!(error.abs() < 1_000, steps, "{error} ns after a jump by {jump} ns");
    }
}

#[test]
fn a_step_ends_the_slew_and_its_share_of_the_bound() {
    let mut host = Host::new();
    let (_, record) = host.synchronised();
    let slewed = Record { drift_ppb: 900_000, ..record };
    let mut discipline = Discipline::from_record(&slewed, Settings::default());
    host.ahead += 2 * SECOND.cast_signed();
    assert_eq!(host.ticks(&mut discipline, 2).drift_ppb, 900_000);
    let record = host.tick(&mut discipline);
    assert_eq!(record.disruptions, 1);
    assert!((501_000..501_100).contains(&record.drift_ppb), "{}", record.drift_ppb);
}

#[test]
fn counters_may_differ_by_a_microsecond() {
    for (back, disruptions) in [(900, 0), (5_000, 1)] {
        let mut host = Host::new();
        let (mut discipline, _) = host.synchronised();
        let last = host.count;
        // The next sample is taken at once, on a processor whose counter is behind.
        host.count -= back;
        host.ahead += back.cast_signed() + 100;
        let sample = host.sample(WIDTH);
        assert!(sample.before < last);
        assert_eq!(discipline.tick(sample, &host.state).disruptions, disruptions, "{back} back");
    }
}

#[test]
fn a_single_sample_outside_the_bound_widens_it_and_is_not_followed() {
    let mut host = Host::new();
    let (mut discipline, before) = host.synchronised();
    host.ahead += 700_000;
    let doubted = host.tick(&mut discipline);
    assert!(host.error(&doubted) <= doubted.bound_at(host.count).cast_signed());
    host.ahead -= 700_000;
    let record = host.ticks(&mut discipline, 5);
    assert_eq!((record.disruptions, record.status), (0, before.status));
    assert!(record.bound_ns < 1_000, "the doubt is over: {}", record.bound_ns);
    assert!(host.error(&record).abs() < 100);
}

#[test]
fn the_line_is_not_bent_while_samples_contradict_it() {
    let mut host = Host::new();
    let (mut discipline, _) = host.synchronised();
    while discipline.line().bends_after(host.count) {
        host.tick(&mut discipline);
    }
    let pivot = discipline.line().pivot;
    for turn in 0..60 {
        let wrong = if turn % 2 == 0 { 3_000_000 } else { -3_000_000 };
        host.ahead += wrong;
        let record = host.tick(&mut discipline);
        host.ahead -= wrong;
        assert_eq!(discipline.line().pivot, pivot, "bent beside wrong samples");
        assert_eq!(record.disruptions, 0);
    }
    let ended = (0..100).any(|_| {
        host.tick(&mut discipline);
        discipline.line().pivot != pivot
    });
    assert!(ended, "it is bent again");
}

#[test]
fn a_wrong_sample_does_not_delay_a_jump() {
    let mut host = Host::new();
    let (mut discipline, _) = host.synchronised();
    host.ahead -= 700_000;
    assert_eq!(host.tick(&mut discipline).disruptions, 0);
    host.ahead += 2_700_000;
    for disruptions in [0, 0, 1] {
        assert_eq!(host.tick(&mut discipline).disruptions, disruptions);
    }
}

/// As in a virtual machine that is restored from a snapshot.
#[test]
fn a_counter_that_is_set_back_ages_as_a_new_one() {
    let mut host = Host::new();
    let (mut discipline, _) = host.synchronised();
    // The clock is ahead from now on, so the host's time is no floor.
    host.ahead -= 5 * SECOND.cast_signed();
    let before = host.ticks(&mut discipline, 300);
    // Readers see a counter that is faster than estimated, until it is set back.
    host.count += 10_010_000;
    host.ahead -= 10_000;
    let read = before.ns_at(host.count);
    host.count -= START / 2;
    host.ahead += (START / 2).cast_signed();
    let sample = host.sample(WIDTH);
    let record = discipline.tick(sample, &host.state);
    assert_eq!(record.disruptions, 2);
    assert!(record.ns_at(sample.before) >= read, "back from {read}");
    let free_after = record.free_after - host.count;
    assert!((1_900_000_000..2_100_000_000).contains(&free_after), "{free_after}");
}

#[test]
#[should_panic(expected = "ns per count")]
fn a_counter_that_stands_still_is_refused() {
    let mut host = Host::new();
    let _ = Discipline::new(Source::Tsc, host.sample(WIDTH), 0.0, Settings::default());
}

#[test]
#[should_panic(expected = "ns per count")]
fn a_counter_that_is_too_slow_is_refused() {
    let mut host = Host::new();
    let _ = Discipline::new(Source::Tsc, host.sample(WIDTH), 4000.0, Settings::default());
}
