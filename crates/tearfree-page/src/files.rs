// SPDX-License-Identifier: MIT OR Apache-2.0
//! Opens, creates and removes the files of a page, and checks who owns them.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit};
use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, RawMode, Stat, fstat, open, openat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::directories;
use crate::error::{Error, system_error};
use crate::identity::random;
pub(crate) use crate::new_directories::NewDirectories;
pub use crate::owner::Owner;
use crate::path::{PagePath, TEMPORARY};

/// Opens the directory of a page for a reader, if its owner is trusted and no other user may write to it.
pub(crate) fn open_trusted_directory(path: &Path, owner: Owner) -> Result<OwnedFd, Error> {
    let directory = open_directory(path)?;
    let stat = fstat(&directory).map_err(system_error("stat", path))?;
    // A service manager may have made it.
    if stat.st_uid == 0 {
        check_mode(path, &stat, owner)?
    } else {
        check(path, &stat, owner)?
    }
    Ok(directory)
}

fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOENT => Error::Missing(path.to_owned()),
        Errno::NOTDIR | Errno::LOOP => Error::NotAFile(path.to_owned()),
        error => system_error("open", path)(error),
    })
}

/// Opens the directory of a page for a writer; creates it, and for a named page the directory of all
/// pages, if they are missing. They must belong to this user, and no other user may write to them.
/// [`Error::Missing`]: another process has removed it in between.
pub(crate) fn create_directory(
    page: &PagePath,
) -> Result<(OwnedFd, PathBuf, NewDirectories), Error> {
    let path = page.writer_directory()?;
    let mut created = NewDirectories::default();
    let parent = path.parent().filter(|_| matches!(page, PagePath::Name(_)));
    if let Some(parent) = parent {
        created.create_if_missing(parent, directories::mode(parent))?;
        open_own_directory(parent)?;
    }
    match created.create_if_missing(&path, DIRECTORY_MODE) {
        // Another process had created the directory of all pages, failed, and removed it again.
        Err(Error::System { error, .. })
            if parent.is_some() && error.kind() == ErrorKind::NotFound =>
        {
            Err(Error::Missing(path))
        }
        result => result.and_then(|()| Ok((open_own_directory(&path)?, path, created))),
    }
}

/// The permissions of a page's directory, whatever the umask: those of the page say who may read it.
const DIRECTORY_MODE: Mode = Mode::from_raw_mode(0o755);

/// Opens a directory again, to list it.
pub(crate) fn reopen(directory: &OwnedFd, path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(directory, ".", flags, Mode::empty()).map_err(list_error(path))
}

/// Lists the names in a directory.
pub(crate) fn names(
    directory: &OwnedFd,
    path: &Path,
) -> Result<impl Iterator<Item = Result<String, Error>>, Error> {
    let entries = Dir::new(reopen(directory, path)?).map_err(list_error(path))?;
    let names = entries.map(move |entry| {
        let entry = entry.map_err(list_error(path))?;
        Ok(entry.file_name().to_string_lossy().into_owned())
    });
    Ok(names.filter(|name| !matches!(name.as_deref(), Ok("." | ".."))))
}

/// The error of listing a directory, which may have been removed.
fn list_error(path: &Path) -> impl FnOnce(Errno) -> Error {
    move |error| match error {
        Errno::NOENT => Error::Missing(path.to_owned()),
        error => system_error("list", path)(error),
    }
}

/// Opens a directory that must belong to this user and be writable by no other.
pub(crate) fn open_own_directory(path: &Path) -> Result<OwnedFd, Error> {
    let directory = open_directory(path)?;
    let stat = fstat(&directory).map_err(system_error("stat", path))?;
    if stat.st_uid != geteuid().as_raw() || stat.st_mode & 0o022 != 0 {
        return Err(untrusted(path, &stat, "only this user may write there".to_owned()));
    }
    Ok(directory)
}

/// Opens the file of a page; returns it with its length. Follows no links and never blocks.
pub(crate) fn open_page(
    directory: &OwnedFd,
    path: &Path,
    name: &str,
    flags: OFlags,
    owner: Owner,
) -> Result<(OwnedFd, u64), Error> {
    let (file, stat) = open_regular(directory, path, name, flags)?;
    check(&path.join(name), &stat, owner)?;
    Ok((file, u64::try_from(stat.st_size).unwrap_or(0)))
}

/// Opens a file that is neither a link nor special. Never blocks.
pub(crate) fn open_regular(
    directory: &OwnedFd,
    path: &Path,
    name: &str,
    flags: OFlags,
) -> Result<(OwnedFd, Stat), Error> {
    let path = path.join(name);
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = openat(directory, name, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOENT => Error::Missing(path.clone()),
        Errno::LOOP | Errno::ISDIR | Errno::NXIO => Error::NotAFile(path.clone()),
        error => system_error("open", &path)(error),
    })?;
    let stat = fstat(&file).map_err(system_error("stat", &path))?;
    match FileType::from_raw_mode(stat.st_mode as RawMode) {
        FileType::RegularFile => Ok((file, stat)),
        _ => Err(Error::NotAFile(path)),
    }
}

/// Refuses a file or directory of a user who is not trusted, or to which users can write who are not.
fn check(path: &Path, stat: &Stat, owner: Owner) -> Result<(), Error> {
    if !owner.accepts(stat.st_uid)? {
        return Err(untrusted(path, stat, owner.describe()));
    }
    check_mode(path, stat, owner)
}

fn check_mode(path: &Path, stat: &Stat, owner: Owner) -> Result<(), Error> {
    match owner != Owner::Any && stat.st_mode & 0o022 != 0 {
        true => Err(untrusted(path, stat, "only its owner may write there".to_owned())),
        false => Ok(()),
    }
}

fn untrusted(path: &Path, stat: &Stat, wanted: String) -> Error {
    let mode = stat.st_mode & 0o7777;
    Error::Owner { path: path.to_owned(), uid: stat.st_uid, mode, wanted }
}

/// Fails if this process may not write files of so many bytes. The write itself would end the process, by SIGXFSZ.
///
/// # Errors
/// `EFBIG`, as the write would have, if it did not end the process.
pub fn check_file_size(len: usize) -> Result<(), Errno> {
    match getrlimit(Resource::RLIMIT_FSIZE) {
        Ok((most, _)) if len as u64 > most => Err(Errno::FBIG),
        // If the limit is unknown, the write finds it.
        _ => Ok(()),
    }
}

/// Removes a file of a page, if there is one.
pub(crate) fn remove_file(directory: &OwnedFd, path: &Path, file: &str) -> Result<(), Error> {
    match unlinkat(directory, file, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(system_error("remove", path.join(file))(error)),
    }
}

/// Returns a name for a temporary file, which no other process chooses.
pub(crate) fn temporary_name() -> Result<String, Error> {
    Ok(format!("{TEMPORARY}{:016x}", random("a temporary file")?))
}
