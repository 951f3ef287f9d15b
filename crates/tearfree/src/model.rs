// SPDX-License-Identifier: MIT OR Apache-2.0
//! What only the models need: weakened orderings by name, and a queue that loom understands.

pub use crate::order::{MUTANTS, mutant};

#[cfg(tearfree_loom)]
pub(crate) use queue::Parked;
#[cfg(tearfree_loom)]
pub use queue::slept;

#[cfg(tearfree_loom)]
mod queue;
