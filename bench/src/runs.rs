// SPDX-License-Identifier: MIT OR Apache-2.0
//! Several runs in one: of each number the median run, and how far the runs are apart.

use crate::results::{Cost, Delay, Rate, Results};
use crate::stats::median;

/// An entry of the results that each run has once.
trait Entry: Clone {
    /// The number by which runs are ordered.
    fn number(&self) -> f64;
    /// Keeps how far `all` runs of this entry are apart.
    fn keep_spreads(&mut self, all: &[Self]);
}

impl Entry for Cost {
    fn number(&self) -> f64 {
        self.cost.best
    }

    fn keep_spreads(&mut self, all: &[Self]) {
        self.spread = spread(all, Self::number);
    }
}

impl Entry for Rate {
    /// Reads, or writes where nothing reads.
    fn number(&self) -> f64 {
        if self.reads.median > 0.0 { self.reads.median } else { self.writes.median }
    }

    fn keep_spreads(&mut self, all: &[Self]) {
        self.spread = spread(all, Self::number);
        self.write_spread = spread(all, |rate| rate.writes.median);
    }
}

impl Entry for Delay {
    fn number(&self) -> f64 {
        self.write.or(self.read).map_or(f64::NAN, |latency| latency.middle)
    }

    fn keep_spreads(&mut self, all: &[Self]) {
        self.spread = spread(all, Self::number);
        self.read_spread = spread(all, |delay| delay.read.map_or(f64::NAN, |read| read.middle));
    }
}

/// Returns the largest number without the smallest, as a part of the median. Nothing if a run has no number.
fn spread<E>(all: &[E], number: impl Fn(&E) -> f64) -> Option<f64> {
    let mut numbers: Vec<f64> = all.iter().map(number).collect();
    numbers.sort_by(f64::total_cmp);
    let (least, most) = (numbers[0], numbers[numbers.len() - 1]);
    let spread = (most - least) / numbers[numbers.len() / 2];
    spread.is_finite().then_some(spread)
}

/// Combines runs of the same workloads on one machine. The bars are to be evaluated again.
///
/// # Panics
/// Panics without a run.
pub(crate) fn combine(mut runs: Vec<Results>) -> Results {
    for (run, results) in runs.iter_mut().enumerate() {
        results.samples.iter_mut().for_each(|samples| samples.run = run);
    }
    let mut combined = runs.pop().expect("there is at least one run");
    if runs.is_empty() {
        return combined;
    }
    combined.runs = runs.len() + 1;
    combine_entries(&mut combined.costs, &runs, |run| &run.costs);
    combine_entries(&mut combined.rates, &runs, |run| &run.rates);
    combine_entries(&mut combined.delays, &runs, |run| &run.delays);
    combined.samples.splice(0..0, runs.into_iter().flat_map(|run| run.samples));
    combined
}

/// Every run has the same entries in the same order.
fn combine_entries<E: Entry>(last: &mut [E], others: &[Results], entries: fn(&Results) -> &[E]) {
    for (index, entry) in last.iter_mut().enumerate() {
        let mut same: Vec<E> = others.iter().map(|run| entries(run)[index].clone()).collect();
        same.push(entry.clone());
        same.sort_by(|a, b| a.number().total_cmp(&b.number()));
        *entry = same[same.len() / 2].clone();
        entry.keep_spreads(&same);
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
    use crate::results::Results;
    use crate::test_results::empty;

    fn set(nanoseconds: f64) -> Results {
        empty().with_cost(("set", 8), "tearfree", nanoseconds)
    }

    #[test]
    fn the_median_run_counts_and_the_spread_is_that_of_all() {
        let combined = combine(vec![set(12.0), set(9.0), set(10.0)]);
        assert_eq!((combined.runs, combined.costs.len()), (3, 1));
        assert_eq!(combined.best("set", 8, "tearfree"), Some(10.0));
        assert_eq!(combined.costs[0].spread, Some(0.3));
        let spreads = spreads(&combined);
        assert_eq!((spreads.len(), spreads[0].median, spreads[0].largest), (1, 0.3, 0.3));
    }

    #[test]
    fn one_run_has_no_spread() {
        let single = combine(vec![set(12.0)]);
        assert_eq!((single.runs, single.costs[0].spread), (1, None));
        assert!(spreads(&single).is_empty());
    }

    /// Each entry is that of its own median run, whichever run is the median of another entry.
    #[test]
    fn rates_are_ordered_by_their_reads_and_have_two_spreads() {
        let run = |ours, peer| {
            let at = ("mix", "90/10", 2);
            empty().with_rate(at, "tearfree", ours).with_rate(at, "seqlock 0.2", peer)
        };
        let combined = combine(vec![
            run([10.0, 4.0], [1.0, 10.0]),
            run([30.0, 5.0], [2.0, 10.0]),
            run([20.0, 6.0], [3.0, 10.0]),
        ]);
        let [ours, peer] = [&combined.rates[0], &combined.rates[1]];
        assert_eq!((ours.reads.median, ours.writes.median), (20.0, 6.0));
        assert_eq!((ours.spread, ours.write_spread), (Some(1.0), Some(0.4)));
        assert_eq!(
            (peer.reads.median, peer.spread, peer.write_spread),
            (2.0, Some(1.0), Some(0.0))
        );
    }

    #[test]
    fn rates_without_reads_are_ordered_by_their_writes() {
        let run = |writes| empty().with_rate(("mix", "writers", 2), "tearfree", [0.0, writes]);
        let combined = combine([3.0, 1.0, 2.0].map(run).into());
        assert_eq!((combined.rates[0].writes.median, combined.rates[0].spread), (2.0, Some(1.0)));
    }

    #[test]
    fn latencies_are_ordered_by_their_writes_and_have_two_spreads() {
        let run = |read, set| empty().with_delay("tearfree", read, [set, 100.0]);
        let combined = combine(vec![run(8.0, 20.0), run(16.0, 30.0), run(10.0, 10.0)]);
        let delay = &combined.delays[0];
        let middles = (delay.read.map(|read| read.middle), delay.write.map(|write| write.middle));
        assert_eq!(middles, (Some(8.0), Some(20.0)));
        assert_eq!((delay.spread, delay.read_spread), (Some(1.0), Some(0.8)));
    }

    #[test]
    fn a_number_that_one_run_does_not_have_has_no_spread() {
        let run = |read| {
            let mut results = empty().with_delay("tearfree", 8.0, [10.0, 100.0]);
            results.delays[0].read = results.delays[0].read.filter(|_| read);
            results
        };
        let combined = combine(vec![run(true), run(false)]);
        assert_eq!((combined.delays[0].spread, combined.delays[0].read_spread), (Some(0.0), None));
    }

    #[test]
    fn spreads_are_grouped_by_workload() {
        let run = |ns: [f64; 3]| {
            let set = empty().with_cost(("set", 8), "tearfree", ns[0]);
            let sets = set.with_cost(("set", 16), "std Mutex", ns[1]);
            sets.with_cost(("read", 8), "tearfree", ns[2])
        };
        let combined =
            combine(vec![run([10.0, 10.0, 4.0]), run([11.0, 15.0, 5.0]), run([10.0; 3])]);
        let spreads = spreads(&combined);
        let named = spreads.iter().map(|s| (s.workload.as_str(), s.largest, s.contestant.as_str()));
        assert_eq!(
            named.collect::<Vec<_>>(),
            [("set", 0.5, "std Mutex"), ("read", 1.2, "tearfree")]
        );
    }
}
