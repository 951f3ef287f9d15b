// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Record`: the value on the page of a clock. `tearfree-vdso` compiles this file, too.

crate::payload! {
    /// The value that a timekeeper publishes: two cache lines, of which the first suffices for the time.
    ///
    /// All counts are of the counter in `source`, which belongs to one host and one boot. A record has
    /// no meaning elsewhere.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Record {
        /// [`Line::since`](crate::Line::since). The bounds hold at this count, and no reader of this record uses
        /// an earlier one.
        pub since: u64,
        /// [`Line::reach`](crate::Line::reach).
        pub reach: u32,
        /// [`Line::frac`](crate::Line::frac).
        pub frac: u32,
        /// [`Line::mult`](crate::Line::mult).
        pub mult: u64,
        /// [`Line::mono_ns`](crate::Line::mono_ns): like `CLOCK_MONOTONIC`.
        pub mono_ns: u64,
        /// A [`Source`](crate::Source).
        pub source: u32,
        /// A [`Status`](crate::Status) against the host's clock.
        pub status: u32,
        /// `CLOCK_REALTIME` minus `mono_ns`. Steps of the time of day are steps of this number.
        pub real_offset_ns: i64,
        /// [`Line::pivot`](crate::Line::pivot).
        pub pivot: u64,
        /// [`Line::next`](crate::Line::next).
        pub next: u64,
        /// The largest error against the host's clock at `since`.
        pub bound_ns: u64,
        /// From this count on the status is "free running": the last sample is too old.
        pub free_after: u64,
        /// From this count on its status is unknown.
        pub unknown_after: u64,
        /// The largest error against UTC at `since`, or `u64::MAX` if unknown.
        pub utc_bound_ns: u64,
        /// How fast both bounds grow, in ns per second.
        pub drift_ppb: u32,
        /// How often the time of day was stepped.
        pub steps: u32,
        /// A [`Status`](crate::Status) against UTC.
        pub utc_status: u32,
        /// How often the counter or the host's clock jumped, or the host was suspended.
        pub disruptions: u32,
        /// TAI minus UTC in seconds, or 0 if the host does not know it.
        pub tai_offset: i32,
        /// 0: follows the host. 1: a test clock, which shows the time that it was set to.
        pub is_test: u32,
        /// The estimated slope of the host's clock: `mult` without the slew.
        pub rate: u64,
    }
}

const _: () = assert!(size_of::<Record>() == 2 * 64, "two cache lines");

/// The independent words of the page.
pub(crate) mod word {
    /// The time at the last tick, for coarse reads. It never decreases.
    pub(crate) const COARSE_NS: usize = 0;
    /// How many bends were published after their pivot.
    pub(crate) const LATE_PUBLICATIONS: usize = 1;
    /// How many ticks came much later than planned.
    pub(crate) const LATE_TICKS: usize = 2;
    /// The longest delay of a tick, in nanoseconds.
    pub(crate) const WORST_DELAY_NS: usize = 3;
    /// The time namespace of the timekeeper, or 0 if unknown.
    pub(crate) const TIME_NAMESPACE: usize = 4;
}
