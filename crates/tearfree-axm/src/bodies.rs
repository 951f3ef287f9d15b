// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the search gets of a program: its bodies, what they are allowed, and its limits.

use crate::limits::Limits;
use crate::run::{AFTER, Allowed};

/// The bodies of a program, bound to its state, and what they are allowed.
pub(crate) struct Bodies<'a> {
    pub(crate) all: Vec<&'a dyn Fn() -> String>,
    /// The number of bodies that start first. If one is left, it runs after these have ended.
    pub(crate) started_first: usize,
    pub(crate) allowed: Allowed,
    pub(crate) limits: Limits,
    /// The search ends at a failure that contains this text.
    pub(crate) complaint: Option<&'a str>,
}

impl Bodies<'_> {
    /// Returns the body of a thread that no other one spawned.
    pub(crate) fn body(&self, thread: usize) -> &dyn Fn() -> String {
        let at = if thread == AFTER { self.started_first } else { thread };
        self.all[at]
    }
}
