// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lock that makes a process the one writer of a page.
//!
//! It locks a file of its own, which only the owner can open: on the page's file, any reader could take
//! a lock and keep writers out. It is a POSIX record lock, which belongs to the process: a forked child
//! does not inherit it and cannot keep it after the writer has died. The kernel lets one process take
//! such a lock twice, so a list of the held locks prevents that.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{
    AtFlags, FlockOperation, Mode, OFlags, RenameFlags, fcntl_lock, fstat, linkat, openat,
    renameat_with, statat, unlinkat,
};
use rustix::io::{Errno, write};
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::contents::{self, Contents, LOCK_MARK};
use crate::error::{Error, system_error};
use crate::identity::random;
use crate::path::{LOCK, TEMPORARY};

/// The process, device and inode of a lock. The process keeps a forked child from using its copy of the
/// list.
type Key = (u32, u64, u64);

static HELD: Mutex<Vec<Key>> = Mutex::new(Vec::new());

/// The right to be the writer of a page, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct PageLock {
    /// Closing it releases the lock.
    file: Option<OwnedFd>,
    key: Key,
}

/// What to do where there is no page yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Create,
    Fail,
}

/// Why the lock could not be taken.
pub(crate) enum LockError {
    /// Another writer holds it: its process, if this process can see it.
    Held(Option<u32>),
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
        // Repeated only if the page was removed in the meantime.
        loop {
            let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
            // Opening and closing the file would release a lock that this process holds.
            if let Some(key) = key_in(directory)
                && held.contains(&key)
            {
                return Err(LockError::Held(Some(std::process::id())));
            }
            let found = contents::inspect(directory, path).map_err(LockError::Failed)?;
            if found == Contents::Nothing && if_missing == IfMissing::Fail {
                return Err(LockError::Failed(Error::Missing(path.to_owned())));
            }
            let file = match open_lock_file(directory) {
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
            match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::AGAIN | Errno::ACCESS) => return Err(LockError::Held(holder(&file))),
                Err(error) => {
                    return Err(LockError::Failed(system_error("lock", lock_path)(error)));
                }
            }
            let stat =
                fstat(&file).map_err(system_error("stat", path)).map_err(LockError::Failed)?;
            let key = (std::process::id(), stat.st_dev, stat.st_ino);
            if key_in(directory) == Some(key) {
                held.push(key);
                return Ok(PageLock { file: Some(file), key });
            }
        }
    }
}

impl Drop for PageLock {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        // In this order: once it is off the list, another thread may open and lock the file, and
        // closing this file would release that lock too.
        drop(self.file.take());
        held.retain(|key| *key != self.key);
    }
}

fn key_in(directory: &OwnedFd) -> Option<Key> {
    let stat = statat(directory, LOCK, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((std::process::id(), stat.st_dev, stat.st_ino))
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
    let linked = match write(&file, LOCK_MARK) {
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

fn holder(file: &OwnedFd) -> Option<u32> {
    let lock = fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok()??;
    lock.pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
}
