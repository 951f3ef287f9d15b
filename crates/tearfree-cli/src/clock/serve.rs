// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree clock serve`: runs the timekeeper and shows its status.

use core::time::Duration;
use std::io;
use std::path::Path;
use std::time::Instant;

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use tearfree_clock::{Keeper, Settings, Source, Status, TickReport, Woken};

use super::args::ServeArgs;
use super::service_manager::ServiceManager;
use crate::outcome::{Outcome, Problem, Signal};
use crate::stop::Stop;
use crate::terminal::{self, OutputState};

/// How often the status is shown.
const INTERVAL: Duration = Duration::from_secs(1);

/// The status of the timekeeper. The names of the fields are those of the JSON object.
#[derive(Debug, Serialize)]
struct ServeReport {
    page: String,
    status: &'static str,
    utc_status: &'static str,
    #[serde(serialize_with = "terminal::as_string")]
    error_ns: i64,
    #[serde(serialize_with = "terminal::as_string")]
    bound_ns: u64,
    #[serde(serialize_with = "terminal::as_string")]
    utc_bound_ns: u64,
    source: &'static str,
    counts_per_second: f64,
    slew_ppm: f64,
    steps: u32,
    disruptions: u32,
    late_publications: u64,
    late_ticks: u64,
    worst_delay_ms: f64,
    #[serde(serialize_with = "terminal::as_string")]
    generation: u64,
    ended_by: Option<&'static str>,
}

impl ServeReport {
    fn new(page: &Path, report: &TickReport, stop: &Stop) -> Self {
        ServeReport {
            page: page.display().to_string(),
            status: report.status.name(),
            utc_status: report.utc_status.name(),
            error_ns: report.error_ns,
            bound_ns: report.bound_ns,
            utc_bound_ns: report.utc_bound_ns,
            source: report.source.name(),
            counts_per_second: report.counts_per_second,
            slew_ppm: report.slew_ppm,
            steps: report.steps,
            disruptions: report.disruptions,
            late_publications: report.late_publications,
            late_ticks: report.late_ticks,
            worst_delay_ms: report.worst_delay.as_secs_f64() * 1e3,
            generation: report.generation,
            ended_by: stop.signal().map(Signal::name),
        }
    }

    fn text(&self) -> String {
        format!(
            "{}: {:+} ns, within {} ns of the host; {} at {:.6} MHz, slewing {:+.3} ppm; \
             set {}, jumped {}, late {}",
            self.status,
            self.error_ns,
            HumanCount(self.bound_ns),
            self.source,
            self.counts_per_second / 1e6,
            self.slew_ppm,
            self.steps,
            self.disruptions,
            self.late_publications,
        )
    }
}

/// What the user is told at once when it changes.
type State = (Status, u32, u32);

fn state(report: &TickReport) -> State {
    (report.status, report.steps, report.disruptions)
}

/// How the status is shown: as JSON, as one line in place, or only when it changes.
enum StatusDisplay {
    Json,
    InPlace(ProgressBar),
    Changes(Option<State>),
}

impl StatusDisplay {
    fn new(json: bool) -> Self {
        match (json, terminal::can_draw_over(&io::stderr())) {
            (true, _) => StatusDisplay::Json,
            (false, false) => StatusDisplay::Changes(None),
            (false, true) => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
                if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                    bar.set_style(style);
                }
                StatusDisplay::InPlace(bar)
            }
        }
    }

    fn show(&mut self, line: &ServeReport, report: &TickReport) -> Result<OutputState, Problem> {
        match self {
            StatusDisplay::Json => return terminal::print(&terminal::json_line(line)?),
            StatusDisplay::InPlace(bar) => {
                bar.set_message(line.text());
                bar.tick();
            }
            StatusDisplay::Changes(last) => {
                let current = state(report);
                if last.replace(current) != Some(current) {
                    terminal::print_note(&line.text());
                }
            }
        }
        Ok(OutputState::Open)
    }
}

pub(super) fn run(args: &ServeArgs, stop: &Stop) -> Result<Outcome, Problem> {
    let mut manager = ServiceManager::from_env();
    let ended = keep(args, stop, &mut manager);
    match &ended {
        Ok(_) => manager.stopping(),
        Err(problem) => manager.failing(problem),
    }
    ended
}

/// Keeps the clock until a signal arrives. Nothing but this loop tells the service manager that the clock is kept.
fn keep(args: &ServeArgs, stop: &Stop, manager: &mut ServiceManager) -> Result<Outcome, Problem> {
    let page = &args.clock.page;
    let (source, reason) = Source::best();
    let mut keeper = Keeper::open_with(page, source, Settings::default())?;
    terminal::print_note(&format!(
        "keeping the clock '{}' by {} ({reason}); Ctrl-C ends it",
        page.display(),
        source.name()
    ));
    let mut display = StatusDisplay::new(args.clock.json);
    let mut next = Instant::now();
    let mut last = None;
    loop {
        let report = keeper.tick()?;
        let line = || ServeReport::new(page, &report, stop);
        let is_new = last.replace(state(&report)) != Some(state(&report));
        manager.published(is_new, || line().text());
        let ended = stop.signal().is_some();
        if Instant::now() >= next || ended {
            let output = display.show(&line(), &report)?;
            if output == OutputState::Closed || ended {
                return Ok(Outcome::from_service(stop.signal()));
            }
            next += INTERVAL;
        }
        if keeper.wait() == Woken::ByClockSet {
            terminal::print_note("the host's clock was set");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_of_the_object_is_that_of_the_report() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("clock");
        let keeper = Keeper::open_with(page, Source::Host, Settings::default());
        let mut report = keeper.and_then(|mut keeper| keeper.tick()).expect("the page is new");
        report.status = Status::Disrupted;
        report.utc_status = Status::FreeRunning;
        report.source = Source::Tsc;
        (report.error_ns, report.bound_ns, report.utc_bound_ns) = (-12, 1_500, 25_000);
        (report.counts_per_second, report.slew_ppm) = (2.5e9, -1.25);
        (report.steps, report.disruptions) = (3, 4);
        (report.late_publications, report.late_ticks) = (5, 6);
        report.worst_delay = Duration::from_micros(12_500);
        report.generation = 7;
        let stop = Stop::new().expect("handlers can be installed");
        let line = ServeReport::new(Path::new("office"), &report, &stop);
        let text = "disrupted: -12 ns, within 1,500 ns of the host; TSC at 2500.000000 MHz, \
                    slewing -1.250 ppm; set 3, jumped 4, late 5";
        assert_eq!(line.text(), text);
        let expected = serde_json::json!({
            "page": "office",
            "status": "disrupted",
            "utc_status": "free running",
            "error_ns": "-12",
            "bound_ns": "1500",
            "utc_bound_ns": "25000",
            "source": "TSC",
            "counts_per_second": 2.5e9,
            "slew_ppm": -1.25,
            "steps": 3,
            "disruptions": 4,
            "late_publications": 5,
            "late_ticks": 6,
            "worst_delay_ms": 12.5,
            "generation": "7",
            "ended_by": null,
        });
        assert_eq!(serde_json::to_value(line).expect("a JSON object"), expected);
    }
}
