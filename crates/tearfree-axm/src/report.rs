// SPDX-License-Identifier: MIT OR Apache-2.0
//! The report of all executions of a program.

use std::collections::{BTreeMap, BTreeSet};

/// The outcomes and failures of all executions of a program.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// The texts that the threads returned, in their order and separated by `", "`; empty ones are left out.
    pub outcomes: BTreeSet<String>,
    /// Each failure with an execution that shows it: a panic of a body, with its thread and line; a data
    /// race, a use after free, a thread that sleeps for ever, a spin loop without a pause, a program of
    /// which no execution ends, accesses of two sizes to the same bytes, a partial search.
    pub failures: BTreeMap<String, String>,
    /// The number of whole executions.
    pub executions: usize,
    /// The number of executions that ended because a thread waited longer than the program allows.
    pub cut: usize,
    /// The number of consistent graphs on the way.
    pub graphs: usize,
    /// The limit or the spin loop that ended the search, if any: then this report may lack executions,
    /// outcomes and failures.
    pub partial: Option<String>,
}

impl Report {
    /// Returns the outcomes as a list, for comparing.
    #[must_use]
    pub fn seen(&self) -> Vec<&str> {
        self.outcomes.iter().map(String::as_str).collect()
    }
}
