// SPDX-License-Identifier: MIT OR Apache-2.0
//! The errors of clocks against `CLOCK_MONOTONIC` over minutes: ours with its bounds, and others.
//!
//! `cargo run --release -p tearfree-bench --example accuracy -- MINUTES DIRECTORY` writes
//! `accuracy.json` and `accuracy.svg` there.

use core::error::Error;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use plotters::prelude::*;
use serde::Serialize;
use tearfree_clock::{Clock, Keeper, Settings, host_ns};

const INTERVAL: Duration = Duration::from_millis(250);
/// The number of comparisons, of which the narrowest counts.
const TRIES: u32 = 12;

/// One comparison. Errors are against the host's clock; those of others count from the beginning.
#[derive(Clone, Copy, Default, Serialize)]
struct Point {
    seconds: f64,
    tearfree_ns: f64,
    bound_ns: u64,
    /// Half the time that the comparison took: the uncertainty of the error.
    unknown_ns: f64,
    quanta_ns: f64,
    minstant_ns: f64,
    fastant_ns: f64,
}

#[derive(Serialize)]
struct Outcome {
    minutes: f64,
    /// How often the host's clock was outside of the published interval, which would be a bug.
    outside: u64,
    worst_error_ns: f64,
    worst_bound_ns: u64,
    late_publications: u64,
    points: Vec<Point>,
}

struct Clocks {
    ours: Clock,
    quanta: (quanta::Clock, quanta::Instant),
    minstant: minstant::Instant,
    fastant: fastant::Instant,
    start_ns: u64,
    outside: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let minutes: f64 = args.next().unwrap_or("10".into()).parse()?;
    let directory = PathBuf::from(args.next().unwrap_or(".".into()));
    let page = std::env::temp_dir().join(format!("accuracy-{}", std::process::id())).join("clock");
    std::fs::create_dir_all(page.parent().unwrap_or(Path::new(".")))?;
    let mut keeper = Keeper::open(&page, Settings::default())?;
    keeper.tick().expect("the page is this keeper's");
    let is_over = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                keeper.tick().expect("the page is this keeper's");
                keeper.wait();
            }
        });
        let outcome = measure(Clock::open_page(&page), minutes);
        is_over.store(true, Ordering::Relaxed);
        outcome
    })?;
    std::fs::write(directory.join("accuracy.json"), serde_json::to_string(&outcome)?)?;
    draw(&outcome, &directory.join("accuracy.svg"))?;
    println!(
        "{minutes} minutes, {} comparisons: worst error {} ns, widest bound {} ns, {} outside",
        outcome.points.len(),
        outcome.worst_error_ns,
        outcome.worst_bound_ns,
        outcome.outside
    );
    if outcome.outside > 0 {
        Err("the host's clock was outside of the bounds".into())
    } else {
        Ok(())
    }
}

fn measure(
    ours: Result<Clock, tearfree_clock::Error>,
    minutes: f64,
) -> Result<Outcome, tearfree_clock::Error> {
    let ours = ours?;
    let _ = ours.wait_synchronised(Some(Duration::from_secs(60)));
    let clock = quanta::Clock::new();
    let mut clocks = Clocks {
        ours,
        quanta: (clock.clone(), clock.now()),
        minstant: minstant::Instant::now(),
        fastant: fastant::Instant::now(),
        start_ns: host_ns(),
        outside: 0,
    };
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let mut points = Vec::new();
    let first = clocks.compare();
    while Instant::now() < end {
        points.push(clocks.compare().since(&first));
        thread::sleep(INTERVAL);
    }
    let errors = points.iter().map(|point| point.tearfree_ns.abs());
    Ok(Outcome {
        minutes,
        outside: clocks.outside,
        worst_error_ns: errors.fold(0.0, f64::max),
        worst_bound_ns: points.iter().map(|point| point.bound_ns).max().unwrap_or(0),
        late_publications: clocks.ours.late_publications(),
        points,
    })
}

impl Clocks {
    fn compare(&mut self) -> Point {
        let mut best = Point { unknown_ns: f64::MAX, ..Point::default() };
        for _ in 0..TRIES {
            let before = host_ns();
            let now = self.ours.now_bounded();
            let after = host_ns();
            self.outside += u64::from(now.earliest > after || now.latest < before);
            let middle = (before + after) as f64 / 2.0 - self.start_ns as f64;
            let unknown_ns = (after - before) as f64 / 2.0;
            if unknown_ns >= best.unknown_ns {
                continue;
            }
            let reading = (now.earliest + now.latest) / 2 - self.start_ns;
            best = Point {
                seconds: middle / 1e9,
                tearfree_ns: reading as f64 - middle,
                bound_ns: now.bound_ns(),
                unknown_ns,
                ..best
            };
        }
        let (clock, start) = &self.quanta;
        best.quanta_ns = drift(|| clock.now().duration_since(*start), self.start_ns);
        best.minstant_ns = drift(|| self.minstant.elapsed(), self.start_ns);
        best.fastant_ns = drift(|| self.fastant.elapsed(), self.start_ns);
        best
    }
}

/// Returns how far a clock is ahead of the host's, by the narrowest of some comparisons.
fn drift(elapsed: impl Fn() -> Duration, start_ns: u64) -> f64 {
    let compare = || {
        let before = host_ns();
        let reading = elapsed().as_nanos() as f64;
        let after = host_ns();
        (after - before, reading - ((before + after) as f64 / 2.0 - start_ns as f64))
    };
    (0..TRIES)
        .map(|_| compare())
        .min_by_key(|(width, _)| *width)
        .map_or(f64::NAN, |(_, ahead)| ahead)
}

impl Point {
    /// Subtracts the errors of the others at the beginning.
    fn since(mut self, first: &Self) -> Self {
        self.quanta_ns -= first.quanta_ns;
        self.minstant_ns -= first.minstant_ns;
        self.fastant_ns -= first.fastant_ns;
        self
    }
}

type Getter = fn(&Point) -> f64;

/// Draws the absolute error of each clock on a logarithmic scale.
fn draw(outcome: &Outcome, path: &Path) -> Result<(), Box<dyn Error>> {
    let lines: [(&str, Getter, RGBColor); 5] = [
        ("tearfree's bound", |p| p.bound_ns as f64, RGBColor(200, 200, 200)),
        ("fastant 0.1", |p| p.fastant_ns, MAGENTA),
        ("minstant 0.1", |p| p.minstant_ns, GREEN),
        ("quanta 0.13", |p| p.quanta_ns, RED),
        ("tearfree", |p| p.tearfree_ns, BLUE),
    ];
    let values = || lines.iter().flat_map(|(_, get, _)| outcome.points.iter().map(get));
    let highest = values().fold(10.0, |highest, value: f64| f64::max(highest, value.abs()));
    let seconds = outcome.points.last().map_or(1.0, |point| point.seconds);
    let area = SVGBackend::new(path, (900, 500)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Error against CLOCK_MONOTONIC", ("sans-serif", 20))
        .margin(10)
        .x_label_area_size(30)
        .y_label_area_size(80)
        .build_cartesian_2d(0.0..seconds, (1.0..highest * 1.5).log_scale())?;
    chart.configure_mesh().x_desc("seconds").y_desc("ns").light_line_style(TRANSPARENT).draw()?;
    for (name, get, color) in lines {
        let point = |point: &Point| (point.seconds, get(point).abs().max(1.0));
        let series = chart.draw_series(LineSeries::new(outcome.points.iter().map(point), color))?;
        series.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], color));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    Ok(area.present()?)
}
