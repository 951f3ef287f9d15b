// SPDX-License-Identifier: MIT OR Apache-2.0
//! Many small locks: random access to 64 Ki of them, 16 bytes each.
//!
//! Shows what a hidden global lock or a wide lock word costs.

use core::hint::black_box;

use super::{Bench, Case, Workload};
use crate::contestant::{Contestant, Read, Write};
use crate::machine::cores;
use crate::payload::{Payload, Words};
use crate::peers::{EveryContestant, every_contestant_for_arrays};
use crate::race::{Phase, Racer, Role, Tally, Values};
use crate::whistle::{Watch, Whistle};

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
        bench.race(&case, &vec![Role::Mixed { writes: 10 }; threads], &arrays.0);
    }
}

struct Arrays(Vec<Box<dyn Racer>>);

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

impl<C: Contestant<Pair> + Send + Sync> Racer for Array<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn allows(&self, _: &[Role]) -> bool {
        C::MANY_WRITERS && C::MANY_READERS && C::READS_AGAIN
    }

    fn footprint(&self) -> usize {
        size_of::<C>()
    }

    fn run(&self, role: Role, phase: Phase, whistle: &Whistle) -> Tally {
        let Role::Mixed { writes } = role else {
            unreachable!("the threads of this workload all read and write")
        };
        let cells = black_box(&*self.cells);
        let mut tally = Tally::default();
        let mut out = Pair::of(0);
        let mut random = fastrand::Rng::new();
        let mut watch = Watch::new(whistle);
        while !watch.is_over() {
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
