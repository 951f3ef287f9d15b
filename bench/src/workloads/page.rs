// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page between processes beside the latch inside of one, and what others share values with.

use super::{Bench, Workload};
use crate::alone::Job;
use crate::contestant::Contestant;
use crate::jobs::{ReadInto, ReadValue, Set};
use crate::peers::{Latch, Memcpy, Page, SharedMutex, Unrestricted};

pub(super) const PAGE_READ: Workload = Workload {
    name: "page_read",
    about: "return the value of a page between processes, no writer",
    cases: || 3,
    run: |bench| {
        // Larger ones are for `page_into`, as the documentation of the page says.
        one_size::<2>(bench, PAGE_READ.name, &ReadValues);
        one_size::<8>(bench, PAGE_READ.name, &ReadValues);
        one_size::<16>(bench, PAGE_READ.name, &ReadValues);
    },
};

pub(super) const PAGE_READ_INTO: Workload = Workload {
    name: "page_into",
    about: "copy the value of a page to where the caller has it, no writer",
    cases: || SIZES,
    run: |bench| every_size(bench, PAGE_READ_INTO.name, &ReadsInto),
};

pub(super) const PAGE_SET: Workload = Workload {
    name: "page_set",
    about: "publish to a page between processes, no reader",
    cases: || SIZES,
    run: |bench| every_size(bench, PAGE_SET.name, &Sets),
};

const SIZES: usize = 4;

/// One of the kinds of work.
trait Jobs {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job>;
}

struct ReadValues;
struct ReadsInto;
struct Sets;

impl Jobs for ReadValues {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job> {
        ReadValue::<[u64; N], C>::job()
    }
}

impl Jobs for ReadsInto {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job> {
        ReadInto::<[u64; N], C>::job()
    }
}

impl Jobs for Sets {
    fn job<const N: usize, C: Contestant<[u64; N]> + 'static>(&self) -> Box<dyn Job> {
        Set::<[u64; N], C>::job()
    }
}

fn every_size(bench: &mut Bench, workload: &str, jobs: &impl Jobs) {
    one_size::<2>(bench, workload, jobs);
    one_size::<8>(bench, workload, jobs);
    one_size::<32>(bench, workload, jobs);
    one_size::<512>(bench, workload, jobs);
}

fn one_size<const N: usize>(bench: &mut Bench, workload: &str, jobs: &impl Jobs) {
    let list = vec![
        jobs.job::<N, Memcpy<[u64; N]>>(),
        jobs.job::<N, Latch<[u64; N]>>(),
        jobs.job::<N, Page<N>>(),
        jobs.job::<N, Unrestricted<[u64; N]>>(),
        jobs.job::<N, SharedMutex<[u64; N]>>(),
    ];
    bench.compare(workload, size_of::<[u64; N]>(), list);
}
