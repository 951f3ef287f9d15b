// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one seam between the shipped code and its model checker.
//!
//! Everything atomic in this crate comes through here: from `core`, or from `tearfree-axm` when the
//! crate is built with `--cfg tearfree_axm`. A fence stays a fence on the way, and an ordering stays
//! the ordering that [`order`](crate::order) names.

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

/// Tells the processor, or the model, that this thread waits for another one.
#[cfg(not(tearfree_axm))]
#[inline]
pub(crate) fn pause() {
    core::hint::spin_loop();
}
