// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rates of readers in processes of their own, beside a writer in this one that publishes about a
//! thousand values a second.

#![allow(unsafe_code, reason = "processes are forked, and share memory")]

use core::hint::black_box;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use crate::contestant::{Contestant, Read, Write};
use crate::payload::Payload;
use crate::race::Tally;

/// Memory that forked children have in common with their parent.
pub(crate) struct Shared<V>(NonNull<V>);

impl<V> Shared<V> {
    pub(crate) fn new(value: V) -> Self {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping, at an address that the system chooses.
        let memory = unsafe { libc::mmap(null_mut(), size_of::<V>(), protection, flags, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED, "shared memory");
        let place = NonNull::new(memory.cast::<V>()).expect("nothing is at address zero");
        // SAFETY: as much was mapped, aligned to a page of memory.
        unsafe { place.write(value) };
        Shared(place)
    }

    pub(crate) fn get(&self) -> &V {
        // SAFETY: `new` put it there, and it stays until `drop`.
        unsafe { self.0.as_ref() }
    }
}

impl<V> Drop for Shared<V> {
    fn drop(&mut self) {
        // SAFETY: `new` put it there, and no reference to it is left.
        unsafe { self.0.drop_in_place() };
        // SAFETY: `new` mapped as many bytes there, and no reference into them is left.
        unsafe { libc::munmap(self.0.as_ptr().cast(), size_of::<V>()) };
    }
}

const READY: u32 = 0;
const RUN: u32 = 1;
const STOP: u32 = 2;

/// What the processes tell each other.
struct Board {
    whistle: AtomicU32,
    ready: AtomicU32,
    lanes: [Lane; MOST],
}

/// The most readers.
pub(crate) const MOST: usize = 64;

/// One reader's results, in lines of their own.
#[repr(align(128))]
struct Lane {
    reads: AtomicU64,
    verified: AtomicU64,
    torn: AtomicU64,
}

/// [`run`] for some contestant.
pub(crate) type Run = fn(usize, Duration) -> (Tally, Duration);

/// Lets `readers` processes read for a while; what they did together, and how long it took.
pub(crate) fn run<T: Payload, C: Contestant<T>>(
    readers: usize,
    length: Duration,
) -> (Tally, Duration) {
    assert!(readers <= MOST, "there are {MOST} lanes");
    let cell = Shared::new(C::new(T::of(0)));
    let lane =
        |_| Lane { reads: AtomicU64::new(0), verified: AtomicU64::new(0), torn: AtomicU64::new(0) };
    let board = Shared::new(Board {
        whistle: AtomicU32::new(READY),
        ready: AtomicU32::new(0),
        lanes: core::array::from_fn(lane),
    });
    let children: Vec<libc::pid_t> = (0..readers)
        .map(|lane| {
            // SAFETY: the child reads memory that is mapped already, allocates nothing, and ends.
            let child = unsafe { libc::fork() };
            assert!(child >= 0, "a new process");
            if child == 0 {
                read::<T, C>(cell.get(), board.get(), &board.get().lanes[lane]);
                // SAFETY: ends the child, and runs nothing of the parent's.
                unsafe { libc::_exit(0) };
            }
            child
        })
        .collect();
    let (writes, took) = write::<T, C>(cell.get(), board.get(), readers, length);
    for child in children {
        // SAFETY: a child of ours; a null pointer means that its status is not wanted.
        unsafe { libc::waitpid(child, null_mut(), 0) };
    }
    let mut tally = Tally { writes, ..Tally::default() };
    for lane in &board.get().lanes[..readers] {
        // ORDERING: Relaxed: their process has ended, which `waitpid` waited for.
        let [reads, verified, torn] =
            [&lane.reads, &lane.verified, &lane.torn].map(|number| number.load(Relaxed));
        tally += Tally { reads, writes: 0, verified, torn };
    }
    (tally, took)
}

/// The parent: starts and stops the readers, and writes calmly meanwhile.
fn write<T: Payload, C: Contestant<T>>(
    cell: &C,
    board: &Board,
    readers: usize,
    length: Duration,
) -> (u64, Duration) {
    // ORDERING: Relaxed: a number for `run`; what readers read is ordered by the contestant.
    while (board.ready.load(Relaxed) as usize) < readers {
        thread::sleep(Duration::from_micros(100));
    }
    let mut writer = cell.writer();
    let (mut writes, start) = (0, Instant::now());
    // ORDERING: Relaxed: a signal to `read`, and no data with it.
    board.whistle.store(RUN, Relaxed);
    while start.elapsed() < length {
        thread::sleep(Duration::from_millis(1));
        writes += 1;
        writer.set(&T::of(writes));
    }
    // ORDERING: Relaxed: the end of the run for `read`; its results are ordered by the end of its process.
    board.whistle.store(STOP, Relaxed);
    (writes.into(), start.elapsed())
}

/// A child: reads until it is stopped, and verifies one value of each batch.
fn read<T: Payload, C: Contestant<T>>(cell: &C, board: &Board, lane: &Lane) {
    const BATCH: u64 = 256;
    let mut reader = cell.reader();
    // ORDERING: Relaxed: numbers and signals for `write`, and no data with them.
    board.ready.fetch_add(1, Relaxed);
    // ORDERING: Relaxed: the start of the run; the contestant orders what is read in it.
    while board.whistle.load(Relaxed) == READY {
        thread::yield_now();
    }
    let (mut reads, mut verified, mut torn) = (0, 0, 0);
    // ORDERING: Relaxed: the end of the run, which comes without data.
    while board.whistle.load(Relaxed) == RUN {
        reader.read_times(BATCH - 1);
        let value = black_box(reader.read());
        torn += u64::from(value.generation().is_none());
        verified += 1;
        reads += BATCH;
    }
    for (to, number) in [(&lane.reads, reads), (&lane.verified, verified), (&lane.torn, torn)] {
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
