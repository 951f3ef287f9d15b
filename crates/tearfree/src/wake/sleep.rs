// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sleeping on a word: the kernel's futex on Linux, parking_lot's queue elsewhere.
//!
//! The futex calls are plain system calls, so a signal handler may write, and wake, also if it
//! interrupts a thread that is about to sleep. parking_lot's queue has locks of its own, so elsewhere
//! a handler must not write a value that its own thread waits for.

#![allow(unsafe_code, reason = "system calls, and the contract of parking_lot_core")]

#[cfg(not(tearfree_axm))]
#[cfg_attr(
    all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64"),
    path = "sleep/futex.rs"
)]
#[cfg_attr(
    not(all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64")),
    path = "sleep/queue.rs"
)]
mod system;
#[cfg(tearfree_axm)]
#[path = "sleep/recorded.rs"]
mod system;

pub(super) use system::{wake_all, while_equal};
