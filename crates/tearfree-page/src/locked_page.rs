// SPDX-License-Identifier: MIT OR Apache-2.0
//! `LockedPage`: the files of a page whose lock this process holds, to take over, replace or remove.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, OFlags, renameat, rmdir, statat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::error::{Error, system_error};
use crate::files::{self, NewDirectories, Owner};
use crate::layout::MAX_ATTEMPTS;
use crate::lock::{IfMissing, LockError, PageLock};
use crate::mapped_page::MappedPage;
use crate::mapping::Mapping;
use crate::path::{LOCK, PAGE, PagePath, TEMPORARY};
use crate::rows_file::remove_rows;
use crate::succession::{Predecessor, supersede};

/// The directory of a page and its lock.
pub(crate) struct LockedPage {
    pub(crate) directory: OwnedFd,
    pub(crate) path: PathBuf,
    /// Before the lock, which is released last.
    created: NewDirectories,
    pub(crate) lock: PageLock,
}

impl LockedPage {
    /// Locks a page that may not exist yet; creates its directory.
    pub(crate) fn create(page: &Path) -> Result<Self, Error> {
        let page = PagePath::new(page)?;
        let mut attempts = 1;
        loop {
            let locked = files::create_directory(&page).and_then(|(directory, path, created)| {
                Self::lock(directory, path, created, IfMissing::Create)
            });
            match locked {
                // Another process has removed the page, and the directory with it, in the meantime.
                Err(Error::Missing(_)) if attempts < MAX_ATTEMPTS => attempts += 1,
                result => return result,
            }
        }
    }

    /// Locks a page that exists.
    pub(crate) fn open(page: &Path) -> Result<Self, Error> {
        let path = PagePath::new(page)?.writer_directory()?;
        let directory = files::open_own_directory(&path)?;
        Self::lock(directory, path, NewDirectories::default(), IfMissing::Fail)
    }

    fn lock(
        directory: OwnedFd,
        path: PathBuf,
        created: NewDirectories,
        if_missing: IfMissing,
    ) -> Result<Self, Error> {
        let lock = match PageLock::try_lock(&directory, &path, if_missing) {
            Ok(lock) => lock,
            Err(LockError::Failed(error)) => return Err(error),
            Err(LockError::Held) => return Err(busy(&directory, path)),
        };
        let locked = LockedPage { directory, path, created, lock };
        match locked.discard_rest() {
            Ok(()) => Ok(locked),
            Err(error) => Err(locked.undo(error)),
        }
    }

    /// Ends a call that succeeded: the lock goes to the writer.
    pub(crate) fn into_lock(self) -> PageLock {
        self.created.keep();
        self.lock
    }

    /// Removes what a call has created that failed, and returns its error.
    pub(crate) fn undo(self, error: Error) -> Error {
        let page = statat(&self.directory, PAGE, AtFlags::SYMLINK_NOFOLLOW);
        // No other process had the lock meanwhile: its file was created locked.
        if self.lock.is_new() && page.is_err_and(|error| error == Errno::NOENT) {
            let _ = files::remove_file(&self.directory, &self.path, LOCK);
        }
        error
    }

    /// Maps the existing page for its writer.
    pub(crate) fn map(&self) -> Result<Predecessor, Error> {
        let page = self.map_file(PAGE)?;
        page.check_boot(&self.path)?;
        Ok(Predecessor::new(page, self.lock.inode()))
    }

    fn map_file(&self, name: &str) -> Result<MappedPage, Error> {
        let this_user = Owner::User(geteuid().as_raw());
        let (file, len) =
            files::open_page(&self.directory, &self.path, name, OFlags::RDWR, this_user)?;
        MappedPage::map(file.as_fd(), len, &self.path, Mapping::writable)
    }

    /// Whether the existing page has these permissions; any will do if none are asked for.
    pub(crate) fn has_mode(&self, mode: Option<u32>) -> bool {
        mode.is_none_or(|mode| self.mode() == Some(mode))
    }

    /// Returns the permissions of the existing page.
    pub(crate) fn mode(&self) -> Option<u32> {
        let stat = statat(&self.directory, PAGE, AtFlags::SYMLINK_NOFOLLOW);
        stat.ok().map(|stat| stat.st_mode & 0o777)
    }

    /// Ends what a writer began that was killed. The readers of a page that was put aside learn of it.
    pub(crate) fn discard_rest(&self) -> Result<(), Error> {
        for name in files::names(&self.directory, &self.path)? {
            let name = name?;
            if name.starts_with(TEMPORARY) {
                if let Ok(page) = self.map_file(&name) {
                    supersede(&page);
                }
                files::remove_file(&self.directory, &self.path, &name)?;
            }
        }
        Ok(())
    }

    /// Takes the page its name, so that no more readers find it. Nothing is changed if this fails.
    fn put_aside(&self) -> Result<(), Error> {
        let aside = files::temporary_name()?;
        match renameat(&self.directory, PAGE, &self.directory, &aside) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(system_error("remove", self.path.join(PAGE))(error)),
        }
    }
}

/// Describes the writer that holds the lock, as its page does.
fn busy(directory: &OwnedFd, path: PathBuf) -> Error {
    let file = files::open_page(directory, &path, PAGE, OFlags::RDONLY, Owner::Any);
    let page =
        file.and_then(|(file, len)| MappedPage::map(file.as_fd(), len, &path, Mapping::read_only));
    let writer = page.ok().and_then(|page| page.writer_identity()).map(Box::new);
    let running = writer.as_ref().filter(|writer| writer.is_running() == Some(true));
    let pid = running.map(|writer| writer.pid());
    Error::Busy { path, pid, writer }
}

/// Removes a page. Its readers keep the last value and see that the page is superseded.
///
/// `page` is a name, or a path if it contains a `/`. Files of others in its directory stay, and the directory with them.
///
/// # Errors
/// If there is no such page, if it has a writer, if its directory is not one of a page, or if a system call fails. The
/// page is then as before; or it is removed, and files that could not be are left in its directory, for the next call.
pub fn remove(page: impl AsRef<Path>) -> Result<(), Error> {
    let files = LockedPage::open(page.as_ref())?;
    files.put_aside()?;
    files.discard_rest()?;
    remove_rows(&files.directory, &files.path)?;
    files::remove_file(&files.directory, &files.path, LOCK)?;
    // Files of others stay, and the directory with them; so does one that this user may not remove.
    let _ = rmdir(&files.path);
    // Only now: a process that opened the lock file before finds that it has been removed.
    drop(files.lock);
    Ok(())
}
