// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ShownClock`: what a program that is shown a clock sees on each of Linux's clocks. `tearfree-vdso` compiles this
//! file, too.

/// The clocks of Linux that a program sees in place of the host's.
///
/// The clocks of processor time are not among them. Coarse clocks show the exact time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShownClock {
    /// The time since the boot: `CLOCK_MONOTONIC`, `CLOCK_BOOTTIME` and their variants.
    Monotonic,
    /// The time of day: `CLOCK_REALTIME` and its variants.
    Realtime,
    /// International atomic time: `CLOCK_TAI`.
    Tai,
}

// The numbers are Linux's own, equal for all C libraries and processors.
const REALTIME: i32 = 0;
const MONOTONIC: i32 = 1;
const MONOTONIC_RAW: i32 = 4;
const REALTIME_COARSE: i32 = 5;
const MONOTONIC_COARSE: i32 = 6;
const BOOTTIME: i32 = 7;
const REALTIME_ALARM: i32 = 8;
const BOOTTIME_ALARM: i32 = 9;
const TAI: i32 = 11;

impl ShownClock {
    /// Returns the clock of a number, a `clockid_t`. `None`: it is the host's own.
    ///
    /// ```
    /// use tearfree_clock::ShownClock;
    /// assert_eq!(ShownClock::from_id(libc::CLOCK_BOOTTIME), Some(ShownClock::Monotonic));
    /// assert_eq!(ShownClock::from_id(libc::CLOCK_PROCESS_CPUTIME_ID), None);
    /// ```
    #[inline]
    #[must_use]
    pub const fn from_id(id: i32) -> Option<Self> {
        match id {
            REALTIME | REALTIME_COARSE | REALTIME_ALARM => Some(ShownClock::Realtime),
            MONOTONIC | MONOTONIC_RAW | MONOTONIC_COARSE | BOOTTIME | BOOTTIME_ALARM => {
                Some(ShownClock::Monotonic)
            }
            TAI => Some(ShownClock::Tai),
            _ => None,
        }
    }

    /// Returns the number of the clock itself, without its variants.
    #[inline]
    #[must_use]
    pub const fn to_id(self) -> i32 {
        match self {
            ShownClock::Monotonic => MONOTONIC,
            ShownClock::Realtime => REALTIME,
            ShownClock::Tai => TAI,
        }
    }

    /// Returns the time on this clock in nanoseconds, by the monotonic time and two fields of a
    /// [`Record`](crate::Record).
    #[inline]
    #[must_use]
    pub const fn ns(self, mono_ns: u64, real_offset_ns: i64, tai_offset: i32) -> u64 {
        const NSEC: i64 = 1_000_000_000;
        let real = mono_ns.saturating_add_signed(real_offset_ns);
        match self {
            ShownClock::Monotonic => mono_ns,
            ShownClock::Realtime => real,
            ShownClock::Tai => real.saturating_add_signed(tai_offset as i64 * NSEC),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_c_library() {
        let ids = [
            (libc::CLOCK_REALTIME, REALTIME),
            (libc::CLOCK_MONOTONIC, MONOTONIC),
            (libc::CLOCK_MONOTONIC_RAW, MONOTONIC_RAW),
            (libc::CLOCK_REALTIME_COARSE, REALTIME_COARSE),
            (libc::CLOCK_MONOTONIC_COARSE, MONOTONIC_COARSE),
            (libc::CLOCK_BOOTTIME, BOOTTIME),
            (libc::CLOCK_REALTIME_ALARM, REALTIME_ALARM),
            (libc::CLOCK_BOOTTIME_ALARM, BOOTTIME_ALARM),
            (libc::CLOCK_TAI, TAI),
        ];
        for (theirs, ours) in ids {
            assert_eq!(theirs, ours);
        }
        for clock in [ShownClock::Monotonic, ShownClock::Realtime, ShownClock::Tai] {
            assert_eq!(ShownClock::from_id(clock.to_id()), Some(clock));
        }
        for own in [libc::CLOCK_PROCESS_CPUTIME_ID, libc::CLOCK_THREAD_CPUTIME_ID, 10, 12, -6] {
            assert_eq!(ShownClock::from_id(own), None, "clock {own}");
        }
    }
}
