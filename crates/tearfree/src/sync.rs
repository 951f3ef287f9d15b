// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one seam between the shipped code and its model checkers.
//!
//! Everything atomic in this crate comes through here: from `core`, from loom when the crate is built
//! with `--cfg tearfree_loom`, or from `tearfree-axm` with `--cfg tearfree_axm`. A fence stays a fence
//! on the way, and an ordering stays the ordering that [`order`](crate::order) names; the one thing
//! that is replaced says why.

#[cfg(not(any(tearfree_loom, tearfree_axm)))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};

#[cfg(all(not(any(tearfree_loom, tearfree_axm)), target_has_atomic = "64"))]
pub(crate) use core::sync::atomic::AtomicU64;

#[cfg(tearfree_axm)]
pub(crate) use tearfree_axm::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence, pause,
};

#[cfg(tearfree_loom)]
pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};

/// A flag for the model, whose stores are exchanges.
///
/// Loom 0.7 lets a plain store slip between the two halves of another thread's exchange (loom issue
/// 282), so it would see a lock that was given back and yet stays taken for ever. An exchange that
/// ignores what it finds is the same store, in its right place; its ordering stays what it is.
#[cfg(tearfree_loom)]
pub(crate) struct AtomicBool(loom::sync::atomic::AtomicBool);

#[cfg(tearfree_loom)]
impl AtomicBool {
    pub(crate) fn new(value: bool) -> Self {
        AtomicBool(loom::sync::atomic::AtomicBool::new(value))
    }

    pub(crate) fn load(&self, order: Ordering) -> bool {
        self.0.load(order)
    }

    pub(crate) fn store(&self, value: bool, order: Ordering) {
        self.0.swap(value, order);
    }

    pub(crate) fn swap(&self, value: bool, order: Ordering) -> bool {
        self.0.swap(value, order)
    }
}

/// A `const fn` in the shipped crate; a plain `fn` in the model, whose atomics have no constant form.
macro_rules! const_unless_modelled {
    ($(#[$meta:meta])* $vis:vis const fn $name:ident($($arg:ident: $ty:ty),*) -> $ret:ty $body:block) => {
        #[cfg(not(tearfree_loom))]
        $(#[$meta])*
        $vis const fn $name($($arg: $ty),*) -> $ret $body

        #[cfg(tearfree_loom)]
        $(#[$meta])*
        $vis fn $name($($arg: $ty),*) -> $ret $body
    };
}
pub(crate) use const_unless_modelled;

/// Tells the processor, or the model, that this thread waits for another one.
#[cfg(not(tearfree_axm))]
#[inline]
pub(crate) fn pause() {
    #[cfg(not(tearfree_loom))]
    core::hint::spin_loop();
    #[cfg(tearfree_loom)]
    loom::thread::yield_now();
}
