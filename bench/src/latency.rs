// SPDX-License-Identifier: MIT OR Apache-2.0
//! Latencies of single reads and writes: one reader beside one writer that publishes at a fixed rate.
//!
//! Contestants take turns in short slots, in a new order each round. Each quantile is a median over slots, so a slot that
//! the machine disturbed counts once.

use core::hint::black_box;
use core::time::Duration;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::contestant::{Contestant, Read, Write};
use crate::payload::Payload;
use crate::placement::MidPage;
use crate::results::SlotCount;
use crate::stats::{counted_slots, median};
use crate::throughput::{SharedLock, SlotEffort, ThreadWork};
use crate::timing::{SlotTimer, StartBarrier, interruptions};

/// The latency of an operation in nanoseconds, including two reads of the counter (`empty_latency` in the results).
///
/// A quantile is missing if there were fewer than [`TAIL`] operations beyond it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// The mean of the middle half, which is finer than the step of the counter.
    pub(crate) middle: f64,
    pub(crate) p99: Option<f64>,
    pub(crate) p99_9: Option<f64>,
    #[serde(default)]
    pub(crate) p99_99: Option<f64>,
}

/// The latencies of one contestant.
pub(crate) struct Latencies {
    /// The middles of reads and of writes, one for each slot that has them.
    pub(crate) samples: [Vec<f64>; 2],
    pub(crate) read: Option<Latency>,
    pub(crate) write: Option<Latency>,
    /// The fraction of the due writes that were done.
    pub(crate) done: f64,
    /// How many times a second the reader got another value than before.
    pub(crate) new_values: f64,
    pub(crate) slots: SlotCount,
}

/// A contestant whose single operations can be timed.
pub(crate) trait TimedWork: ThreadWork {
    /// Reads until the end, one value after another. Returns how often the value was another one than before.
    fn time_reads(&self, samples: &mut Samples, timer: &SlotTimer) -> u64;
    /// Publishes one value in each `interval` until the end.
    fn time_writes(&self, interval: Duration, samples: &mut Samples, timer: &SlotTimer);
}

/// Durations in ticks of the processor's counter, up to a fixed number of them.
pub(crate) struct Samples(Vec<u32>);

impl Samples {
    /// Touches the memory, so that no page fault is measured later.
    fn new() -> Self {
        let mut ticks = vec![1; 1 << 20];
        ticks.clear();
        Self(ticks)
    }

    #[inline(always)]
    fn time(&mut self, work: impl FnOnce()) {
        let clock = clock();
        let start = clock.raw();
        work();
        let ticks = clock.raw().saturating_sub(start);
        if self.0.len() < self.0.capacity() {
            self.0.push(u32::try_from(ticks).unwrap_or(u32::MAX));
        }
    }

    fn distribution(mut self) -> Distribution {
        self.0.sort_unstable();
        let mut ticks = Histogram::new_with_bounds(1, u64::from(u32::MAX), 3)
            .expect("the bounds are those of the samples");
        for &sample in &self.0 {
            ticks.record(u64::from(sample.max(1))).expect("all samples are within the bounds");
        }
        let (quarter, count) = (self.0.len() / 4, self.0.len());
        let middle = &self.0[quarter..count - quarter];
        let mean = middle.iter().copied().map(f64::from).sum::<f64>() / middle.len() as f64;
        Distribution { middle: (!middle.is_empty()).then_some(mean), ticks }
    }
}

/// The durations of one slot, in ticks.
struct Distribution {
    middle: Option<f64>,
    ticks: Histogram<u32>,
}

/// The fewest operations beyond a quantile.
const TAIL: f64 = 10.0;

/// Returns the median over slots of a quantile. Slots are joined until they have enough operations together.
fn quantile(slots: &[&Histogram<u32>], part: f64) -> Option<f64> {
    let needed = TAIL / (1.0 - part);
    let mut quantiles = Vec::new();
    let mut joined: Option<Histogram<u32>> = None;
    for &slot in slots {
        let mut ticks = slot.clone();
        if let Some(before) = joined.take() {
            ticks.add(before).expect("all slots have the same bounds");
        }
        // The product is not exact, so half an operation is allowed for.
        match ticks.len() as f64 + 0.5 >= needed {
            true => quantiles.push(nanoseconds(ticks.value_at_quantile(part) as f64)),
            false => joined = Some(ticks),
        }
    }
    (!quantiles.is_empty()).then(|| median(&quantiles))
}

fn latency(slots: &[&Distribution]) -> Option<Latency> {
    let middles: Vec<f64> = slots.iter().filter_map(|slot| slot.middle).collect();
    let ticks: Vec<_> = slots.iter().map(|slot| &slot.ticks).collect();
    (!middles.is_empty()).then(|| Latency {
        middle: nanoseconds(median(&middles)),
        p99: quantile(&ticks, 0.99),
        p99_9: quantile(&ticks, 0.999),
        p99_99: quantile(&ticks, 0.9999),
    })
}

fn clock() -> &'static quanta::Clock {
    static CLOCK: OnceLock<quanta::Clock> = OnceLock::new();
    CLOCK.get_or_init(quanta::Clock::new)
}

fn nanoseconds(ticks: f64) -> f64 {
    ticks * clock().delta_as_nanos(0, 1 << 20) as f64 / (1 << 20) as f64
}

/// Returns the latency of two reads of the counter with nothing in between.
pub(crate) fn empty() -> Option<Latency> {
    let mut samples = Samples::new();
    for _ in 0..1 << 18 {
        samples.time(|| ());
    }
    latency(&[&samples.distribution()])
}

/// Shorter slots have too few writes for a quantile.
const SHORTEST_SLOT: Duration = Duration::from_millis(16);

/// Measures all contestants against each other. Returns latencies in the order given.
pub(crate) fn compare(
    contestants: &[Box<dyn TimedWork>],
    interval: Duration,
    effort: SlotEffort,
) -> Vec<Latencies> {
    let slots = effort.interleave(contestants.len(), |index, length| {
        slot(&*contestants[index], interval, length.max(SHORTEST_SLOT))
    });
    slots.iter().map(|slots| latencies(slots)).collect()
}

/// The result of one slot.
struct Slot {
    read: Distribution,
    write: Distribution,
    done: f64,
    new_values: f64,
    interruptions: u64,
}

fn slot(contestant: &dyn TimedWork, interval: Duration, length: Duration) -> Slot {
    let timer = SlotTimer::new(length);
    let barrier = StartBarrier::new(2);
    let (mut reads, mut writes) = (Samples::new(), Samples::new());
    let (mut seen, mut interrupted) = (0, [0, 0]);
    thread::scope(|scope| {
        let [reader, writer] = &mut interrupted;
        scope.spawn(|| {
            let before = interruptions();
            barrier.wait();
            seen = contestant.time_reads(&mut reads, &timer);
            *reader = interruptions() - before;
        });
        scope.spawn(|| {
            let before = interruptions();
            barrier.wait();
            timer.start();
            contestant.time_writes(interval, &mut writes, &timer);
            *writer = interruptions() - before;
        });
        timer.wait_until_over();
    });
    let took = timer.elapsed();
    Slot {
        done: part_done(writes.0.len(), took, interval),
        new_values: seen as f64 / took.as_secs_f64(),
        read: reads.distribution(),
        write: writes.distribution(),
        interruptions: interrupted.iter().sum(),
    }
}

/// Returns the part of the due writes that were done. Of a slot that is shorter than the interval one write is due.
fn part_done(writes: usize, took: Duration, interval: Duration) -> f64 {
    writes as f64 / (took.as_secs_f64() / interval.as_secs_f64()).floor().max(1.0)
}

fn latencies(slots: &[Slot]) -> Latencies {
    let counted = counted_slots(slots, |slot| slot.interruptions == 0);
    let over = |part: fn(&Slot) -> f64| {
        median(&counted.slots.iter().map(|slot| part(slot)).collect::<Vec<_>>())
    };
    let latency_of = |operation: fn(&Slot) -> &Distribution| {
        latency(&counted.slots.iter().map(|slot| operation(slot)).collect::<Vec<_>>())
    };
    let middles = |operation: fn(&Slot) -> &Distribution| {
        slots.iter().filter_map(|slot| operation(slot).middle).map(nanoseconds).collect()
    };
    Latencies {
        samples: [middles(|slot| &slot.read), middles(|slot| &slot.write)],
        read: latency_of(|slot| &slot.read),
        write: latency_of(|slot| &slot.write),
        done: over(|slot| slot.done),
        new_values: over(|slot| slot.new_values),
        slots: SlotCount { calm: counted.calm, all: slots.len() },
    }
}

impl<T: Payload, C: Contestant<T> + Send + Sync> TimedWork for SharedLock<T, C> {
    fn time_reads(&self, samples: &mut Samples, timer: &SlotTimer) -> u64 {
        let mut reader = black_box(self.contestant()).reader();
        let mut out = MidPage::new(T::from_generation(0));
        let (mut last, mut new_values) = (0, 0);
        while !timer.is_over() {
            samples.time(|| {
                reader.read_into(&mut out.value);
                black_box(&mut out.value);
            });
            let seen = out.value.marked();
            new_values += u64::from(seen != last);
            last = seen;
        }
        new_values
    }

    fn time_writes(&self, interval: Duration, samples: &mut Samples, timer: &SlotTimer) {
        let mut writer = black_box(self.contestant()).writer();
        let mut value = MidPage::new(T::from_generation(0));
        let start = Instant::now();
        for due in 1.. {
            while start.elapsed() < interval * due {
                core::hint::spin_loop();
            }
            timer.check_clock();
            if timer.is_over() {
                break;
            }
            value.value.mark(due);
            samples.time(|| writer.set(black_box(&value.value)));
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::{Distribution, Samples, latency, part_done};

    #[test]
    fn the_part_of_writes_that_were_done_is_always_a_number() {
        let [second, tick, instant] = [1_000_000_000, 1_000_000, 1].map(Duration::from_nanos);
        assert_eq!(part_done(500, second, tick), 0.5);
        assert_eq!((part_done(0, instant, tick), part_done(1, instant, tick)), (0.0, 1.0));
    }

    fn slot(samples: impl Iterator<Item = u32>) -> Distribution {
        let mut all = Samples::new();
        all.0.extend(samples);
        all.distribution()
    }

    #[test]
    fn a_latency_has_the_middle_and_the_tail_of_its_samples() {
        let slot = slot((0..10_000).map(|index| if index < 9_950 { 100 } else { 100_000 }));
        let latency = latency(&[&slot]).expect("it has samples");
        assert!(latency.middle > 0.0);
        let in_middles = |ns: Option<f64>| ns.expect("enough samples") / latency.middle;
        assert!((in_middles(latency.p99) - 1.0).abs() < 1e-3, "{latency:?}");
        assert!((in_middles(latency.p99_9) - 1000.0).abs() < 1.0, "{latency:?}");
    }

    #[test]
    fn a_quantile_needs_ten_samples_beyond_it_in_all_slots_together() {
        let short = || slot([1; 500].into_iter());
        let two = latency(&[&short(), &short()]).expect("it has samples");
        assert!(two.p99.is_some() && two.p99_9.is_none(), "{two:?}");
        let one = latency(&[&short()]).expect("it has samples");
        assert!(one.p99.is_none(), "{one:?}");
        assert!(latency(&[&slot([].into_iter())]).is_none());
    }

    #[test]
    fn a_disturbed_slot_counts_once() {
        let calm = || slot([100; 2000].into_iter());
        let disturbed = slot([100_000; 2000].into_iter());
        let all = latency(&[&calm(), &disturbed, &calm()]).expect("it has samples");
        assert!(all.p99.expect("enough samples") < 2.0 * all.middle, "{all:?}");
    }
}
