// SPDX-License-Identifier: MIT OR Apache-2.0
//! How far a time can be trusted, and the interval in which the true one lies.

/// How a clock stands to what it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Nobody knows: never compared, or too long ago.
    Unknown,
    /// Compared all the time, and close.
    Synchronised,
    /// It goes on by itself: the timekeeper is dead, late, or has only begun.
    FreeRunning,
    /// The counter or the host's clock has jumped, or the host slept, and the clock is on its way back.
    Disrupted,
}

impl Status {
    pub(crate) const fn word(self) -> u32 {
        match self {
            Status::Unknown => 0,
            Status::Synchronised => 1,
            Status::FreeRunning => 2,
            Status::Disrupted => 3,
        }
    }

    /// A number that nobody has a meaning for is no promise.
    pub(crate) const fn of(word: u32) -> Self {
        match word {
            1 => Status::Synchronised,
            2 => Status::FreeRunning,
            3 => Status::Disrupted,
            _ => Status::Unknown,
        }
    }

    /// One or two words for people.
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
    /// It is not earlier than this.
    pub earliest: u64,
    /// It is not later than this.
    pub latest: u64,
    /// How far to trust the two.
    pub status: Status,
}

impl Bounded {
    pub(crate) const fn around(ns: u64, bound_ns: u64, status: Status) -> Self {
        Bounded {
            earliest: ns.saturating_sub(bound_ns),
            latest: ns.saturating_add(bound_ns),
            status,
        }
    }

    /// Half the width of the interval.
    #[must_use]
    pub const fn bound_ns(&self) -> u64 {
        self.latest.saturating_sub(self.earliest).div_ceil(2)
    }
}
