// SPDX-License-Identifier: MIT OR Apache-2.0
//! The workloads.

pub(crate) use self::copies::LOCK_ALONE;
#[cfg(c_reader)]
pub(crate) use self::count::{FROM_C, FROM_RUST};
pub(crate) use self::field::{BYTES as FIELD_BYTES, EIGHT_BYTES, ONE_FIELD};
pub(crate) use self::page::CLOCK_ALONE;
pub(crate) use self::threads::ONE_WRITER;

pub(crate) mod clock;

mod array;
mod copies;
#[cfg(c_reader)]
mod count;
mod field;
mod latch;
mod latency;
mod page;
mod tasks;
mod threads;

use crate::runner::Workload;

pub(crate) const WORKLOADS: &[Workload] = &[
    copies::READ_INTO,
    copies::READ,
    copies::SET,
    copies::SET_READ,
    copies::BYTES,
    field::FIELD,
    latch::LATCH,
    #[cfg(c_reader)]
    count::COUNT,
    page::PAGE_READ,
    page::PAGE_READ_INTO,
    page::PAGE_SET,
    page::PROCESSES,
    threads::BESIDE,
    threads::OVERSUBSCRIBED,
    threads::READERS,
    threads::MIX,
    latency::PACE,
    array::ARRAY,
    tasks::TASK_SET,
    tasks::TASK_TRIP,
    clock::CLOCK,
];
