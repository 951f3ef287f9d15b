// SPDX-License-Identifier: MIT OR Apache-2.0
#![doc = include_str!("../README.md")]

#[cfg(not(all(
    any(target_os = "linux", target_os = "android"),
    target_pointer_width = "64",
    not(target_arch = "mips64")
)))]
compile_error!(
    "tearfree-capi keeps a signal mask in an `unsigned long`, so it is for Linux on 64-bit machines \
     with 64 signals; the crate `tearfree` works elsewhere"
);

mod bare;
pub mod c;

pub use bare::{BareSeqLock, ExclGuard, WriteGuard};
