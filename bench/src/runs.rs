// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several runs in one: of each number the median run, and how far the runs are apart.

use crate::results::{Cost, Delay, Rate, Results};
use crate::stats::median;

/// An entry of the results that each run has once.
trait Entry: Clone {
    /// The number by which runs are ordered.
    fn number(&self) -> f64;
    fn spread(&mut self) -> &mut Option<f64>;
}

impl Entry for Cost {
    fn number(&self) -> f64 {
        self.cost.best
    }

    fn spread(&mut self) -> &mut Option<f64> {
        &mut self.spread
    }
}

impl Entry for Rate {
    /// Reads, or writes where nothing reads.
    fn number(&self) -> f64 {
        if self.reads.median > 0.0 { self.reads.median } else { self.writes.median }
    }

    fn spread(&mut self) -> &mut Option<f64> {
        &mut self.spread
    }
}

impl Entry for Delay {
    fn number(&self) -> f64 {
        self.write.or(self.read).map_or(f64::NAN, |latency| latency.middle)
    }

    fn spread(&mut self) -> &mut Option<f64> {
        &mut self.spread
    }
}

/// Combines runs of the same workloads on one machine. The bars are to be evaluated again.
///
/// # Panics
/// Panics without a run.
pub(crate) fn combine(mut runs: Vec<Results>) -> Results {
    let mut combined = runs.pop().expect("there is at least one run");
    if runs.is_empty() {
        return combined;
    }
    combined.runs = runs.len() + 1;
    combine_entries(&mut combined.costs, &runs, |run| &run.costs);
    combine_entries(&mut combined.rates, &runs, |run| &run.rates);
    combine_entries(&mut combined.delays, &runs, |run| &run.delays);
    combined
}

/// Every run has the same entries in the same order.
fn combine_entries<E: Entry>(last: &mut [E], others: &[Results], entries: fn(&Results) -> &[E]) {
    for (index, entry) in last.iter_mut().enumerate() {
        let mut same: Vec<E> = others.iter().map(|run| entries(run)[index].clone()).collect();
        same.push(entry.clone());
        same.sort_by(|a, b| a.number().total_cmp(&b.number()));
        let [least, middle, most] =
            [0, same.len() / 2, same.len() - 1].map(|index| same[index].number());
        *entry = same.swap_remove(same.len() / 2);
        *entry.spread() = (middle > 0.0).then(|| (most - least) / middle);
    }
}

/// How far the runs of one workload are apart: of half of its numbers at most `median`, of all at most `largest`.
pub(crate) struct Spread {
    pub(crate) workload: String,
    pub(crate) median: f64,
    pub(crate) largest: f64,
    /// The contestant of the largest one.
    pub(crate) contestant: String,
}

/// Returns the spread of each workload, in their order. Nothing for a single run.
pub(crate) fn spreads(results: &Results) -> Vec<Spread> {
    let costs = results.costs.iter().map(|cost| (&cost.workload, &cost.contestant, cost.spread));
    let rates = results.rates.iter().map(|rate| (&rate.workload, &rate.contestant, rate.spread));
    let delays =
        results.delays.iter().map(|delay| (&delay.workload, &delay.contestant, delay.spread));
    let all: Vec<(&String, &String, f64)> = costs
        .chain(rates)
        .chain(delays)
        .filter_map(|(workload, contestant, spread)| Some((workload, contestant, spread?)))
        .collect();
    let of_one_workload = |entries: &[(&String, &String, f64)]| {
        let numbers: Vec<f64> = entries.iter().map(|entry| entry.2).collect();
        let largest = entries.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
        Some(Spread {
            workload: largest.0.clone(),
            median: median(&numbers),
            largest: largest.2,
            contestant: largest.1.clone(),
        })
    };
    all.chunk_by(|a, b| a.0 == b.0).filter_map(of_one_workload).collect()
}

#[cfg(test)]
mod tests {
    use super::{combine, spreads};
    use crate::machine::Machine;
    use crate::results::{Cost, Results};
    use crate::stats::summarize_costs;

    fn run(nanoseconds: f64) -> Results {
        let mut results = Results::new(Machine::detect(), true);
        results.costs = vec![Cost {
            workload: "set".into(),
            bytes: 8,
            contestant: "tearfree".into(),
            cost: summarize_costs(&[nanoseconds]),
            spread: None,
        }];
        results
    }

    #[test]
    fn the_median_run_counts_and_the_spread_is_that_of_all() {
        let combined = combine(vec![run(12.0), run(9.0), run(10.0)]);
        assert_eq!((combined.runs, combined.costs.len()), (3, 1));
        assert_eq!(combined.best("set", 8, "tearfree"), Some(10.0));
        assert_eq!(combined.costs[0].spread, Some(0.3));
        let spreads = spreads(&combined);
        assert_eq!((spreads.len(), spreads[0].median, spreads[0].largest), (1, 0.3, 0.3));
    }

    #[test]
    fn one_run_has_no_spread() {
        let single = combine(vec![run(12.0)]);
        assert_eq!((single.runs, single.costs[0].spread), (1, None));
        assert!(spreads(&single).is_empty());
    }
}
