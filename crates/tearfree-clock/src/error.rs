// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong with a clock, and what to do about it.

use core::fmt;

use crate::source::Source;

/// Why a clock could not be opened, kept or set.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The page refused.
    Page(tearfree_page::Error),
    /// The page is by a counter that this build cannot read, or by none that it knows.
    Source(u32),
    /// The page counts by the host's monotonic clock, which is another one in here.
    TimeNamespace,
    /// A timekeeper cannot go on with a test clock.
    IsTest,
    /// A new clock would take the place of a page that is there.
    IsThere,
    /// Only a test clock can be set.
    NotATest,
    /// A test clock was told something that it cannot do.
    Setting(&'static str),
    /// The system refused something.
    System(&'static str, std::io::Error),
}

impl Error {
    /// What happened.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Page(error) => error.what(),
            Self::Source(word) => match Source::of(*word) {
                Some(source) => format!("this clock needs the counter {}", source.name()),
                None => format!("this clock needs a counter of the unknown kind {word}"),
            },
            Self::TimeNamespace => {
                "this clock counts by a monotonic clock that is another one in here".to_owned()
            }
            Self::IsTest => "the page holds a test clock".to_owned(),
            Self::IsThere => "there is a page of this name already".to_owned(),
            Self::NotATest => "the page holds a clock that follows the host".to_owned(),
            Self::Setting(what) => (*what).to_owned(),
            Self::System(what, error) => format!("cannot {what}: {error}"),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Page(tearfree_page::Error::Missing(_)) => {
                "start its timekeeper, `tearfree clock serve`, or give the page of another clock"
            }
            Self::Page(error) => error.advice(),
            Self::Source(_) => "read it with a program that was built for this machine",
            Self::TimeNamespace => {
                "read it from the time namespace of its timekeeper, or start one in here"
            }
            Self::IsTest => "give another name, or remove that page",
            Self::IsThere => "give another name, or change that clock by `tearfree clock set`",
            Self::NotATest => "set the host's clock, or make a test clock by `tearfree clock exec`",
            Self::Setting(_) => "correct the setting",
            Self::System(..) => "see to what the system complains about, and try again",
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

impl From<tearfree_page::Error> for Error {
    fn from(error: tearfree_page::Error) -> Self {
        Self::Page(error)
    }
}
