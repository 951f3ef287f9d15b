// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Settings` of a timekeeper.

use core::time::Duration;

/// The intervals of a timekeeper.
///
/// # Examples
/// ```
/// use core::time::Duration;
/// use tearfree_clock::Settings;
///
/// let settings = Settings::new().steer(Duration::from_millis(250)).free_after(Duration::from_secs(1));
/// # drop(format!("{settings:?}"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub(crate) lead: Duration,
    pub(crate) steer: Duration,
    pub(crate) free_after: Duration,
    pub(crate) unknown_after: Duration,
}

impl Settings {
    /// Returns the settings that most timekeepers want: each call below says its default.
    #[must_use]
    pub const fn new() -> Self {
        Settings {
            lead: Duration::from_millis(100),
            steer: Duration::from_millis(500),
            free_after: Duration::from_secs(2),
            unknown_after: Duration::from_secs(300),
        }
    }

    /// Sets how long before its pivot a bend is published. By default 100 ms.
    #[must_use]
    pub const fn lead(mut self, lead: Duration) -> Self {
        self.lead = lead;
        self
    }

    /// Sets how often the line is bent. By default each 500 ms.
    #[must_use]
    pub const fn steer(mut self, steer: Duration) -> Self {
        self.steer = steer;
        self
    }

    /// Sets how long after the last sample the status becomes "free running". By default 2 s.
    #[must_use]
    pub const fn free_after(mut self, free_after: Duration) -> Self {
        self.free_after = free_after;
        self
    }

    /// Sets how long after the last sample the status becomes "unknown". By default 5 minutes.
    #[must_use]
    pub const fn unknown_after(mut self, unknown_after: Duration) -> Self {
        self.unknown_after = unknown_after;
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_intervals_are_those_of_the_documentation() {
        let Settings { lead, steer, free_after, unknown_after } = Settings::default();
        let all = [lead, steer, free_after, unknown_after].map(|interval| interval.as_millis());
        assert_eq!(all, [100, 500, 2_000, 300_000]);
    }

    #[test]
    fn each_call_sets_its_interval_only() {
        let [one, two, three, four] = [1, 2, 3, 4].map(Duration::from_secs);
        let all = Settings::new().lead(one).steer(two).free_after(three).unknown_after(four);
        let Settings { lead, steer, free_after, unknown_after } = all;
        assert_eq!([lead, steer, free_after, unknown_after], [one, two, three, four]);
    }
}
