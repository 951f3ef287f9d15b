// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signal handlers that read or write the very lock that the interrupted thread is using.
#![cfg(all(unix, not(miri)))] // Miri has no signals

mod support;

#[path = "signals/masks.rs"]
#[cfg(feature = "std")]
mod masks;
#[path = "signals/reading.rs"]
mod reading;
#[path = "signals/stopped.rs"]
mod stopped;
#[path = "signals/writing.rs"]
#[cfg(feature = "std")]
mod writing;
