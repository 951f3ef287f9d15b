// SPDX-License-Identifier: MIT OR Apache-2.0
//! Read rates of several processes, beside a writer in this process that publishes about a thousand values
//! a second.

#![allow(unsafe_code, reason = "processes are forked")]

use core::hint::black_box;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use crate::contestant::{Contestant, Read, Write};
use crate::payload::Payload;
use crate::shared_memory::SharedMemory;
use crate::throughput::Tally;

const READY: u32 = 0;
const RUN: u32 = 1;
const STOP: u32 = 2;

/// The state of a run, and the counters of its readers.
struct Control {
    state: AtomicU32,
    ready: AtomicU32,
    counters: [Counters; MOST],
}

/// The maximum number of readers.
pub(crate) const MOST: usize = 64;

/// The counters of one reader, in cache lines of their own.
#[repr(align(128))]
struct Counters {
    reads: AtomicU64,
    verified: AtomicU64,
    torn: AtomicU64,
}

/// [`run`] for one contestant.
pub(crate) type Run = fn(usize, Duration) -> (Tally, Duration);

/// Runs `readers` processes for `length`. Returns the sum of their counters, and the time it took.
pub(crate) fn run<T: Payload, C: Contestant<T>>(
    readers: usize,
    length: Duration,
) -> (Tally, Duration) {
    assert!(readers <= MOST, "more than {MOST} readers");
    let cell = SharedMemory::new(C::new(T::from_generation(0)));
    let counters = |_| Counters {
        reads: AtomicU64::new(0),
        verified: AtomicU64::new(0),
        torn: AtomicU64::new(0),
    };
    let control = SharedMemory::new(Control {
        state: AtomicU32::new(READY),
        ready: AtomicU32::new(0),
        counters: core::array::from_fn(counters),
    });
    let children: Vec<libc::pid_t> = (0..readers)
        .map(|index| {
            // SAFETY: the child reads memory that is mapped already, allocates nothing, and ends.
            let child = unsafe { libc::fork() };
            assert!(child >= 0, "cannot fork a process");
            if child == 0 {
                read::<T, C>(cell.get(), control.get(), &control.get().counters[index]);
                // SAFETY: ends the child without running the parent's destructors.
                unsafe { libc::_exit(0) };
            }
            child
        })
        .collect();
    let (writes, took) = write::<T, C>(cell.get(), control.get(), readers, length);
    for child in children {
        // SAFETY: a child of ours; a null pointer means that its status is not wanted.
        unsafe { libc::waitpid(child, null_mut(), 0) };
    }
    let mut tally = Tally { writes, ..Tally::default() };
    for counters in &control.get().counters[..readers] {
        // ORDERING: Relaxed: their process has ended, which `waitpid` waited for.
        let [reads, verified, torn] = [&counters.reads, &counters.verified, &counters.torn]
            .map(|number| number.load(Relaxed));
        tally += Tally { reads, writes: 0, verified, torn };
    }
    (tally, took)
}

/// Starts the readers, writes a thousand values a second, and stops the readers: the parent.
fn write<T: Payload, C: Contestant<T>>(
    cell: &C,
    control: &Control,
    readers: usize,
    length: Duration,
) -> (u64, Duration) {
    // ORDERING: Relaxed: a number; what readers read is ordered by the contestant.
    while (control.ready.load(Relaxed) as usize) < readers {
        thread::sleep(Duration::from_micros(100));
    }
    let mut writer = cell.writer();
    let (mut writes, start) = (0, Instant::now());
    // ORDERING: Relaxed: starts the readers; it publishes nothing else.
    control.state.store(RUN, Relaxed);
    while start.elapsed() < length {
        thread::sleep(Duration::from_millis(1));
        writes += 1;
        writer.set(&T::from_generation(writes));
    }
    // ORDERING: Relaxed: the end of the run for `read`; its results are ordered by the end of its process.
    control.state.store(STOP, Relaxed);
    (writes.into(), start.elapsed())
}

/// Reads until the end of the run, and verifies one value of each batch: a child.
fn read<T: Payload, C: Contestant<T>>(cell: &C, control: &Control, counters: &Counters) {
    const BATCH: u64 = 256;
    let mut reader = cell.reader();
    // ORDERING: Relaxed: numbers and signals for `write`, and no data with them.
    control.ready.fetch_add(1, Relaxed);
    // ORDERING: Relaxed: the start of the run; the contestant orders what is read in it.
    while control.state.load(Relaxed) == READY {
        thread::yield_now();
    }
    let (mut reads, mut verified, mut torn) = (0, 0, 0);
    // ORDERING: Relaxed: the end of the run, which comes without data.
    while control.state.load(Relaxed) == RUN {
        reader.read_times(BATCH - 1);
        let value = black_box(reader.read());
        torn += u64::from(value.generation().is_none());
        verified += 1;
        reads += BATCH;
    }
    for (to, number) in
        [(&counters.reads, reads), (&counters.verified, verified), (&counters.torn, torn)]
    {
        // ORDERING: Relaxed: read by `run` after this process has ended.
        to.store(number, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::{Page, SharedMutex};

    #[test]
    fn readers_in_other_processes_see_what_this_one_writes() {
        fn check<C: Contestant<[u64; 8]>>() {
            let (tally, took) = run::<[u64; 8], C>(2, Duration::from_millis(30));
            assert!(tally.reads > 0 && tally.verified > 0 && tally.writes > 0, "{}", C::NAME);
            assert_eq!(tally.torn, 0, "{}", C::NAME);
            assert!(took >= Duration::from_millis(30));
        }
        check::<Page<8>>();
        check::<SharedMutex<[u64; 8]>>();
    }
}
