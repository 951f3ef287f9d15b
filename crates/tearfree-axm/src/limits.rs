// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits of a search: its time, its executions and its memory.

use core::time::Duration;
use std::time::Instant;

use crate::report::Report;

/// The limits of a program. `None` is no limit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limits {
    pub(crate) executions: Option<usize>,
    pub(crate) graphs: Option<usize>,
    pub(crate) duration: Option<Duration>,
    pub(crate) bytes: Option<usize>,
    /// Whether a search that a limit ended is a success.
    pub(crate) allows_partial: bool,
}

/// The time and the memory that a search has used.
pub(crate) struct Meter {
    limits: Limits,
    start: Instant,
    /// The bytes of the keys of all graphs seen.
    bytes: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Meter { limits: *limits, start: Instant::now(), bytes: 0 }
    }

    /// Counts the memory from zero for a new search. The time goes on.
    pub(crate) fn begin(&mut self) {
        self.bytes = 0;
    }

    pub(crate) fn keeps(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Returns the limit that is reached, if any. `waiting` returns the bytes of the graphs that wait.
    pub(crate) fn limit_reached(
        &self,
        report: &Report,
        waiting: impl FnOnce() -> usize,
    ) -> Option<String> {
        let Limits { executions, graphs, duration, bytes, .. } = self.limits;
        if let Some(most) = executions.filter(|&most| report.executions >= most) {
            return Some(format!("more than {most} executions"));
        }
        if let Some(most) = graphs.filter(|&most| report.graphs >= most) {
            return Some(format!("more than {most} graphs"));
        }
        if let Some(most) = duration.filter(|&most| self.start.elapsed() >= most) {
            return Some(format!("more than {most:?}"));
        }
        let most = bytes.filter(|&most| self.bytes + waiting() > most)?;
        Some(format!("more than {most} bytes"))
    }
}
