// SPDX-License-Identifier: MIT OR Apache-2.0
//! `tearfree vdso`: reads the kernel's own time page.

mod args;
mod watch;

pub(crate) use args::VdsoArgs;
use indicatif::HumanCount;
use serde::Serialize;
use tearfree_clock::kernel::{Agreement, FindError, KernelClock, KernelPage, Snapshot};

use crate::outcome::{Outcome, Problem};
use crate::stop::Stop;
use crate::terminal::{self, Progress};

impl From<FindError> for Problem {
    fn from(refusal: FindError) -> Self {
        Problem::from_library(refusal.what(), refusal.advice())
    }
}

/// The page at one time. The names of the fields are those of the JSON object.
#[derive(Debug, Serialize)]
struct VdsoReport {
    layout: &'static str,
    count: u32,
    clock_mode: u32,
    #[serde(serialize_with = "terminal::as_string")]
    cycle_last: u64,
    #[serde(serialize_with = "terminal::as_optional_string")]
    max_cycles: Option<u64>,
    #[serde(serialize_with = "terminal::as_string")]
    mask: u64,
    mult: u32,
    shift: u32,
    ns_per_cycle: f64,
    clocks: Vec<ClockReport>,
}

#[derive(Debug, Serialize)]
struct ClockReport {
    name: &'static str,
    #[serde(serialize_with = "terminal::as_optional_string")]
    ns: Option<u64>,
    /// The result of `--verify`.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    agreement: Option<AgreementReport>,
}

#[derive(Debug, Serialize)]
struct AgreementReport {
    samples: u32,
    outside: u32,
    missing: u32,
    backwards: u32,
    #[serde(serialize_with = "terminal::as_string")]
    largest_difference_ns: u64,
}

impl From<Agreement> for AgreementReport {
    fn from(agreement: Agreement) -> Self {
        let Agreement { samples, outside, missing, backwards, largest_ns, .. } = agreement;
        AgreementReport { samples, outside, missing, backwards, largest_difference_ns: largest_ns }
    }
}

pub(crate) fn run(args: &VdsoArgs) -> Result<Outcome, Problem> {
    let page = KernelPage::find()?;
    if args.watch {
        return watch::run(&page, args.count, args.json, &Stop::new()?);
    }
    let stop = Stop::new()?;
    let mut report = VdsoReport::new(&page)?;
    if let Some(samples) = args.verify {
        verify(&page, samples, &mut report, &stop);
    }
    terminal::print(&if args.json { terminal::json_line(&report)? } else { report.text() })?;
    let outside: u64 = report.clocks.iter().map(ClockReport::faults).sum();
    if outside > 0 {
        return Err(Problem::new(
            format_args!("{outside} times were outside the bounds read with clock_gettime"),
            "The layout of this kernel's page is misread: please report it.",
        ));
    }
    Ok(Outcome::new(0, stop.signal()))
}

/// Compares in batches, so that it can be interrupted and shows its progress.
fn verify(page: &KernelPage, samples: u32, report: &mut VdsoReport, stop: &Stop) {
    const BATCH: u32 = 100_000;
    let progress = Progress::new(core::time::Duration::from_millis(u64::from(samples) * 4));
    for (index, &clock) in KernelClock::ALL.iter().enumerate() {
        let mut sum = Agreement::default();
        while sum.samples < samples && stop.signal().is_none() {
            let part = page.verify(clock, BATCH.min(samples - sum.samples));
            sum.samples += part.samples;
            sum.outside += part.outside;
            sum.missing += part.missing;
            sum.backwards += part.backwards;
            sum.largest_ns = sum.largest_ns.max(part.largest_ns);
            let done = index as u64 * u64::from(samples) + u64::from(sum.samples);
            progress.show(core::time::Duration::from_millis(done), clock.name().to_owned());
        }
        report.clocks[index].agreement = Some(sum.into());
    }
    progress.clear();
}

impl VdsoReport {
    fn new(page: &KernelPage) -> Result<Self, Problem> {
        let seen = page.snapshot(KernelClock::Monotonic).ok_or(FindError::UnknownLayout)?;
        let Snapshot { count, mode, cycle_last, max_cycles, mask, mult, shift, .. } = seen;
        let clock = |clock: KernelClock| ClockReport {
            name: clock.name(),
            ns: page.read(clock),
            agreement: None,
        };
        Ok(VdsoReport {
            layout: page.layout().name,
            count,
            clock_mode: mode,
            cycle_last,
            max_cycles,
            mask,
            mult,
            shift,
            ns_per_cycle: f64::from(mult) / (1_u64 << shift) as f64,
            clocks: KernelClock::ALL.iter().copied().map(clock).collect(),
        })
    }

    fn text(&self) -> String {
        let mut rows = vec![
            ("layout", format!("as of {}, proved by clock_gettime", self.layout)),
            ("count", format!("{} (even: no write in progress)", self.count)),
            ("clock_mode", format!("{} (a counter that programs can read)", self.clock_mode)),
            ("cycle_last", self.cycle_last.to_string()),
            ("mask", format!("{:#x}", self.mask)),
            ("mult, shift", format!("{}, {}", self.mult, self.shift)),
            ("one cycle", format!("{:.9} ns", self.ns_per_cycle)),
        ];
        if let Some(max_cycles) = self.max_cycles {
            rows.push(("max_cycles", max_cycles.to_string()));
        }
        let clocks = self.clocks.iter().map(|clock| (clock.name, clock.text()));
        rows.extend(clocks);
        rows.iter().map(|(name, value)| format!("{name:<16} {value}\n")).collect()
    }
}

impl ClockReport {
    fn text(&self) -> String {
        const NSEC: u64 = 1_000_000_000;
        let ns = self.ns.map_or_else(
            || "unavailable: no counter".to_owned(),
            |ns| format!("{}.{:09} s", ns / NSEC, ns % NSEC),
        );
        let Some(agreement) = &self.agreement else { return ns };
        format!(
            "{ns}; {} compared, {} outside, {} backwards, largest difference {} ns",
            HumanCount(agreement.samples.into()),
            agreement.outside + agreement.missing,
            agreement.backwards,
            HumanCount(agreement.largest_difference_ns),
        )
    }

    fn faults(&self) -> u64 {
        self.agreement.as_ref().map_or(0, |agreement| {
            u64::from(agreement.outside)
                + u64::from(agreement.missing)
                + u64::from(agreement.backwards)
        })
    }
}
