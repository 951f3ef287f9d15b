// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads of a field of eight bytes in a value of 4 KiB, and of eight bytes alone.

use core::hint::black_box;
use std::sync::{Arc, PoisonError};

use tearfree::{SeqLock, field};

use crate::alone::{Job, Work};
use crate::runner::{Bench, Workload};

pub(super) const FIELD: Workload = Workload {
    name: "field",
    about: "one field of 8 bytes out of a value of 4 KiB",
    cases: || 1,
    run,
};

pub(crate) const BYTES: usize = 4096;
pub(crate) const EIGHT_BYTES: &str = "tearfree, 8 bytes alone";
pub(crate) const ONE_FIELD: &str = "tearfree read_fields";

#[derive(Clone, Copy)]
#[repr(C)]
struct Big {
    before: [u64; 255],
    middle: u64,
    after: [u64; 256],
}

const MIDDLE: u64 = 0x51DE;
const BIG: Big = Big { before: [1; 255], middle: MIDDLE, after: [2; 256] };

fn run(bench: &mut Bench) {
    assert_eq!(size_of::<Big>(), BYTES);
    let jobs = vec![
        read_job(EIGHT_BYTES, SeqLock::new(MIDDLE), |lock: &SeqLock<u64>| lock.read()),
        read_job(ONE_FIELD, SeqLock::new(BIG), |lock: &SeqLock<Big>| {
            lock.read_fields(field!(Big, middle))
        }),
        read_job("tearfree read_with", SeqLock::new(BIG), |lock: &SeqLock<Big>| {
            lock.read_with(|view| view.get(field!(Big, middle)))
        }),
        read_job("tearfree, whole", SeqLock::new(BIG), |lock: &SeqLock<Big>| lock.read().middle),
        read_job(
            "seqlock 0.2, whole",
            seqlock::SeqLock::new(BIG),
            |lock: &seqlock::SeqLock<Big>| lock.read().middle,
        ),
        read_job("pl RwLock, in place", parking_lot::RwLock::new(BIG), |lock| lock.read().middle),
        read_job("std RwLock, in place", std::sync::RwLock::new(BIG), |lock| {
            lock.read().unwrap_or_else(PoisonError::into_inner).middle
        }),
        read_job("arc-swap, in place", arc_swap::ArcSwap::new(Arc::new(BIG)), |lock| {
            lock.load().middle
        }),
    ];
    bench.compare(FIELD.name, BYTES, jobs);
}

fn read_job<L: 'static>(
    name: &'static str,
    lock: L,
    read: impl Fn(&L) -> u64 + 'static,
) -> Box<dyn Job> {
    let lock = Box::new(lock);
    let work = move |times| {
        let lock = black_box(&*lock);
        let mut seen = 0;
        for _ in 0..times {
            seen = black_box(read(lock));
        }
        seen
    };
    Box::new(Work { name, expected: MIDDLE, work })
}
