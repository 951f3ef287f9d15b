// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Status`, how far a time can be trusted, and `Bounded`, the interval that contains it.

/// How far a clock can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Unknown: never compared with its reference, or too long ago.
    Unknown,
    /// Compared at each tick, and close.
    Synchronised,
    /// Runs without its reference: the timekeeper is dead, late, or has just started.
    FreeRunning,
    /// The counter or the host's clock jumped, or the host was suspended, and the clock is being slewed
    /// back.
    Disrupted,
}

impl Status {
    pub(crate) const fn to_word(self) -> u32 {
        match self {
            Status::Unknown => 0,
            Status::Synchronised => 1,
            Status::FreeRunning => 2,
            Status::Disrupted => 3,
        }
    }

    /// Returns the status of a word; a word without a meaning is unknown.
    pub(crate) const fn from_word(word: u32) -> Self {
        match word {
            1 => Status::Synchronised,
            2 => Status::FreeRunning,
            3 => Status::Disrupted,
            _ => Status::Unknown,
        }
    }

    /// Returns the name for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Status::Unknown => "unknown",
            Status::Synchronised => "synchronised",
            Status::FreeRunning => "free running",
            Status::Disrupted => "disrupted",
        }
    }
}

/// An interval that contains the true time, in nanoseconds, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounded {
    /// The true time is not earlier.
    pub earliest: u64,
    /// The true time is not later.
    pub latest: u64,
    /// How far the interval can be trusted.
    pub status: Status,
}

impl Bounded {
    pub(crate) const fn new(ns: u64, bound_ns: u64, status: Status) -> Self {
        Bounded {
            earliest: ns.saturating_sub(bound_ns),
            latest: ns.saturating_add(bound_ns),
            status,
        }
    }

    /// Returns half the width of the interval.
    #[must_use]
    pub const fn bound_ns(&self) -> u64 {
        self.latest.saturating_sub(self.earliest).div_ceil(2)
    }
}
