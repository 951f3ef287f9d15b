// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LatchCount`, around slots that are the model's own atomics, and `SeqLatch`.
//!
//! Two writes each: only the second one can overtake a reader that the first one sent to slot 1.

use std::sync::Arc;

use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use loom::thread::{self, JoinHandle};
use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{LatchCount, SeqLatch};

use crate::explore::{Model, generation};
use crate::locks::Blocking;

/// One attempt on a bare count. Slot `sequence % 2` is whole, and is of write `sequence / 2`.
pub(crate) const COUNT: Model = Model {
    name: "latch count, two writes",
    body: || {
        let latch = Arc::new((LatchCount::<usize>::new(), [0, 1].map(|_| AtomicUsize::new(0))));
        let writer = {
            let latch = Arc::clone(&latch);
            thread::spawn(move || {
                let (count, slots) = &*latch;
                for generation in 1..=2 {
                    count.write_begin();
                    slots[0].store(generation, Relaxed);
                    count.write_flip();
                    slots[1].store(generation, Relaxed);
                    count.write_end();
                }
            })
        };
        let (count, slots) = &*latch;
        let start = count.read_begin();
        let generation = slots[start.slot()].load(Relaxed);
        let retry = count.read_retry(start);
        writer.join().unwrap();
        if retry {
            return "retry".to_owned();
        }
        assert_eq!(generation, start.sequence() / 2, "torn read: of another write");
        format!("{generation} at {}", start.sequence())
    },
    preemptions: None,
    outcomes: &["0 at 0", "0 at 1", "1 at 2", "1 at 3", "2 at 4", "retry"],
};

pub(crate) const READ: Model = Model {
    name: "latch, two writes",
    body: || {
        let latch = Arc::new(SeqLatch::with_lock([0; 2], SpinLock::new()));
        let writer = {
            let latch = Arc::clone(&latch);
            thread::spawn(move || (1..=2).for_each(|generation| latch.set([generation; 2])))
        };
        let value = generation(latch.read());
        writer.join().unwrap();
        assert_eq!(latch.read(), [2; 2], "the last write got lost");
        value.to_string()
    },
    preemptions: Some(2),
    outcomes: &["0", "1", "2"],
};

type Latch<L> = Arc<SeqLatch<[usize; 1], L>>;

/// Reads beside writes of 1 and of 2, in whatever order.
fn value_of_its_version<L: WriterLock>(
    latch: &Latch<L>,
    writers: impl FnOnce() -> Vec<JoinHandle<()>>,
) -> String {
    let first = latch.version();
    let writers = writers();
    let (value, version) = latch.read_versioned();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let (last, last_version) = latch.read_versioned();
    let (value, last) = (generation(value), generation(last));
    let of_version = match version {
        version if version == first => 0,
        version if version == last_version => last,
        _ => 3 - last,
    };
    assert_eq!(value, of_version, "the value is of another version");
    format!("{value}, then {last}")
}

pub(crate) const VERSIONS: Model = Model {
    name: "latch, versions",
    body: || {
        let latch = Latch::new(SeqLatch::with_lock([0], SpinLock::new()));
        value_of_its_version(&latch, || {
            let latch = Arc::clone(&latch);
            vec![thread::spawn(move || (1..=2).for_each(|generation| latch.set([generation])))]
        })
    },
    preemptions: Some(3),
    outcomes: &["0, then 2", "1, then 2", "2, then 2"],
};

pub(crate) const TWO_WRITERS: Model = Model {
    name: "latch, two writers",
    body: || {
        let latch = Latch::new(SeqLatch::with_lock([0], Blocking::default()));
        value_of_its_version(&latch, || {
            let writer = |generation| {
                let latch = Arc::clone(&latch);
                thread::spawn(move || latch.set([generation]))
            };
            [1, 2].map(writer).into()
        })
    },
    preemptions: Some(2),
    outcomes: &["0, then 1", "0, then 2", "1, then 1", "1, then 2", "2, then 1", "2, then 2"],
};
