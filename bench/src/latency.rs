// SPDX-License-Identifier: MIT OR Apache-2.0
//! Latencies of single reads and writes: one reader beside one writer that publishes at a fixed rate.
//!
//! Contestants take turns in short slots, in a new order each round. Each quantile is the median over the
//! slots, so a slot that the machine disturbed counts once.

use core::hint::black_box;
use core::time::Duration;
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::contestant::{Contestant, Read, Write};
use crate::payload::Payload;
use crate::placement::MidPage;
use crate::stats::median;
use crate::throughput::{SharedLock, SlotEffort, ThreadWork};
use crate::timing::{SlotTimer, StartBarrier};

/// The latency of an operation in nanoseconds, including two reads of the counter (`empty_latency` in the
/// results).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// The mean of the middle half, which is finer than the step of the counter.
    pub(crate) middle: f64,
    pub(crate) p99: f64,
    pub(crate) p99_9: f64,
}

/// The latencies of one contestant.
#[derive(Clone, Copy)]
pub(crate) struct Latencies {
    pub(crate) read: Latency,
    pub(crate) write: Latency,
    /// The fraction of the due writes that were done.
    pub(crate) done: f64,
}

/// A contestant whose single operations can be timed.
pub(crate) trait TimedWork: ThreadWork {
    /// Reads until the end, one value after another.
    fn time_reads(&self, samples: &mut Samples, timer: &SlotTimer);
    /// Publishes one value in each `interval` until the end. Returns the number of writes due.
    fn time_writes(&self, interval: Duration, samples: &mut Samples, timer: &SlotTimer) -> u64;
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

    fn latency(mut self) -> Option<Latency> {
        let count = self.0.len();
        if count < 1000 {
            return None;
        }
        self.0.sort_unstable();
        let ns = |ticks: f64| ticks * clock().delta_as_nanos(0, 1 << 20) as f64 / (1 << 20) as f64;
        let quantile = |part: f64| ns(f64::from(self.0[((count - 1) as f64 * part) as usize]));
        let middle = &self.0[count / 4..count * 3 / 4];
        let mean = middle.iter().copied().map(f64::from).sum::<f64>() / middle.len() as f64;
        Some(Latency { middle: ns(mean), p99: quantile(0.99), p99_9: quantile(0.999) })
    }
}

fn clock() -> &'static quanta::Clock {
    static CLOCK: OnceLock<quanta::Clock> = OnceLock::new();
    CLOCK.get_or_init(quanta::Clock::new)
}

/// Returns the latency of two reads of the counter with nothing in between.
pub(crate) fn empty() -> Option<Latency> {
    let mut samples = Samples::new();
    for _ in 0..1 << 16 {
        samples.time(|| ());
    }
    samples.latency()
}

/// Shorter slots have too few writes for a quantile of 99.9 %.
const SHORTEST_SLOT: Duration = Duration::from_millis(16);

/// Measures all contestants against each other. Returns latencies in the order given, and `None` where no
/// slot had enough operations, as on a busy machine.
pub(crate) fn compare(
    contestants: &[Box<dyn TimedWork>],
    interval: Duration,
    effort: SlotEffort,
) -> Vec<Option<Latencies>> {
    let slots = effort.interleave(contestants.len(), |index, length| {
        slot(&*contestants[index], interval, length.max(SHORTEST_SLOT))
    });
    slots
        .into_iter()
        .map(|slots| median_slot(&slots.into_iter().flatten().collect::<Vec<_>>()))
        .collect()
}

fn slot(contestant: &dyn TimedWork, interval: Duration, length: Duration) -> Option<Latencies> {
    let timer = SlotTimer::new(length);
    let barrier = StartBarrier::new(2);
    let (mut reads, mut writes) = (Samples::new(), Samples::new());
    let mut due = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            barrier.wait();
            contestant.time_reads(&mut reads, &timer);
        });
        scope.spawn(|| {
            barrier.wait();
            timer.start();
            due = contestant.time_writes(interval, &mut writes, &timer);
        });
        timer.wait_until_over();
    });
    let done = writes.0.len() as f64 / due as f64;
    Some(Latencies { read: reads.latency()?, write: writes.latency()?, done })
}

fn median_slot(slots: &[Latencies]) -> Option<Latencies> {
    let over =
        |part: &dyn Fn(&Latencies) -> f64| median(&slots.iter().map(part).collect::<Vec<_>>());
    let latency = |operation: fn(&Latencies) -> Latency| Latency {
        middle: over(&|slot| operation(slot).middle),
        p99: over(&|slot| operation(slot).p99),
        p99_9: over(&|slot| operation(slot).p99_9),
    };
    (!slots.is_empty()).then(|| Latencies {
        read: latency(|slot| slot.read),
        write: latency(|slot| slot.write),
        done: over(&|slot| slot.done),
    })
}

impl<T: Payload, C: Contestant<T> + Send + Sync> TimedWork for SharedLock<T, C> {
    fn time_reads(&self, samples: &mut Samples, timer: &SlotTimer) {
        let mut reader = black_box(self.contestant()).reader();
        let mut out = MidPage::new(T::from_generation(0));
        while !timer.is_over() {
            samples.time(|| {
                reader.read_into(&mut out.value);
                black_box(&mut out.value);
            });
        }
    }

    fn time_writes(&self, interval: Duration, samples: &mut Samples, timer: &SlotTimer) -> u64 {
        let mut writer = black_box(self.contestant()).writer();
        let start = Instant::now();
        let mut due = 0;
        for value in self.values().iter().cycle() {
            due += 1;
            while start.elapsed() < interval * due {
                core::hint::spin_loop();
            }
            timer.check_clock();
            if timer.is_over() {
                break;
            }
            samples.time(|| writer.set(black_box(&value.value)));
        }
        (start.elapsed().as_nanos() / interval.as_nanos()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Samples;

    #[test]
    fn a_latency_has_the_middle_and_the_tail_of_its_samples() {
        let mut samples = Samples::new();
        samples.0.extend((0..10_000).map(|index| if index < 9_950 { 100 } else { 100_000 }));
        let latency = samples.latency().expect("enough samples");
        assert!(latency.middle > 0.0);
        assert!((latency.p99 / latency.middle - 1.0).abs() < 1e-9, "{latency:?}");
        assert!((latency.p99_9 / latency.middle - 1000.0).abs() < 1e-6, "{latency:?}");
    }

    #[test]
    fn too_few_samples_have_no_latency() {
        let mut samples = Samples::new();
        samples.0.extend([1; 999]);
        assert!(samples.latency().is_none());
    }
}
