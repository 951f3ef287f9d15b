// SPDX-License-Identifier: MIT OR Apache-2.0
//! The tables on the terminal.

mod delays;
mod number;

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use self::number::Number;
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
    let disturbed = disturbed_slots(results).map_or_else(String::new, |text| text + "\n\n");
    text + &spread_of_runs(results) + &disturbed + &missed_bars(&results.bars)
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
pub(crate) fn disturbed_slots(results: &Results) -> Option<String> {
    let counts = results.rates.iter().map(|rate| rate.slots);
    let counts: Vec<SlotCount> =
        counts.chain(results.delays.iter().map(|delay| delay.slots)).flatten().collect();
    let disturbed = counts.iter().filter(|slots| slots.is_disturbed()).count();
    (disturbed > 0).then(|| {
        format!(
            "* {disturbed} of {} results with several threads come from slots in which the system interrupted a thread: fewer \
             than one slot in eight was calm. End other programs, and run it again.",
            counts.len()
        )
    })
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
            let cost = costs.iter().find(|cost| cost.contestant == name)?;
            Some(Number { value: statistic.select(&cost.cost), spread: cost.spread })
        };
        let memcpy = cost_of("memcpy").unwrap_or(Number { value: f64::NAN, spread: None });
        let ours = cost_of("tearfree").or_else(|| cost_of(PAGE));
        let mut row = vec![size(bytes), memcpy.nanoseconds()];
        row.push(ours.map_or_else(|| "-".into(), Number::nanoseconds));
        row.extend(others().map(|name| cost_cell(name, cost_of(name), memcpy)));
        row.push(marks(&results.bars, workload, &size(bytes)));
        table.add_row(row);
    }
    Some(right_aligned(table))
}

/// Formats a cost as a ratio to memcpy, or the lock alone in nanoseconds. A dash: no values of this size.
fn cost_cell(name: &str, cost: Option<Number>, memcpy: Number) -> String {
    let Some(cost) = cost else { return "-".into() };
    if name == LOCK_ALONE { format!("{} ns", cost.nanoseconds()) } else { cost.ratio_to(memcpy) }
}

/// Returns one row for each contestant, for workloads without a memcpy.
fn cost_list(results: &Results, workload: &str, bytes: usize, statistic: Statistic) -> Table {
    let mut table = table(["contestant", "ns", "ratio to the first"]);
    let mut first = None;
    for cost in results.costs_for(workload, bytes) {
        let ns = Number { value: statistic.select(&cost.cost), spread: cost.spread };
        let ratio = ns.ratio_to(*first.get_or_insert(ns));
        table.add_row([cost.contestant.clone(), ns.nanoseconds(), ratio]);
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
        let footprint = footprint.map_or_else(|| "-".into(), bytes_cell);
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
    let reads = Number { value: rate.reads.median, spread: rate.spread }.millions();
    let writes = Number { value: rate.writes.median, spread: rate.write_spread }.millions();
    let rates = format!("{reads}{mark}  {writes:>7}");
    if rate.torn == 0 {
        return rates;
    }
    format!("{rates}\n{} of {} torn", rate.torn, rate.verified)
}

/// Marks a number that had to be taken from slots in which the system interrupted a thread.
fn disturbed_mark(slots: Option<SlotCount>) -> &'static str {
    if slots.is_some_and(SlotCount::is_disturbed) { "*" } else { "" }
}

/// Formats the bytes of a lock and its value. A dash: they are not known.
fn bytes_cell(rate: &&Rate) -> String {
    match (rate.footprint, rate.on_heap) {
        (0, _) => "-".into(),
        (bytes, false) => bytes.to_string(),
        (bytes, true) => format!("{bytes} + heap"),
    }
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

/// Formats the value of a bar. On a busy machine a short slot may have no reads to compare.
fn measured(value: f64) -> String {
    if value.is_finite() && value > 0.0 { format!("{value:.2}") } else { "no reads".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{Number, bytes_cell, cost_cell, measured};
    use crate::test_results::empty;

    #[test]
    fn a_size_that_a_contestant_cannot_have_is_a_dash() {
        let [cost, memcpy] = [3.0, 2.0].map(|value| Number { value, spread: None });
        assert_eq!(cost_cell("portable-atomic", Some(cost), memcpy), "1.50");
        assert_eq!(cost_cell("portable-atomic", None, memcpy), "-");
    }

    #[test]
    fn bytes_on_the_heap_are_not_counted_in_silence() {
        let mut rate =
            empty().with_rate(("mix", "90/10", 2), "arc-swap", [1.0, 1.0]).rates.remove(0);
        assert_eq!(bytes_cell(&&rate), "16");
        rate.on_heap = true;
        assert_eq!(bytes_cell(&&rate), "16 + heap");
        (rate.footprint, rate.on_heap) = (0, false);
        assert_eq!(bytes_cell(&&rate), "-");
    }

    #[test]
    fn a_group_without_a_read_has_no_ratio() {
        let cells = [0.5, 0.0, f64::NAN, f64::INFINITY].map(measured);
        assert_eq!(cells, ["0.50", "no reads", "no reads", "no reads"]);
    }
}
