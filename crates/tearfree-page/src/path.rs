// SPDX-License-Identifier: MIT OR Apache-2.0
//! The names and directories of pages.
//!
//! A page has a directory of its own with two files in it: `page`, and `lock` for its writer. A container
//! that mounts the directory keeps seeing the page after it was replaced.

use std::fs;
use std::path::{Path, PathBuf};

use crate::directories;
use crate::error::Error;

/// The file of a page, in its directory.
pub(crate) const PAGE: &str = "page";
/// How the names of temporary files begin: a lock file without its name, and a page that is not yet, or no longer, the
/// one of its directory.
pub(crate) const TEMPORARY: &str = ".tearfree-";
/// The file that the writer locks.
pub(crate) const LOCK: &str = "lock";

const MAX_NAME: usize = 64;

/// A page as the user names it: with a `/` it is the path of its directory, otherwise a name.
pub(crate) enum PagePath {
    Name(String),
    Directory(PathBuf),
}

impl PagePath {
    pub(crate) fn new(page: &Path) -> Result<Self, Error> {
        let bytes = page.as_os_str().as_encoded_bytes();
        if bytes.contains(&b'/') && !bytes.contains(&0) {
            return Ok(Self::Directory(page.to_owned()));
        }
        let name = page.to_string_lossy();
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_valid = (1..=MAX_NAME).contains(&name.len())
            && !name.starts_with('.')
            && name.chars().all(is_allowed);
        if is_valid {
            Ok(Self::Name(name.into_owned()))
        } else {
            Err(Error::InvalidName(name.into()))
        }
    }

    /// Returns the directory in which a reader finds the page.
    pub(crate) fn reader_directory(&self) -> Result<PathBuf, Error> {
        match self {
            Self::Directory(path) => Ok(path.clone()),
            Self::Name(name) => directories::find(name),
        }
    }

    /// Returns the directory in which a writer of this user finds or creates the page.
    pub(crate) fn writer_directory(&self) -> Result<PathBuf, Error> {
        match self {
            Self::Directory(path) => Ok(path.clone()),
            Self::Name(name) => directories::find_own(name),
        }
    }
}

/// Lists the named pages that this user can see: name and directory, sorted.
///
/// # Errors
/// If a directory exists and cannot be read, or another user has made it.
pub fn list() -> Result<Vec<(String, PathBuf)>, Error> {
    let mut found = Vec::new();
    for directory in directories::to_list()? {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::System { what: "list", path: directory, error }),
        };
        for entry in entries.flatten() {
            let file = entry.path().join(PAGE).symlink_metadata();
            let is_page = file.is_ok_and(|file| file.is_file());
            if let (true, Ok(name)) = (is_page, entry.file_name().into_string()) {
                found.push((name, entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_slash_and_a_name_has_none() {
        for name in ["a", "clock", "a.b-c_1", &"x".repeat(64)] {
            assert!(matches!(PagePath::new(Path::new(name)), Ok(PagePath::Name(_))), "{name}");
        }
        for bad in ["", ".", "..", ".hidden", "a b", "ä", "a\n", "a\0", "./a\0b", &"x".repeat(65)]
        {
            assert!(matches!(PagePath::new(Path::new(bad)), Err(Error::InvalidName(_))), "{bad}");
        }
        assert!(matches!(PagePath::new(Path::new("./a")), Ok(PagePath::Directory(_))));
    }
}
