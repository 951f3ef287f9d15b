// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where pages are: names, directories, and whom they may belong to.
//!
//! A page has a directory of its own with two files in it: `page`, and `lock` for its writer. So a
//! container that has the directory mounted keeps seeing the page after it was made anew.

use std::ffi::OsString;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RawMode, fstat, mkdir, open, openat, rmdir, unlinkat,
};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::error::{Error, refused};

pub(crate) const PAGE: &str = "page";
/// The name under which a page is filled, in the same directory.
pub(crate) const UNFINISHED: &str = "page.new";
pub(crate) const LOCK: &str = "lock";

/// Where the pages of the system are, which root writes.
const SYSTEM: &str = "/run/tearfree";
const MAX_NAME: usize = 64;

/// Whom the file of a page has to belong to before a reader maps it.
///
/// It matters because the owner of a file can cut it off, and whoever then touches the mapping is
/// killed by SIGBUS. What is in the page cannot hurt a reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Owner {
    /// This user, or root.
    #[default]
    MeOrRoot,
    /// One user, by number.
    User(u32),
    /// Whoever it is.
    Anyone,
}

impl Owner {
    fn accepts(self, uid: u32) -> bool {
        match self {
            Self::MeOrRoot => uid == 0 || uid == geteuid().as_raw(),
            Self::User(wanted) => uid == wanted,
            Self::Anyone => true,
        }
    }

    fn wish(self) -> String {
        match self {
            Self::MeOrRoot => "this user or root is trusted".to_owned(),
            Self::User(uid) => format!("user {uid} is trusted"),
            Self::Anyone => String::new(),
        }
    }
}

/// Where pages with names are looked for: this user's first, then the system's.
///
/// | user | directory |
/// | --- | --- |
/// | root | `/run/tearfree` |
/// | others | `$XDG_RUNTIME_DIR/tearfree`, or `/run/user/UID/tearfree` without that variable |
#[must_use]
pub fn directories() -> Vec<PathBuf> {
    directories_of(geteuid().as_raw(), std::env::var_os("XDG_RUNTIME_DIR"))
}

fn directories_of(uid: u32, runtime: Option<OsString>) -> Vec<PathBuf> {
    if uid == 0 {
        return vec![SYSTEM.into()];
    }
    let runtime = runtime.map(PathBuf::from).filter(|path| path.is_absolute());
    let runtime = runtime.unwrap_or_else(|| format!("/run/user/{uid}").into());
    vec![runtime.join("tearfree"), SYSTEM.into()]
}

/// The directory of a page, from what the user calls it: with a `/` it is a path, without it a name.
pub(crate) enum Place {
    Named(String),
    At(PathBuf),
}

impl Place {
    pub(crate) fn of(page: &Path) -> Result<Self, Error> {
        if page.as_os_str().as_encoded_bytes().contains(&b'/') {
            return Ok(Self::At(page.to_owned()));
        }
        let name = page.to_string_lossy();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_name = (1..=MAX_NAME).contains(&name.len())
            && !name.starts_with('.')
            && name.chars().all(is_plain);
        if is_name { Ok(Self::Named(name.into_owned())) } else { Err(Error::Name(name.into())) }
    }

    /// The directory in which a reader finds the page.
    pub(crate) fn to_read(&self) -> PathBuf {
        match self {
            Self::At(path) => path.clone(),
            Self::Named(name) => {
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

    /// The directory in which a writer of this user makes it.
    pub(crate) fn to_write(&self) -> PathBuf {
        match self {
            Self::At(path) => path.clone(),
            Self::Named(name) => directories().remove(0).join(name),
        }
    }
}

/// Opens the directory of a page, which a reader trusts no further than its file.
pub(crate) fn open_directory(path: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    open(path, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOENT => Error::Missing(path.to_owned()),
        Errno::NOTDIR | Errno::LOOP => Error::NotAFile(path.to_owned()),
        error => refused("open", path)(error),
    })
}

/// Makes the directory of a page, and that of all pages, and opens it. It has to be this user's own,
/// and no one else may write to it.
pub(crate) fn make_directory(place: &Place) -> Result<(OwnedFd, PathBuf), Error> {
    let path = place.to_write();
    if let (Place::Named(_), Some(parent)) = (place, path.parent()) {
        let above = parent.parent().unwrap_or(parent);
        if !above.is_dir() {
            return Err(Error::NoDirectory(above.to_owned()));
        }
        make_one(parent)?;
        own_directory(parent)?;
    }
    make_one(&path)?;
    Ok((own_directory(&path)?, path))
}

fn make_one(path: &Path) -> Result<(), Error> {
    match mkdir(path, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(refused("make the directory", path)(error)),
    }
}

/// Opens a directory that has to belong to this user alone.
pub(crate) fn own_directory(path: &Path) -> Result<OwnedFd, Error> {
    let directory = open_directory(path)?;
    let stat = fstat(&directory).map_err(refused("look at", path))?;
    let mode = stat.st_mode & 0o7777;
    if stat.st_uid != geteuid().as_raw() || mode & 0o022 != 0 {
        let wanted = "this user alone may write there".to_owned();
        return Err(Error::Owner { path: path.to_owned(), uid: stat.st_uid, mode, wanted });
    }
    Ok(directory)
}

/// Opens the file of a page, with its length. Links are not followed, and nothing here can block.
pub(crate) fn open_page(
    directory: &OwnedFd,
    path: &Path,
    flags: OFlags,
    owner: Owner,
) -> Result<(OwnedFd, u64), Error> {
    let path = path.join(PAGE);
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = openat(directory, PAGE, flags, Mode::empty()).map_err(|error| match error {
        Errno::NOENT => Error::Missing(path.clone()),
        Errno::LOOP | Errno::ISDIR | Errno::NXIO => Error::NotAFile(path.clone()),
        error => refused("open", &path)(error),
    })?;
    let stat = fstat(&file).map_err(refused("look at", &path))?;
    if FileType::from_raw_mode(stat.st_mode as RawMode) != FileType::RegularFile {
        return Err(Error::NotAFile(path));
    }
    if !owner.accepts(stat.st_uid) {
        let mode = stat.st_mode & 0o7777;
        return Err(Error::Owner { path, uid: stat.st_uid, mode, wanted: owner.wish() });
    }
    Ok((file, u64::try_from(stat.st_size).unwrap_or(0)))
}

/// Removes the files of a page, the lock's last, and its directory.
pub(crate) fn unlink(directory: &OwnedFd, path: &Path) -> Result<(), Error> {
    for file in [PAGE, UNFINISHED, LOCK] {
        match unlinkat(directory, file, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(refused("remove", path.join(file))(error)),
        }
    }
    rmdir(path).map_err(refused("remove the directory", path))
}

/// The named pages that can be seen from here: name and directory, sorted.
///
/// # Errors
/// If a directory is there and cannot be read.
pub fn list() -> Result<Vec<(String, PathBuf)>, Error> {
    let mut found = Vec::new();
    for directory in directories() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::System { what: "list", path: directory, error }),
        };
        for entry in entries.flatten() {
            let is_page = entry.path().join(PAGE).symlink_metadata().is_ok_and(|at| at.is_file());
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
    fn a_name_is_plain_and_a_path_has_a_slash() {
        for name in ["a", "clock", "a.b-c_1", &"x".repeat(64)] {
            assert!(matches!(Place::of(Path::new(name)), Ok(Place::Named(_))), "{name}");
        }
        for bad in ["", ".", "..", ".hidden", "a b", "ä", "a\n", &"x".repeat(65)] {
            assert!(matches!(Place::of(Path::new(bad)), Err(Error::Name(_))), "{bad}");
        }
        assert!(matches!(Place::of(Path::new("./a")), Ok(Place::At(_))));
    }

    #[test]
    fn directories_follow_the_conventions_of_the_platform() {
        let of = |uid, runtime: Option<&str>| directories_of(uid, runtime.map(OsString::from));
        assert_eq!(of(0, Some("/x")), [Path::new(SYSTEM)]);
        assert_eq!(of(7, Some("/x")), [Path::new("/x/tearfree"), Path::new(SYSTEM)]);
        assert_eq!(of(7, None)[0], Path::new("/run/user/7/tearfree"));
        assert_eq!(of(7, Some("relative"))[0], Path::new("/run/user/7/tearfree"));
    }
}
