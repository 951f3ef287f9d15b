// SPDX-License-Identifier: MIT OR Apache-2.0
//! When a slot begins and ends, and whether the machine left its threads alone.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use core::time::Duration;
use std::fs;
use std::sync::OnceLock;
use std::thread::{self, Thread};
use std::time::Instant;

/// Where threads wait for each other without sleeping: when the last one arrives, all are running,
/// if there are cores for all.
pub(crate) struct StartLine {
    missing: AtomicUsize,
}

impl StartLine {
    pub(crate) fn new(threads: usize) -> Self {
        Self { missing: AtomicUsize::new(threads) }
    }

    pub(crate) fn wait(&self) {
        // ORDERING: Relaxed: a meeting in time; no data are handed over.
        self.missing.fetch_sub(1, Relaxed);
        let mut looks = 0_u32;
        // ORDERING: Relaxed: a number that says who is still missing, and no data.
        while self.missing.load(Relaxed) > 0 {
            looks += 1;
            match looks % 1024 {
                0 => thread::yield_now(),
                _ => core::hint::spin_loop(),
            }
        }
    }
}

/// Says when a slot is over.
///
/// The threads that write look at the clock themselves. A thread that slept until the end would have
/// to take a core from one of them to say so.
pub(crate) struct Whistle {
    length: Duration,
    start: OnceLock<Instant>,
    end: OnceLock<Instant>,
    over: AtomicBool,
    referee: Thread,
}

impl Whistle {
    /// The calling thread is the one that will wait for the end.
    pub(crate) fn new(length: Duration) -> Self {
        let (start, end) = (OnceLock::new(), OnceLock::new());
        Self { length, start, end, over: AtomicBool::new(false), referee: thread::current() }
    }

    /// The first thread to call this starts the clock.
    pub(crate) fn blow_start(&self) {
        self.start.get_or_init(Instant::now);
    }

    #[inline(always)]
    pub(crate) fn is_over(&self) -> bool {
        // ORDERING: Relaxed: only tells threads to end; joining them orders the rest.
        self.over.load(Relaxed)
    }

    /// Returns at the end, or blows it if nobody else has for too long.
    pub(crate) fn wait_for_the_end(&self) {
        let patience = Instant::now() + 4 * self.length + Duration::from_millis(20);
        while !self.is_over() {
            let now = Instant::now();
            if now >= patience {
                self.blow_end();
            }
            thread::park_timeout(patience.saturating_duration_since(now));
        }
    }

    /// From the start to the end.
    pub(crate) fn took(&self) -> Duration {
        let (start, end) = (self.start.get(), self.end.get());
        *end.expect("the slot is over") - *start.expect("the slot has begun")
    }

    /// Ends the slot if it is time.
    #[cold]
    pub(crate) fn look_at_the_clock(&self) {
        if self.start.get().is_some_and(|start| start.elapsed() >= self.length) {
            self.blow_end();
        }
    }

    fn blow_end(&self) {
        self.end.get_or_init(Instant::now);
        // ORDERING: Relaxed: only ends threads; what they measured comes by joining them.
        self.over.store(true, Relaxed);
        self.referee.unpark();
    }
}

/// A writer's way to look at the whistle: now and then it looks at the clock as well.
pub(crate) struct Watch<'a> {
    whistle: &'a Whistle,
    looks: u32,
}

/// So many looks at the whistle for each look at the clock.
const LOOKS: u32 = 64;

impl<'a> Watch<'a> {
    pub(crate) fn new(whistle: &'a Whistle) -> Self {
        Self { whistle, looks: 0 }
    }

    #[inline(always)]
    pub(crate) fn is_over(&mut self) -> bool {
        self.looks += 1;
        if self.looks == LOOKS {
            self.looks = 0;
            self.whistle.look_at_the_clock();
        }
        self.whistle.is_over()
    }
}

/// How often this thread was taken off its core though it wanted to go on. Zero where the system does
/// not tell: then no slot counts as disturbed.
pub(crate) fn interruptions() -> u64 {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let count = status.lines().find_map(|line| line.strip_prefix("nonvoluntary_ctxt_switches:"));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{Duration, Watch, Whistle};

    #[test]
    fn a_writer_that_watches_ends_the_slot_after_its_length() {
        let whistle = Whistle::new(Duration::from_millis(5));
        whistle.blow_start();
        let mut watch = Watch::new(&whistle);
        while !watch.is_over() {}
        whistle.wait_for_the_end();
        assert!(whistle.took() >= Duration::from_millis(5));
    }

    #[test]
    fn without_a_watching_writer_the_referee_ends_the_slot() {
        let whistle = Whistle::new(Duration::from_millis(1));
        whistle.blow_start();
        whistle.wait_for_the_end();
        assert!(whistle.is_over());
    }
}
