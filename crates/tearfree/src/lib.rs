// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("lib.md")]
#![cfg_attr(not(any(feature = "std", tearfree_axm)), no_std)]
// Where the documentation is built by an unstable compiler, each item names the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "std"),
    allow(rustdoc::broken_intra_doc_links, reason = "links to what only `std` has")
)]

#[cfg(not(any(target_has_atomic = "8", feature = "critical-section")))]
compile_error!(
    "this processor has no atomic exchange, by which a writer takes its lock: enable the feature \
     `critical-section` of tearfree"
);

#[cfg(feature = "std")]
mod asymmetric;
mod copy;
mod count;
mod misuse;
mod order;
#[cfg(target_has_atomic = "64")]
mod pair;
#[doc(hidden)]
pub mod read_side;
mod seqcount;
mod seqcount_with;
mod sequenced;
mod sync;
mod wait;
#[cfg(feature = "std")]
mod wake;
#[cfg(all(not(feature = "std"), feature = "critical-section"))]
#[path = "wake/interrupts.rs"]
mod wake;

pub mod context;
mod latch;
pub mod lock;
#[cfg(tearfree_axm)]
#[doc(hidden)]
pub mod model;
#[cfg(target_has_atomic = "64")]
#[doc(hidden)]
pub mod raw;

/// Re-exports for the macros, under a path that no name of the user's can shadow.
#[doc(hidden)]
pub mod __private {
    pub use core::mem::offset_of;

    /// Returns `value`; the compiler infers `F` from its body, and not from what the caller expects.
    pub const fn function<T, F>(value: fn(&T) -> F) -> fn(&T) -> F {
        value
    }
}

/// Lists every call of the kernel's `seqlock.h` and its counterpart here.
#[doc = include_str!("../KERNEL.md")]
pub mod kernel {}

pub use count::Count;
pub use latch::{LatchCount, LatchStart};
pub use lock::DefaultLock;
pub use seqcount::{SeqCount, SeqCountGuard, Start};
pub use seqcount_with::{AssociatedLock, SeqCountWith, SeqCountWithGuard};
#[cfg(any(feature = "std", feature = "critical-section"))]
pub use sequenced::Changed;
pub use sequenced::{
    Claim, ExclGuard, Field, FieldSet, OneCopy, Protocol, Reader, SeqLatch, SeqLock, Sequenced,
    TwoCopies, Version, View, Within, WriteGuard, Writer,
};
