// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers and writers in C and Python that were written from PROTOCOL.md alone, beside those of this crate.
#![cfg(target_os = "linux")]
#![cfg_attr(target_pointer_width = "64", allow(unsafe_code, reason = "processes are traced here"))]

mod following;
#[cfg(target_pointer_width = "64")]
mod last_look;
#[path = "../left_out/mod.rs"]
mod left_out;
mod ownership;
mod peers;
mod refused;
mod tearing;
#[cfg(target_pointer_width = "64")]
#[path = "../tracing/mod.rs"]
#[expect(dead_code, reason = "faults/ and interleavings/ use the rest")]
mod tracing;
mod values;
