// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Line`: from a counter to nanoseconds, with a bend whose two sides meet exactly.

/// Slopes are in units of 2^-32 ns per count, so a slope of one is `1 << 32`.
///
/// At 5 GHz one unit is 1.2 ppb: 0.6 ns per half-second segment. For four seconds the product fits into
/// 64 bits, so a current line costs what the kernel's does: one multiplication, one addition, one shift.
pub const SHIFT: u32 = 32;

/// The pivot of a line that has no bend.
pub const NEVER: u64 = u64::MAX;

/// The largest slew of a disciplined clock: 500 ppm, as in the kernel's NTP code.
pub const MAX_SLEW_PPB: u64 = 500_000;

/// Maps counts to nanoseconds: a line with a bend at [`pivot`](Self::pivot), usually in the future.
///
/// ```text
/// t(c) = mono_ns + ((c - since) * mult + frac) >> 32                               up to the pivot
/// t(c) = mono_ns + ((pivot - since) * mult + (c - pivot) * next + frac) >> 32      from there on
/// ```
///
/// It is the kernel's `mult` and `shift`, with a factor of 64 bits and a product of 128: nothing
/// overflows, and the factor needs no dithering.
///
/// # Examples
/// ```
/// use tearfree_clock::{Line, SHIFT};
/// // A counter of 2 GHz, at count 0.
/// let line = Line::new(0, 1_000, 1 << (SHIFT - 1));
/// assert_eq!(line.ns_at(2_000_000_000), 1_000_001_000);
/// // From count 4000 on it runs 100 ppm faster. Up to there nothing changes.
/// let bent = line.bend(4_000, line.mult + line.mult / 10_000);
/// assert_eq!(bent.ns_at(3_999), line.ns_at(3_999));
/// assert_eq!(bent.ns_at(4_000), line.ns_at(4_000));
/// assert!(bent.ns_at(2_000_000_000) > line.ns_at(2_000_000_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The first count of this line. Earlier counts give the same time.
    pub since: u64,
    /// The time at that count, in nanoseconds.
    pub mono_ns: u64,
    /// The fraction of `mono_ns`, in 2^-32 ns.
    pub frac: u32,
    /// The slope up to the pivot, in 2^-32 ns per count.
    pub mult: u64,
    /// The count from which `next` holds, not before `since`, or [`NEVER`].
    pub pivot: u64,
    /// The slope from the pivot on.
    pub next: u64,
}

impl Line {
    /// Creates a straight line through `mono_ns` at count `since`.
    #[must_use]
    pub const fn new(since: u64, mono_ns: u64, mult: u64) -> Self {
        Line { since, mono_ns, frac: 0, mult, pivot: NEVER, next: mult }
    }

    /// Returns the time at a count in nanoseconds, rounded down.
    ///
    /// Times beyond 2^64 ns wrap around.
    #[must_use]
    pub const fn ns_at(&self, count: u64) -> u64 {
        self.mono_ns.wrapping_add((self.elapsed(count) >> SHIFT) as u64)
    }

    /// Returns the time from `mono_ns` to a count, in 2^-32 ns.
    const fn elapsed(&self, count: u64) -> u128 {
        let bend = if count < self.pivot { count } else { self.pivot };
        // The line may come from a hostile page, so nothing here may panic.
        let before = bend.saturating_sub(self.since) as u128 * self.mult as u128;
        let after = count.saturating_sub(bend) as u128 * self.next as u128;
        before.wrapping_add(after).wrapping_add(self.frac as u128)
    }

    /// Returns the first count of the line at which the time is `mono_ns` or later, if there is one.
    ///
    /// ```
    /// use tearfree_clock::{Line, SHIFT};
    /// let line = Line::new(100, 5_000, 3 << SHIFT).bend(110, 1 << SHIFT);
    /// assert_eq!(line.count_at(5_007), Some(103));
    /// assert_eq!(line.count_at(5_037), Some(117));
    /// ```
    #[must_use]
    pub fn count_at(&self, mono_ns: u64) -> Option<u64> {
        let ahead = u128::from(mono_ns.saturating_sub(self.mono_ns)) << SHIFT;
        let missing = ahead.saturating_sub(u128::from(self.frac));
        let before = u128::from(self.pivot.saturating_sub(self.since)) * u128::from(self.mult);
        let (from, left, mult) = match missing.checked_sub(before) {
            Some(left) if left > 0 => (self.pivot, left, self.next),
            _ => (self.since, missing, self.mult),
        };
        if left == 0 {
            return Some(from);
        }
        let counts = (mult > 0).then(|| left.div_ceil(mult.into()))?;
        from.checked_add(u64::try_from(counts).ok()?)
    }

    /// Returns for how many counts after `since`, at most 2^32, the first slope holds and its product
    /// fits into 64 bits.
    #[must_use]
    pub const fn reach(&self) -> u32 {
        let straight = self.pivot.saturating_sub(self.since);
        let exact = (u64::MAX - self.frac as u64).checked_div(self.mult);
        let counts = match exact {
            Some(exact) if exact < straight => exact,
            _ => straight,
        };
        if counts < u32::MAX as u64 { counts as u32 } else { u32::MAX }
    }

    /// Returns the same line with a later first count, without what came before, a past bend included.
    ///
    /// Nothing is rounded: both give the same time for every count from `since` on. If `since` is before
    /// this line, the result is this line.
    #[must_use]
    pub const fn rebased(&self, since: u64) -> Self {
        if since <= self.since {
            return *self;
        }
        let elapsed = self.elapsed(since);
        let is_bent = since >= self.pivot;
        Line {
            since,
            mono_ns: self.mono_ns.wrapping_add((elapsed >> SHIFT) as u64),
            // The lower half, which the shift above drops.
            frac: elapsed as u32,
            mult: if is_bent { self.next } else { self.mult },
            pivot: if is_bent { NEVER } else { self.pivot },
            next: self.next,
        }
    }

    /// Returns this line with the slope `next` from `pivot` on.
    ///
    /// Up to the pivot, both lines give the same time for every count. So no reader sees the time go
    /// backwards, whichever of the two lines it uses.
    ///
    /// # Panics
    /// If `pivot` is before this line, or this line has a bend already: see [`rebased`](Self::rebased).
    #[must_use]
    pub fn bend(&self, pivot: u64, next: u64) -> Self {
        assert!(pivot >= self.since, "a line from {} on cannot bend at {pivot}", self.since);
        assert!(self.pivot == NEVER, "a line bends at {} first, then at {pivot}", self.pivot);
        Line { pivot, next, ..*self }
    }

    /// Whether the line has a bend after a count.
    #[must_use]
    pub const fn bends_after(&self, count: u64) -> bool {
        self.pivot != NEVER && count < self.pivot
    }

    /// Returns the steeper of the two slopes.
    #[must_use]
    pub const fn steepest(&self) -> u64 {
        if self.mult > self.next { self.mult } else { self.next }
    }
}

/// Converts nanoseconds to counts at a slope, rounded up; `u64::MAX` at slope 0.
#[must_use]
pub fn counts_in(ns: u64, mult: u64) -> u64 {
    if mult == 0 {
        return u64::MAX;
    }
    let counts = (u128::from(ns) << SHIFT).div_ceil(u128::from(mult));
    u64::try_from(counts).unwrap_or(u64::MAX)
}

/// Converts counts to nanoseconds at a slope, rounded up.
#[must_use]
pub(crate) fn ns_in(counts: u64, mult: u64) -> u64 {
    let ns = (u128::from(counts) * u128::from(mult)) >> SHIFT;
    u64::try_from(ns).unwrap_or(u64::MAX).saturating_add(1)
}

/// Converts nanoseconds per count to a slope.
#[must_use]
pub(crate) fn slope(ns_per_count: f64) -> u64 {
    (ns_per_count * (1_u64 << SHIFT) as f64) as u64
}

/// Converts a slope to nanoseconds per count.
#[must_use]
pub(crate) fn ns_per_count(mult: u64) -> f64 {
    mult as f64 / (1_u64 << SHIFT) as f64
}
