// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a new page can be told.

use core::time::Duration;

/// How a page is made. The default is right for most: no promise, no waking, mode 0644.
///
/// ```
/// use std::time::Duration;
/// use tearfree_page::Options;
/// let options = Options::new().lifetime(Duration::from_secs(2)).wakes(true);
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    pub(crate) lifetime_ns: u64,
    pub(crate) wakes: bool,
    pub(crate) mode: u32,
    pub(crate) replace: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The default.
    #[must_use]
    pub fn new() -> Self {
        Options { lifetime_ns: 0, wakes: false, mode: 0o644, replace: false }
    }

    /// Promises to publish again within this time, so that readers see a value turn stale when its
    /// writer is dead or stuck. Each publication then looks at the clock, for some tens of
    /// nanoseconds. Zero is no promise.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime_ns = u64::try_from(lifetime.as_nanos()).unwrap_or(u64::MAX - 1);
        self
    }

    /// Whether each publication wakes those who wait for it. It costs the writer a system call each
    /// time, because a writer cannot know whether someone waits on a page that readers cannot write
    /// to. Without it, waiters look once a millisecond.
    #[must_use]
    pub fn wakes(mut self, wakes: bool) -> Self {
        self.wakes = wakes;
        self
    }

    /// Who may read a named page, as file permissions. Of the bits, only those of 0644 are used.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode & 0o644 | 0o600;
        self
    }

    /// Whether to put a new page in the place of one that has another schema, or is damaged. Its
    /// readers are told that it is superseded. Without this it is an error.
    #[must_use]
    pub fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }
}
