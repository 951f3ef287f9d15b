// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only the models need: weakened orderings by name.

pub use crate::order::{MUTANTS, mutant};
