// SPDX-License-Identifier: GPL-2.0
//! The hammer, a stress test: threads and interrupts on two processors write and read tearfree's locks
//! and the kernel's own.
//!
//! All words of a value derive from one generation, so values are self-checking. A case runs until
//! readers have met writers often enough; one that does not get there fails.
#![no_std]

mod action;
mod case;
mod cases;
mod interruption;
mod kernel_locks;
mod locks;
mod report;
mod tally;
mod words;

/// Runs the cases that were asked for. Called while the module is being loaded.
#[unsafe(no_mangle)]
extern "C" fn hammer_run() {
    cases::run_all();
}
