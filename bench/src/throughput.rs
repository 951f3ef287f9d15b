// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rates of several threads: contestants take turns in short slots, in a new order each round.
//!
//! Each slot has two phases: one that is measured, and a shorter one in which each value read is verified.

use core::hint::black_box;
use core::time::Duration;
use std::thread;

use crate::contestant::{Contestant, Read, Write};
use crate::machine::cores;
use crate::payload::Payload;
use crate::placement::{MidPage, PageAligned};
use crate::results::SlotCount;
use crate::stats::{self, Summary};
use crate::timing::{PolledTimer, SlotTimer, StartBarrier, interruptions};

/// The work of one thread during a slot.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Reader,
    /// Publishes one value after another, without a pause.
    BusyWriter,
    /// Publishes about a thousand values a second.
    SlowWriter,
    /// Reads or writes at random, with this many writes in a hundred.
    Mixed {
        writes: u32,
    },
}

impl Role {
    fn reads(self) -> bool {
        matches!(self, Self::Reader | Self::Mixed { .. })
    }

    fn writes(self) -> bool {
        !matches!(self, Self::Reader)
    }
}

/// The operations of all threads in one slot.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) verified: u64,
    pub(crate) torn: u64,
}

impl core::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.reads += other.reads;
        self.writes += other.writes;
        self.verified += other.verified;
        self.torn += other.torn;
    }
}

/// A contestant that several threads can use.
pub(crate) trait ThreadWork: Sync {
    fn name(&self) -> &'static str;
    /// Returns whether the contestant allows threads with these roles at the same time.
    fn allows(&self, roles: &[Role]) -> bool;
    /// Returns the size of the value and its lock, in bytes.
    fn footprint(&self) -> usize;
    /// Returns whether the value is on the heap, beside the footprint.
    fn is_on_heap(&self) -> bool;
    /// Does the work of the role until the slot is over.
    fn run(&self, role: Role, phase: Phase, timer: &SlotTimer) -> Tally;
}

/// Whether threads are measured, or verify what they read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Count,
    Verify,
}

/// The rates of one contestant: operations a second, all threads together.
pub(crate) struct Rates {
    /// The samples of reads and of writes, one for each slot.
    pub(crate) samples: [Vec<f64>; 2],
    pub(crate) reads: Summary,
    pub(crate) writes: Summary,
    pub(crate) verified: u64,
    pub(crate) torn: u64,
    pub(crate) slots: SlotCount,
}

/// How long to measure several threads.
#[derive(Clone, Copy)]
pub(crate) struct SlotEffort {
    pub(crate) rounds: usize,
    pub(crate) slot: Duration,
}

impl SlotEffort {
    /// Runs one slot of each contestant in each round, in a new random order. Returns the results by contestant.
    pub(crate) fn interleave<S>(
        self,
        contestants: usize,
        mut run_slot: impl FnMut(usize, Duration) -> S,
    ) -> Vec<Vec<S>> {
        let mut slots: Vec<Vec<S>> = (0..contestants).map(|_| Vec::new()).collect();
        let mut order: Vec<usize> = (0..contestants).collect();
        for _ in 0..self.rounds {
            fastrand::shuffle(&mut order);
            for &index in &order {
                slots[index].push(run_slot(index, self.slot));
            }
        }
        slots
    }
}

/// Where each thread has a core, there are this many times as many slots, each shorter by this factor. Then
/// some slots are likely to pass without an interruption.
const SHORTER: u32 = 8;

/// Measures all contestants against each other. Returns rates in the order given.
pub(crate) fn compare(
    contestants: &[Box<dyn ThreadWork>],
    roles: &[Role],
    effort: SlotEffort,
) -> Vec<Rates> {
    let effort = match roles.len() <= cores() {
        true => {
            SlotEffort { rounds: effort.rounds * SHORTER as usize, slot: effort.slot / SHORTER }
        }
        false => effort,
    };
    let slots = effort
        .interleave(contestants.len(), |index, length| slot(&*contestants[index], roles, length));
    slots.iter().map(|slots| rates(slots)).collect()
}

/// The result of one slot.
#[derive(Clone, Copy)]
struct Slot {
    tally: Tally,
    took: Duration,
    /// How often the system preempted a thread.
    interruptions: u64,
}

fn rates(slots: &[Slot]) -> Rates {
    let counted = stats::counted_slots(slots, |slot| slot.interruptions == 0);
    let rate =
        |slot: &Slot, count: fn(&Tally) -> u64| count(&slot.tally) as f64 / slot.took.as_secs_f64();
    let per_second = |count: fn(&Tally) -> u64| -> Vec<f64> {
        counted.slots.iter().map(|slot| rate(slot, count)).collect()
    };
    let of_all_slots =
        |count: fn(&Tally) -> u64| slots.iter().map(|slot| rate(slot, count)).collect();
    Rates {
        samples: [of_all_slots(|tally| tally.reads), of_all_slots(|tally| tally.writes)],
        reads: stats::summarize_rates(&per_second(|tally| tally.reads)),
        writes: stats::summarize_rates(&per_second(|tally| tally.writes)),
        verified: slots.iter().map(|slot| slot.tally.verified).sum(),
        torn: slots.iter().map(|slot| slot.tally.torn).sum(),
        slots: SlotCount { calm: counted.calm, all: slots.len() },
    }
}

/// Measures for the length of a slot, then verifies for a quarter of that.
fn slot(contestant: &dyn ThreadWork, roles: &[Role], length: Duration) -> Slot {
    let mut slot = phase(contestant, roles, Phase::Count, length);
    let verified = phase(contestant, roles, Phase::Verify, length / 4).tally;
    slot.tally.verified = verified.verified;
    slot.tally.torn = verified.torn;
    slot
}

fn phase(contestant: &dyn ThreadWork, roles: &[Role], phase: Phase, length: Duration) -> Slot {
    let timer = SlotTimer::new(length);
    let barrier = StartBarrier::new(roles.len());
    let mut slot = Slot { tally: Tally::default(), took: Duration::ZERO, interruptions: 0 };
    let work = |role| {
        let before = interruptions();
        barrier.wait();
        timer.start();
        let tally = contestant.run(role, phase, &timer);
        (tally, interruptions() - before)
    };
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = roles.iter().map(|&role| scope.spawn(move || work(role))).collect();
        timer.wait_until_over();
        for thread in threads {
            let (tally, interruptions) = thread.join().expect("a thread of the slot panicked");
            slot.tally += tally;
            slot.interruptions += interruptions;
        }
    });
    slot.took = timer.elapsed();
    slot
}

/// One lock that all threads share.
pub(crate) struct SharedLock<T, C> {
    cell: Box<PageAligned<C>>,
    values: Values<T>,
}

impl<T: Payload, C: Contestant<T> + Send + Sync + 'static> SharedLock<T, C> {
    pub(crate) fn new() -> Self {
        let values = Values::new();
        Self { cell: Box::new(PageAligned(C::new(values.0[0].value))), values }
    }
}

impl<T, C> SharedLock<T, C> {
    pub(crate) fn contestant(&self) -> &C {
        &self.cell.0
    }
}

/// Values to publish in turn, created before the measurement.
pub(crate) struct Values<T>(pub(crate) [Box<MidPage<T>>; 4]);

impl<T: Payload> Values<T> {
    pub(crate) fn new() -> Self {
        Self(core::array::from_fn(|index| MidPage::new(T::from_generation(index as u32 + 1))))
    }
}

impl<T: Payload, C: Contestant<T> + Send + Sync> ThreadWork for SharedLock<T, C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn allows(&self, roles: &[Role]) -> bool {
        let readers = roles.iter().filter(|role| role.reads()).count();
        let writers = roles.iter().filter(|role| role.writes()).count();
        C::READS_AGAIN && (C::MANY_READERS || readers <= 1) && (C::MANY_WRITERS || writers <= 1)
    }

    fn footprint(&self) -> usize {
        size_of::<C>()
    }

    fn is_on_heap(&self) -> bool {
        C::ON_HEAP
    }

    fn run(&self, role: Role, phase: Phase, timer: &SlotTimer) -> Tally {
        match (role, phase) {
            (Role::Reader, Phase::Count) => self.read(timer),
            (Role::Reader, Phase::Verify) => self.read_and_verify(timer),
            (Role::BusyWriter, _) => self.write(timer),
            (Role::SlowWriter, _) => self.write_slowly(timer),
            (Role::Mixed { writes }, _) => self.read_and_write(writes, phase, timer),
        }
    }
}

/// The number of reads between two polls of the timer.
const CHUNK: u64 = 8;

impl<T: Payload, C: Contestant<T>> SharedLock<T, C> {
    fn read(&self, timer: &SlotTimer) -> Tally {
        let mut reader = black_box(&self.cell.0).reader();
        let mut out = MidPage::new(T::from_generation(0));
        let mut reads = 0;
        while !timer.is_over() {
            reader.read_into_times(&mut out.value, CHUNK);
            reads += CHUNK;
        }
        Tally { reads, ..Tally::default() }
    }

    fn read_and_verify(&self, timer: &SlotTimer) -> Tally {
        let mut reader = black_box(&self.cell.0).reader();
        let mut tally = Tally::default();
        let mut out = MidPage::new(T::from_generation(0));
        while !timer.is_over() {
            reader.read_into(&mut out.value);
            tally.verify(&out.value);
        }
        tally
    }

    fn write(&self, timer: &SlotTimer) -> Tally {
        let mut writer = black_box(&self.cell.0).writer();
        let mut writes = 0;
        let mut polled = PolledTimer::new(timer);
        while !polled.is_over() {
            for value in &self.values.0 {
                writer.set(black_box(&value.value));
                writes += 1;
            }
        }
        Tally { writes, ..Tally::default() }
    }

    fn write_slowly(&self, timer: &SlotTimer) -> Tally {
        let mut writer = black_box(&self.cell.0).writer();
        let mut writes = 0;
        for value in self.values.0.iter().cycle() {
            timer.check_clock();
            if timer.is_over() {
                break;
            }
            writer.set(&value.value);
            writes += 1;
            thread::sleep(Duration::from_millis(1));
        }
        Tally { writes, ..Tally::default() }
    }

    fn read_and_write(&self, writes: u32, phase: Phase, timer: &SlotTimer) -> Tally {
        let mut reader = black_box(&self.cell.0).reader();
        let mut writer = black_box(&self.cell.0).writer();
        let mut tally = Tally::default();
        let mut out = MidPage::new(T::from_generation(0));
        let mut random = fastrand::Rng::new();
        let mut polled = PolledTimer::new(timer);
        while !polled.is_over() {
            for value in &self.values.0 {
                if random.u32(..100) < writes {
                    writer.set(black_box(&value.value));
                    tally.writes += 1;
                } else {
                    reader.read_into(&mut out.value);
                    black_box(&mut out.value);
                    tally.reads += 1;
                    if phase == Phase::Verify {
                        tally.verify(&out.value);
                    }
                }
            }
        }
        tally
    }
}

impl Tally {
    pub(crate) fn verify(&mut self, value: &impl Payload) {
        self.verified += 1;
        self.torn += u64::from(value.generation().is_none());
    }
}
