// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rates of several threads: contestants take turns in short slots, in a new order each round.
//!
//! Each slot has two halves: one that counts and verifies nothing, and a shorter one in which each
//! value read is verified and torn ones are counted.

use core::hint::black_box;
use core::time::Duration;
use std::thread;

use crate::contestant::{Contestant, Read, Write};
use crate::machine::cores;
use crate::payload::Payload;
use crate::placement::{HalfPage, Page};
use crate::stats::{self, Summary};
use crate::whistle::{StartLine, Watch, Whistle, interruptions};

/// What one thread does all the time.
#[derive(Clone, Copy)]
pub(crate) enum Role {
    Reader,
    /// Publishes one value after another, without a pause.
    RestlessWriter,
    /// Publishes about a thousand values a second.
    CalmWriter,
    /// Decides each time anew, with so many writes in a hundred.
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

/// What the threads of one slot did together.
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

/// One contestant that several threads can work on.
pub(crate) trait Racer: Sync {
    fn name(&self) -> &'static str;
    /// Whether the contestant allows threads of these roles at the same time.
    fn allows(&self, roles: &[Role]) -> bool;
    /// The bytes that the contestant takes where it stands, for the value and its lock.
    fn footprint(&self) -> usize;
    /// Does what the role says until it is over.
    fn run(&self, role: Role, phase: Phase, whistle: &Whistle) -> Tally;
}

/// Whether a thread counts its operations or verifies what it reads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Count,
    Verify,
}

/// Rates of one contestant: operations a second of all threads together.
#[derive(Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) reads: Summary,
    pub(crate) writes: Summary,
    pub(crate) verified: u64,
    pub(crate) torn: u64,
}

/// How long to measure.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: usize,
    pub(crate) slot: Duration,
}

/// Where each thread has a core, this many times as many slots, each so much shorter: then some are
/// likely to pass without anybody else on the machine taking a core away.
const SHORTER: u32 = 8;

/// Lets the contestants race; the result stands in the order given.
pub(crate) fn race(racers: &[Box<dyn Racer>], roles: &[Role], effort: Effort) -> Vec<Rates> {
    let Effort { rounds, slot: length } = effort;
    let (rounds, length) = match roles.len() <= cores() {
        true => (rounds * SHORTER as usize, length / SHORTER),
        false => (rounds, length),
    };
    let mut slots: Vec<Vec<Slot>> = racers.iter().map(|_| Vec::new()).collect();
    let mut order: Vec<usize> = (0..racers.len()).collect();
    for _ in 0..rounds {
        fastrand::shuffle(&mut order);
        for &index in &order {
            slots[index].push(slot(&*racers[index], roles, length));
        }
    }
    slots.iter().map(|slots| rates(slots)).collect()
}

/// What came out of one slot.
#[derive(Clone, Copy)]
struct Slot {
    tally: Tally,
    took: Duration,
    /// How often a thread was taken off its core though it wanted to go on.
    interruptions: u64,
}

fn rates(slots: &[Slot]) -> Rates {
    let calm: Vec<&Slot> = slots.iter().filter(|slot| slot.interruptions == 0).collect();
    let used = if calm.len() * 8 >= slots.len() { calm } else { slots.iter().collect() };
    let per_second = |count: fn(&Tally) -> u64| -> Vec<f64> {
        used.iter().map(|slot| count(&slot.tally) as f64 / slot.took.as_secs_f64()).collect()
    };
    Rates {
        reads: stats::of_rates(&per_second(|tally| tally.reads)),
        writes: stats::of_rates(&per_second(|tally| tally.writes)),
        verified: slots.iter().map(|slot| slot.tally.verified).sum(),
        torn: slots.iter().map(|slot| slot.tally.torn).sum(),
    }
}

/// Counts for the length of a slot, then verifies for a quarter of that.
fn slot(racer: &dyn Racer, roles: &[Role], length: Duration) -> Slot {
    let mut slot = phase(racer, roles, Phase::Count, length);
    let verified = phase(racer, roles, Phase::Verify, length / 4).tally;
    slot.tally.verified = verified.verified;
    slot.tally.torn = verified.torn;
    slot
}

fn phase(racer: &dyn Racer, roles: &[Role], phase: Phase, length: Duration) -> Slot {
    let whistle = Whistle::new(length);
    let start_line = StartLine::new(roles.len());
    let mut slot = Slot { tally: Tally::default(), took: Duration::ZERO, interruptions: 0 };
    let work = |role| {
        let before = interruptions();
        start_line.wait();
        whistle.blow_start();
        let tally = racer.run(role, phase, &whistle);
        (tally, interruptions() - before)
    };
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = roles.iter().map(|&role| scope.spawn(move || work(role))).collect();
        whistle.wait_for_the_end();
        for thread in threads {
            let (tally, interruptions) = thread.join().expect("a thread of the race panicked");
            slot.tally += tally;
            slot.interruptions += interruptions;
        }
    });
    slot.took = whistle.took();
    slot
}

/// One lock that all threads work on.
pub(crate) struct One<T, C> {
    cell: Box<Page<C>>,
    values: Values<T>,
}

impl<T: Payload, C: Contestant<T> + Send + Sync + 'static> One<T, C> {
    pub(crate) fn new() -> Self {
        let values = Values::new();
        Self { cell: Box::new(Page(C::new(values.0[0].value))), values }
    }
}

impl<T, C> One<T, C> {
    pub(crate) fn contestant(&self) -> &C {
        &self.cell.0
    }

    /// The values to publish, in turn.
    pub(crate) fn values(&self) -> &[Box<HalfPage<T>>] {
        &self.values.0
    }
}

/// Values to publish in turn, prepared so that making them costs no measured time.
pub(crate) struct Values<T>(pub(crate) [Box<HalfPage<T>>; 4]);

impl<T: Payload> Values<T> {
    pub(crate) fn new() -> Self {
        Self(core::array::from_fn(|index| HalfPage::new(T::of(index as u32 + 1))))
    }
}

impl<T: Payload, C: Contestant<T> + Send + Sync> Racer for One<T, C> {
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

    fn run(&self, role: Role, phase: Phase, whistle: &Whistle) -> Tally {
        match (role, phase) {
            (Role::Reader, Phase::Count) => self.read(whistle),
            (Role::Reader, Phase::Verify) => self.read_and_verify(whistle),
            (Role::RestlessWriter, _) => self.write(whistle),
            (Role::CalmWriter, _) => self.write_calmly(whistle),
            (Role::Mixed { writes }, _) => self.read_and_write(writes, phase, whistle),
        }
    }
}

/// So many reads pass between two looks at the whistle.
const CHUNK: u64 = 8;

impl<T: Payload, C: Contestant<T>> One<T, C> {
    fn read(&self, whistle: &Whistle) -> Tally {
        let mut reader = black_box(&self.cell.0).reader();
        let mut out = HalfPage::new(T::of(0));
        let mut reads = 0;
        while !whistle.is_over() {
            reader.read_into_times(&mut out.value, CHUNK);
            reads += CHUNK;
        }
        Tally { reads, ..Tally::default() }
    }

    fn read_and_verify(&self, whistle: &Whistle) -> Tally {
        let mut reader = black_box(&self.cell.0).reader();
        let mut tally = Tally::default();
        let mut out = HalfPage::new(T::of(0));
        while !whistle.is_over() {
            reader.read_into(&mut out.value);
            tally.verify(&out.value);
        }
        tally
    }

    fn write(&self, whistle: &Whistle) -> Tally {
        let mut writer = black_box(&self.cell.0).writer();
        let mut writes = 0;
        let mut watch = Watch::new(whistle);
        while !watch.is_over() {
            for value in &self.values.0 {
                writer.set(black_box(&value.value));
                writes += 1;
            }
        }
        Tally { writes, ..Tally::default() }
    }

    fn write_calmly(&self, whistle: &Whistle) -> Tally {
        let mut writer = black_box(&self.cell.0).writer();
        let mut writes = 0;
        for value in self.values.0.iter().cycle() {
            whistle.look_at_the_clock();
            if whistle.is_over() {
                break;
            }
            writer.set(&value.value);
            writes += 1;
            thread::sleep(Duration::from_millis(1));
        }
        Tally { writes, ..Tally::default() }
    }

    fn read_and_write(&self, writes: u32, phase: Phase, whistle: &Whistle) -> Tally {
        let mut reader = black_box(&self.cell.0).reader();
        let mut writer = black_box(&self.cell.0).writer();
        let mut tally = Tally::default();
        let mut out = HalfPage::new(T::of(0));
        let mut random = fastrand::Rng::new();
        let mut watch = Watch::new(whistle);
        while !watch.is_over() {
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
