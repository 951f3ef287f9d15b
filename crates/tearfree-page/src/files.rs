// SPDX-License-Identifier: MIT OR Apache-2.0
//! Opens, creates and removes the files of a page, and checks who owns them.

use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RawMode, fstat, mkdir, open, openat, rmdir, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::error::{Error, system_error};
use crate::path::{LOCK, PAGE, PagePath, UNFINISHED};

/// The users whose pages a reader maps.
///
/// The owner of a file can truncate it, and then SIGBUS kills every process that touches the mapping.
/// Nothing else that an owner can do to a page harms a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// This user and root.
    #[default]
    ThisUserOrRoot,
    /// The user with this ID.
    User(u32),
    /// Any user.
    Any,
}

impl Owner {
    fn accepts(self, uid: u32) -> bool {
        match self {
            Self::ThisUserOrRoot => uid == 0 || uid == geteuid().as_raw(),
            Self::User(wanted) => uid == wanted,
            Self::Any => true,
        }
    }

    fn describe(self) -> String {
        match self {
            Self::ThisUserOrRoot => "only this user and root are trusted".to_owned(),
            Self::User(uid) => format!("only user {uid} is trusted"),
            Self::Any => String::new(),
        }
    }
}

/// Opens the directory of a page for a reader, whoever owns it.
pub(crate) fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
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
pub(crate) fn create_directory(page: &PagePath) -> Result<(OwnedFd, PathBuf), Error> {
    let path = page.writer_directory();
    if let (PagePath::Name(_), Some(parent)) = (page, path.parent()) {
        let above = parent.parent().unwrap_or(parent);
        if !above.is_dir() {
            return Err(Error::NoDirectory(above.to_owned()));
        }
        create_if_missing(parent)?;
        open_own_directory(parent)?;
    }
    create_if_missing(&path)?;
    Ok((open_own_directory(&path)?, path))
}

fn create_if_missing(path: &Path) -> Result<(), Error> {
    match mkdir(path, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(system_error("create the directory", path)(error)),
    }
}

/// Opens a directory that must belong to this user and be writable by no other.
pub(crate) fn open_own_directory(path: &Path) -> Result<OwnedFd, Error> {
    let directory = open_directory(path)?;
    let stat = fstat(&directory).map_err(system_error("stat", path))?;
    let mode = stat.st_mode & 0o7777;
    if stat.st_uid != geteuid().as_raw() || mode & 0o022 != 0 {
        let wanted = "only this user may write there".to_owned();
        return Err(Error::Owner { path: path.to_owned(), uid: stat.st_uid, mode, wanted });
    }
    Ok(directory)
}

/// Opens the file of a page; returns it with its length. Follows no links and never blocks.
pub(crate) fn open_page(
    directory: &OwnedFd,
    path: &Path,
    flags: OFlags,
    owner: Owner,
) -> Result<(OwnedFd, u64), Error> {
    let path = path.join(PAGE);
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = openat(directory, PAGE, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOENT => Error::Missing(path.clone()),
        Errno::LOOP | Errno::ISDIR | Errno::NXIO => Error::NotAFile(path.clone()),
        error => system_error("open", &path)(error),
    })?;
    let stat = fstat(&file).map_err(system_error("stat", &path))?;
    if FileType::from_raw_mode(stat.st_mode as RawMode) != FileType::RegularFile {
        return Err(Error::NotAFile(path));
    }
    if !owner.accepts(stat.st_uid) {
        let mode = stat.st_mode & 0o7777;
        return Err(Error::Owner { path, uid: stat.st_uid, mode, wanted: owner.describe() });
    }
    Ok((file, u64::try_from(stat.st_size).unwrap_or(0)))
}

/// Removes a file of a page, if there is one.
pub(crate) fn remove_file(directory: &OwnedFd, path: &Path, file: &str) -> Result<(), Error> {
    match unlinkat(directory, file, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(system_error("remove", path.join(file))(error)),
    }
}

/// Removes the files of a page, the lock file last, and then its directory.
pub(crate) fn remove_all(directory: &OwnedFd, path: &Path) -> Result<(), Error> {
    for file in [PAGE, UNFINISHED, LOCK] {
        remove_file(directory, path, file)?;
    }
    match rmdir(path) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        // Another process has created the next page, and may have removed it by now.
        Err(Errno::NOTEMPTY | Errno::EXIST) if !has_foreign_file(path) => Ok(()),
        Err(error) => Err(system_error("remove the directory", path)(error)),
    }
}

fn has_foreign_file(directory: &Path) -> bool {
    let is_foreign = |name: OsString| [PAGE, UNFINISHED, LOCK].iter().all(|own| name != *own);
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(is_foreign)
}
