// SPDX-License-Identifier: MIT OR Apache-2.0
//! The readers and writers in C and Python that were written from PROTOCOL.md alone, beside those of this crate.
#![cfg(target_os = "linux")]

mod following;
#[path = "../left_out/mod.rs"]
mod left_out;
mod ownership;
mod peers;
mod refused;
mod tearing;
mod values;
