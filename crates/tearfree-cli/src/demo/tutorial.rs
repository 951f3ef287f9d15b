// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree demo --tutorial`: the tutorials' kernel module, with threads in place of its kthreads.
//!
//! The writer runs half an interval behind the reader, on the same schedule, so the reader sees each
//! value exactly once in a run of any length.

use core::num::NonZeroU64;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use tearfree::SeqLock;

use super::args::DemoArgs;
use crate::outcome::{Outcome, Problem};
use crate::stop::{Stop, sleep_until};
use crate::terminal::{self, OutputState};

/// The loaded module.
struct Module<'a> {
    global_var: SeqLock<u64>,
    start: Instant,
    interval: Duration,
    unloaded: AtomicBool,
    stop: &'a Stop,
}

/// Runs the module until the reader has printed its lines or a signal arrives.
pub(crate) fn run(args: &DemoArgs, stop: &Stop) -> Result<Outcome, Problem> {
    terminal::print("module seqlock init fun\n")?;
    let module = Module {
        global_var: SeqLock::new(0),
        start: Instant::now(),
        interval: Duration::from_millis(args.interval_ms),
        unloaded: AtomicBool::new(false),
        stop,
    };
    let read = thread::scope(|scope| {
        scope.spawn(|| module.write_callback());
        let reader = scope.spawn(|| {
            let read = module.read_callback(args.count);
            module.unload();
            read
        });
        reader.join()
    });
    read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
    terminal::print("module seqlock exit function\n")?;
    Ok(Outcome::new(0, stop.signal()))
}

impl Module<'_> {
    /// Adds one in the middle of each interval.
    fn write_callback(&self) {
        let mut due = self.start + self.interval / 2;
        while self.sleep_until(due) {
            self.global_var.update(|value| *value += 1);
            due += self.interval;
        }
    }

    /// Prints the value at the start of each interval.
    fn read_callback(&self, count: Option<NonZeroU64>) -> Result<(), Problem> {
        let mut due = self.start;
        let mut printed = 0;
        while count.is_none_or(|count| printed < count.get()) && self.sleep_until(due) {
            let value = self.global_var.read();
            if terminal::print(&format!("read values : {value}\n"))? == OutputState::Closed {
                break;
            }
            printed += 1;
            due += self.interval;
        }
        Ok(())
    }

    fn sleep_until(&self, due: Instant) -> bool {
        // ORDERING: Relaxed; pairs with the store in `unload`, and carries nothing but itself.
        let ended = || self.unloaded.load(Ordering::Relaxed) || self.stop.signal().is_some();
        sleep_until(due, ended)
    }

    fn unload(&self) {
        // ORDERING: Relaxed; pairs with the load in `sleep_until`.
        self.unloaded.store(true, Ordering::Relaxed);
    }
}
