// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs small programs in every way that the memory model RC11 allows.
//!
//! This is the checker behind the orderings of `tearfree`. A [`Program`] is a few threads, each a
//! closure of real Rust code over the atomics of this crate, which have the names and calls of
//! `core::sync::atomic`. Threads can spawn and join others by [`thread`]. [`Program::explore`] returns the
//! outcomes of all executions, and an execution for each failure: a panic, a data race on a [`Plain`] word,
//! a thread that sleeps for ever.
//!
//! **Coverage.** All values that loads can return and all orders of stores, whatever the scheduler, the
//! caches or the compiler do, as far as RC11 describes them. Not covered: executions in which a waiting
//! thread polls more often than [`Program::pauses`] allows; load buffering, which RC11 forbids and hardware may show (the files in
//! `litmus/` ask the models of the hardware); accesses of different sizes to the same bytes; weak
//! exchanges that fail spuriously and futex waits that return so more often than [`Program::spurious`]
//! allows: by default, one wait in each thread.
//!
//! # Examples
//! A relaxed store does not publish what was stored before it.
//! ```
//! use std::sync::atomic::Ordering::{Acquire, Relaxed};
//! use tearfree_axm::{AtomicBool, Plain, Program};
//!
//! let report = Program::new((Plain::new(0), AtomicBool::new(false)))
//!     .silent(|(data, flag)| {
//!         data.set(1);
//!         flag.store(true, Relaxed); // Release is missing
//!     })
//!     .silent(|(data, flag)| {
//!         if flag.load(Acquire) {
//!             data.get();
//!         }
//!     })
//!     .explore();
//! assert!(report.failures.keys().next().unwrap().starts_with("data race"));
//! ```

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod atomic;
mod block;
mod bodies;
pub mod cell;
mod consistency;
#[cfg(test)]
mod enumeration_tests;
mod event;
mod explore;
mod graph;
pub mod heap;
mod limits;
pub mod litmus;
mod program;
mod rc11;
mod recorder;
#[cfg(test)]
mod reduction_tests;
mod relation;
mod replay;
mod report;
mod run;
mod runs;
pub mod thread;
mod waiting;

pub use core::sync::atomic::Ordering;

pub use atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicPtr, AtomicU8,
    AtomicU16, AtomicU32, AtomicU64, AtomicUsize, fence,
};
#[doc(inline)]
pub use cell::Plain;
pub use program::Program;
pub use report::Report;
pub use waiting::{pause, pauses, sleeps};
