// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change: none is missed, and without waiters a writer makes no system call.
#![cfg(feature = "std")]

mod support;

#[path = "waiting/changes.rs"]
mod changes;
#[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
#[path = "waiting/deadlines.rs"]
mod deadlines;
#[cfg(all(target_os = "linux", not(miri)))]
#[path = "waiting/system_calls.rs"]
mod system_calls;
