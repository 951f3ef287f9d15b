// SPDX-License-Identifier: MIT OR Apache-2.0
//! What tearfree-table uses of a page: its directory, mappings, checked copies. Not stable.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

pub use crate::create::space_error;
use crate::error::Error;
pub use crate::files::check_file_size;
use crate::files::{self, Owner};
pub use crate::mapping::Mapping;
use crate::path::PagePath;
pub use crate::payload::{checked, checked_schema};
pub use crate::rows_file::{MAGIC, NAME_PREFIX, rows_name};
pub use crate::schema::fnv1a;

/// Opens the directory in which a reader finds a page, if it trusts its owner.
pub fn reader_directory(page: &Path, owner: Owner) -> Result<(OwnedFd, PathBuf), Error> {
    let path = PagePath::new(page)?.reader_directory()?;
    Ok((files::open_trusted_directory(&path, owner)?, path))
}

/// Opens the directory in which a writer of this user finds a page. The page exists.
pub fn writer_directory(page: &Path) -> Result<(OwnedFd, PathBuf), Error> {
    let path = PagePath::new(page)?.writer_directory()?;
    Ok((files::open_own_directory(&path)?, path))
}

/// Opens a file beside the page; returns it with its length. Follows no links and never blocks.
pub fn open_beside(
    directory: &OwnedFd,
    path: &Path,
    name: &str,
    flags: OFlags,
    owner: Owner,
) -> Result<(OwnedFd, u64), Error> {
    files::open_page(directory, path, name, flags, owner)
}

/// Lists the names in the directory of a page.
pub fn names(
    directory: &OwnedFd,
    path: &Path,
) -> Result<impl Iterator<Item = Result<String, Error>>, Error> {
    files::names(directory, path)
}
