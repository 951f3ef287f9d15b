// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables on the terminal.

mod delays;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use crate::bars::{case_name, groups, size, sizes};
use crate::peers::{Category, PAGE, category};
use crate::results::{Bar, Cost, Rate, Results, SlotCount};
use crate::runs;
use crate::stats::Summary;
use crate::workloads::{LOCK_ALONE, WORKLOADS};

/// Lines above, below and under the header, and none between the rows.
const LINES: TableStyle = {
    let line = LineStyle::none().fill('─').junction('─');
    TableStyle::new().top_border(line).header_separator(line).bottom_border(line)
};

/// The number of a summary that is printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statistic {
    Best,
    Median,
}

impl Statistic {
    fn select(self, summary: &Summary) -> f64 {
        match self {
            Self::Best => summary.best,
            Self::Median => summary.median,
        }
    }
}

/// Formats the whole run as text.
pub(crate) fn render(results: &Results, statistic: Statistic) -> String {
    let mut text = format!("{}\n", results.machine);
    for workload in WORKLOADS {
        let costs = cost_table(results, workload.name, statistic);
        let rates = rate_table(results, workload.name);
        for table in costs.into_iter().chain(rates) {
            text += &format!("{}: {}\n{table}\n\n", workload.name, workload.about);
        }
        for (case, table) in delays::tables(results, workload.name) {
            text += &format!("{}, {case}: {}\n{table}\n\n", workload.name, workload.about);
        }
    }
    text + &spread_of_runs(results) + &disturbed_slots(results) + &missed_bars(&results.bars)
}

/// Says how far several runs are apart, which is how much of a difference between two numbers means nothing.
fn spread_of_runs(results: &Results) -> String {
    let spreads = runs::spreads(results);
    if spreads.is_empty() {
        return String::new();
    }
    let mut table = table(["workload", "half of all within", "largest", "of"]);
    for spread in spreads {
        let percent = |part: f64| format!("{:.0} %", part * 100.0);
        table.add_row([
            spread.workload,
            percent(spread.median),
            percent(spread.largest),
            spread.contestant,
        ]);
    }
    format!(
        "spread of {} runs: the largest number without the smallest, as a part of the median\n{table}\n\n",
        results.runs
    )
}

/// Says how many numbers come from slots in which the system interrupted a thread.
fn disturbed_slots(results: &Results) -> String {
    let counts = results.rates.iter().map(|rate| rate.slots);
    let counts: Vec<SlotCount> =
        counts.chain(results.delays.iter().map(|delay| delay.slots)).flatten().collect();
    let disturbed = counts.iter().filter(|slots| slots.is_disturbed()).count();
    match disturbed {
        0 => String::new(),
        _ => format!(
            "* {disturbed} of {} results with several threads come from slots in which the system interrupted a thread: fewer \
             than one slot in eight was calm. End other programs, and run it again.\n\n",
            counts.len()
        ),
    }
}

/// Returns one row for each size: memcpy and tearfree in nanoseconds, and all contestants as ratios to memcpy.
fn cost_table(results: &Results, workload: &str, statistic: Statistic) -> Option<Table> {
    let sizes = sizes(results, workload);
    let contestants: Vec<&str> =
        results.costs_for(workload, *sizes.first()?).map(|cost| cost.contestant.as_str()).collect();
    if !contestants.contains(&"memcpy") {
        return Some(cost_list(results, workload, sizes[0], statistic));
    }
    let others = || contestants.iter().copied().filter(|name| category(name) != Category::Limit);
    let mut table =
        table(["size", "memcpy ns", "tearfree ns"].into_iter().chain(others()).chain(["bars"]));
    for bytes in sizes {
        let costs: Vec<&Cost> = results.costs_for(workload, bytes).collect();
        let cost_of = |name| {
            costs.iter().find(|cost| cost.contestant == name).map(|c| statistic.select(&c.cost))
        };
        let memcpy = cost_of("memcpy").unwrap_or(f64::NAN);
        let mut row = vec![size(bytes), nanoseconds(memcpy)];
        row.push(nanoseconds(cost_of("tearfree").or_else(|| cost_of(PAGE)).unwrap_or(f64::NAN)));
        row.extend(others().map(|name| cost_cell(name, cost_of(name), memcpy)));
        row.push(marks(&results.bars, workload, &size(bytes)));
        table.add_row(row);
    }
    Some(right_aligned(table))
}

/// Formats a cost as a ratio to memcpy, or the lock alone in nanoseconds. A dash: no values of this size.
fn cost_cell(name: &str, cost: Option<f64>, memcpy: f64) -> String {
    let Some(cost) = cost else { return "-".into() };
    if name == LOCK_ALONE { format!("{cost:.1} ns") } else { format!("{:.2}", cost / memcpy) }
}

/// Returns one row for each contestant, for workloads without a memcpy.
fn cost_list(results: &Results, workload: &str, bytes: usize, statistic: Statistic) -> Table {
    let mut table = table(["contestant", "ns", "ratio to the first"]);
    let mut first = None;
    for cost in results.costs_for(workload, bytes) {
        let ns = statistic.select(&cost.cost);
        let ratio = ns / *first.get_or_insert(ns);
        table.add_row([cost.contestant.clone(), nanoseconds(ns), format!("{ratio:.2}")]);
    }
    right_aligned(table)
}

/// Returns one row for each contestant, with medians: the best slot may be one whose writer was interrupted.
fn rate_table(results: &Results, workload: &str) -> Option<Table> {
    let groups: Vec<Vec<&Rate>> =
        groups(results).into_iter().filter(|group| group[0].workload == workload).collect();
    let first = groups.first()?;
    let titles = groups.iter().map(|group| title(group));
    let mut table = table(["contestant".to_owned(), "bytes".to_owned()].into_iter().chain(titles));
    for name in contestants(&groups) {
        let rate_in = |group: &[&Rate]| {
            group.iter().find(|rate| rate.contestant == name).map(|r| rate_cell(r))
        };
        let footprint = first.iter().find(|rate| rate.contestant == name);
        let footprint = footprint.map_or_else(String::new, |rate| rate.footprint.to_string());
        let cells = groups.iter().map(|group| rate_in(group).unwrap_or_else(|| "-".into()));
        table.add_row([name.to_owned(), footprint].into_iter().chain(cells));
    }
    let bar_marks = groups.iter().map(|group| marks(&results.bars, workload, &case_name(group[0])));
    table.add_row(["bars".to_owned(), String::new()].into_iter().chain(bar_marks));
    Some(right_aligned(table))
}

fn title(group: &[&Rate]) -> String {
    format!("{}\n{} threads\nMreads/s  Mwrites/s", case_name(group[0]), group[0].threads)
}

fn contestants<'a>(groups: &[Vec<&'a Rate>]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for rate in groups.iter().flatten() {
        if !names.contains(&rate.contestant.as_str()) {
            names.push(&rate.contestant);
        }
    }
    names
}

fn rate_cell(rate: &Rate) -> String {
    let mark = disturbed_mark(rate.slots);
    let rates =
        format!("{}{mark}  {:>7}", millions(rate.reads.median), millions(rate.writes.median));
    if rate.torn == 0 {
        return rates;
    }
    format!("{rates}\n{} of {} torn", rate.torn, rate.verified)
}

/// Marks a number that had to be taken from slots in which the system interrupted a thread.
fn disturbed_mark(slots: Option<SlotCount>) -> &'static str {
    if slots.is_some_and(SlotCount::is_disturbed) { "*" } else { "" }
}

/// Formats a rate in millions. A rate above zero is not printed as zero.
fn millions(rate: f64) -> String {
    match rate {
        0.0 => "0".into(),
        _ if rate < 1e3 => "<0.001".into(),
        _ if rate < 1e6 => format!("{:.3}", rate / 1e6),
        _ => format!("{:.1}", rate / 1e6),
    }
}

fn nanoseconds(ns: f64) -> String {
    let digits = if ns < 100.0 { 2 } else { 0 };
    format!("{ns:.digits$}")
}

fn marks(bars: &[Bar], workload: &str, case: &str) -> String {
    let here = bars.iter().filter(|bar| bar.workload == workload && bar.case == case);
    here.map(|bar| if bar.holds { "pass" } else { "MISS" }).collect::<Vec<_>>().join(" ")
}

/// Lists the bars that are missed.
fn missed_bars(bars: &[Bar]) -> String {
    let missed: Vec<&Bar> = bars.iter().filter(|bar| !bar.holds).collect();
    let mut text = format!("bars: {} hold, {} missed\n", bars.len() - missed.len(), missed.len());
    if missed.is_empty() {
        return text;
    }
    let mut table = table(["workload", "case", "value", "limit", "promise"]);
    for bar in missed {
        let (value, limit) = (measured(bar.value), format!("{:.2}", bar.limit));
        table.add_row([&bar.workload, &bar.case, &value, &limit, &bar.promise]);
    }
    text += &format!("{table}\n");
    text
}

fn table<S: ToString>(header: impl IntoIterator<Item = S>) -> Table {
    let mut table = Table::new();
    let header: Vec<String> = header.into_iter().map(|title| title.to_string()).collect();
    table.load_style(LINES).set_header(header);
    table
}

/// Aligns numbers to the right, and the first column to the left.
fn right_aligned(mut table: Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// Formats a ratio. On a busy machine a short slot may have no reads to compare.
fn measured(ratio: f64) -> String {
    if ratio.is_finite() { format!("{ratio:.2}") } else { "no reads".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{cost_cell, measured};

    #[test]
    fn a_size_that_a_contestant_cannot_have_is_a_dash() {
        assert_eq!(cost_cell("portable-atomic", Some(3.0), 2.0), "1.50");
        assert_eq!(cost_cell("portable-atomic", None, 2.0), "-");
    }

    #[test]
    fn a_group_without_a_read_has_no_ratio() {
        assert_eq!((measured(0.5), measured(f64::NAN)), ("0.50".into(), "no reads".into()));
    }
}
