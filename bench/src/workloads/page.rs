// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page, the latch, and what other programs share values with.

use core::hint::black_box;

use crate::alone::{Job, Work};
use crate::contestant::Contestant;
use crate::jobs::{ReadInto, ReadValue, Set};
use crate::machine::cores;
use crate::peers::{Latch, Memcpy, Page, SharedMutex, Unrestricted};
use crate::processes::{self, MOST, Run};
use crate::runner::{Bench, Case, Workload};

pub(super) const PAGE_READ: Workload = Workload {
    name: "page_read",
    about: "return the value of a page, no writer",
    cases: || 3,
    run: |bench| {
        // Larger values are read by `get_into`: see `page_into`.
        one_size::<2>(bench, PAGE_READ.name, &ReadValues);
        one_size::<8>(bench, PAGE_READ.name, &ReadValues);
        one_size::<16>(bench, PAGE_READ.name, &ReadValues);
    },
};

pub(super) const PAGE_READ_INTO: Workload = Workload {
    name: "page_into",
    about: "copy the value of a page into the caller's buffer, no writer",
    cases: || SIZES,
    run: |bench| every_size(bench, PAGE_READ_INTO.name, &ReadsInto),
};

pub(super) const PAGE_SET: Workload = Workload {
    name: "page_set",
    about: "publish a value to a page, no reader",
    cases: || SIZES,
    run: |bench| every_size(bench, PAGE_SET.name, &Sets),
};

pub(super) const PROCESSES: Workload = Workload {
    name: "processes",
    about: "readers of 64 bytes in processes of their own, and a writer of 1000 values a second",
    cases: || reader_counts().len(),
    run: |bench| reader_counts().into_iter().for_each(|readers| processes(bench, readers)),
};

/// Returns 1, 2, 4 and so on, to a reader for each core.
fn reader_counts() -> Vec<usize> {
    let counts = core::iter::successors(Some(1), |count| Some(count * 2));
    counts.take_while(|&count| count <= cores().min(MOST)).collect()
}

fn processes(bench: &mut Bench, readers: usize) {
    let contestants: [(&str, Run); 3] =
        [one::<Page<8>>(), one::<Unrestricted<[u64; 8]>>(), one::<SharedMutex<[u64; 8]>>()];
    let name = if readers == 1 { "1 reader".to_owned() } else { format!("{readers} readers") };
    let case = Case { workload: PROCESSES.name, name, bytes: size_of::<[u64; 8]>() };
    bench.compare_processes(&case, readers, &contestants);
}

fn one<C: Contestant<[u64; 8]>>() -> (&'static str, Run) {
    (C::NAME, processes::run::<[u64; 8], C>)
}

const SIZES: usize = 4;

/// Creates jobs with one operation, for any contestant at any size.
trait Operation {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job>;

    fn extra<const N: usize>(&self) -> Vec<Box<dyn Job>> {
        Vec::new()
    }
}

struct ReadValues;
struct ReadsInto;
struct Sets;

impl Operation for ReadValues {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job> {
        ReadValue::<[u64; N], C>::job()
    }
}

impl Operation for ReadsInto {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job> {
        ReadInto::<[u64; N], C>::job()
    }
}

impl Operation for Sets {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job> {
        Set::<[u64; N], C>::job()
    }

    fn extra<const N: usize>(&self) -> Vec<Box<dyn Job>> {
        vec![self.job::<N, Page<N, false>>(), clock_alone()]
    }
}

/// The row of one reading of the clock by which values are stamped.
pub(crate) const CLOCK_ALONE: &str = "clock alone";

#[expect(unsafe_code, reason = "a call of the C library")]
fn clock_alone() -> Box<dyn Job> {
    let work = |times| {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        for _ in 0..times {
            // SAFETY: the call writes a `timespec`, and there is one.
            unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now) };
            black_box(&now);
        }
        u64::from(now.tv_sec > 0)
    };
    Box::new(Work { name: CLOCK_ALONE, expected: 1, work })
}

fn every_size(bench: &mut Bench, workload: &'static str, jobs: &impl Operation) {
    one_size::<2>(bench, workload, jobs);
    one_size::<8>(bench, workload, jobs);
    one_size::<32>(bench, workload, jobs);
    one_size::<512>(bench, workload, jobs);
}

fn one_size<const N: usize>(bench: &mut Bench, workload: &'static str, jobs: &impl Operation) {
    let mut list = vec![
        jobs.job::<N, Memcpy<[u64; N]>>(),
        jobs.job::<N, Latch<[u64; N]>>(),
        jobs.job::<N, Page<N>>(),
        jobs.job::<N, Unrestricted<[u64; N]>>(),
        jobs.job::<N, SharedMutex<[u64; N]>>(),
    ];
    list.extend(jobs.extra::<N>());
    bench.compare(workload, size_of::<[u64; N]>(), list);
}
