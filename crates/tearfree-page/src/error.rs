// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong with a page: what happened, and what to do next.

use core::fmt;
use std::io;
use std::path::PathBuf;

use crate::header::Damage;
use crate::identity::Identity;
use crate::schema::SchemaError;
use crate::shared::ATTEMPTS;

/// Why a page could not be made, opened, taken over or read.
///
/// `Display` says what happened and, after a semicolon, what to do next;
/// [`what`](Error::what) and [`advice`](Error::advice) are its halves.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The name is none that a page can have.
    Name(String),
    /// There is no directory for this user's pages.
    NoDirectory(PathBuf),
    /// There is no such page.
    Missing(PathBuf),
    /// There is something at this path, but no page, or a damaged one.
    Damaged(PathBuf, Damage),
    /// Something at this path is not what it has to be: a symbolic link, a pipe, a directory.
    NotAFile(PathBuf),
    /// The page was made before the machine started the last time.
    OtherBoot(PathBuf),
    /// The page holds values of another schema.
    Schema {
        /// The page.
        path: PathBuf,
        /// What the page holds.
        page: String,
        /// What the program asked for.
        wanted: String,
    },
    /// The program's own schema is none that a page can have.
    NoSchema(SchemaError),
    /// The value has another size than the schema.
    Size {
        /// The size of the value in bytes.
        given: usize,
        /// The size that the schema says.
        wanted: usize,
    },
    /// The page, or its directory, belongs to someone else than it should, or lets others in.
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Its owner.
        uid: u32,
        /// Its permissions.
        mode: u32,
        /// Whose it should be.
        wanted: String,
    },
    /// Another process is the writer, or this one is already.
    Busy {
        /// The page.
        path: PathBuf,
        /// The process that holds the lock, as the kernel names it to us; `None` if it is in a PID
        /// namespace that we cannot see.
        pid: Option<u32>,
        /// What the page says about its writer.
        writer: Option<Box<Identity>>,
    },
    /// No room for the page on its file system.
    NoSpace {
        /// The page.
        path: PathBuf,
        /// What it takes, in bytes.
        needed: usize,
    },
    /// The memory file can still be changed by others than its writer.
    NotSealed,
    /// No file descriptor came with the message.
    NotSent,
    /// No copy of the value was whole.
    Unsettled(Unsettled),
    /// The system refused something.
    System {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl Error {
    /// What happened.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Name(name) => format!("'{name}' cannot be the name of a page"),
            Self::NoDirectory(path) => format!("{} is not there", path.display()),
            Self::Missing(path) => format!("there is no page at {}", path.display()),
            Self::Damaged(path, damage) => {
                format!("{} is no usable page: {damage}", path.display())
            }
            Self::NotAFile(path) => {
                format!("{} is a link, a pipe or something else that no page is", path.display())
            }
            Self::OtherBoot(path) => {
                format!("the page {} is from before the last start of the machine", path.display())
            }
            Self::Schema { path, page, wanted } => format!(
                "the page {} holds other values than asked for\n  in the page: {page}\n  asked for:   {wanted}",
                path.display()
            ),
            Self::NoSchema(error) => error.to_string(),
            Self::Size { given, wanted } => {
                format!("the value has {given} bytes, and its schema says {wanted}")
            }
            Self::Owner { path, uid, mode, wanted } => format!(
                "{} belongs to user {uid} with permissions {mode:o}, and {wanted}",
                path.display()
            ),
            Self::Busy { path, pid, writer } => busy(path, *pid, writer.as_deref()),
            Self::NoSpace { path, needed } => {
                format!("no room for the {needed} bytes of {}", path.display())
            }
            Self::NotSealed => "the file is not a sealed memory file".to_owned(),
            Self::NotSent => "no page came with the message".to_owned(),
            Self::Unsettled(_) => {
                format!("the page changed twice during each of {ATTEMPTS} copies")
            }
            Self::System { what, path, error } => {
                format!("cannot {what} {}: {error}", path.display())
            }
        }
    }

    /// What to do next.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Name(_) => {
                "use 1 to 64 letters, digits, dots, - and _, not beginning with a dot; a path has a /"
            }
            Self::NoDirectory(_) => {
                "log in so that it is made, or give a path (with a /) of your own"
            }
            Self::Missing(_) => "start its writer, or look at `tearfree page ls` for other names",
            Self::Damaged(..) => "if nothing else is to be kept there, remove it or replace it",
            Self::NotAFile(_) => {
                "give the directory of a page, by a path without a link at its end"
            }
            Self::OtherBoot(_) => "start its writer, which makes a new one",
            Self::Schema { .. } => "use the page's schema, another name, or replace the page",
            Self::NoSchema(_) => "correct the schema",
            Self::Size { .. } => "give as many bytes as the schema says",
            Self::Owner { .. } => "have its owner correct that, or say whom you trust",
            Self::Busy { .. } => "stop that process first, or write to a page of another name",
            Self::NoSpace { .. } => {
                "free some room there, or give a path elsewhere; nothing was changed"
            }
            Self::NotSealed => "have the page made with `Writer::create_sealed`",
            Self::NotSent => "send it with `Writer::send`, one message for each `Reader::receive`",
            Self::Unsettled(_) => {
                "try again; if it stays so, something that is no writer of pages changes it"
            }
            Self::System { .. } => "see to what the system complains about, and try again",
        }
    }
}

fn busy(path: &std::path::Path, pid: Option<u32>, writer: Option<&Identity>) -> String {
    let page = path.display();
    match (pid, writer) {
        (Some(pid), _) if pid == std::process::id() => {
            format!("this process (pid {pid}) is the writer of {page} already")
        }
        (Some(pid), Some(writer)) => {
            format!("the page {page} has a writer: process {pid} here ({writer})")
        }
        (Some(pid), None) => format!("the page {page} has a writer: process {pid}"),
        (None, Some(writer)) => {
            format!("the page {page} has a writer that cannot be seen from here ({writer})")
        }
        (None, None) => format!("the page {page} has a writer that cannot be seen from here"),
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
            Self::System { error, .. } => Some(error),
            Self::NoSchema(error) => Some(error),
            _ => None,
        }
    }
}

/// The page changed twice during each of a thousand copies.
///
/// No writer of this crate is that fast for long. It carries nothing, because a read is a matter of a
/// few nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsettled;

impl fmt::Display for Unsettled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::Unsettled(*self).fmt(f)
    }
}

impl core::error::Error for Unsettled {}

impl From<Unsettled> for Error {
    fn from(unsettled: Unsettled) -> Self {
        Self::Unsettled(unsettled)
    }
}

impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        Self::NoSchema(error)
    }
}

/// Says what was tried when the system refuses.
pub(crate) fn refused(
    what: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(rustix::io::Errno) -> Error {
    let path = path.into();
    move |error| Error::System { what, path, error: error.into() }
}
