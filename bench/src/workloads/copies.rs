// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reading and writing whole values on one thread, uncontended.

use core::hint::black_box;

use tearfree::lock::{DefaultLock, WriterLock};

use crate::alone::{Job, Work};
use crate::contestant::{Contestant, EveryContestant};
use crate::jobs::{ReadInto, ReadValue, Set, SetRead};
use crate::payload::{EverySize, Payload, byte_sizes, every_size, four_sizes, sizes_to_return};
use crate::peers::{ByValue, Memcpy, Split, every_contestant};
use crate::runner::{Bench, Workload};

pub(super) const READ_INTO: Workload = Workload {
    name: "read_into",
    about: "copy the value into the caller's buffer, no writer",
    cases: || count(every_size),
    run: |bench| compare_at_every_size(bench, "read_into", &ReadIntoJobs),
};

pub(super) const READ: Workload = Workload {
    name: "read",
    about: "return the value, no writer",
    // Larger values are read into a buffer. To return 64 KiB some peers load 8192 words in a row, which take seconds to compile.
    cases: || count(sizes_to_return),
    run: |bench| sizes_to_return(&mut AtEverySize { bench, workload: "read", jobs: &ReadJobs }),
};

pub(super) const SET: Workload = Workload {
    name: "set",
    about: "publish a value, no reader",
    cases: || count(every_size),
    run: |bench| compare_at_every_size(bench, "set", &SetJobs),
};

pub(super) const BYTES: Workload = Workload {
    name: "bytes",
    about: "read_into of arrays of single bytes",
    cases: || count(byte_sizes),
    run: |bench| compare_at_byte_sizes(bench, "bytes", &ReadIntoJobs),
};

pub(super) const SET_READ: Workload = Workload {
    name: "set_read",
    about: "publish a value, then copy it into the caller's buffer, on one thread",
    cases: || count(four_sizes),
    run: |bench| {
        four_sizes(&mut AtEverySize { bench, workload: "set_read", jobs: &SetReadJobs });
    },
};

/// The row of locking and unlocking our writer lock with nothing in between.
pub(crate) const LOCK_ALONE: &str = "lock alone";

fn count(sizes: fn(&mut Counter)) -> usize {
    let mut counter = Counter(0);
    sizes(&mut counter);
    counter.0
}

struct Counter(usize);

impl EverySize for Counter {
    fn size<T: Payload>(&mut self) {
        self.0 += 1;
    }
}

fn compare_at_every_size(bench: &mut Bench, workload: &'static str, jobs: &impl Operation) {
    every_size(&mut AtEverySize { bench, workload, jobs });
}

fn compare_at_byte_sizes(bench: &mut Bench, workload: &'static str, jobs: &impl Operation) {
    byte_sizes(&mut AtEverySize { bench, workload, jobs });
}

struct AtEverySize<'a, J> {
    bench: &'a mut Bench,
    workload: &'static str,
    jobs: &'a J,
}

impl<J: Operation> EverySize for AtEverySize<'_, J> {
    fn size<T: Payload>(&mut self) {
        let mut list = JobList::<'_, J> { jobs: self.jobs, list: Vec::new() };
        list.list.push(self.jobs.job::<T, Memcpy<T>>());
        every_contestant::<T>(&mut list);
        list.list.extend(self.jobs.extra::<T>());
        self.bench.compare(self.workload, size_of::<T>(), list.list);
    }
}

struct JobList<'a, J> {
    jobs: &'a J,
    list: Vec<Box<dyn Job>>,
}

impl<T: Payload, J: Operation> EveryContestant<T> for JobList<'_, J> {
    fn contestant<C: Contestant<T> + Send + Sync + 'static>(&mut self) {
        if C::READS_AGAIN || !J::READS_AGAIN {
            self.list.push(self.jobs.job::<T, C>());
        }
    }
}

/// Creates jobs with one operation, for any contestant at any size.
trait Operation {
    /// Whether the operation reads one value many times.
    const READS_AGAIN: bool = true;

    fn job<T: Payload, C: Contestant<T> + 'static>(&self) -> Box<dyn Job>;

    fn extra<T: Payload>(&self) -> Vec<Box<dyn Job>> {
        Vec::new()
    }
}

struct ReadIntoJobs;

impl Operation for ReadIntoJobs {
    fn job<T: Payload, C: Contestant<T> + 'static>(&self) -> Box<dyn Job> {
        ReadInto::<T, C>::job()
    }
}

struct ReadJobs;

impl Operation for ReadJobs {
    fn job<T: Payload, C: Contestant<T> + 'static>(&self) -> Box<dyn Job> {
        ReadValue::<T, C>::job()
    }
}

struct SetJobs;

impl Operation for SetJobs {
    const READS_AGAIN: bool = false;

    fn job<T: Payload, C: Contestant<T> + 'static>(&self) -> Box<dyn Job> {
        Set::<T, C>::job()
    }

    fn extra<T: Payload>(&self) -> Vec<Box<dyn Job>> {
        vec![Set::<T, ByValue<T>>::job(), Set::<T, Split<T>>::job(), lock_alone()]
    }
}

struct SetReadJobs;

impl Operation for SetReadJobs {
    const READS_AGAIN: bool = false;

    fn job<T: Payload, C: Contestant<T> + 'static>(&self) -> Box<dyn Job> {
        SetRead::<T, C>::job()
    }

    fn extra<T: Payload>(&self) -> Vec<Box<dyn Job>> {
        vec![SetRead::<T, Split<T>>::job()]
    }
}

#[expect(unsafe_code, reason = "unlocking is unsafe: only the holder of a lock may do that")]
fn lock_alone() -> Box<dyn Job> {
    let lock = Box::new(DefaultLock::UNLOCKED);
    let work = move |times| {
        let lock = black_box(&*lock);
        for _ in 0..times {
            lock.lock();
            black_box(lock);
            // SAFETY: the line before last took the lock, on this thread.
            unsafe { lock.unlock(()) };
        }
        times
    };
    Box::new(Work { name: LOCK_ALONE, expected: 1, work })
}
