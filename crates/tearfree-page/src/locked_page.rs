// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LockedPage`: the files of a page whose lock this process holds, to take over, replace or remove.

use core::sync::atomic::Ordering::Relaxed;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::Error;
use crate::files::{self, Owner};
use crate::layout::{MAX_ATTEMPTS, STATE_SUPERSEDED};
use crate::lock::{IfMissing, LockError, PageLock};
use crate::mapped_page::MappedPage;
use crate::mapping::Mapping;
use crate::path::{PAGE, PagePath};

/// The directory of a page and its lock.
pub(crate) struct LockedPage {
    pub(crate) directory: OwnedFd,
    pub(crate) path: PathBuf,
    pub(crate) lock: PageLock,
}

impl LockedPage {
    /// Locks a page that may not exist yet; creates its directory.
    pub(crate) fn create(page: &Path) -> Result<Self, Error> {
        let page = PagePath::new(page)?;
        let mut attempts = 1;
        loop {
            let created = files::create_directory(&page)
                .and_then(|(directory, path)| Self::lock(directory, path, IfMissing::Create));
            match created {
                // Another process has removed the page, and the directory with it, in the meantime.
                Err(Error::Missing(_)) if attempts < MAX_ATTEMPTS => attempts += 1,
                result => return result,
            }
        }
    }

    /// Locks a page that exists. Creates no lock file without a page: it would be left behind in the
    /// directory of a page that another process is removing.
    pub(crate) fn open(page: &Path) -> Result<Self, Error> {
        let path = PagePath::new(page)?.writer_directory();
        let lock =
            |if_missing| Self::lock(files::open_own_directory(&path)?, path.clone(), if_missing);
        match lock(IfMissing::Fail) {
            // The user has removed the lock file alone.
            Err(Error::Missing(_)) if path.join(PAGE).exists() => lock(IfMissing::Create),
            locked => locked,
        }
    }

    fn lock(directory: OwnedFd, path: PathBuf, if_missing: IfMissing) -> Result<Self, Error> {
        match PageLock::try_lock(&directory, &path, if_missing) {
            Ok(lock) => Ok(LockedPage { directory, path, lock }),
            Err(LockError::NoFile) => Err(Error::Missing(path.join(PAGE))),
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
