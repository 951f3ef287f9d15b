// SPDX-License-Identifier: MIT OR Apache-2.0
//! The plots: read cost against size, throughput against readers, cost beside a restless writer.

mod dots;
mod lines;
mod ticks;

use core::error::Error;
use std::path::Path;

use plotters::prelude::*;

use crate::bars::{races, size, sizes};
use crate::peers::{Kind, kind_of};
use crate::results::{Rate, Results};
use crate::workloads::LOCK_ALONE;

use self::dots::Dots;
use self::lines::{Axis, Line, Lines};

type Outcome = Result<(), Box<dyn Error>>;

/// Writes every plot that these results have the numbers for.
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
    let names = results.costs_of(workload, sizes.first().copied().unwrap_or(0));
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

/// A label for each power of four, or else they would run into each other.
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
    lines.retain(|line| kind_of(&line.name) != Kind::Unprotected);
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
    let races: Vec<Vec<&Rate>> = races(results)
        .into_iter()
        .filter(|race| race[0].workload == workload && race[0].case == case)
        .collect();
    let readers = races.first().map_or(1, |race| race[0].threads - 1);
    let readers = format!("{readers} reader{}", if readers == 1 { "" } else { "s" });
    let about = match workload {
        "beside" => "a thread for each core",
        _ => "four threads for each core",
    };
    Dots {
        title: format!("Reads beside a writer that never rests, {about}"),
        subtitle: subtitle(results, &format!("medians; {readers}, 1 writer")),
        x_name: "time for each read of one thread",
        races: races
            .iter()
            .map(|race| {
                let protected =
                    race.iter().filter(|rate| kind_of(&rate.contestant) != Kind::Unprotected);
                let dot = |rate: &&Rate| (rate.contestant.clone(), cost_of_a_read(rate));
                (size(race[0].bytes), protected.map(dot).collect())
            })
            .collect(),
    }
}

/// Readers as many as threads, less the writer; each does its share of the reads.
fn cost_of_a_read(rate: &Rate) -> f64 {
    (rate.threads as f64 - 1.0) / rate.reads.median * 1e9
}

fn subtitle(results: &Results, about: &str) -> String {
    let machine = &results.machine;
    format!("{about}; {}, {}, {}", machine.cpu, machine.date, machine.commit)
}

/// Ours is drawn to be found at once, the limit in black, everybody else in a colour of their own.
struct Look {
    color: RGBColor,
    width: u32,
}

const INK: RGBColor = RGBColor(40, 40, 40);
const FAINT: RGBColor = RGBColor(225, 225, 225);

fn look_of(contestant: &str) -> Look {
    let (color, width) = match contestant {
        "tearfree" => (RGBColor(214, 39, 40), 4),
        "tearfree fair" => (RGBColor(120, 40, 20), 3),
        "tearfree by value" => (RGBColor(250, 170, 150), 2),
        "tearfree split" => (RGBColor(240, 120, 100), 3),
        "tearfree latch" => (RGBColor(150, 30, 80), 3),
        "memcpy" => (RGBColor(0, 0, 0), 2),
        "seqlock 0.2" => (RGBColor(31, 119, 180), 2),
        "AtomicCell" => (RGBColor(23, 170, 190), 2),
        "pl RwLock" => (RGBColor(44, 140, 44), 2),
        "std RwLock" => (RGBColor(120, 180, 60), 2),
        "std Mutex" => (RGBColor(170, 150, 20), 2),
        "arc-swap" => (RGBColor(148, 103, 189), 2),
        "left-right" => (RGBColor(140, 86, 75), 2),
        "iceoryx2" => (RGBColor(227, 119, 194), 2),
        "seql 0.1" => (RGBColor(0, 90, 140), 2),
        "portable-atomic" => (RGBColor(80, 210, 210), 2),
        "tokio watch" => (RGBColor(100, 60, 160), 2),
        "nexus-slot" => (RGBColor(190, 100, 0), 2),
        "triple_buffer" => (RGBColor(0, 150, 110), 2),
        "C++ rigtorp" => (RGBColor(255, 127, 14), 2),
        _ => (RGBColor(127, 127, 127), 2),
    };
    Look { color, width }
}

fn text(pixels: i32, color: &RGBColor) -> TextStyle<'static> {
    ("sans-serif", pixels).into_font().color(color)
}

/// White paper, a title, a line under it.
fn paper<'a>(
    root: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    title: &str,
    subtitle: &str,
) -> Result<DrawingArea<SVGBackend<'a>, plotters::coord::Shift>, Box<dyn Error>> {
    root.fill(&WHITE)?;
    root.draw(&Text::new(title.to_owned(), (24, 18), text(20, &INK)))?;
    let pale = RGBColor(110, 110, 110);
    root.draw(&Text::new(subtitle.to_owned(), (24, 46), text(13, &pale)))?;
    Ok(root.margin(74, 12, 12, 12))
}
