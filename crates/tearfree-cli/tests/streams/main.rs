// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree page publish`, `tail`, `header` and elements of arrays, run as a user runs them.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod elements;
mod header;
mod memory;
mod publish;
mod support;
mod tail;
