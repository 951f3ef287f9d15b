// SPDX-License-Identifier: MIT OR Apache-2.0
//! The errors of a table: what happened, where, and what to do.

use core::fmt;
use std::path::PathBuf;

use tearfree_page::{InvalidValue, Lost, ReadError, SchemaError, Unsettled};

use crate::shape::MAX_CAPACITY;

/// Why a table could not be created, opened, taken over, read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// An error of the table's page or of its files.
    Page(tearfree_page::Error),
    /// The table has no rows yet: it is being created or replaced, or its writer was killed in that.
    NotReady(PathBuf),
    /// A table cannot have so many rows, or they are too long together.
    InvalidCapacity(u32),
    /// The table exists, and has another capacity than the program asked for.
    OtherCapacity {
        /// The table.
        path: PathBuf,
        /// The capacity of the table.
        table: u32,
        /// The capacity that the program asked for.
        wanted: u32,
    },
    /// There is a row with this key.
    KeyExists,
    /// The row was removed; another key can have its place.
    Removed,
    /// Every row of the table is used.
    Full(u32),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(error) => error.fmt(f),
            Self::NotReady(path) => write!(
                f,
                "the table {} has no rows yet; start its writer, or try again in a moment",
                path.display()
            ),
            Self::InvalidCapacity(rows) => write!(
                f,
                "a table cannot have {rows} rows of this size; ask for 1 to {MAX_CAPACITY} rows and at most 2^63 bytes"
            ),
            Self::OtherCapacity { path, table, wanted } => write!(
                f,
                "the table {} has room for {table} rows, not for {wanted}; remove it, or ask for {table}",
                path.display()
            ),
            Self::KeyExists => f.write_str("there is a row with this key; set its value instead"),
            Self::Removed => f.write_str("the row was removed; look its key up again"),
            Self::Full(capacity) => write!(
                f,
                "all {capacity} rows of the table are used; remove some, or create a larger table"
            ),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Page(error) => error.source(),
            _ => None,
        }
    }
}

macro_rules! from_errors_of_pages {
    ($($error:ty),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Page(error.into())
            }
        }
    )*};
}

from_errors_of_pages!(tearfree_page::Error, Lost, ReadError, SchemaError, Unsettled);

impl From<InvalidValue> for Error {
    fn from(error: InvalidValue) -> Self {
        Self::Page(tearfree_page::Error::InvalidValue(error))
    }
}
