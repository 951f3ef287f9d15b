// SPDX-License-Identifier: MIT OR Apache-2.0
//! The start and the end of a slot, and interruptions by the system.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use std::fs;
use std::sync::OnceLock;
use std::thread::{self, Thread};
use std::time::Instant;

/// A barrier at which threads spin instead of sleeping, so that all of them run when it opens.
pub(crate) struct StartBarrier {
    missing: AtomicUsize,
}

impl StartBarrier {
    pub(crate) fn new(threads: usize) -> Self {
        Self { missing: AtomicUsize::new(threads) }
    }

    pub(crate) fn wait(&self) {
        // ORDERING: Relaxed: a meeting in time; it publishes nothing else.
        self.missing.fetch_sub(1, Relaxed);
        let mut polls = 0_u32;
        // ORDERING: Relaxed: the number of missing threads; it publishes nothing else.
        while self.missing.load(Relaxed) > 0 {
            polls += 1;
            match polls % 1024 {
                0 => thread::yield_now(),
                _ => core::hint::spin_loop(),
            }
        }
    }
}

/// Ends a slot after its length.
///
/// Threads that write check the clock themselves. A thread that slept until the end would have to take a
/// core from one of them when it wakes up.
pub(crate) struct SlotTimer {
    length: Duration,
    start: OnceLock<Instant>,
    end: OnceLock<Instant>,
    is_over: AtomicBool,
    waiter: Thread,
}

impl SlotTimer {
    /// Creates a timer. The calling thread is the one that calls `wait_until_over`.
    pub(crate) fn new(length: Duration) -> Self {
        let (start, end) = (OnceLock::new(), OnceLock::new());
        Self { length, start, end, is_over: AtomicBool::new(false), waiter: thread::current() }
    }

    /// Starts the timer, unless another thread has.
    pub(crate) fn start(&self) {
        self.start.get_or_init(Instant::now);
    }

    #[inline(always)]
    pub(crate) fn is_over(&self) -> bool {
        // ORDERING: Relaxed: only ends loops; joining the threads orders their results.
        self.is_over.load(Relaxed)
    }

    /// Sleeps until the end, and ends an overdue slot itself.
    pub(crate) fn wait_until_over(&self) {
        let deadline = Instant::now() + 4 * self.length + Duration::from_millis(20);
        while !self.is_over() {
            let now = Instant::now();
            if now >= deadline {
                self.end();
            }
            thread::park_timeout(deadline.saturating_duration_since(now));
        }
    }

    /// Returns the time from the start to the end, never zero: on a busy machine a slot may end before its threads start.
    pub(crate) fn elapsed(&self) -> Duration {
        let (start, end) = (self.start.get(), self.end.get());
        let (start, end) = (start.expect("the slot has begun"), end.expect("the slot is over"));
        end.saturating_duration_since(*start).max(Duration::from_nanos(1))
    }

    /// Ends the slot if its length is over.
    #[cold]
    pub(crate) fn check_clock(&self) {
        if self.start.get().is_some_and(|start| start.elapsed() >= self.length) {
            self.end();
        }
    }

    fn end(&self) {
        self.end.get_or_init(Instant::now);
        // ORDERING: Relaxed: ends loops; the threads' results are ordered by joining them.
        self.is_over.store(true, Relaxed);
        self.waiter.unpark();
    }
}

/// A timer for threads that write: it checks the clock after each [`CHECK_INTERVAL`] polls.
pub(crate) struct PolledTimer<'a> {
    timer: &'a SlotTimer,
    polls: u32,
}

const CHECK_INTERVAL: u32 = 64;

impl<'a> PolledTimer<'a> {
    pub(crate) fn new(timer: &'a SlotTimer) -> Self {
        Self { timer, polls: 0 }
    }

    #[inline(always)]
    pub(crate) fn is_over(&mut self) -> bool {
        self.polls += 1;
        if self.polls == CHECK_INTERVAL {
            self.polls = 0;
            self.timer.check_clock();
        }
        self.timer.is_over()
    }
}

/// Returns how often the system has preempted this thread. Zero where the system does not count it.
pub(crate) fn interruptions() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let count = status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Duration, PolledTimer, SlotTimer};

    #[test]
    fn a_polling_writer_ends_the_slot_after_its_length() {
        let timer = SlotTimer::new(Duration::from_millis(5));
        timer.start();
        let mut polled = PolledTimer::new(&timer);
        while !polled.is_over() {}
        timer.wait_until_over();
        assert!(timer.elapsed() >= Duration::from_millis(5));
    }

    #[test]
    fn a_slot_that_ends_before_it_starts_still_has_a_length() {
        let timer = SlotTimer::new(Duration::ZERO);
        timer.end();
        timer.start();
        assert_eq!(timer.elapsed(), Duration::from_nanos(1));
    }

    #[test]
    fn without_a_polling_writer_the_waiting_thread_ends_the_slot() {
        let timer = SlotTimer::new(Duration::from_millis(1));
        timer.start();
        timer.wait_until_over();
        assert!(timer.is_over());
    }
}
