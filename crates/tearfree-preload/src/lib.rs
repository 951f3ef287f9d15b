// SPDX-License-Identifier: MIT OR Apache-2.0
//! A shared object for `LD_PRELOAD`, with which programs see the time of a tearfree clock.
//!
//! It replaces the functions of the C library that return the time or wait until a time, and answers
//! them from the page that `TEARFREE_CLOCK` names. Everything is prepared when the object is loaded.
//! After that nothing is allocated, locked or opened, so every function here is as safe in signal
//! handlers and forked children as the one it replaces.

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
