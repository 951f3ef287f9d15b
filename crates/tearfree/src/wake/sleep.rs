// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sleeping on a word: the kernel's futex on Linux, parking_lot's queue elsewhere.
//!
//! The futex calls are plain system calls, so a signal handler may write, and wake, even if it
//! interrupted a thread that is falling asleep. parking_lot's queue has locks of its own, so elsewhere
//! a handler must not write a value that its own thread waits for.

#![allow(unsafe_code, reason = "system calls, and parking_lot_core's promises")]

core::cfg_select! {
    tearfree_axm => {
        mod recorded;
        pub(super) use recorded::{wake_all, while_equal};
    }
    all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64") => {
        mod futex;
        pub(super) use futex::{wake_all, while_equal};
    }
    _ => {
        mod queue;
        pub(super) use queue::{wake_all, while_equal};
    }
}
