// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the other crates of this project use: racing copies by address, and the count of a pair.
//!
//! Not stable: use `tearfree-page` for a value between processes.

pub use crate::copy::foreign::{load, load_bytes, load_number, store, store_bytes};
pub use crate::pair::{Current, PairCount, PairStart, slot_of};
pub use crate::read_side::{attempt, attempts};
