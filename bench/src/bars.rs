// SPDX-License-Identifier: MIT OR Apache-2.0
//! The promises: each is a ratio of two numbers from the same run.

#[cfg(test)]
pub(crate) mod tests;

use crate::peers::{Category, PAGE, WITHOUT_TIMES, category};
use crate::results::{Bar, Cost, Delay, Rate, Results};
use crate::workloads::{
    CLOCK_ALONE, EIGHT_BYTES, FIELD_BYTES, LOCK_ALONE, ONE_FIELD, ONE_WRITER, clock,
};

const MEMCPY: &str = "memcpy";
const OURS: &str = "tearfree";
const FAIR: &str = "tearfree fair";
const LATCH: &str = "tearfree latch";
const SEQLOCK: &str = "seqlock 0.2";
const ICEORYX2: &str = "iceoryx2";

const SPLIT: &str = "tearfree split";
/// What our writers are compared with: another sequence lock of the same shape, with a lock for its writers and without one.
const SAME_SHAPE: [(&str, &str); 2] = [(OURS, SEQLOCK), (SPLIT, "C++ rigtorp")];
/// The step of the counters of some processors, in nanoseconds.
const COUNTER_STEP: f64 = 10.0;

/// The difference of two measurements of the same code, in nanoseconds.
const GRAIN: f64 = 0.2;
/// The ratio of two measurements of the same code.
const NOISE: f64 = 1.03;

/// Evaluates every promise for which this run has numbers.
pub(crate) fn evaluate(results: &Results) -> Vec<Bar> {
    let mut bars = Vec::new();
    for workload in ["read_into", "read"] {
        for bytes in sizes(results, workload) {
            bars.extend(near_memcpy(results, workload, bytes));
            bars.extend(behind_no_peer(results, workload, bytes));
            bars.extend(far_ahead_of_seqlock(results, workload, bytes));
        }
    }
    bars.extend(sizes(results, "set").into_iter().filter_map(|bytes| cheap_set(results, bytes)));
    bars.extend(
        sizes(results, "latch").into_iter().filter_map(|bytes| cheap_latch(results, bytes)),
    );
    for (page, lock) in [("page_read", "read"), ("page_into", "read_into")] {
        for bytes in sizes(results, page) {
            bars.extend(page_near_lock(results, page, lock, bytes));
        }
    }
    for bytes in sizes(results, "page_set") {
        bars.extend(cheap_publication(results, bytes));
        bars.extend(cheap_stamp(results, bytes));
    }
    bars.extend(cheap_field(results));
    #[cfg(c_reader)]
    bars.extend(sizes(results, "count").into_iter().filter_map(|bytes| same_in_c(results, bytes)));
    bars.extend(readers_scale(results));
    bars.extend(fast_clock(results));
    bars.extend(results.delays.iter().flat_map(|delay| undelayed_writer(results, delay)));
    for group in groups(results) {
        bars.extend(ahead_of_every_peer(&group));
        bars.extend(nothing_torn(&group));
    }
    bars
}

/// Returns the sizes of a workload, in order.
pub(crate) fn sizes(results: &Results, workload: &str) -> Vec<usize> {
    let costs = results.costs.iter().filter(|cost| cost.workload == workload);
    let mut sizes: Vec<usize> = costs.map(|cost| cost.bytes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Groups the rates by workload, case and size.
pub(crate) fn groups(results: &Results) -> Vec<Vec<&Rate>> {
    let all: Vec<&Rate> = results.rates.iter().collect();
    all.chunk_by(|a, b| (&a.workload, &a.case, a.bytes) == (&b.workload, &b.case, b.bytes))
        .map(<[&Rate]>::to_vec)
        .collect()
}

fn near_memcpy(results: &Results, workload: &str, bytes: usize) -> Option<Bar> {
    let ours = results.best(workload, bytes, OURS)?;
    let limit = 1.15 * results.best(workload, bytes, MEMCPY)? + GRAIN;
    let promise = "ns, at most 1.15 x memcpy (within 0.2 ns)";
    Some(Bar::at_most((workload, size(bytes)), promise, ours, limit))
}

fn behind_no_peer(results: &Results, workload: &str, bytes: usize) -> Option<Bar> {
    let ours = results.best(workload, bytes, OURS)?;
    let peer = best_peer(results, workload, bytes)?;
    let promise = format!("ns, not slower than {} (within 3 % and 0.2 ns)", peer.contestant);
    let limit = NOISE * peer.cost.best + GRAIN;
    Some(Bar::at_most((workload, size(bytes)), &promise, ours, limit))
}

fn best_peer<'a>(results: &'a Results, workload: &'a str, bytes: usize) -> Option<&'a Cost> {
    let costs = results.costs_for(workload, bytes);
    let peers = costs.filter(|cost| category(&cost.contestant) == Category::Peer);
    peers.min_by(|a, b| a.cost.best.total_cmp(&b.cost.best))
}

fn far_ahead_of_seqlock(results: &Results, workload: &str, bytes: usize) -> Option<Bar> {
    if bytes < 512 {
        return None;
    }
    let ours = results.best(workload, bytes, OURS)?;
    let ratio = results.best(workload, bytes, SEQLOCK)? / ours;
    Some(Bar::at_least((workload, size(bytes)), "x faster than seqlock 0.2", ratio, 4.0))
}

fn cheap_set(results: &Results, bytes: usize) -> Option<Bar> {
    let ours = results.best("set", bytes, OURS)?;
    let parts = results.best("set", bytes, MEMCPY)? + results.best("set", bytes, LOCK_ALONE)?;
    let promise = "ns, at most 1.3 x (memcpy + lock alone)";
    Some(Bar::at_most(("set", size(bytes)), promise, ours, 1.3 * parts))
}

fn cheap_latch(results: &Results, bytes: usize) -> Option<Bar> {
    let ratio = results.best("latch", bytes, LATCH)? / results.best("latch", bytes, OURS)?;
    Some(Bar::at_most(("latch", size(bytes)), "x the read of a seqlock", ratio, 1.5))
}

/// Compares a page with the same read of a sequence lock in this process.
fn page_near_lock(results: &Results, page: &str, lock: &str, bytes: usize) -> Option<Bar> {
    let ours = results.best(page, bytes, PAGE)?;
    let limit = 1.2 * results.best(lock, bytes, OURS)? + 1.0;
    let promise = "ns, at most 1.2 x the read of a SeqLock in this process + 1 ns";
    Some(Bar::at_most((page, size(bytes)), promise, ours, limit))
}

/// Compares a publication without its time with the cell of a peer that has one writer, too.
fn cheap_publication(results: &Results, bytes: usize) -> Option<Bar> {
    let ours = results.best("page_set", bytes, WITHOUT_TIMES)?;
    let limit = NOISE * results.best("page_set", bytes, ICEORYX2)? + GRAIN;
    let promise = "ns without times, not slower than iceoryx2's cell (within 3 % and 0.2 ns)";
    Some(Bar::at_most(("page_set", size(bytes)), promise, ours, limit))
}

/// The time of a publication may cost little more than the reading of the clock.
fn cheap_stamp(results: &Results, bytes: usize) -> Option<Bar> {
    let ours = results.best("page_set", bytes, PAGE)?;
    let clock = results.best("page_set", bytes, CLOCK_ALONE)?;
    let limit = 1.1 * (results.best("page_set", bytes, WITHOUT_TIMES)? + clock);
    let promise = "ns, at most 1.1 x (without times + the clock alone)";
    Some(Bar::at_most(("page_set", size(bytes)), promise, ours, limit))
}

fn cheap_field(results: &Results) -> Option<Bar> {
    let field = results.best("field", FIELD_BYTES, ONE_FIELD)?;
    let alone = results.best("field", FIELD_BYTES, EIGHT_BYTES)?;
    let case = ("field", size(FIELD_BYTES));
    Some(Bar::at_most(case, "x a read of 8 bytes alone", field / alone, 1.5))
}

#[cfg(c_reader)]
fn same_in_c(results: &Results, bytes: usize) -> Option<Bar> {
    let in_c = results.best("count", bytes, crate::workloads::FROM_C)?;
    let in_rust = results.best("count", bytes, crate::workloads::FROM_RUST)?;
    let promise = "ns in C, within 5 % and 0.2 ns of Rust";
    Some(Bar::at_most(("count", size(bytes)), promise, in_c, 1.05 * in_rust + GRAIN))
}

/// Compares the cost of a `set` beside a reader with that of another sequence lock of the same shape.
fn undelayed_writer(results: &Results, ours: &Delay) -> Vec<Bar> {
    let Some((_, peer)) = SAME_SHAPE.iter().find(|(name, _)| *name == ours.contestant) else {
        return Vec::new();
    };
    let is_same_case = |other: &&Delay| {
        other.contestant == *peer
            && other.workload == ours.workload
            && (other.bytes, other.rate) == (ours.bytes, ours.rate)
    };
    let theirs = results.delays.iter().find(is_same_case).and_then(|delay| delay.write);
    let (Some(set), Some(theirs)) = (ours.write, theirs) else { return Vec::new() };
    let bar = |promise: String, ours_ns, limit| {
        Bar::at_most((&ours.workload, delay_case(ours.bytes, ours.rate)), &promise, ours_ns, limit)
    };
    let row = &ours.contestant;
    let middle = bar(
        format!("ns a set of {row}, at most 1.1 x {peer} (within 1 ns)"),
        set.middle,
        1.1 * theirs.middle + 1.0,
    );
    let tail = set.p99_9.zip(theirs.p99_9).map(|(ours, theirs)| {
        let promise = format!("ns 99.9 % of set of {row}, at most 1.2 x {peer} (within 10 ns)");
        bar(promise, ours, 1.2 * theirs + COUNTER_STEP)
    });
    [middle].into_iter().chain(tail).collect()
}

/// Returns the case of a delay, such as "64 B, 1000/s".
pub(crate) fn delay_case(bytes: usize, rate: u64) -> String {
    format!("{}, {rate}/s", size(bytes))
}

/// Compares clocks with the counter, and the coarse one with that of the kernel.
fn fast_clock(results: &Results) -> Vec<Bar> {
    let best = |contestant: &str| results.best("clock", clock::BYTES, contestant);
    let bar = |ours: &str, other: &str, most: f64, grain: f64| {
        let limit = most * best(other)? + grain;
        let within = if grain > 0.0 { " (within 0.2 ns)" } else { "" };
        let promise = format!("ns, at most {most} x {other}{within}");
        Some(Bar::at_most(("clock", ours.to_owned()), &promise, best(ours)?, limit))
    };
    let bars = [
        bar(clock::NOW, clock::ORDERED_COUNTER, 1.1, GRAIN),
        bar(clock::UNORDERED, clock::COUNTER, 1.1, GRAIN),
        bar(clock::COARSE, clock::KERNEL_COARSE, 0.3, 0.0),
        bar(clock::NOW, clock::INSTANT, 1.0, 0.0),
    ];
    bars.into_iter().flatten().collect()
}

/// Compares the reads with those of the best peer, beside a busy writer and with more threads than cores.
///
/// With one busy writer this is the row of `lock::Fair`, whose writers back off for readers.
fn ahead_of_every_peer(group: &[&Rate]) -> Option<Bar> {
    let first = group.first()?;
    if !["beside", "oversubscribed", "processes"].contains(&first.workload.as_str()) {
        return None;
    }
    let is_fair = group.iter().any(|rate| rate.contestant == FAIR);
    let is_compared = |name: &str| match first.workload.as_str() {
        "processes" if name == PAGE => true,
        _ if first.case == ONE_WRITER && is_fair => name == FAIR,
        _ => category(name) == Category::Ours,
    };
    let ours = group.iter().find(|rate| is_compared(&rate.contestant))?;
    let peers = group.iter().filter(|rate| category(&rate.contestant) == Category::Peer);
    let best = peers.max_by(|a, b| a.reads.median.total_cmp(&b.reads.median))?;
    if best.reads.median == 0.0 {
        return None; // a short slot of a busy machine
    }
    let promise = format!("x the reads of {}, the best peer (within 3 %)", best.contestant);
    let case = (first.workload.as_str(), case_name(first));
    let ratio = ours.reads.median / best.reads.median;
    Some(Bar::at_least(case, &promise, ratio, 1.0 / NOISE))
}

/// Compares each reader of a page with one that reads alone, as long as there are cores for all.
fn readers_scale(results: &Results) -> Vec<Bar> {
    let pages = results.rates.iter();
    let pages = pages.filter(|rate| rate.workload == "processes" && rate.contestant == PAGE);
    let per_reader = |rate: &Rate| rate.reads.best / (rate.threads - 1) as f64;
    let Some(alone) = pages.clone().next().map(per_reader) else { return Vec::new() };
    let promise = "x the reads of a reader that is alone";
    let bar = |rate| {
        Bar::at_least(("processes", case_name(rate)), promise, per_reader(rate) / alone, 0.8)
    };
    pages.skip(1).map(bar).collect()
}

/// Checks that none of our types returned a torn value.
fn nothing_torn(group: &[&Rate]) -> Option<Bar> {
    let ours = group.iter().filter(|rate| category(&rate.contestant).is_ours());
    let (verified, torn) =
        ours.fold((0, 0), |sum, rate| (sum.0 + rate.verified, sum.1 + rate.torn));
    let first = group.first()?;
    let case = (first.workload.as_str(), case_name(first));
    (verified > 0).then(|| Bar::at_most(case, "torn values of ours", torn as f64, 0.0))
}

/// Returns the name of the case of a rate.
pub(crate) fn case_name(rate: &Rate) -> String {
    format!("{}, {}", rate.case, size(rate.bytes))
}

/// Formats a number of bytes.
pub(crate) fn size(bytes: usize) -> String {
    if bytes >= 1024 && bytes.is_multiple_of(1024) {
        format!("{} KiB", bytes / 1024)
    } else {
        format!("{bytes} B")
    }
}
