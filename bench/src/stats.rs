// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two numbers that a row shows: the best sample and the middle one.

use serde::{Deserialize, Serialize};

/// Many samples of one quantity, summed up.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// The sample least disturbed by the machine: the lowest cost or the highest rate.
    pub(crate) best: f64,
    pub(crate) median: f64,
    pub(crate) samples: usize,
}

/// Of costs, where less is better.
pub(crate) fn of_costs(samples: &[f64]) -> Summary {
    summary(samples, |sorted| sorted[0])
}

/// Of rates, where more is better.
pub(crate) fn of_rates(samples: &[f64]) -> Summary {
    summary(samples, |sorted| sorted[sorted.len() - 1])
}

/// The middle one of at least one sample.
pub(crate) fn median(samples: &[f64]) -> f64 {
    of_costs(samples).median
}

fn summary(samples: &[f64], best: impl Fn(&[f64]) -> f64) -> Summary {
    assert!(!samples.is_empty(), "a summary is about at least one sample");
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    Summary { best: best(&sorted), median: sorted[sorted.len() / 2], samples: sorted.len() }
}

#[cfg(test)]
mod tests {
    use super::{of_costs, of_rates};

    #[test]
    fn the_best_cost_is_the_lowest_and_the_best_rate_the_highest() {
        let samples = [5.0, 1.0, 3.0];
        assert_eq!((of_costs(&samples).best, of_costs(&samples).median), (1.0, 3.0));
        assert_eq!((of_rates(&samples).best, of_rates(&samples).median), (5.0, 3.0));
    }
}
