// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Error`: why a clock cannot be opened, kept or set, and what to do.

use core::fmt;

use crate::source::Source;

/// Why a clock could not be opened, kept or set.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The page cannot be used.
    Page(tearfree_page::Error),
    /// The clock needs a counter that this build cannot read or does not know.
    Source(u32),
    /// The clock needs the host's monotonic clock, which has another offset in this time namespace.
    TimeNamespace,
    /// A timekeeper cannot take over a test clock.
    TestClock,
    /// The page holds a clock that no timekeeper of this crate left.
    Record(&'static str),
    /// The page of a new clock exists already.
    Exists,
    /// The clock is not a test clock, so it cannot be set.
    NotTestClock,
    /// A test clock does not support a setting.
    Setting(&'static str),
    /// The system refused a call.
    System(&'static str, std::io::Error),
}

impl Error {
    /// Returns what happened.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Page(error) => error.what(),
            Self::Source(word) => match Source::from_word(*word) {
                Some(source) => format!("this clock needs the counter {}", source.name()),
                None => format!("this clock needs a counter of the unknown kind {word}"),
            },
            Self::TimeNamespace => "this clock belongs to another time namespace".to_owned(),
            Self::TestClock => "the page holds a test clock".to_owned(),
            Self::Record(why) => format!("the clock on the page cannot be continued: {why}"),
            Self::Exists => "a page of this name exists already".to_owned(),
            Self::NotTestClock => "the page holds a clock that follows the host".to_owned(),
            Self::Setting(what) => (*what).to_owned(),
            Self::System(what, error) => format!("cannot {what}: {error}"),
        }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Page(tearfree_page::Error::Missing(_)) => {
                "start its timekeeper, `tearfree clock serve`, or give the page of another clock"
            }
            Self::Page(error) => error.advice(),
            Self::Source(_) => "use a build of tearfree for this machine's processor",
            Self::TimeNamespace => {
                "read it in the time namespace of its timekeeper, or start a timekeeper in this one"
            }
            Self::TestClock => "give another name, or remove that page",
            Self::Record(_) => "remove the page by `tearfree page rm`, or give another name",
            Self::Exists => "give another name, or change that clock by `tearfree clock set`",
            Self::NotTestClock => {
                "set the host's clock, or make a test clock by `tearfree clock exec`"
            }
            Self::Setting(_) => "change the setting",
            Self::System(..) => "fix the cause above and try again",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what(), self.advice())
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Page(error) => Some(error),
            Self::System(_, error) => Some(error),
            _ => None,
        }
    }
}

impl From<tearfree_page::Lost> for Error {
    fn from(lost: tearfree_page::Lost) -> Self {
        Self::Page(lost.into())
    }
}

impl From<tearfree_page::Error> for Error {
    fn from(error: tearfree_page::Error) -> Self {
        Self::Page(error)
    }
}
