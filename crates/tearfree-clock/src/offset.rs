// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Offset`: the time of day minus the monotonic clock, which is constant between steps.

/// The estimate of the offset: an interval that shrinks with each reading, until a step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offset {
    known: Option<(i64, i64)>,
    previous_ns: i64,
    steps: u32,
}

/// The kernel rounds each of its clocks separately.
const ROUNDING_NS: i64 = 1;
/// The error that the previous timekeeper's estimate may have.
const PREVIOUS_ERROR_NS: i64 = 200;

impl Offset {
    /// Continues the estimate of a previous timekeeper.
    pub(crate) fn from_previous(offset_ns: i64, steps: u32) -> Self {
        Offset { known: None, previous_ns: offset_ns, steps }
    }

    /// Takes a reading: the offset is between the two numbers.
    pub(crate) fn observe(&mut self, (low, high): (i64, i64)) {
        let (low, high) = (low - ROUNDING_NS, high + ROUNDING_NS);
        let Some(known) = self.known else {
            let near = low - PREVIOUS_ERROR_NS..=high + PREVIOUS_ERROR_NS;
            let moved = self.previous_ns != 0 && !near.contains(&self.previous_ns);
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

    /// Returns the offset, and its largest error.
    pub(crate) fn value(&self) -> (i64, u64) {
        let Some((low, high)) = self.known else { return (self.previous_ns, 0) };
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
    fn readings_narrow_the_offset_and_a_step_is_counted_once() {
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
    fn a_step_between_two_timekeepers_is_counted_too() {
        let mut same = Offset::from_previous(1_000, 7);
        same.observe((995, 1_005));
        assert_eq!(same.steps(), 7);
        let mut other = Offset::from_previous(1_000, 7);
        other.observe((9_995, 9_999));
        assert_eq!(other.steps(), 8);
    }
}
