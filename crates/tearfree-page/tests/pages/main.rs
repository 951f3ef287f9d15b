// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writer and reader in one process: what each method does, and what it refuses.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod attempts;
mod careless;
mod errors;
mod events;
mod files;
mod following;
mod incarnations;
mod kinds;
#[path = "../left_out/mod.rs"]
mod left_out;
mod locks;
mod notified;
mod overlay;
mod protocol;
mod schemas;
mod sealed;
mod stamps;
mod support;
mod values;
mod waiting;
