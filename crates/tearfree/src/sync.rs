// SPDX-License-Identifier: MIT OR Apache-2.0
//! The atomics of this crate: those of `core`, or with `--cfg tearfree_axm` those of the model checker
//! `tearfree-axm`.
//!
//! Everything atomic in this crate is imported from here. Both sets have the same fences and orderings;
//! [`order`](crate::order) names them.

#[cfg(not(tearfree_axm))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};

#[cfg(all(not(tearfree_axm), target_has_atomic = "64"))]
pub(crate) use core::sync::atomic::AtomicU64;

#[cfg(all(not(tearfree_axm), not(feature = "std"), feature = "critical-section"))]
pub(crate) use core::sync::atomic::AtomicPtr;

#[cfg(all(tearfree_axm, not(feature = "std"), feature = "critical-section"))]
pub(crate) use tearfree_axm::AtomicPtr;

#[cfg(tearfree_axm)]
pub(crate) use tearfree_axm::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence, pause,
};

/// Executes the processor's pause instruction, because this thread waits for another one.
#[cfg(not(tearfree_axm))]
#[inline]
pub(crate) fn pause() {
    core::hint::spin_loop();
}
