// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits of a search: how long it may take, and how much it may keep.

use core::time::Duration;
use std::time::Instant;

use crate::graph::Graph;
use crate::program::Report;

/// What a program allows. `None` is no limit.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limits {
    pub(crate) executions: Option<usize>,
    pub(crate) graphs: Option<usize>,
    pub(crate) duration: Option<Duration>,
    pub(crate) bytes: Option<usize>,
    /// A search that a limit ended is no failure.
    pub(crate) allows_partial: bool,
}

/// What a search has used.
pub(crate) struct Meter {
    limits: Limits,
    start: Instant,
    /// Those of the graphs that are done.
    bytes: usize,
}

impl Meter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Meter { limits: *limits, start: Instant::now(), bytes: 0 }
    }

    /// The search begins again, with nothing kept. The clock goes on.
    pub(crate) fn begin(&mut self) {
        self.bytes = 0;
    }

    pub(crate) fn keeps(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// The limit that does not allow to take another one of `waiting`.
    pub(crate) fn limit_reached(&self, report: &Report, waiting: &[Graph]) -> Option<String> {
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
        // Graphs of one program are of about one size.
        let of_one = |graph: &Graph| graph.bytes() * waiting.len();
        let in_use = || self.bytes + waiting.last().map_or(0, of_one);
        let most = bytes.filter(|&most| in_use() > most)?;
        Some(format!("more than {most} bytes"))
    }
}
