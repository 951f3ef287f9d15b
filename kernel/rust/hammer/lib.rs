// SPDX-License-Identifier: GPL-2.0
//! The hammer: writers and readers of every kind on both processors at once, threads and interrupts,
//! on tearfree's locks and on the kernel's own.
//!
//! Each word that is shared derives from one generation, so that a torn read accuses itself. Each
//! case goes on until readers and writers have met; a case in which they do not is a failure.
#![no_std]

mod cases;
mod interruption;
mod kernel_locks;
mod locks;
mod race;
mod report;
mod tally;
mod words;

/// Runs the cases that were asked for. Called while the module is being loaded.
#[unsafe(no_mangle)]
extern "C" fn hammer_run() {
    cases::run_all();
}
