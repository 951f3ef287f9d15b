// SPDX-License-Identifier: MIT OR Apache-2.0
//! A shared object for `LD_PRELOAD`: programs see the time of a tearfree clock.
//!
//! The functions of the C library that tell the time, or wait until a time, are answered from the page
//! that `TEARFREE_CLOCK` names. All preparations are made when the object is loaded. After that
//! nothing is allocated, locked or opened, so every function here is as safe in signal handlers and
//! forked children as the one it stands in for.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod deadline;
mod next;
mod setup;
mod sleep;
mod sync;
mod syscall;
mod tell;
mod timer;
mod wait;
