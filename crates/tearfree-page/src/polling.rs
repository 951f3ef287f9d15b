// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Polling`: how often waiters look at a page whose writer does not wake them.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::time::Instant;

/// The time between two looks: at first, and after a while.
const FIRST_INTERVAL: Duration = Duration::from_millis(1);
const LAST_INTERVAL: Duration = Duration::from_millis(100);
/// In between, a change is noticed after at most this part of the time for which it was waited for.
const PART: u32 = 8;

/// Returns the time between two looks of a waiter that has waited so long.
pub(crate) fn interval(waited: Duration) -> Duration {
    (waited / PART).clamp(FIRST_INTERVAL, LAST_INTERVAL)
}

/// Since when a generation has been waited for. It belongs to the reader, so that a program that waits in short pieces,
/// as the bindings of Python do, polls no more often. Threads that share a reader can make the time a wrong one, which
/// costs a few looks, or makes a change be noticed late, but not later than after the last interval.
#[derive(Debug)]
pub(crate) struct Polling {
    opened: Instant,
    generation: AtomicU64,
    /// In nanoseconds since `opened`; `NEVER`: nothing was waited for.
    since_ns: AtomicU64,
}

const NEVER: u64 = u64::MAX;

impl Polling {
    pub(crate) fn new() -> Self {
        let (generation, since_ns) = (AtomicU64::new(0), AtomicU64::new(NEVER));
        Polling { opened: Instant::now(), generation, since_ns }
    }

    /// Returns since when `generation` has been waited for: from now on, if that is another one than before.
    pub(crate) fn since(&self, generation: u64) -> Instant {
        self.since_at(generation, Instant::now())
    }

    fn since_at(&self, generation: u64, now: Instant) -> Instant {
        // ORDERING: Relaxed: a hint for how long to sleep; see the type.
        let (known, since_ns) = (self.generation.load(Relaxed), self.since_ns.load(Relaxed));
        if known == generation && since_ns != NEVER {
            return self.opened + Duration::from_nanos(since_ns);
        }
        let since = now.saturating_duration_since(self.opened).as_nanos();
        // ORDERING: Relaxed: a hint for how long to sleep; see the type.
        self.since_ns.store(u64::try_from(since).unwrap_or(0), Relaxed);
        // ORDERING: Relaxed: a hint for how long to sleep; see the type.
        self.generation.store(generation, Relaxed);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Returns how often a waiter has looked after so much time, without waiting for it. It waits in pieces, or not.
    fn polls(time: Duration, piece: Duration) -> usize {
        let polling = Polling::new();
        let begin = Instant::now();
        let (mut now, mut polls, mut end) = (begin, 0, begin + piece);
        while now < begin + time {
            let waited = now - begin;
            let interval = interval(now - polling.since_at(7, now));
            let latest = (100 * MS).min(waited / 8).max(MS);
            assert!(interval <= latest, "after {waited:?}, a change is noticed within {latest:?}");
            now = end.min(now + interval);
            if now == end {
                end += piece;
            }
            polls += 1;
        }
        polls
    }

    #[test]
    fn a_page_that_stands_still_is_polled_ever_more_seldom_down_to_ten_times_a_second() {
        let hour = Duration::from_secs(3600);
        assert_eq!(polls(8 * MS, hour), 8);
        let of_the_first_second = polls(1000 * MS, hour);
        assert!((20..=60).contains(&of_the_first_second), "{of_the_first_second}");
        let of_an_hour = polls(hour, hour);
        assert_eq!((of_an_hour - of_the_first_second).div_ceil(3599), 10, "{of_an_hour}");
        let in_pieces = polls(hour, 250 * MS);
        assert!(in_pieces < of_an_hour * 3 / 2, "{in_pieces}, and without pieces {of_an_hour}");
        assert_eq!(interval(Duration::MAX), 100 * MS);
    }

    #[test]
    fn each_generation_is_waited_for_from_its_own_time_on() {
        let polling = Polling::new();
        let begin = Instant::now();
        assert_eq!(polling.since_at(0, begin), begin);
        assert_eq!(polling.since_at(0, begin + 5 * MS), begin);
        assert_eq!(polling.since_at(1, begin + 6 * MS), begin + 6 * MS);
        assert_eq!(polling.since_at(1, begin + 9 * MS), begin + 6 * MS);
    }
}
