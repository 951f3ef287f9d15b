// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one seam between the shipped code and its model checker.
//!
//! Everything atomic in this crate comes through here: from `core`, or from loom when the crate is
//! built with `--cfg tearfree_loom`. Nothing is replaced by something else on the way: a fence stays
//! a fence, an ordering stays the ordering that [`order`](crate::order) names.

#[cfg(not(tearfree_loom))]
pub(crate) use core::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering, fence};

#[cfg(all(not(tearfree_loom), target_has_atomic = "64"))]
pub(crate) use core::sync::atomic::AtomicU64;

#[cfg(tearfree_loom)]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

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
#[inline]
pub(crate) fn pause() {
    #[cfg(not(tearfree_loom))]
    core::hint::spin_loop();
    #[cfg(tearfree_loom)]
    loom::thread::yield_now();
}
