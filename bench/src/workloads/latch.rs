// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads of the latch and of the lock.

use crate::jobs::ReadValue;
use crate::payload::{EverySize, Payload, Words};
use crate::peers::{Latch, Memcpy, Ours};
use crate::runner::{Bench, Workload};

pub(super) const LATCH: Workload = Workload {
    name: "latch",
    about: "read a latch and a sequence lock, no writer",
    cases: || 4,
    run: |bench| {
        let mut work = BothReads { bench };
        work.size::<Words<u64, 1>>();
        work.size::<Words<u64, 8>>();
        work.size::<Words<u64, 32, u128>>();
        work.size::<Words<u64, 512, u128>>();
    },
};

struct BothReads<'a> {
    bench: &'a mut Bench,
}

impl EverySize for BothReads<'_> {
    fn size<T: Payload>(&mut self) {
        let jobs = vec![
            ReadValue::<T, Memcpy<T>>::job(),
            ReadValue::<T, Ours<T>>::job(),
            ReadValue::<T, Latch<T>>::job(),
        ];
        self.bench.compare(LATCH.name, size_of::<T>(), jobs);
    }
}
