// SPDX-License-Identifier: MIT OR Apache-2.0
//! Misuse that debug builds with `std` report by a panic: a thread that waits for itself, and versions of
//! two locks that are compared.

#[cfg(all(debug_assertions, feature = "std", not(tearfree_axm)))]
mod checked;
#[cfg(not(all(debug_assertions, feature = "std", not(tearfree_axm))))]
mod unchecked;

#[cfg(all(debug_assertions, feature = "std", not(tearfree_axm)))]
pub(crate) use checked::*;
#[cfg(not(all(debug_assertions, feature = "std", not(tearfree_axm))))]
pub(crate) use unchecked::*;
