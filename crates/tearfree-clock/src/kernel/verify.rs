// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares the times in the page with those of `clock_gettime`.

#![allow(unsafe_code, reason = "clock_gettime of the C library")]

use super::page::{KernelClock, KernelPage};

/// The result of a comparison. Each time from the page was read between two of `clock_gettime`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agreement {
    /// The number of times compared.
    pub samples: u32,
    /// How many were not between the two.
    pub outside: u32,
    /// How many could not be read.
    pub missing: u32,
    /// How many were earlier than the one before.
    pub backwards: u32,
    /// The largest difference to the nearer of the two, in nanoseconds: mostly the cost of a clock read. An
    /// interruption on one side has no effect.
    pub largest_ns: u64,
}

impl Agreement {
    /// Whether every time agreed.
    #[must_use]
    pub fn is_perfect(&self) -> bool {
        self.samples > 0 && self.outside + self.missing + self.backwards == 0
    }

    /// Compares one time of the page with two of `clock_gettime`, and with the last one of the page.
    fn compare(&mut self, before: u64, page: Option<u64>, after: u64, last: u64) {
        let Some(page) = page else {
            self.missing += 1;
            return;
        };
        self.outside += u32::from(page < before || page > after);
        self.backwards += u32::from(page < last);
        let nearer = page.abs_diff(before).min(page.abs_diff(after));
        self.largest_ns = self.largest_ns.max(nearer);
    }
}

impl KernelPage {
    /// Compares `samples` times of a clock with `clock_gettime`.
    #[must_use]
    pub fn verify(&self, clock: KernelClock, samples: u32) -> Agreement {
        let mut agreement = Agreement { samples, ..Agreement::default() };
        let mut last = 0;
        for _ in 0..samples {
            let before = system_ns(clock);
            let page = self.read(clock);
            let after = system_ns(clock);
            agreement.compare(before, page, after, last);
            last = page.unwrap_or(last);
        }
        agreement
    }
}

/// Reads a clock by the C library.
fn system_ns(clock: KernelClock) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let id = clock.id() as libc::clockid_t;
    // SAFETY: `time` is valid for a write of the answer.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_disagreement_is_counted() {
        let counts = |page, last| {
            let mut agreement = Agreement { samples: 1, ..Agreement::default() };
            agreement.compare(100, page, 120, last);
            let Agreement { outside, missing, backwards, largest_ns, .. } = agreement;
            assert_eq!(agreement.is_perfect(), outside + missing + backwards == 0);
            (outside, missing, backwards, largest_ns)
        };
        assert_eq!(counts(Some(100), 0), (0, 0, 0, 0));
        assert_eq!(counts(Some(107), 107), (0, 0, 0, 7), "the nearer of the two");
        assert_eq!(counts(Some(120), 0), (0, 0, 0, 0));
        assert_eq!(counts(Some(99), 0), (1, 0, 0, 1));
        assert_eq!(counts(Some(121), 0), (1, 0, 0, 1));
        assert_eq!(counts(Some(110), 111), (0, 0, 1, 10));
        assert_eq!(counts(None, 0), (0, 1, 0, 0));
        assert!(!Agreement::default().is_perfect(), "nothing was compared");
    }
}
