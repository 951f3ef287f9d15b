// SPDX-License-Identifier: GPL-2.0
//! What a case has to show, and whether that is what it should.

use core::ffi::{CStr, c_char};

use crate::locks::Subject;
use crate::race::{Proof, Workers};
use crate::tally::{Tally, read};

unsafe extern "C" {
    fn hammer_reports(report: *const Report);
}

/// The twin of `struct hammer_report`.
#[repr(C)]
pub(crate) struct Report {
    name: *const c_char,
    writes: u64,
    reads: u64,
    met: u64,
    interrupts: u64,
    met_inside: u64,
    stuck: u64,
    torn: u64,
    backward: u64,
    lost: u64,
    is_control: u32,
    is_ok: u32,
}

impl Report {
    /// The sums until now.
    pub(crate) fn of<S>(name: &'static CStr, workers: &Workers<'_, S>) -> Self {
        let mut report = Report {
            name: name.as_ptr(),
            writes: 0,
            reads: 0,
            met: 0,
            interrupts: 0,
            met_inside: 0,
            stuck: 0,
            torn: 0,
            backward: 0,
            lost: 0,
            is_control: 0,
            is_ok: 0,
        };
        for worker in workers.iter().flatten() {
            report.add(&worker.tally);
            if let Some(interruption) = worker.interruption {
                report.interrupts += interruption.tally.turns();
                report.met_inside += read(&interruption.tally.met);
                report.add(&interruption.tally);
            }
        }
        report
    }

    fn add(&mut self, tally: &Tally) {
        self.writes += read(&tally.writes);
        self.reads += read(&tally.reads);
        self.met += read(&tally.met);
        self.stuck += read(&tally.stuck);
        self.torn += read(&tally.torn);
        self.backward += read(&tally.backward);
    }

    /// Whether enough has happened.
    pub(crate) fn proves(&self, proof: Proof) -> bool {
        let enough = match proof {
            Proof::Met(least) => self.met >= least,
            Proof::Interrupted(least) => self.interrupts >= least,
            Proof::MetInside(least) => self.met_inside >= least,
            Proof::Torn(least) => self.torn >= least,
            Proof::Stuck(least) => self.stuck >= least,
        };
        enough && self.writes > 0 && self.reads > 0
    }

    /// Whether something has happened that must not, unless it is what a control has to show.
    pub(crate) fn is_faulty(&self, proof: Proof) -> bool {
        match proof {
            Proof::Torn(_) => false,
            Proof::Stuck(_) => self.torn + self.backward > 0,
            _ => self.torn + self.backward + self.stuck > 0,
        }
    }

    /// Judges what has happened when all threads are at rest, and prints it.
    pub(crate) fn conclude<S: Subject>(&mut self, proof: Proof, subject: &S, all_started: bool) {
        self.lost = self.writes.wrapping_sub(subject.generation());
        let complete = self.lost == 0 && subject.counts(self.writes);
        let faultless = complete && !self.is_faulty(proof);
        self.is_control = u32::from(matches!(proof, Proof::Torn(_) | Proof::Stuck(_)));
        self.is_ok = u32::from(all_started && faultless && self.proves(proof));
        // SAFETY: the name lives as long as the module, and the report for the call.
        unsafe { hammer_reports(self) };
    }
}
