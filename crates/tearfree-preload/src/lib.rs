// SPDX-License-Identifier: MIT OR Apache-2.0
//! A shared object for `LD_PRELOAD`, with which programs see the time of a tearfree clock.
//!
//! It replaces the functions of the C library that return the time or wait until a time, and answers
//! them from the page that `TEARFREE_CLOCK` names. Everything is prepared when the object is loaded.
//! After that nothing is allocated, locked or opened, so every function here is as safe in signal
//! handlers and forked children as the one it replaces.

// Other systems are refused by the crates that this one depends on.
#[cfg(all(target_os = "linux", not(target_env = "gnu")))]
compile_error!(
    "tearfree-preload takes over functions of glibc 2.34 or newer, so it is for Linux with glibc: a target such as \
     x86_64-unknown-linux-gnu"
);

mod convert;
mod deadline;
mod gettime;
mod host;
mod next;
mod setup;
mod sleep;
mod sync;
mod syscall;
mod timer;
mod wait;
