// SPDX-License-Identifier: MIT OR Apache-2.0
//! The names and directories of pages.
//!
//! A page has a directory of its own with two files in it: `page`, and `lock` for its writer. A container
//! that mounts the directory keeps seeing the page after it was replaced.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;

use crate::error::Error;

/// The file of a page, in its directory.
pub(crate) const PAGE: &str = "page";
/// How the names of temporary files begin.
pub(crate) const TEMPORARY: &str = ".tearfree-";
/// A page that is not yet, or no longer, the one of its directory: it is being created, replaced or removed.
pub(crate) const ASIDE: &str = ".tearfree-page";
/// The file that the writer locks.
pub(crate) const LOCK: &str = "lock";

/// The directory of the system's pages, which root writes.
const SYSTEM: &str = "/run/tearfree";
const MAX_NAME: usize = 64;

/// Returns the directories of named pages: this user's first, then the system's.
///
/// | user | directory |
/// | --- | --- |
/// | root | `/run/tearfree` |
/// | others | `$XDG_RUNTIME_DIR/tearfree`, or `/run/user/UID/tearfree` without that variable |
#[must_use]
pub fn directories() -> Vec<PathBuf> {
    directories_of_user(geteuid().as_raw(), std::env::var_os("XDG_RUNTIME_DIR"))
}

fn directories_of_user(uid: u32, runtime: Option<OsString>) -> Vec<PathBuf> {
    if uid == 0 {
        return vec![SYSTEM.into()];
    }
    let runtime = runtime.map(PathBuf::from).filter(|path| path.is_absolute());
    let runtime = runtime.unwrap_or_else(|| format!("/run/user/{uid}").into());
    vec![runtime.join("tearfree"), SYSTEM.into()]
}

/// A page as the user names it: with a `/` it is the path of its directory, otherwise a name.
pub(crate) enum PagePath {
    Name(String),
    Directory(PathBuf),
}

impl PagePath {
    pub(crate) fn new(page: &Path) -> Result<Self, Error> {
        if page.as_os_str().as_encoded_bytes().contains(&b'/') {
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
    pub(crate) fn reader_directory(&self) -> PathBuf {
        match self {
            Self::Directory(path) => path.clone(),
            Self::Name(name) => {
                let mut all = directories().into_iter().map(|directory| directory.join(name));
                let first = all.next().unwrap_or_default();
                let has_page = |directory: &PathBuf| directory.join(PAGE).exists();
                if has_page(&first) {
                    return first;
                }
                all.find(has_page).unwrap_or(first)
            }
        }
    }

    /// Returns the directory in which a writer of this user creates the page.
    pub(crate) fn writer_directory(&self) -> PathBuf {
        match self {
            Self::Directory(path) => path.clone(),
            Self::Name(name) => directories().remove(0).join(name),
        }
    }
}

/// Lists the named pages that this user can see: name and directory, sorted.
///
/// # Errors
/// If a directory exists and cannot be read.
pub fn list() -> Result<Vec<(String, PathBuf)>, Error> {
    let mut found = Vec::new();
    for directory in directories() {
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
        for bad in ["", ".", "..", ".hidden", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(matches!(PagePath::new(Path::new(bad)), Err(Error::InvalidName(_))), "{bad}");
        }
        assert!(matches!(PagePath::new(Path::new("./a")), Ok(PagePath::Directory(_))));
    }

    #[test]
    fn directories_follow_the_conventions_of_the_platform() {
        let directories =
            |uid, runtime: Option<&str>| directories_of_user(uid, runtime.map(OsString::from));
        assert_eq!(directories(0, Some("/x")), [Path::new(SYSTEM)]);
        assert_eq!(directories(7, Some("/x")), [Path::new("/x/tearfree"), Path::new(SYSTEM)]);
        assert_eq!(directories(7, None)[0], Path::new("/run/user/7/tearfree"));
        assert_eq!(directories(7, Some("relative"))[0], Path::new("/run/user/7/tearfree"));
    }
}
