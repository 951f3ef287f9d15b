// SPDX-License-Identifier: MIT OR Apache-2.0
//! Looking without a copy: eight bytes in a value of 4 KiB, where some peers lend the value in place.
//!
//! Each peer by the call that lends: `Cache::load` of `arc-swap`, `enter` of `left-right`, `read` of `triple_buffer`, the guards of the
//! locks, `borrow` of tokio's `watch`. Ours never lends, and reads the field.

use core::cell::RefCell;
use core::hint::black_box;
use std::sync::{Arc, PoisonError};

use arc_swap::{ArcSwap, Cache};
use left_right::{ReadHandle, WriteHandle};
use tearfree::{SeqLock, field};
use tokio::sync::watch;

use crate::alone::{Job, Work};
use crate::peers::left_right::{SetTo, Value};
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
        read_job("pl Mutex, in place", parking_lot::Mutex::new(BIG), |lock| lock.lock().middle),
        read_job("arc-swap, in place", cached(), |cache| cache.borrow_mut().load().middle),
        read_job("left-right, in place", left_right(), |(_, reader)| {
            reader.enter().expect("the writer is alive").0.middle
        }),
        read_job("tokio watch, in place", watch::Sender::new(BIG), |lock| lock.borrow().middle),
        read_job("triple_buffer, in place", triple_buffer(), |(_, output)| {
            output.borrow_mut().read().middle
        }),
    ];
    bench.compare(FIELD.name, BYTES, jobs);
}

/// A reader's cache, which its documentation advises. It is changed by a look, if there is a new value.
fn cached() -> RefCell<Cache<Arc<ArcSwap<Big>>, Arc<Big>>> {
    RefCell::new(Cache::new(Arc::new(ArcSwap::from_pointee(BIG))))
}

/// The writer is kept, because readers end with it.
type LeftRight = (WriteHandle<Value<Big>, SetTo<Big>>, ReadHandle<Value<Big>>);

fn left_right() -> LeftRight {
    left_right::new_from_empty(Value(BIG))
}

fn triple_buffer() -> (triple_buffer::Input<Big>, RefCell<triple_buffer::Output<Big>>) {
    let (input, output) = triple_buffer::triple_buffer(&BIG);
    (input, RefCell::new(output))
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
