// SPDX-License-Identifier: MIT OR Apache-2.0
//! The plots: cost against size, throughput against readers, cost beside a busy writer.

mod dots;
mod lines;
mod style;
mod ticks;

use std::path::Path;

use crate::bars::{groups, size, sizes};
use crate::peers::{Category, category};
use crate::results::{Rate, Results};
use crate::workloads::LOCK_ALONE;

use self::dots::Dots;
use self::lines::{Axis, Line, Lines};
use self::style::Outcome;

/// Writes the plots for which the results have numbers.
pub(crate) fn write_all(results: &Results, directory: &Path) -> Outcome {
    for (workload, title) in [
        ("read_into", "Copying a value out of its lock, one thread, no writer"),
        ("set", "Publishing a value, one thread, no reader"),
    ] {
        let plot = cost_against_size(results, workload, title);
        plot.write(&directory.join(format!("{workload}.svg")))?;
    }
    throughput_against_readers(results).write(&directory.join("readers.svg"))?;
    cost_beside_writer(results, "beside", "1 writer").write(&directory.join("beside.svg"))?;
    cost_beside_writer(results, "oversubscribed", "1 writer")
        .write(&directory.join("oversubscribed.svg"))
}

fn cost_against_size(results: &Results, workload: &str, title: &str) -> Lines {
    let sizes = sizes(results, workload);
    let names = results.costs_for(workload, sizes.first().copied().unwrap_or(0));
    let lines = names.filter(|cost| cost.contestant != LOCK_ALONE).map(|cost| {
        let best =
            |&bytes: &usize| Some((bytes as f64, results.best(workload, bytes, &cost.contestant)?));
        Line::new(&cost.contestant, sizes.iter().filter_map(best).collect())
    });
    Lines {
        title: title.into(),
        subtitle: subtitle(results, "minimum over many rounds"),
        x: Axis { name: "size of the value", ticks: ticks(&sizes), label: |x| size(x as usize) },
        y_name: "nanoseconds",
        lines: lines.collect(),
    }
}

/// Returns a label for each power of four, so that labels do not overlap.
fn ticks(sizes: &[usize]) -> Vec<f64> {
    let powers = core::iter::successors(Some(8_usize), |bytes| Some(bytes * 4));
    let last = sizes.last().copied().unwrap_or(0);
    let mut ticks: Vec<f64> =
        powers.take_while(|&bytes| bytes < last).map(|bytes| bytes as f64).collect();
    ticks.push(last as f64);
    ticks
}

fn throughput_against_readers(results: &Results) -> Lines {
    let rates: Vec<&Rate> =
        results.rates.iter().filter(|rate| rate.workload == "readers").collect();
    let mut lines: Vec<Line> = Vec::new();
    for rate in &rates {
        let point = (rate.threads as f64 - 1.0, rate.reads.median / 1e6);
        match lines.iter_mut().find(|line| line.name == rate.contestant) {
            Some(line) => line.points.push(point),
            None => lines.push(Line::new(&rate.contestant, vec![point])),
        }
    }
    lines.retain(|line| category(&line.name) != Category::Unprotected);
    let mut ticks: Vec<f64> = rates.iter().map(|rate| rate.threads as f64 - 1.0).collect();
    ticks.dedup();
    let cores = results.machine.cores;
    Lines {
        title: "Reads of 64 bytes beside a writer of 1000 values a second".into(),
        subtitle: subtitle(results, &format!("medians; {cores} cores")),
        x: Axis { name: "threads that read", ticks, label: |x| format!("{x:.0}") },
        y_name: "million reads a second, all threads together",
        lines,
    }
}

fn cost_beside_writer(results: &Results, workload: &str, case: &str) -> Dots {
    let groups: Vec<Vec<&Rate>> = groups(results)
        .into_iter()
        .filter(|group| group[0].workload == workload && group[0].case == case)
        .collect();
    let readers = groups.first().map_or(1, |group| group[0].threads - 1);
    let readers = format!("{readers} reader{}", if readers == 1 { "" } else { "s" });
    let about = match workload {
        "beside" => "a thread for each core",
        _ => "four threads for each core",
    };
    Dots {
        title: format!("Reads beside a writer that never pauses, {about}"),
        subtitle: subtitle(results, &format!("medians; {readers}, 1 writer")),
        x_name: "time for each read of one thread",
        panels: groups
            .iter()
            .map(|group| {
                let protected =
                    group.iter().filter(|rate| category(&rate.contestant) != Category::Unprotected);
                let dot = |rate: &&Rate| (rate.contestant.clone(), cost_of_a_read(rate));
                (size(group[0].bytes), protected.map(dot).collect())
            })
            .collect(),
    }
}

/// Returns the nanoseconds for each read of one reader. All threads but one are readers.
fn cost_of_a_read(rate: &Rate) -> f64 {
    (rate.threads as f64 - 1.0) / rate.reads.median * 1e9
}

fn subtitle(results: &Results, about: &str) -> String {
    let machine = &results.machine;
    format!("{about}; {}, {}, {}", machine.cpu, machine.date, machine.commit)
}
