// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the discipline publishes, tick by tick: each number of the record, and each decision about a sample.
//!
//! The counter has one count per nanosecond, so counts and times can be compared.

mod samples;

use tearfree_clock::{Discipline, HostState, Record, Sample, Settings, Source, Status};

const TICK: u64 = 10_000_000;
const SECOND: u64 = 1_000_000_000;
/// The count and the time of the first sample.
const START: u64 = 5_000 * SECOND;
/// How long one comparison takes.
const WIDTH: u64 = 20;

/// A host with a perfect clock and counter, until a test changes that.
struct Host {
    count: u64,
    /// The host's clock minus the counter.
    ahead: i64,
    state: HostState,
}

impl Host {
    fn new() -> Self {
        let state = HostState {
            real_offset_ns: (1_000_000_000_000 - 500, 1_000_000_000_000 + 500),
            utc_error_ns: 5_000,
            utc_is_synchronised: true,
            tai_offset: 37,
            suspended_ns: 3 * SECOND,
        };
        Host { count: START, ahead: 0, state }
    }

    fn now(&self) -> u64 {
        self.count.saturating_add_signed(self.ahead)
    }

    /// Compares the clocks; `width` counts pass meanwhile.
    fn sample(&mut self, width: u64) -> Sample {
        let (before, host_ns) = (self.count, self.now() + WIDTH / 2);
        self.count += width;
        Sample { before, after: self.count, host_ns }
    }

    fn start(&mut self) -> Discipline {
        Discipline::new(Source::Tsc, self.sample(WIDTH), 1.0, Settings::default())
    }

    fn tick(&mut self, discipline: &mut Discipline) -> Record {
        self.count += TICK;
        let sample = self.sample(WIDTH);
        discipline.tick(sample, &self.state)
    }

    fn ticks(&mut self, discipline: &mut Discipline, number: u32) -> Record {
        let mut record = self.tick(discipline);
        (1..number).for_each(|_| record = self.tick(discipline));
        record
    }

    /// A clock that is synchronised, and its record.
    fn synchronised(&mut self) -> (Discipline, Record) {
        let mut discipline = self.start();
        let record = self.ticks(&mut discipline, 300);
        assert_eq!(record.status_at(self.count), Status::Synchronised);
        (discipline, record)
    }

    /// By how much the host is ahead of a record.
    fn error(&self, record: &Record) -> i64 {
        self.now().wrapping_sub(record.ns_at(self.count)).cast_signed()
    }
}

#[test]
fn utc_is_claimed_only_where_the_host_knows_it() {
    let mut host = Host::new();
    let (mut discipline, record) = host.synchronised();
    assert_eq!(record.utc_status_at(host.count), Status::Synchronised);
    host.state.utc_is_synchronised = false;
    let record = host.tick(&mut discipline);
    assert_eq!(record.utc_status_at(host.count), Status::Unknown);
    assert_eq!(record.status_at(host.count), Status::Synchronised, "it still follows the host");
}

#[test]
fn the_bound_against_utc_is_the_sum_of_all_errors() {
    let mut host = Host::new();
    let (mut discipline, record) = host.synchronised();
    assert_eq!(record.real_offset_ns, 1_000_000_000_000);
    // Half the width of the offset's interval, and a nanosecond of rounding.
    assert_eq!(record.utc_bound_ns, 5_000 + 501 + record.bound_ns);
    let later = record.since + SECOND;
    let own_growth = record.bound_at(later) - record.bound_ns;
    let growth = record.utc_bound_at(later).expect("it is known") - record.utc_bound_ns;
    // The kernel's estimate grows by 500 ppm.
    assert!((499_999..=500_001).contains(&(growth - own_growth)), "{growth} {own_growth}");
    host.state.utc_error_ns = u64::MAX;
    assert_eq!(host.tick(&mut discipline).utc_bound_at(host.count), None, "nothing is known");
}

#[test]
fn the_record_has_the_state_of_the_host() {
    let mut host = Host::new();
    let (mut discipline, record) = host.synchronised();
    assert_eq!((record.tai_offset, record.steps, record.disruptions), (37, 0, 0));
    host.state.tai_offset = 38;
    host.state.real_offset_ns = (7_000_000, 7_000_010);
    let record = host.tick(&mut discipline);
    assert_eq!((record.tai_offset, record.steps), (38, 1), "the time of day was set");
    assert_eq!(record.real_offset_ns, 7_000_005);
    assert_eq!(record.disruptions, 0, "the monotonic clock was not");
}

#[test]
fn a_clock_is_synchronised_within_a_tenth_of_a_millisecond() {
    let mut host = Host::new();
    let (_, record) = host.synchronised();
    let wide = Record { bound_ns: 10_000_000, ..record };
    let mut discipline = Discipline::from_record(&wide, Settings::default());
    host.ahead += 300_000;
    let mut first = None;
    for _ in 0..1000 {
        let record = host.tick(&mut discipline);
        if record.status_at(host.count) == Status::Synchronised && first.is_none() {
            first = Some(host.error(&record));
        }
    }
    let first = first.expect("the clock has converged");
    assert!((50_000..101_000).contains(&first), "synchronised at {first} ns");
    assert_eq!(discipline.tick(host.sample(WIDTH), &host.state).disruptions, 0);
}

#[test]
fn the_status_ages_without_a_timekeeper() {
    let (_, record) = Host::new().synchronised();
    let after = |ms: u64| record.since + ms * SECOND / 1000;
    for (ms, status) in [
        (1_950, Status::Synchronised),
        (2_050, Status::FreeRunning),
        (299_000, Status::FreeRunning),
        (301_000, Status::Unknown),
    ] {
        assert_eq!(record.status_at(after(ms)), status, "after {ms} ms");
        assert_eq!(record.utc_status_at(after(ms)), status, "after {ms} ms");
    }
    assert_eq!(record.status_at(record.free_after - 1), Status::Synchronised);
    assert_eq!(record.status_at(record.free_after), Status::FreeRunning);
    assert_eq!(record.status_at(record.unknown_after), Status::Unknown);
    let disrupted = Record { status: 3, ..record };
    assert_eq!(disrupted.status_at(after(3_000)), Status::Disrupted, "no claim that ages");
    assert_eq!(disrupted.status_at(after(301_000)), Status::Unknown);
}

#[test]
fn the_bound_grows_by_what_the_host_and_the_clock_may_do() {
    let mut host = Host::new();
    let record = host.start().tick(host.sample(WIDTH), &host.state);
    // 500 ppm of the host, 1 ppm of the estimate, and no slew yet.
    assert_eq!(record.drift_ppb, 501_000);
    let (_, record) = Host::new().synchronised();
    assert!((501_000..501_100).contains(&record.drift_ppb), "{}", record.drift_ppb);
}

#[test]
fn a_successor_continues_what_its_predecessor_published() {
    let mut host = Host::new();
    let (_, record) = host.synchronised();
    let record =
        Record { steps: 7, disruptions: 3, bound_ns: 5_000_000, drift_ppb: 900_000, ..record };
    let continued = |host: &mut Host| {
        let mut discipline = Discipline::from_record(&record, Settings::default());
        host.tick(&mut discipline)
    };
    let next = continued(&mut host);
    assert_eq!((next.steps, next.disruptions), (7, 3));
    assert_eq!(next.drift_ppb, 900_000);
    assert!(next.bound_at(host.count) > 5_000_000, "one sample proves nothing");
    let offset_ns = 1_000_000_000_000;
    assert_eq!(next.real_offset_ns, offset_ns);
    // Between the two timekeepers the time of day was set.
    host.state.real_offset_ns = (offset_ns + 10_000, offset_ns + 10_020);
    assert_eq!(continued(&mut host).steps, 8);
    // Another process estimates the offset a little differently.
    host.state.real_offset_ns = (offset_ns + 150, offset_ns + 160);
    assert_eq!(continued(&mut host).steps, 7);
}

#[test]
fn a_clock_that_begins_later_has_a_bound_for_that() {
    let mut host = Host::new();
    let floor = host.now() + 3_000_000;
    let mut discipline = host.start().not_before(floor);
    let record = host.tick(&mut discipline);
    assert!(record.ns_at(host.count) >= floor);
    for _ in 0..10 {
        let record = host.tick(&mut discipline);
        let bound = record.bound_at(host.count).cast_signed();
        assert!((2_900_000..=bound).contains(&-host.error(&record)));
        assert_eq!(record.disruptions, 0, "being ahead is no jump");
    }
}

/// By how much the slopes of a record differ from its estimate of the host's, in ppb.
fn slew_ppb(record: &Record) -> (i64, i64) {
    let ppb = |mult: u64| ((mult as f64 / record.rate as f64 - 1.0) * 1e9).round() as i64;
    (ppb(record.mult), ppb(record.next))
}

/// A clock whose bound admits 10 ms, on a host that is ahead of it.
fn behind(ns: i64) -> (Host, Discipline) {
    let mut host = Host::new();
    let (_, record) = host.synchronised();
    let wide = Record { bound_ns: 10_000_000, ..record };
    host.ahead += ns;
    (host, Discipline::from_record(&wide, Settings::default()))
}

#[test]
fn a_line_is_bent_twice_a_second_and_a_tenth_of_a_second_ahead() {
    let (mut host, mut discipline) = behind(300_000);
    let (mut bends, mut pivot) = (0, discipline.line().pivot);
    for _ in 0..1_000 {
        let record = host.tick(&mut discipline);
        let next = discipline.line().pivot;
        if next != pivot {
            bends += 1;
            let lead = next - host.count;
            assert!((99_900_000..=100_100_000).contains(&lead), "{lead} counts ahead");
        }
        pivot = next;
        let (before, after) = slew_ppb(&record);
        let least = 501_000 + before.abs().max(after.abs());
        assert!(
            i64::from(record.drift_ppb) >= least - 2,
            "the bound of a slewed clock: {record:?}"
        );
    }
    assert!((17..=20).contains(&bends), "{bends} bends in ten seconds");
}

#[test]
fn an_error_is_corrected_within_two_periods() {
    let (mut host, mut discipline) = behind(40_000);
    let slew = (0..1_000).find_map(|_| {
        let (before, after) = slew_ppb(&host.tick(&mut discipline));
        (after != before).then_some(after)
    });
    // 40 us within a second.
    assert!(slew.is_some_and(|ppb| (39_000..41_000).contains(&ppb)), "{slew:?}");
}

#[test]
fn a_new_clock_is_synchronised_after_four_quarters_of_a_second() {
    let mut host = Host::new();
    let mut discipline = host.start();
    // The first sample is the second tick's, because the first is not confirmed.
    let record = host.ticks(&mut discipline, 75);
    assert_eq!(record.status_at(host.count), Status::FreeRunning, "after 0.75 s");
    let record = host.ticks(&mut discipline, 5);
    assert_eq!(record.status_at(host.count), Status::Synchronised, "after 0.8 s");
}

#[test]
fn a_bound_allows_for_rounding() {
    let mut host = Host::new();
    let mut discipline = host.start();
    // The first sample has the host's time at its end, which is half a width too late.
    assert_eq!(host.ticks(&mut discipline, 3).bound_ns, WIDTH + 1);
}
