// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables of single operations: one for each size and rate.

use comfy_table::Table;

use super::number::Number;
use super::{disturbed_mark, marks, right_aligned, table};
use crate::bars::delay_case;
use crate::latency::Latency;
use crate::results::{Delay, Results};

/// Returns tables with their cases.
pub(super) fn tables(results: &Results, workload: &str) -> Vec<(String, Table)> {
    let delays: Vec<&Delay> =
        results.delays.iter().filter(|delay| delay.workload == workload).collect();
    delays
        .chunk_by(|one, next| (one.bytes, one.rate) == (next.bytes, next.rate))
        .map(|group| {
            let case = delay_case(group[0].bytes, group[0].rate);
            let marks = marks(&results.bars, workload, &case);
            (case, case_table(results, group, &marks))
        })
        .collect()
}

/// Returns one row for each contestant.
fn case_table(results: &Results, group: &[&Delay], marks: &str) -> Table {
    let reads = ["read ns", "99 %", "99.9 %", "99.99 %", "new values/s"];
    let writes = ["set ns", "99 %", "99.9 %", "99.99 %", "sets/s"];
    let mut table = table(["contestant"].into_iter().chain(reads).chain(writes));
    let empty = latency_cells(results.empty_latency.as_ref(), None);
    let timing = ["(timing alone)".to_owned()].into_iter().chain(empty.clone());
    table.add_row(timing.chain([String::new()]).chain(empty).chain([String::new()]));
    for delay in group {
        let name = format!("{}{}", delay.contestant, disturbed_mark(delay.slots));
        let new_values = delay.new_values.map_or_else(|| "-".into(), whole);
        let sets = whole(delay.done * delay.rate as f64);
        let reads = latency_cells(delay.read.as_ref(), delay.read_spread);
        let writes = latency_cells(delay.write.as_ref(), delay.spread);
        let row = [name].into_iter().chain(reads).chain([new_values]);
        table.add_row(row.chain(writes).chain([sets]));
    }
    table.add_row(["bars", marks]);
    right_aligned(table)
}

fn whole(value: f64) -> String {
    Number { value, spread: None }.text(0)
}

/// Formats a latency, whose middle has this spread. A dash: too few operations.
fn latency_cells(latency: Option<&Latency>, spread: Option<f64>) -> [String; 4] {
    let cell = |ns: Option<f64>| ns.map_or_else(|| "-".into(), whole);
    let Some(latency) = latency else { return [const { String::new() }; 4].map(|_| cell(None)) };
    let middle = Number { value: latency.middle, spread }.text(0);
    [middle, cell(latency.p99), cell(latency.p99_9), cell(latency.p99_99)]
}
