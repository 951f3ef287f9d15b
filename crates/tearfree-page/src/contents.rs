// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tells the directory of a page from one with files of others, before anything in it is created, replaced or removed.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::pread;

use crate::error::{Error, system_error};
use crate::files;
use crate::layout::MAGIC;
use crate::path::{LOCK, PAGE, TEMPORARY};

/// The content of the file `lock`: programs of others have files of that name, too.
pub(crate) const LOCK_MARK: &[u8] = b"tearfree page lock\n";
/// What a directory holds that has no files of others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    /// A page.
    Page,
    /// The lock file of a page that is being created or removed.
    Lock,
    /// Nothing but temporary files of a writer that was killed.
    Nothing,
}

/// Inspects a directory. Opens its lock file, which releases the lock of a process that holds it.
///
/// # Errors
/// If the directory has files of others, if a file of a page has the wrong type, or if the directory was removed.
pub(crate) fn inspect(directory: &OwnedFd, path: &Path) -> Result<Contents, Error> {
    // Repeated only if another process creates or removes the page in the meantime.
    loop {
        if begins_with(directory, path, PAGE, &MAGIC)? == Some(true) {
            return Ok(Contents::Page);
        }
        if begins_with(directory, path, LOCK, LOCK_MARK)? == Some(true) {
            return Ok(Contents::Lock);
        }
        let Some(file) = other_file(directory, path)? else { return Ok(Contents::Nothing) };
        let is_of_others = match file.as_str() {
            PAGE => begins_with(directory, path, PAGE, &MAGIC)? == Some(false),
            LOCK => begins_with(directory, path, LOCK, LOCK_MARK)? == Some(false),
            _ => true,
        };
        if is_of_others {
            return Err(Error::Foreign { path: path.to_owned(), file });
        }
    }
}

/// Returns the name of a file that is none of the temporary ones.
fn other_file(directory: &OwnedFd, path: &Path) -> Result<Option<String>, Error> {
    let is_other =
        |name: &Result<String, Error>| !name.as_ref().is_ok_and(|name| name.starts_with(TEMPORARY));
    files::names(directory, path)?.find(is_other).transpose()
}

/// Whether a file begins with its mark; `None` if there is no such file.
pub(crate) fn begins_with(
    directory: &OwnedFd,
    path: &Path,
    file: &str,
    mark: &[u8],
) -> Result<Option<bool>, Error> {
    let opened = match files::open_regular(directory, path, file, OFlags::RDONLY) {
        Ok((opened, _)) => opened,
        Err(Error::Missing(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut start = [0; 32];
    let len = pread(&opened, &mut start[..mark.len()], 0)
        .map_err(system_error("read", path.join(file)))?;
    Ok(Some(start[..len] == *mark))
}
