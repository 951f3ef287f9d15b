// SPDX-License-Identifier: MIT OR Apache-2.0
//! `NewDirectories`: the directories that a call has created, which go if it fails.

use std::path::{Path, PathBuf};

use rustix::fs::{Mode, fchmod, mkdir, rmdir};
use rustix::io::Errno;

use crate::error::{Error, system_error};
use crate::files::{open_own_directory, reopen};

/// Directories that were created for a page. Dropping this removes those of them that are empty.
#[derive(Debug, Default)]
pub(crate) struct NewDirectories {
    /// The outer one first.
    paths: Vec<PathBuf>,
}

impl NewDirectories {
    /// Creates a directory with these permissions, whatever the umask.
    pub(crate) fn create_if_missing(&mut self, path: &Path, mode: Mode) -> Result<(), Error> {
        match mkdir(path, mode) {
            Ok(()) => self.paths.push(path.to_owned()),
            Err(Errno::EXIST) => return Ok(()),
            Err(error) => return Err(system_error("create the directory", path)(error)),
        }
        let created = reopen(&open_own_directory(path)?, path)?;
        fchmod(created, mode).map_err(system_error("set the permissions of", path))
    }

    /// Lets them be: there is a page.
    pub(crate) fn keep(mut self) {
        self.paths.clear();
    }
}

impl Drop for NewDirectories {
    fn drop(&mut self) {
        for path in self.paths.iter().rev() {
            // Fails if another process has created a page there meanwhile.
            let _ = rmdir(path);
        }
    }
}
