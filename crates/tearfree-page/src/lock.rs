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

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, fcntl_lock, fstat, openat, statat};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::error::{Error, system_error};
use crate::path::LOCK;

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

/// Why the lock could not be taken.
pub(crate) enum LockError {
    /// Another writer holds it: its process, if this process can see it.
    Held(Option<u32>),
    /// There is no file to lock and none was to be created, or the directory has been removed.
    NoFile,
    Failed(Error),
}

/// What to do if there is no file to lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IfMissing {
    Create,
    Fail,
}

impl PageLock {
    /// Takes the lock in the directory of a page, without waiting.
    pub(crate) fn try_lock(
        directory: &OwnedFd,
        path: &Path,
        if_missing: IfMissing,
    ) -> Result<Self, LockError> {
        let path = path.join(LOCK);
        // Repeated only if the page was removed in the meantime.
        loop {
            let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
            // Opening and closing the file would release a lock that this process holds.
            if let Some(key) = key_in(directory)
                && held.contains(&key)
            {
                return Err(LockError::Held(Some(std::process::id())));
            }
            let file = open_lock_file(directory, &path, if_missing)?;
            match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::AGAIN | Errno::ACCESS) => return Err(LockError::Held(holder(&file))),
                Err(error) => return Err(LockError::Failed(system_error("lock", path)(error))),
            }
            let stat =
                fstat(&file).map_err(system_error("stat", &path)).map_err(LockError::Failed)?;
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

fn open_lock_file(
    directory: &OwnedFd,
    path: &Path,
    if_missing: IfMissing,
) -> Result<OwnedFd, LockError> {
    let create = if if_missing == IfMissing::Create { OFlags::CREATE } else { OFlags::empty() };
    let flags = OFlags::RDWR | create | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    openat(directory, LOCK, flags, Mode::from_raw_mode(0o600)).map_err(|error| match error {
        Errno::NOENT => LockError::NoFile,
        Errno::LOOP | Errno::ISDIR | Errno::NXIO => {
            LockError::Failed(Error::NotAFile(path.to_owned()))
        }
        error => LockError::Failed(system_error("open", path)(error)),
    })
}

fn holder(file: &OwnedFd) -> Option<u32> {
    let lock = fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok()??;
    lock.pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
}
