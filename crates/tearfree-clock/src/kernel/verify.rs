// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares the times in the page with those of `clock_gettime`.

#![allow(unsafe_code, reason = "clock_gettime of the C library")]

use super::page::{KernelClock, KernelPage};

/// The result of a comparison. Each time from the page was read between two of `clock_gettime`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
            let Some(page) = page else {
                agreement.missing += 1;
                continue;
            };
            agreement.outside += u32::from(page < before || page > after);
            agreement.backwards += u32::from(page < last);
            let nearer = page.abs_diff(before).min(page.abs_diff(after));
            agreement.largest_ns = agreement.largest_ns.max(nearer);
            last = page;
        }
        agreement
    }
}

/// Reads a clock by the C library.
fn system_ns(clock: KernelClock) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let id = clock.id() as libc::clockid_t;
    // SAFETY: a valid pointer for the result.
    unsafe { libc::clock_gettime(id, &raw mut time) };
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
