// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random access to 64 Ki locks of 16 bytes each, which shows the cost of hidden global locks and large locks.

use core::hint::black_box;

use crate::contestant::{Contestant, EveryContestant, Read, Write};
use crate::machine::cores;
use crate::payload::{Payload, Words};
use crate::peers::every_contestant_for_arrays;
use crate::runner::{Bench, Case, Workload};
use crate::throughput::{Phase, Role, Tally, ThreadWork, Values};
use crate::timing::{PolledTimer, SlotTimer};

pub(super) const ARRAY: Workload = Workload {
    name: "array",
    about: "random access to 65536 locks of 16 bytes, 90/10, one thread and all threads",
    cases: || 2,
    run,
};

type Pair = Words<u64, 2>;

const LOCKS: usize = 1 << 16;

fn run(bench: &mut Bench) {
    let mut arrays = Arrays(Vec::new());
    every_contestant_for_arrays::<Pair>(&mut arrays);
    for threads in [1, cores().max(2)] {
        let name = format!("{threads} thread{}", if threads == 1 { "" } else { "s" });
        let case = Case { workload: ARRAY.name, name, bytes: size_of::<Pair>() };
        bench.compare_threads(&case, &vec![Role::Mixed { writes: 10 }; threads], &arrays.0);
    }
}

struct Arrays(Vec<Box<dyn ThreadWork>>);

impl EveryContestant<Pair> for Arrays {
    fn contestant<C: Contestant<Pair> + Send + Sync + 'static>(&mut self) {
        let values = Values::new();
        let cells = (0..LOCKS).map(|_| C::new(values.0[0].value)).collect();
        self.0.push(Box::new(Array::<C> { cells, values }));
    }
}

struct Array<C> {
    cells: Vec<C>,
    values: Values<Pair>,
}

impl<C: Contestant<Pair> + Send + Sync> ThreadWork for Array<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn allows(&self, _: &[Role]) -> bool {
        C::MANY_WRITERS && C::MANY_READERS && C::READS_AGAIN
    }

    fn footprint(&self) -> usize {
        size_of::<C>()
    }

    fn is_on_heap(&self) -> bool {
        C::ON_HEAP
    }

    fn run(&self, role: Role, phase: Phase, timer: &SlotTimer) -> Tally {
        let Role::Mixed { writes } = role else {
            unreachable!("all threads of this workload read and write")
        };
        let cells = black_box(&*self.cells);
        let mut tally = Tally::default();
        let mut out = Pair::from_generation(0);
        let mut random = fastrand::Rng::new();
        let mut polled = PolledTimer::new(timer);
        while !polled.is_over() {
            for value in &self.values.0 {
                let cell = &cells[random.usize(..LOCKS)];
                if random.u32(..100) < writes {
                    cell.writer().set(black_box(&value.value));
                    tally.writes += 1;
                } else {
                    cell.reader().read_into(&mut out);
                    black_box(&mut out);
                    tally.reads += 1;
                    if phase == Phase::Verify {
                        tally.verify(&out);
                    }
                }
            }
        }
        tally
    }
}
