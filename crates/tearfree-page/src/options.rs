// SPDX-License-Identifier: MIT OR Apache-2.0
//! The options of a page and its writer.

use core::time::Duration;

use crate::stamp::Timing;

/// Options for creating or taking over a page. The default: values with a time and without a promise, no waking, and mode
/// 0644 or that of the existing page.
///
/// ```
/// use std::time::Duration;
/// use tearfree_page::Options;
/// let options = Options::new().lifetime(Duration::from_secs(2)).wakes(true);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) lifetime_ns: u64,
    timed: bool,
    pub(crate) wakes: bool,
    /// The permissions that were asked for.
    pub(crate) mode: Option<u32>,
    pub(crate) replace: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// Returns the default options.
    #[must_use]
    pub fn new() -> Self {
        Options { lifetime_ns: 0, timed: true, wakes: false, mode: None, replace: false }
    }

    /// Sets the longest time between two publications that the writer promises, so that readers see a
    /// value turn stale when its writer is dead or stuck. Zero makes no promise.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime_ns = u64::try_from(lifetime.as_nanos()).unwrap_or(u64::MAX);
        self
    }

    /// Sets whether each value says when it was published: see [`Reading::age`](crate::Reading::age). It is on from the
    /// start. Each publication then reads the clock, which takes some tens of nanoseconds: for a small value more than all
    /// the rest. Without it, the age of a value is unknown. A value with a [`lifetime`](Self::lifetime) always has a time.
    #[must_use]
    pub fn timed(mut self, timed: bool) -> Self {
        self.timed = timed;
        self
    }

    pub(crate) fn timing(&self) -> Timing {
        match self.lifetime_ns {
            0 if self.timed => Timing::Timed,
            0 => Timing::Untimed,
            lifetime_ns => Timing::Promised(lifetime_ns),
        }
    }

    /// Sets whether each publication wakes waiting readers. It costs the writer a system call each time:
    /// readers cannot write to the page, so the writer cannot know whether one waits. Without it, waiting
    /// readers poll: they notice a change after an eighth of the time for which they have waited, but not before a
    /// millisecond and at the latest after 100 ms.
    #[must_use]
    pub fn wakes(mut self, wakes: bool) -> Self {
        self.wakes = wakes;
        self
    }

    /// Sets the file permissions of a named page. Bits outside 0644 are ignored; 0600 are always set.
    ///
    /// An existing page with other permissions is replaced by [`Writer::create`](crate::Writer::create), because who has
    /// it open could still read it. [`Writer::take_over`](crate::Writer::take_over) keeps its permissions.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode & 0o644 | 0o600);
        self
    }

    /// Sets whether to replace a page that has another schema or is damaged. Readers of the replaced page
    /// see that it is superseded. Without this option it is an error.
    #[must_use]
    pub fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }
}
