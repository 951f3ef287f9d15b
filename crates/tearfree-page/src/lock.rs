// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lock that makes a process the one writer of a page.
//!
//! It locks a file of its own, which only the owner can open: on the page's file, any reader could take
//! a lock and keep writers out. The lock belongs to the open file (`F_OFD_SETLK`), so other code in the process, which
//! opens and closes the file, does not release it, and a second copy of this library does not get it either.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    AtFlags, Mode, OFlags, RenameFlags, linkat, openat, renameat_with, statat, unlinkat,
};
use rustix::io::{Errno, write};

use crate::contents::{self, Contents, LOCK_MARK};
use crate::error::{Error, system_error};
use crate::files::check_file_size;
use crate::fork::CreatorProcess;
use crate::held_file::HeldFile;
use crate::identity::random;
use crate::path::{LOCK, TEMPORARY};

/// The right to be the writer of a page, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct PageLock {
    file: HeldFile,
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
            let mut file = match HeldFile::open(process, || open_lock_file(directory)) {
                Ok(file) => file,
                Err(Errno::NOENT) => {
                    // It is removed last. So beside a page that is still there, it was removed by hand.
                    let found = contents::inspect(directory, path).map_err(LockError::Failed)?;
                    if found == Contents::Page || if_missing == IfMissing::Create {
                        create_lock_file(directory, path).map_err(LockError::Failed)?;
                    }
                    continue;
                }
                Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => {
                    return Err(LockError::Failed(Error::NotAFile(lock_path)));
                }
                Err(error) => {
                    return Err(LockError::Failed(system_error("open", lock_path)(error)));
                }
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(Errno::AGAIN | Errno::ACCESS) => return Err(LockError::Held),
                Err(error) => {
                    return Err(LockError::Failed(system_error("lock", lock_path)(error)));
                }
            }
            if identity_in(directory) == Some(file.identity()) {
                return Ok(PageLock { file });
            }
        }
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

fn open_lock_file(directory: &OwnedFd) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(directory, LOCK, flags | OFlags::NONBLOCK | OFlags::NOCTTY, Mode::empty())
}

/// Creates the lock file, which has its mark from the moment at which it has its name. Another process may be first.
fn create_lock_file(directory: &OwnedFd, path: &Path) -> Result<(), Error> {
    let name = format!("{TEMPORARY}{:016x}", random("the lock file")?);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = match openat(directory, &name, flags, Mode::from_raw_mode(0o600)) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Err(Error::Missing(path.to_owned())),
        Err(error) => return Err(system_error("create a lock file in", path)(error)),
    };
    let linked = match check_file_size(LOCK_MARK.len()).and_then(|()| write(&file, LOCK_MARK)) {
        Ok(len) if len == LOCK_MARK.len() => {
            match linkat(directory, &name, directory, LOCK, AtFlags::empty()) {
                // A file system without links.
                Err(Errno::PERM | Errno::OPNOTSUPP) => {
                    renameat_with(directory, &name, directory, LOCK, RenameFlags::NOREPLACE)
                }
                result => result,
            }
        }
        Ok(_) => Err(Errno::NOSPC),
        Err(error) => Err(error),
    };
    let _ = unlinkat(directory, &name, AtFlags::empty());
    match linked {
        // Gone, if the page was removed in between: begin again.
        Ok(()) | Err(Errno::EXIST | Errno::NOENT) => Ok(()),
        Err(Errno::NOSPC | Errno::DQUOT | Errno::FBIG) => {
            Err(Error::NoSpace { path: path.to_owned(), needed: LOCK_MARK.len() })
        }
        Err(error) => Err(system_error("create a lock file in", path)(error)),
    }
}
