// SPDX-License-Identifier: MIT OR Apache-2.0
//! The directories of named pages: this user's, and the system's.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, Mode, accessat};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::error::Error;
use crate::path::PAGE;

/// Returns the directories of named pages: that of this user's new pages first, the system's last.
///
/// | user | directory |
/// | --- | --- |
/// | root | `/run/tearfree` |
/// | others | `$XDG_RUNTIME_DIR/tearfree`, or `/run/user/UID/tearfree` without that variable |
/// | without such a directory | `tearfree-UID` in `/dev/shm`, or in `/tmp` |
///
/// Containers, cron, `su` and CI seldom have a runtime directory. `$XDG_RUNTIME_DIR` and `/run/user/UID` count only if
/// they are directories of this user, and `/run/tearfree` only if root can write to it or to `/run`. Readers and the
/// next writer find a page in any directory of this user's, so a login between two runs of a writer does not divide its
/// page in two.
///
/// ```
/// let directories = tearfree_page::directories();
/// assert!(directories.iter().all(|directory| directory.is_absolute()));
/// ```
#[must_use]
pub fn directories() -> Vec<PathBuf> {
    let user = User::current();
    user.own().into_iter().chain(user.system()).collect()
}

/// Returns the directory in which a reader finds the page with this name: this user's first, then the system's.
/// Without a page it is where a new one would be.
pub(crate) fn find(name: &str) -> Result<PathBuf, Error> {
    User::current().find(name)
}

/// Returns the directory in which a writer of this user finds or creates the page with this name.
pub(crate) fn find_own(name: &str) -> Result<PathBuf, Error> {
    User::current().find_own(name)
}

/// Returns the directories to list.
pub(crate) fn to_list() -> Result<Vec<PathBuf>, Error> {
    User::current().checked_first()?;
    Ok(directories())
}

/// Returns the permissions of a directory of named pages that is created. Others may read in those of the system and
/// of a runtime directory, but not where all users may create files.
pub(crate) fn mode(directory: &Path) -> Mode {
    let is_shared = SHARED.iter().any(|shared| directory.parent() == Some(Path::new(shared)));
    Mode::from_raw_mode(if is_shared { 0o700 } else { 0o755 })
}

/// Where a user without a runtime directory has a directory `tearfree-UID`. All users may create files here.
const SHARED: [&str; 2] = ["/dev/shm", "/tmp"];

/// A user, and where the directories of users are.
struct User<'a> {
    uid: u32,
    run: &'a Path,
    /// `$XDG_RUNTIME_DIR`.
    runtime: Option<PathBuf>,
    shared: [&'a Path; 2],
}

impl User<'static> {
    fn current() -> Self {
        User {
            uid: geteuid().as_raw(),
            run: Path::new("/run"),
            runtime: std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
            shared: SHARED.map(Path::new),
        }
    }
}

impl User<'_> {
    fn find(&self, name: &str) -> Result<PathBuf, Error> {
        let system = self.system().map(|system| system.join(name));
        match self.own_page(name).or(system.filter(|page| has_page(page))) {
            Some(page) => Ok(page),
            None => Ok(self.checked_first()?.join(name)),
        }
    }

    fn find_own(&self, name: &str) -> Result<PathBuf, Error> {
        match self.own_page(name) {
            Some(page) => Ok(page),
            None => Ok(self.checked_first()?.join(name)),
        }
    }

    /// Looks for a page in this user's directories, but not in one that another user may have made.
    fn own_page(&self, name: &str) -> Option<PathBuf> {
        let pages = self.own().into_iter().filter(|own| self.check(own).is_ok());
        pages.map(|own| own.join(name)).find(|page| has_page(page))
    }

    /// Returns the directory of new pages, and others that this user has.
    fn own(&self) -> Vec<PathBuf> {
        let mut own: Vec<PathBuf> = self.first().into_iter().collect();
        let others = self.shared().filter(|path| {
            fs::symlink_metadata(path).is_ok_and(|found| is_private(&found, self.uid))
        });
        let others: Vec<PathBuf> = others.filter(|path| !own.contains(path)).collect();
        own.extend(others);
        own
    }

    /// Returns the directory of new pages.
    fn first(&self) -> Option<PathBuf> {
        self.runtime().or_else(|| self.shared().next())
    }

    /// As [`first`](Self::first), if no other user has made it.
    fn checked_first(&self) -> Result<PathBuf, Error> {
        let first = self.first().ok_or_else(|| Error::NoDirectory(self.login_directory()))?;
        self.check(&first)?;
        Ok(first)
    }

    /// Returns the directory that is beside files of this user, or of root, only.
    fn runtime(&self) -> Option<PathBuf> {
        let mut choices = self.runtime.clone().into_iter().chain([self.login_directory()]);
        let chosen = match self.uid {
            // In a service, all but its `RuntimeDirectory=tearfree` can be read-only.
            0 => Some(self.run.to_owned())
                .filter(|run| can_write(run) || can_write(&run.join("tearfree"))),
            _ => choices.find(|path| {
                let found = path.is_absolute().then(|| fs::metadata(path));
                matches!(found, Some(Ok(found)) if found.is_dir() && found.uid() == self.uid)
            }),
        };
        chosen.map(|path| path.join("tearfree"))
    }

    /// Returns the directory that a login creates, or that is always there for root.
    fn login_directory(&self) -> PathBuf {
        match self.uid {
            0 => self.run.to_owned(),
            uid => self.run.join(format!("user/{uid}")),
        }
    }

    fn system(&self) -> Option<PathBuf> {
        (self.uid != 0).then(|| self.run.join("tearfree"))
    }

    /// Returns the directories beside files of other users, who can create them, but not exchange them.
    fn shared(&self) -> impl Iterator<Item = PathBuf> {
        let is_usable = |shared: &&Path| {
            let is_safe = |found: Metadata| {
                let is_sticky = found.mode() & 0o1000 != 0;
                found.uid() == 0 && (is_sticky || found.mode() & 0o022 == 0)
                    || is_private(&found, self.uid)
            };
            fs::metadata(shared).is_ok_and(is_safe) && can_write(shared)
        };
        let name = format!("tearfree-{}", self.uid);
        self.shared.into_iter().filter(is_usable).map(move |shared| shared.join(&name))
    }

    /// Refuses a directory that another user may have made.
    fn check(&self, path: &Path) -> Result<(), Error> {
        let is_shared = self.shared().any(|shared| shared == *path);
        match fs::symlink_metadata(path) {
            Ok(found) if is_shared && !is_private(&found, self.uid) => Err(Error::Owner {
                path: path.to_owned(),
                uid: found.uid(),
                mode: found.mode() & 0o7777,
                wanted: WANTED.to_owned(),
            }),
            // If it is missing, a writer creates it.
            _ => Ok(()),
        }
    }
}

const WANTED: &str = "has to be a directory, no link, of this user, to which no other user may write; \
                      XDG_RUNTIME_DIR can name another directory";

/// Whether this is a directory, no link, of the user, to which no other user may write.
fn is_private(found: &Metadata, uid: u32) -> bool {
    found.is_dir() && found.uid() == uid && found.mode() & 0o022 == 0
}

/// Whether this user may create files in a directory. A file system can be read-only.
fn can_write(directory: &Path) -> bool {
    let may = accessat(CWD, directory, Access::WRITE_OK, AtFlags::EACCESS);
    // Not known: the rights of this process are not those of the user who started it.
    matches!(may, Ok(()) | Err(Errno::NOSYS))
}

fn has_page(directory: &Path) -> bool {
    directory.join(PAGE).exists()
}

#[cfg(test)]
mod tests;
