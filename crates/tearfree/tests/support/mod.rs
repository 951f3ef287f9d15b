// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the test files share: a watchdog, repetitions that fit Miri, flags, payloads, signals.
#![allow(dead_code, reason = "each test file uses a part of this")]

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{Write, stderr};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};

pub(crate) mod payload;
#[cfg(all(unix, not(miri)))]
pub(crate) mod signals;

/// How often to repeat something: `native` times, or `miri` times where every step is interpreted.
/// Where each step takes some ten times as long (emulated machines, sanitizers), a tenth will do.
pub(crate) const fn times(native: u64, miri: u64) -> u64 {
    match native / 10 {
        _ if cfg!(miri) => miri,
        tenth if cfg!(tearfree_slow) && tenth > miri => tenth,
        _ if cfg!(tearfree_slow) => miri,
        _ => native,
    }
}

/// Whether threads really run at the same time. On one processor, a thread meets another one in the
/// middle of a write only if that lost the processor in that very instant.
pub(crate) fn threads_meet() -> bool {
    cfg!(miri) || thread::available_parallelism().is_ok_and(|processors| processors.get() > 1)
}

/// Says that a test, or a part of it, cannot run here; in continuous integration it has to. Not where an emulator or a
/// sanitizer stands between the test and the system.
pub(crate) fn left_out(reason: &str) {
    // Not `println!`, which the test harness would keep to itself.
    let _ignored = writeln!(stderr(), "left out: {reason}");
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci != "false");
    assert!(!is_ci || cfg!(tearfree_slow), "in continuous integration this has to run: {reason}");
}

/// Ends the whole process if a test hangs. No test fails because it is slow.
pub(crate) struct Watchdog {
    alive: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Watches until the end of the test that is called `test`.
    pub(crate) fn over(test: &'static str) -> Self {
        const LIMIT: Duration = Duration::from_secs(120);
        if cfg!(miri) {
            // Miri's clock runs with its steps, so a time says nothing there.
            return Watchdog { alive: None, thread: None };
        }
        let (alive, test_is_over) = channel::<()>();
        let thread = thread::spawn(move || {
            use std::sync::mpsc::RecvTimeoutError::Timeout;
            if test_is_over.recv_timeout(LIMIT) == Err(Timeout) {
                // Not `eprintln!`, which the test harness would keep to itself.
                let _ignored = writeln!(stderr(), "watchdog: {test} hangs after {LIMIT:?}");
                std::process::abort();
            }
        });
        Watchdog { alive: Some(alive), thread: Some(thread) }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// A flag that other threads read. A guard raises it at the end, so that a test that fails does not leave
/// its threads running.
#[derive(Default)]
pub(crate) struct Flag(AtomicBool);

impl Flag {
    pub(crate) const fn new() -> Self {
        Flag(AtomicBool::new(false))
    }

    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(crate) fn is_up(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Waits without a limit: a watchdog has to run.
    pub(crate) fn wait(&self) {
        while !self.is_up() {
            thread::yield_now();
        }
    }

    pub(crate) fn raised_at_end(&self) -> RaisedAtEnd<'_> {
        RaisedAtEnd(self)
    }
}

pub(crate) struct RaisedAtEnd<'a>(&'a Flag);

impl Drop for RaisedAtEnd<'_> {
    fn drop(&mut self) {
        self.0.raise();
    }
}

/// Whether `body` panics. The message goes to the test's captured output.
pub(crate) fn panics(body: impl FnOnce()) -> bool {
    std::panic::catch_unwind(core::panic::AssertUnwindSafe(body)).is_err()
}
