// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mistakes of other sequence locks: each test's name is a sentence that was false for one of them.
//!
//! Pitfalls that take a race have their tests in `stress.rs`, those that take an interrupted writer
//! in `signals.rs`, those of waiting for a change in `waiting.rs`.

mod support;

#[path = "pitfalls/backing_off.rs"]
mod backing_off;
#[path = "pitfalls/counts.rs"]
mod counts;
#[path = "pitfalls/misuse.rs"]
mod misuse;
#[path = "pitfalls/payloads.rs"]
mod payloads;
#[path = "pitfalls/readers.rs"]
mod readers;
#[cfg(feature = "zerocopy")]
#[path = "pitfalls/views.rs"]
mod views;
#[path = "pitfalls/writers.rs"]
mod writers;
