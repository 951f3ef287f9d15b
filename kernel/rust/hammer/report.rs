// SPDX-License-Identifier: GPL-2.0
//! `CaseReport`, the sums of a case, and `Goal`, what they have to show.

use core::ffi::{CStr, c_char};

use crate::action::Subject;
use crate::interruption::{came_inside, held_off};
use crate::tally::{Tally, load};

unsafe extern "C" {
    fn hammer_print_report(report: *const CaseReport);
}

/// What a case has to show, and how often, before it may end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Readers met writers.
    Met(u64),
    /// The interruption was raised inside of a section of the thread that it interrupts, and came behind it.
    HeldOff(u64),
    /// The interruption met a writer inside of its section, and read a value all the same.
    MetInside(u64),
    /// A control: reads were torn.
    Torn(u64),
    /// A control: reads in the interruption failed.
    Stuck(u64),
}

/// The same layout as `struct hammer_report`.
#[repr(C)]
pub(crate) struct CaseReport {
    name: *const c_char,
    writes: u64,
    reads: u64,
    met: u64,
    interrupts: u64,
    held_off: u64,
    came_inside: u64,
    met_inside: u64,
    stuck: u64,
    torn: u64,
    backward: u64,
    lost: u64,
    is_control: u32,
    is_ok: u32,
}

impl CaseReport {
    /// Creates a report of nothing.
    pub(crate) fn new(name: &'static CStr) -> Self {
        CaseReport {
            name: name.as_ptr(),
            writes: 0,
            reads: 0,
            met: 0,
            interrupts: 0,
            held_off: 0,
            came_inside: 0,
            met_inside: 0,
            stuck: 0,
            torn: 0,
            backward: 0,
            lost: 0,
            is_control: 0,
            is_ok: 0,
        }
    }

    /// Adds the counters of a thread.
    pub(crate) fn add_thread(&mut self, tally: &Tally) {
        self.writes += load(&tally.writes);
        self.reads += load(&tally.reads);
        self.met += load(&tally.met);
        self.stuck += load(&tally.stuck);
        self.torn += load(&tally.torn);
        self.backward += load(&tally.backward);
    }

    /// Adds the counters of an interruption.
    pub(crate) fn add_interruption(&mut self, tally: &Tally) {
        self.interrupts += tally.turns();
        self.held_off += held_off();
        self.came_inside += came_inside();
        self.met_inside += load(&tally.met);
        self.add_thread(tally);
    }

    /// Whether the goal is reached.
    pub(crate) fn has_reached(&self, goal: Goal) -> bool {
        let reached = match goal {
            Goal::Met(least) => self.met >= least,
            Goal::HeldOff(least) => self.held_off >= least,
            Goal::MetInside(least) => self.met_inside >= least,
            Goal::Torn(least) => self.torn >= least,
            Goal::Stuck(least) => self.stuck >= least,
        };
        reached && self.writes > 0 && self.reads > 0
    }

    /// Whether there was a fault other than the one that a control has to show.
    pub(crate) fn is_faulty(&self, goal: Goal) -> bool {
        match goal {
            Goal::Torn(_) => false,
            Goal::Stuck(_) => self.torn + self.backward > 0,
            _ => self.torn + self.backward + self.stuck + self.came_inside > 0,
        }
    }

    /// Completes the report when all threads have stopped, and prints it.
    pub(crate) fn conclude<S: Subject>(&mut self, goal: Goal, subject: &S, all_started: bool) {
        self.lost = self.writes.wrapping_sub(subject.generation());
        let complete = self.lost == 0 && subject.has_count_of(self.writes);
        let faultless = complete && !self.is_faulty(goal);
        self.is_control = u32::from(matches!(goal, Goal::Torn(_) | Goal::Stuck(_)));
        self.is_ok = u32::from(all_started && faultless && self.has_reached(goal));
        // SAFETY: the name lives as long as the module, and the report for the call.
        unsafe { hammer_print_report(self) };
    }
}
