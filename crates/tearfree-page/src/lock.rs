// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lock that makes a process the one writer of a page.
//!
//! It is on a file of its own, which only the owner can open: on the page's file, any reader could
//! take a lock that keeps writers out. It is a record lock of the process, not of the open file: a
//! child that was forked does not inherit it, so it cannot outlive the writer there. What the kernel
//! does not check, that one process takes it only once, is kept in a list.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, FlockOperation, Mode, OFlags, fcntl_lock, fstat, openat, statat};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

use crate::error::{Error, refused};
use crate::place::LOCK;

/// A lock by process, device and inode. A forked child's copy of the list is not about the child.
type Key = (u32, u64, u64);

static HELD: Mutex<Vec<Key>> = Mutex::new(Vec::new());

/// Being the writer, until it is dropped or the process dies.
#[derive(Debug)]
pub(crate) struct WriterLock {
    /// Closing it gives the lock back.
    file: Option<OwnedFd>,
    key: Key,
}

/// Why there is no lock.
pub(crate) enum Refused {
    /// Somebody has it: the process, if it can be seen from here.
    Held(Option<u32>),
    Failed(Error),
}

impl WriterLock {
    /// Takes the lock in the directory of a page, at once or not at all.
    pub(crate) fn take(directory: &OwnedFd, path: &Path) -> Result<Self, Refused> {
        let path = path.join(LOCK);
        // A second round only if someone removed the page just now.
        loop {
            let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
            // Opening and closing the file would give back a lock that this process has.
            if let Some(key) = key_at(directory)
                && held.contains(&key)
            {
                return Err(Refused::Held(Some(std::process::id())));
            }
            let file = open(directory, &path).map_err(Refused::Failed)?;
            match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::AGAIN | Errno::ACCESS) => return Err(Refused::Held(holder(&file))),
                Err(error) => return Err(Refused::Failed(refused("lock", path)(error))),
            }
            let stat = fstat(&file).map_err(refused("look at", &path)).map_err(Refused::Failed)?;
            let key = (std::process::id(), stat.st_dev, stat.st_ino);
            if key_at(directory) == Some(key) {
                held.push(key);
                return Ok(WriterLock { file: Some(file), key });
            }
        }
    }
}

impl Drop for WriterLock {
    fn drop(&mut self) {
        let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        // In this order: once it is off the list, another thread may open and lock the file, and
        // closing ours would give that lock back too.
        drop(self.file.take());
        held.retain(|key| *key != self.key);
    }
}

fn key_at(directory: &OwnedFd) -> Option<Key> {
    let stat = statat(directory, LOCK, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some((std::process::id(), stat.st_dev, stat.st_ino))
}

fn open(directory: &OwnedFd, path: &PathBuf) -> Result<OwnedFd, Error> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
    openat(directory, LOCK, flags, Mode::from_raw_mode(0o600)).map_err(|error| match error {
        Errno::LOOP | Errno::ISDIR | Errno::NXIO => Error::NotAFile(path.clone()),
        error => refused("open", path)(error),
    })
}

fn holder(file: &OwnedFd) -> Option<u32> {
    let lock = fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok()??;
    lock.pid.and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
}
