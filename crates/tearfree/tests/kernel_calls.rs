// SPDX-License-Identifier: MIT OR Apache-2.0
//! One test for each call of Linux's `seqlock.h` and of the tutorials, under the kernel's own name.
//!
//! `KERNEL.md` is the table of them; `table` checks that the table, these tests and the aliases in
//! the documentation name the same calls.
#![allow(non_snake_case, reason = "each test is called exactly as the kernel's call or macro")]

mod support;

#[path = "kernel_calls/associated.rs"]
mod associated;
#[cfg(all(feature = "std", unix, not(miri)))]
#[path = "kernel_calls/contexts.rs"]
mod contexts;
#[path = "kernel_calls/latch.rs"]
mod latch;
#[path = "kernel_calls/seqcount.rs"]
mod seqcount;
#[path = "kernel_calls/seqlock.rs"]
mod seqlock;
#[cfg(not(miri))] // reads files
#[path = "kernel_calls/table.rs"]
mod table;
