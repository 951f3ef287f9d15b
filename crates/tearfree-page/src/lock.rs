// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lock that makes a process the one writer of a page.
//!
//! It locks a file of its own, which only the owner can open: on the page's file, any reader could take
//! a lock and keep writers out. The lock belongs to the open file (`F_OFD_SETLK`), so other code in the process, which
//! opens and closes the file, does not release it, and a second copy of this library does not get it either.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, fchmod, linkat, openat, renameat_with, statat, unlinkat,
};
use rustix::io::{Errno, write};

use crate::contents::{self, Contents, LOCK_MARK};
use crate::error::{Error, system_error};
use crate::files::{check_file_size, temporary_name};
use crate::fork::CreatorProcess;
use crate::held_file::HeldFile;
use crate::path::LOCK;

/// The right to be the writer of a page, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct PageLock {
    file: HeldFile,
    /// Whether this process created the lock file.
    is_new: bool,
}

/// What to do where there is no page yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Create,
    Fail,
}

/// Why the lock could not be taken.
pub(crate) enum LockError {
    /// Another writer holds it.
    Held,
    Failed(Error),
}

impl PageLock {
    /// Takes the lock in the directory of a page, without waiting. Changes nothing in a directory with files of others.
    pub(crate) fn try_lock(
        directory: &OwnedFd,
        path: &Path,
        if_missing: IfMissing,
    ) -> Result<Self, LockError> {
        let lock_path = path.join(LOCK);
        let process = CreatorProcess::current().map_err(LockError::Failed)?;
        // Repeated only if the page was removed in the meantime.
        loop {
            let found = contents::inspect(directory, path).map_err(LockError::Failed)?;
            if found == Contents::Nothing && if_missing == IfMissing::Fail {
                return Err(LockError::Failed(Error::Missing(path.to_owned())));
            }
            let (file, is_new) = match lock_existing(directory, &lock_path, process)? {
                Some(file) => (file, false),
                None => {
                    // It is removed last. So beside a page that is still there, it was removed by hand.
                    let found = contents::inspect(directory, path).map_err(LockError::Failed)?;
                    if found != Contents::Page && if_missing == IfMissing::Fail {
                        continue;
                    }
                    match create_lock_file(directory, path, process).map_err(LockError::Failed)? {
                        Some(file) => (file, true),
                        None => continue,
                    }
                }
            };
            if identity_in(directory) == Some(file.identity()) {
                return Ok(PageLock { file, is_new });
            }
        }
    }

    /// Whether there was no lock file before.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Returns the inode of the lock file. The pages that the holder creates have it in their header.
    pub(crate) fn inode(&self) -> u64 {
        self.file.identity().1
    }
}

/// Returns the device and the inode of the lock file that is in the directory.
fn identity_in(directory: &OwnedFd) -> Option<(u64, u64)> {
    let stat = statat(directory, LOCK, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((stat.st_dev, stat.st_ino))
}

/// Locks the lock file, without waiting. `None`: there is none.
fn lock_existing(
    directory: &OwnedFd,
    lock_path: &Path,
    process: CreatorProcess,
) -> Result<Option<HeldFile>, LockError> {
    let mut file = match HeldFile::open(process, || open_lock_file(directory)) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => {
            return Err(LockError::Failed(Error::NotAFile(lock_path.to_owned())));
        }
        Err(error) => return Err(LockError::Failed(system_error("open", lock_path)(error))),
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(Errno::AGAIN | Errno::ACCESS) => Err(LockError::Held),
        Err(error) => Err(LockError::Failed(system_error("lock", lock_path)(error))),
    }
}

fn open_lock_file(directory: &OwnedFd) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(directory, LOCK, flags | OFlags::NONBLOCK | OFlags::NOCTTY, Mode::empty())
}

/// Creates the lock file, which has its mark and is locked from the moment at which it has its name: a call that fails
/// later can remove it again. `None`: another process was first, or has removed the new file as one that is left over.
fn create_lock_file(
    directory: &OwnedFd,
    path: &Path,
    process: CreatorProcess,
) -> Result<Option<HeldFile>, Error> {
    let name = temporary_name()?;
    let created = HeldFile::open(process, || write_mark(directory, &name));
    if matches!(created, Err(Errno::NOENT)) {
        return Err(Error::Missing(path.to_owned()));
    }
    let linked = created.and_then(|mut file| {
        file.try_lock()?;
        match renameat_with(directory, &name, directory, LOCK, RenameFlags::NOREPLACE) {
            // A file system that can only replace.
            Err(Errno::INVAL | Errno::NOSYS) => {
                linkat(directory, &name, directory, LOCK, AtFlags::empty())?;
            }
            result => result?,
        }
        Ok(file)
    });
    let _ = unlinkat(directory, &name, AtFlags::empty());
    match linked {
        Ok(file) => Ok(Some(file)),
        Err(Errno::EXIST | Errno::NOENT) => Ok(None),
        Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => {
            Err(Error::NoSpace { path: path.to_owned(), needed: LOCK_MARK.len() })
        }
        Err(error) => Err(system_error("create a lock file in", path)(error)),
    }
}

/// Creates a file with the mark of a lock file.
fn write_mark(directory: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o600);
    let file = openat(directory, name, flags, mode)?;
    check_file_size(LOCK_MARK.len())?;
    if write(&file, LOCK_MARK)? != LOCK_MARK.len() {
        return Err(Errno::NOSPC);
    }
    // Whatever the umask: the next writer opens it.
    fchmod(&file, mode)?;
    Ok(file)
}
