// SPDX-License-Identifier: MIT OR Apache-2.0
//! The errors of a page: what happened, where, and what to do.

use core::fmt;
use std::io;
use std::path::PathBuf;

use crate::header::Damage;
use crate::identity::WriterIdentity;
use crate::layout::MAX_ATTEMPTS;
use crate::schema::{InvalidValue, SchemaError};

/// Why a page could not be created, opened, taken over or read.
///
/// `Display` prints what happened and, after a semicolon, what to do: [`what`](Error::what) and
/// [`advice`](Error::advice).
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The name of the page is invalid.
    InvalidName(String),
    /// The directory for this user's pages does not exist.
    NoDirectory(PathBuf),
    /// There is no page at this path.
    Missing(PathBuf),
    /// The file at this path is not a page, or a damaged one.
    Damaged(PathBuf, Damage),
    /// The file at this path has the wrong type: a symbolic link, a pipe, a directory.
    NotAFile(PathBuf),
    /// The directory holds files of others, and nothing was changed in it.
    Foreign {
        /// The directory.
        path: PathBuf,
        /// One of these files.
        file: String,
    },
    /// The page was created before the last boot.
    OtherBoot(PathBuf),
    /// A follower has read later values than that of the page at this path.
    OlderPage(PathBuf),
    /// The page has another schema than the program asked for.
    SchemaMismatch {
        /// The page.
        path: PathBuf,
        /// The schema of the page.
        page: String,
        /// The schema that the program asked for.
        wanted: String,
    },
    /// The schema that the program asked for is invalid.
    InvalidSchema(SchemaError),
    /// The value has another size than the schema.
    Size {
        /// The size of the value in bytes.
        given: usize,
        /// The size of the schema in bytes.
        wanted: usize,
    },
    /// The page or its directory belongs to a user who is not trusted, or others can write to it.
    Owner {
        /// The file or directory.
        path: PathBuf,
        /// Its owner.
        uid: u32,
        /// Its permissions.
        mode: u32,
        /// What is required instead.
        wanted: String,
    },
    /// There is no user of this name.
    NoUser(String),
    /// There is no group of this name.
    NoGroup(String),
    /// The page already has a writer, in another process or in this one.
    Busy {
        /// The page.
        path: PathBuf,
        /// The process that writes the page; `None` if this process cannot see it, or if another one holds the lock.
        pid: Option<u32>,
        /// The writer as the page describes it.
        writer: Option<Box<WriterIdentity>>,
    },
    /// The file system has no room for the page.
    NoSpace {
        /// The page.
        path: PathBuf,
        /// The size of the page in bytes.
        needed: usize,
    },
    /// The file is not a memory file with all the seals of a page.
    NotSealed,
    /// The message from the socket carried no file descriptor.
    NotSent,
    /// The writer has lost its page, or is in a forked child.
    Lost(Lost),
    /// Every copy of the value was torn.
    Unsettled(Unsettled),
    /// The bytes of a field are not a value of its kind.
    InvalidValue(InvalidValue),
    /// A system call failed.
    System {
        /// What was attempted.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl Error {
    /// Describes what happened, and where.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::InvalidName(name) => format!("invalid page name '{}'", name.escape_debug()),
            Self::NoDirectory(path) => format!("there is no directory {}", path.display()),
            Self::Missing(path) => format!("there is no page at {}", path.display()),
            Self::Damaged(path, damage) => {
                format!("{} is not a page, or is damaged: {damage}", path.display())
            }
            Self::NotAFile(path) => {
                format!(
                    "{} is not a page: it is a link or another wrong type of file",
                    path.display()
                )
            }
            Self::Foreign { path, file } => {
                format!("{} is not the directory of a page: it holds '{file}'", path.display())
            }
            Self::OtherBoot(path) => {
                format!("the page {} was created before the last boot", path.display())
            }
            Self::OlderPage(path) => {
                format!("the page {} is older than a value that was read", path.display())
            }
            Self::SchemaMismatch { path, page, wanted } => format!(
                "{} has another schema\n  in the page: {page}\n  asked for:   {wanted}",
                path.display()
            ),
            Self::InvalidSchema(error) => error.what(),
            Self::Size { given, wanted } => {
                format!("the value has {given} bytes, but its schema has {wanted}")
            }
            Self::Owner { path, uid, mode, wanted } => format!(
                "{} belongs to user {uid} and has permissions {mode:o}, but {wanted}",
                path.display()
            ),
            Self::NoUser(name) => format!("there is no user '{}'", name.escape_debug()),
            Self::NoGroup(name) => format!("there is no group '{}'", name.escape_debug()),
            Self::Busy { path, pid, writer } => busy(path, *pid, writer.as_deref()),
            Self::NoSpace { path, needed } => {
                format!("no space for the {needed} bytes of {}", path.display())
            }
            Self::NotSealed => "the file is not a sealed memory file".to_owned(),
            Self::NotSent => "the message carried no page".to_owned(),
            Self::Lost(lost) => lost.what().to_owned(),
            Self::Unsettled(_) => {
                format!("the page changed during each of {MAX_ATTEMPTS} attempts to copy its value")
            }
            Self::InvalidValue(invalid) => invalid.to_string(),
            Self::System { what, path, error } => {
                format!("cannot {what} {}: {error}", path.display())
            }
        }
    }

    /// Says what to do.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::InvalidName(_) => {
                "use 1 to 64 letters, digits, '-', '_' and '.', not beginning with '.'; a path contains a '/'"
            }
            Self::NoDirectory(_) => {
                "log in, which creates it, set XDG_RUNTIME_DIR to a directory of yours, or give the path (with a '/') of another directory"
            }
            Self::Missing(_) => "start its writer, or run `tearfree page ls` to list the pages",
            Self::Damaged(..) => "remove it, or have its writer replace it",
            Self::NotAFile(_) => {
                "give the directory of a page, by a path that does not end in a symbolic link"
            }
            Self::Foreign { .. } => {
                "give the path of a page; a new one needs an empty directory, or one that is yet to be created"
            }
            Self::OtherBoot(_) => "start its writer, which creates a new page",
            Self::OlderPage(_) => "remove it, and start its writer, which creates a new page",
            Self::SchemaMismatch { .. } => {
                "use the schema of the page, use another page, or replace the page"
            }
            Self::InvalidSchema(error) => error.advice(),
            Self::Size { .. } => "give as many bytes as the schema has",
            Self::Owner { .. } => "correct its owner and permissions, or trust another owner",
            Self::NoUser(_) => "use a name that `getent passwd` lists, or the user's ID",
            Self::NoGroup(_) => "use a name that `getent group` lists, or the group's ID",
            Self::Busy { .. } => "stop that process first, or write to another page",
            Self::NoSpace { .. } => {
                "free some space there, or give a path elsewhere; nothing was changed"
            }
            Self::NotSealed => "create the page with `Writer::create_sealed`",
            Self::NotSent => "call `Writer::send` once for each `Reader::receive`",
            Self::Lost(lost) => lost.advice(),
            Self::Unsettled(_) => {
                "try again; if it happens again, the page has a writer that breaks the protocol"
            }
            Self::InvalidValue(_) => "publish a value of its kind",
            Self::System { .. } => "fix the cause above and try again",
        }
    }
}

fn busy(path: &std::path::Path, pid: Option<u32>, writer: Option<&WriterIdentity>) -> String {
    let page = path.display();
    match (pid, writer) {
        (Some(pid), _) if pid == std::process::id() => {
            format!("the page {page} already has a writer: this process (pid {pid})")
        }
        (Some(pid), Some(writer)) => {
            format!("the page {page} already has a writer: process {pid} ({writer})")
        }
        (Some(pid), None) => format!("the page {page} already has a writer: process {pid}"),
        (None, Some(writer)) if writer.is_running().is_none() => {
            format!("the page {page} already has a writer in another PID namespace ({writer})")
        }
        (None, Some(writer)) => {
            format!("a process holds the lock of the page {page}; its last writer ended ({writer})")
        }
        (None, None) => format!("a process holds the lock of the page {page}"),
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
            Self::InvalidSchema(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a writer may not publish any more. Nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lost {
    /// Another writer has the page, or it was replaced or removed. The lock of this writer was lost: its descriptor was
    /// closed, or the file `lock` was removed or replaced.
    TakenOver,
    /// This process is a forked child of the writer's process.
    InChild,
    /// The page was removed by hand, as by `rm -r` of its directory: no reader can find it any more. Noticed within a
    /// second, or after a thousand more publications where the writer [does not time its values](crate::Options::timed).
    Removed,
}

impl Lost {
    fn what(self) -> &'static str {
        match self {
            Self::TakenOver => {
                "this writer has lost its page: another one took it over, replaced it or removed it"
            }
            Self::InChild => "a forked child cannot write to its parent's page",
            Self::Removed => "this writer has lost its page: its files were removed by hand",
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::TakenOver => {
                "drop this writer; make sure that no code closes all descriptors or removes the files of the page"
            }
            Self::InChild => {
                "let the parent write, or take the page over when the parent has ended"
            }
            Self::Removed => "create the page again; remove pages by `tearfree page rm`",
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::Lost(*self).fmt(f)
    }
}

impl core::error::Error for Lost {}

impl From<Lost> for Error {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// The error of a read that found every copy torn, a thousand times in a row.
///
/// No correct writer is that fast for long. It has no fields, so that a read returns it in a register.
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

/// Why a reader of a type got no value.
///
/// It has no pointers, so a read in a signal handler can return it.
///
/// ```
/// use tearfree_page::{Error, ReadError};
/// let error = Error::from(ReadError::Unsettled);
/// assert_eq!(error.advice(), Error::from(tearfree_page::Unsettled).advice());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReadError {
    /// Every copy of the value was torn.
    Unsettled,
    /// The bytes of a field are not a value of its kind.
    Invalid(InvalidValue),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Error::from(*self).fmt(f)
    }
}

impl core::error::Error for ReadError {}

impl From<Unsettled> for ReadError {
    #[inline]
    fn from(_: Unsettled) -> Self {
        Self::Unsettled
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unsettled => Self::Unsettled(Unsettled),
            ReadError::Invalid(invalid) => Self::InvalidValue(invalid),
        }
    }
}

impl From<InvalidValue> for Error {
    fn from(invalid: InvalidValue) -> Self {
        Self::InvalidValue(invalid)
    }
}

impl From<SchemaError> for Error {
    fn from(error: SchemaError) -> Self {
        Self::InvalidSchema(error)
    }
}

/// Makes an [`Error::System`] of the error of a system call.
pub(crate) fn system_error(
    what: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(rustix::io::Errno) -> Error {
    let path = path.into();
    move |error| Error::System { what, path, error: error.into() }
}

/// Checks that a value has the size of its schema.
pub(crate) fn check_size(given: usize, wanted: usize) -> Result<(), Error> {
    if given == wanted { Ok(()) } else { Err(Error::Size { given, wanted }) }
}
