// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tells the directory of a page from one with files of others, before anything in it is created, replaced or removed.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{Dir, FileType, Mode, OFlags, RawMode, fstat, openat};
use rustix::io::{Errno, pread};

use crate::error::{Error, system_error};
use crate::files::{list, list_error};
use crate::layout::MAGIC;
use crate::path::{LOCK, PAGE};

/// The content of the file `lock`: programs of others have files of that name, too.
pub(crate) const LOCK_MARK: &[u8] = b"tearfree page lock\n";
/// How the names of temporary files begin.
pub(crate) const TEMPORARY: &str = ".tearfree-";

/// What a directory holds that is none of somebody else's.
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
    for entry in Dir::new(list(directory, path)?).map_err(list_error(path))? {
        let entry = entry.map_err(list_error(path))?;
        let name = entry.file_name().to_string_lossy();
        if name != "." && name != ".." && !name.starts_with(TEMPORARY) {
            return Ok(Some(name.into_owned()));
        }
    }
    Ok(None)
}

/// Whether a file begins with its mark; `None` if there is no such file.
fn begins_with(
    directory: &OwnedFd,
    path: &Path,
    file: &str,
    mark: &[u8],
) -> Result<Option<bool>, Error> {
    let path = path.join(file);
    let flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = match openat(directory, file, flags, Mode::empty()) {
        Ok(opened) => opened,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NXIO) => return Err(Error::NotAFile(path)),
        Err(error) => return Err(system_error("open", path)(error)),
    };
    let stat = fstat(&opened).map_err(system_error("stat", &path))?;
    if FileType::from_raw_mode(stat.st_mode as RawMode) != FileType::RegularFile {
        return Err(Error::NotAFile(path));
    }
    let mut start = [0; 32];
    let len = pread(&opened, &mut start[..mark.len()], 0).map_err(system_error("read", &path))?;
    Ok(Some(start[..len] == *mark))
}
