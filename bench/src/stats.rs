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

/// The slots that count, and how many slots were calm: without a thread that the system interrupted.
pub(crate) struct CountedSlots<'a, S> {
    pub(crate) slots: Vec<&'a S>,
    pub(crate) calm: usize,
}

/// Selects the slots that count, for all contestants and workloads in the same way: the calm ones, or all of them if
/// fewer than one in eight is calm.
pub(crate) fn counted_slots<S>(slots: &[S], is_calm: impl Fn(&S) -> bool) -> CountedSlots<'_, S> {
    let calm_slots: Vec<&S> = slots.iter().filter(|slot| is_calm(slot)).collect();
    let calm = calm_slots.len();
    let slots = if calm * 8 >= slots.len() { calm_slots } else { slots.iter().collect() };
    CountedSlots { slots, calm }
}

#[cfg(test)]
mod tests {
    use super::{counted_slots, summarize_costs, summarize_rates};

    #[test]
    fn calm_slots_count_unless_they_are_fewer_than_one_in_eight() {
        let is_calm = |interruptions: &u32| *interruptions == 0;
        let counted = |slots: &[u32]| {
            let counted = counted_slots(slots, is_calm);
            (counted.slots.len(), counted.calm)
        };
        assert_eq!(counted(&[0, 1, 1, 1, 1, 1, 1, 1]), (1, 1));
        assert_eq!(counted(&[0, 1, 1, 1, 1, 1, 1, 1, 1]), (9, 1));
        assert_eq!(counted(&[0, 0]), (2, 2));
    }

    #[test]
    fn the_best_cost_is_the_lowest_and_the_best_rate_the_highest() {
        let samples = [5.0, 1.0, 3.0];
        assert_eq!((summarize_costs(&samples).best, summarize_costs(&samples).median), (1.0, 3.0));
        assert_eq!((summarize_rates(&samples).best, summarize_rates(&samples).median), (5.0, 3.0));
    }
}
