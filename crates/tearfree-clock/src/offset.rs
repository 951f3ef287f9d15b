// SPDX-License-Identifier: MIT OR Apache-2.0
//! The difference between the time of day and the monotonic clock: constant, until somebody steps it.

/// What is known about the difference: it is within an interval that shrinks until it is stepped.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offset {
    known: Option<(i64, i64)>,
    resumed_ns: i64,
    steps: u32,
}

/// The kernel rounds each of its clocks by itself.
const ROUNDING_NS: i64 = 1;
/// What the timekeeper before may have been off by.
const RESUMED_ERROR_NS: i64 = 200;

impl Offset {
    pub(crate) fn resumed(offset_ns: i64, steps: u32) -> Self {
        Offset { known: None, resumed_ns: offset_ns, steps }
    }

    /// Takes a look at both clocks: the difference is between the two.
    pub(crate) fn observe(&mut self, (low, high): (i64, i64)) {
        let (low, high) = (low - ROUNDING_NS, high + ROUNDING_NS);
        let Some(known) = self.known else {
            let near = low - RESUMED_ERROR_NS..=high + RESUMED_ERROR_NS;
            let moved = self.resumed_ns != 0 && !near.contains(&self.resumed_ns);
            self.steps = self.steps.wrapping_add(u32::from(moved));
            self.known = Some((low, high));
            return;
        };
        let both = (known.0.max(low), known.1.min(high));
        if both.0 <= both.1 {
            self.known = Some(both);
        } else {
            self.steps = self.steps.wrapping_add(1);
            self.known = Some((low, high));
        }
    }

    /// The difference, and by how much it may be off.
    pub(crate) fn value(&self) -> (i64, u64) {
        let Some((low, high)) = self.known else { return (self.resumed_ns, 0) };
        let width = high.abs_diff(low);
        (low.saturating_add_unsigned(width / 2), width.div_ceil(2))
    }

    pub(crate) fn steps(&self) -> u32 {
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use super::Offset;

    #[test]
    fn looks_narrow_the_offset_down_and_a_step_is_counted_once() {
        let mut offset = Offset::default();
        offset.observe((900, 1_101));
        offset.observe((991, 1_300));
        assert_eq!((offset.value(), offset.steps()), ((1_046, 56), 0));
        offset.observe((5_000, 5_010));
        offset.observe((5_004, 5_030));
        assert_eq!(offset.steps(), 1);
        let (value, error) = offset.value();
        assert!((5_003..=5_011).contains(&value) && error <= 4, "{value} {error}");
    }

    #[test]
    fn a_step_while_nobody_kept_the_time_is_counted_too() {
        let mut same = Offset::resumed(1_000, 7);
        same.observe((995, 1_005));
        assert_eq!(same.steps(), 7);
        let mut other = Offset::resumed(1_000, 7);
        other.observe((9_995, 9_999));
        assert_eq!(other.steps(), 8);
    }
}
