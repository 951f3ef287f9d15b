// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Line`: from a counter to nanoseconds, with a bend whose two sides meet exactly.

/// Slopes are in units of 2^-32 ns per count, so a slope of one is `1 << 32`.
///
/// At 5 GHz one unit is 1.2 ppb, which a line that is bent twice a second makes 0.6 ns of. Up to four
/// seconds from a pivot the product has 64 bits, so a line that is kept needs no more than the kernel's
/// does: one multiplication, one addition, one shift.
pub const SHIFT: u32 = 32;

/// The largest change of slope that a disciplined clock makes to mend its phase: 500 ppm, as the
/// kernel's NTP code.
pub const MAX_SLEW_PPB: u64 = 500_000;

/// A line through the time, with a bend at [`pivot`](Self::pivot).
///
/// ```text
/// t(c) = mono_ns + ((c - pivot) * mult   + frac) >> 32     from the pivot on
/// t(c) = mono_ns - ((pivot - c) * before - frac) >> 32     before it
/// ```
///
/// It is the kernel's mult and shift, with 64 bits for the factor, and 128 for the product of a count
/// that is far away: nothing overflows, and the factor needs no dithering.
///
/// # Examples
/// ```
/// use tearfree_clock::{Line, SHIFT};
/// // A counter of 2 GHz, which is at 0 now.
/// let line = Line::new(0, 1_000, 1 << (SHIFT - 1));
/// assert_eq!(line.at(2_000_000_000), 1_000_001_000);
/// // From count 4000 on it runs 100 ppm faster. Before, nothing changes.
/// let bent = line.bend(4_000, line.mult + line.mult / 10_000);
/// assert_eq!(bent.at(3_999), line.at(3_999));
/// assert_eq!(bent.at(4_000), line.at(4_000));
/// assert!(bent.at(2_000_000_000) > line.at(2_000_000_000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The count from which `mult` holds.
    pub pivot: u64,
    /// The time at the pivot, in nanoseconds.
    pub mono_ns: u64,
    /// What is to be added to it, in 2^-32 ns; less than `1 << 32`.
    pub frac: u64,
    /// The slope from the pivot on, in 2^-32 ns per count.
    pub mult: u64,
    /// The slope before it.
    pub before: u64,
}

impl Line {
    /// A straight line through `mono_ns` at count `pivot`.
    #[must_use]
    pub const fn new(pivot: u64, mono_ns: u64, mult: u64) -> Self {
        Line { pivot, mono_ns, frac: 0, mult, before: mult }
    }

    /// The time at a count, in nanoseconds, rounded down.
    ///
    /// Counts further away than 2^63 from the pivot, and times beyond 2^64 ns, wrap around.
    #[inline(always)]
    #[must_use]
    pub const fn at(&self, count: u64) -> u64 {
        if count < self.pivot {
            return self.at_before(count);
        }
        if let Some(product) = (count - self.pivot).checked_mul(self.mult)
            && let Some(fine) = product.checked_add(self.frac)
        {
            return self.mono_ns.wrapping_add(fine >> SHIFT);
        }
        self.at_far(count)
    }

    /// For a line that nobody keeps any more.
    #[cold]
    const fn at_far(&self, count: u64) -> u64 {
        let product = (count - self.pivot) as u128 * self.mult as u128;
        self.mono_ns.wrapping_add(((product + self.frac as u128) >> SHIFT) as u64)
    }

    /// For the time between the publication of a bend and the bend itself.
    #[cold]
    const fn at_before(&self, count: u64) -> u64 {
        let product = (self.pivot - count) as u128 * self.before as u128;
        // The shift of a signed number rounds down, as the other side does.
        let past = (self.frac as i128).wrapping_sub(product as i128) >> SHIFT;
        self.mono_ns.wrapping_add(past as u64)
    }

    /// The line that is this one up to `pivot` and has the slope `mult` from there on.
    ///
    /// Nothing is rounded: up to the new pivot, both lines give the same number for every count that
    /// is not before the old pivot. That is why nobody sees the time go backwards, whichever of the
    /// two lines they read it from.
    ///
    /// # Panics
    /// If `pivot` is before that of this line: the line before it is not known any more.
    #[must_use]
    pub fn bend(&self, pivot: u64, mult: u64) -> Self {
        assert!(pivot >= self.pivot, "a line bends at {} first, then at {pivot}", self.pivot);
        let exact = u128::from(pivot - self.pivot) * u128::from(self.mult) + u128::from(self.frac);
        Line {
            pivot,
            mono_ns: self.mono_ns.wrapping_add((exact >> SHIFT) as u64),
            frac: (exact as u64) & ((1 << SHIFT) - 1),
            mult,
            before: self.mult,
        }
    }

    /// The first count at which the time is `mono_ns` or later, if it is after the pivot and the line
    /// has a slope.
    ///
    /// ```
    /// use tearfree_clock::{Line, SHIFT};
    /// let line = Line::new(100, 5_000, 3 << SHIFT);
    /// assert_eq!(line.count_at(5_007), Some(103));
    /// ```
    #[must_use]
    pub fn count_at(&self, mono_ns: u64) -> Option<u64> {
        let ahead = u128::from(mono_ns.checked_sub(self.mono_ns)?) << SHIFT;
        let product = ahead.saturating_sub(u128::from(self.frac));
        let counts = product.div_ceil(u128::from(self.mult).max(1));
        (self.mult > 0).then_some(())?;
        self.pivot.checked_add(u64::try_from(counts).ok()?)
    }

    /// How many counts are `ns` nanoseconds, rounded up; `u64::MAX` for a line that stands still.
    #[must_use]
    pub fn counts_in(&self, ns: u64) -> u64 {
        if self.mult == 0 {
            return u64::MAX;
        }
        let counts = (u128::from(ns) << SHIFT).div_ceil(u128::from(self.mult));
        u64::try_from(counts).unwrap_or(u64::MAX)
    }

    /// How many nanoseconds some counts are, rounded up.
    #[inline(always)]
    #[must_use]
    pub const fn ns_in(&self, counts: u64) -> u64 {
        ((counts as u128 * self.mult as u128) >> SHIFT) as u64 + 1
    }
}

/// The slope of so many nanoseconds per count.
#[must_use]
pub(crate) fn slope(ns_per_count: f64) -> u64 {
    (ns_per_count * (1_u64 << SHIFT) as f64) as u64
}

/// The nanoseconds per count of a slope.
#[must_use]
pub(crate) fn ns_per_count(mult: u64) -> f64 {
    mult as f64 / (1_u64 << SHIFT) as f64
}
