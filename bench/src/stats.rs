// SPDX-License-Identifier: MIT OR Apache-2.0
//! Summaries of samples: the best one and the median.

use serde::{Deserialize, Serialize};

/// The summary of many samples of one quantity.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// The sample that the machine disturbed least: the lowest cost or the highest rate.
    pub(crate) best: f64,
    pub(crate) median: f64,
    pub(crate) samples: usize,
}

/// Summarizes costs, where less is better.
pub(crate) fn summarize_costs(samples: &[f64]) -> Summary {
    summary(samples, |sorted| sorted[0])
}

/// Summarizes rates, where more is better.
pub(crate) fn summarize_rates(samples: &[f64]) -> Summary {
    summary(samples, |sorted| sorted[sorted.len() - 1])
}

/// Returns the median of at least one sample.
pub(crate) fn median(samples: &[f64]) -> f64 {
    summarize_costs(samples).median
}

fn summary(samples: &[f64], best: impl Fn(&[f64]) -> f64) -> Summary {
    assert!(!samples.is_empty(), "a summary needs at least one sample");
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    Summary { best: best(&sorted), median: sorted[sorted.len() / 2], samples: sorted.len() }
}

#[cfg(test)]
mod tests {
    use super::{summarize_costs, summarize_rates};

    #[test]
    fn the_best_cost_is_the_lowest_and_the_best_rate_the_highest() {
        let samples = [5.0, 1.0, 3.0];
        assert_eq!((summarize_costs(&samples).best, summarize_costs(&samples).median), (1.0, 3.0));
        assert_eq!((summarize_rates(&samples).best, summarize_rates(&samples).median), (5.0, 3.0));
    }
}
