// SPDX-License-Identifier: MIT OR Apache-2.0
//! Logarithmic axes whose labels do not overlap.

use plotters::coord::combinators::IntoLogRange;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::LogCoord;

/// A logarithmic axis with labels at given values.
pub(super) struct Ticks {
    scale: LogCoord<f64>,
    range: core::ops::Range<f64>,
    ticks: Vec<f64>,
}

/// The maximum number of labels.
const MOST: usize = 8;

impl Ticks {
    /// Creates an axis with labels at `ticks`, and some room at both ends.
    pub(super) fn with_labels(ticks: &[f64], (low, high): (f64, f64)) -> Self {
        Self::new(ticks.to_vec(), low * 0.9..high * 1.1)
    }

    /// Creates an axis with labels at 1, 2, 5, 10, or at 1, 10, 100 where those would be too many.
    pub(super) fn round((low, high): (f64, f64)) -> Self {
        let range = low * 0.8..high * 1.3;
        let fine = multiples(&[1.0, 2.0, 5.0], &range);
        let ticks = if fine.len() > MOST { multiples(&[1.0], &range) } else { fine };
        Self::new(ticks, range)
    }

    fn new(ticks: Vec<f64>, range: core::ops::Range<f64>) -> Self {
        Self { scale: range.clone().log_scale().into(), range, ticks }
    }
}

/// Returns the products of `numbers` and powers of ten in `range`.
fn multiples(numbers: &[f64], range: &core::ops::Range<f64>) -> Vec<f64> {
    let decades = range.start.log10().floor() as i32..=range.end.log10().ceil() as i32;
    let all = decades.flat_map(|decade| numbers.iter().map(move |one| one * 10_f64.powi(decade)));
    all.filter(|tick| range.contains(tick)).collect()
}

impl Ranged for Ticks {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        self.scale.map(value, limit)
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> core::ops::Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Ticks {}

#[cfg(test)]
mod tests {
    use super::Ticks;

    #[test]
    fn a_narrow_range_has_fine_labels_and_a_wide_one_coarse_labels() {
        assert_eq!(Ticks::round((1.0, 30.0)).ticks, [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(Ticks::round((2.0, 20_000.0)).ticks, [10.0, 100.0, 1000.0, 10_000.0]);
    }
}
