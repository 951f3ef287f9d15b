// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Settings` of a timekeeper.

use core::time::Duration;

/// The intervals of a timekeeper.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long before its pivot a bend is published.
    pub lead: Duration,
    /// How often the line is bent.
    pub steer: Duration,
    /// How long after the last sample the status becomes "free running".
    pub free_after: Duration,
    /// How long after the last sample the status becomes "unknown".
    pub unknown_after: Duration,
}

impl Default for Settings {
    /// 100 ms, 500 ms, 2 s and 5 minutes.
    fn default() -> Self {
        Settings {
            lead: Duration::from_millis(100),
            steer: Duration::from_millis(500),
            free_after: Duration::from_secs(2),
            unknown_after: Duration::from_secs(300),
        }
    }
}
