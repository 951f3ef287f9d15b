// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LockedPage`: the files of a page whose lock this process holds, to take over, replace or remove.

use core::sync::atomic::Ordering::Relaxed;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::Error;
use crate::files::{self, Owner};
use crate::layout::STATE_SUPERSEDED;
use crate::lock::{LockError, PageLock};
use crate::mapped_page::MappedPage;
use crate::mapping::Mapping;
use crate::path::PagePath;

/// The directory of a page and its lock.
pub(crate) struct LockedPage {
    pub(crate) directory: OwnedFd,
    pub(crate) path: PathBuf,
    pub(crate) lock: PageLock,
}

impl LockedPage {
    /// Locks a page that may not exist yet; creates its directory.
    pub(crate) fn create(page: &Path) -> Result<Self, Error> {
        let (directory, path) = files::create_directory(&PagePath::new(page)?)?;
        Self::lock(directory, path)
    }

    /// Locks a page whose directory exists.
    pub(crate) fn open(page: &Path) -> Result<Self, Error> {
        let path = PagePath::new(page)?.writer_directory();
        Self::lock(files::open_own_directory(&path)?, path)
    }

    fn lock(directory: OwnedFd, path: PathBuf) -> Result<Self, Error> {
        match PageLock::try_lock(&directory, &path) {
            Ok(lock) => Ok(LockedPage { directory, path, lock }),
            Err(LockError::Failed(error)) => Err(error),
            Err(LockError::Held(pid)) => Err(busy(&directory, path, pid)),
        }
    }

    /// Maps the existing page for its writer.
    pub(crate) fn map(&self) -> Result<MappedPage, Error> {
        let (file, len) = files::open_page(&self.directory, &self.path, OFlags::RDWR, Owner::Any)?;
        let page = MappedPage::map(file.as_fd(), len, &self.path, Mapping::writable)?;
        page.check_boot(&self.path)?;
        Ok(page)
    }
}

/// Describes the writer that holds the lock, as its page does.
fn busy(directory: &OwnedFd, path: PathBuf, pid: Option<u32>) -> Error {
    let file = files::open_page(directory, &path, OFlags::RDONLY, Owner::Any);
    let page =
        file.and_then(|(file, len)| MappedPage::map(file.as_fd(), len, &path, Mapping::read_only));
    let writer = page.ok().and_then(|page| page.writer_identity()).map(Box::new);
    Error::Busy { path, pid, writer }
}

/// Marks a page as superseded. It also publishes its value once more, which changes the count, so that a
/// reader that is about to sleep on the count does not.
pub(crate) fn supersede(page: &MappedPage) {
    // ORDERING: Relaxed: the publication below, which ends in `write_end`, carries it to readers
    // that wait.
    page.state().store(STATE_SUPERSEDED, Relaxed);
    let count = page.count();
    let start = count.read_begin();
    let value = page.to_bytes(start.slot());
    let slot = count.write_begin(start.generation());
    page.store_bytes(slot, &value);
    count.write_end(start.generation());
    if page.geometry.wakes {
        page.wake();
    }
}

/// Removes a page. Its readers keep the last value and see that the page is superseded.
///
/// `page` is a name, or a path if it contains a `/`.
///
/// # Errors
/// If there is no such page, if it has a writer, or if a system call fails.
pub fn remove(page: impl AsRef<Path>) -> Result<(), Error> {
    let files = LockedPage::open(page.as_ref())?;
    if let Ok(page) = files.map() {
        supersede(&page);
    }
    let removed = files::remove_all(&files.directory, &files.path);
    // Only now: a process that opened the lock file before finds that it has been removed.
    drop(files.lock);
    removed
}
