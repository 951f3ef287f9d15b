// SPDX-License-Identifier: MIT OR Apache-2.0
//! `NameWatch`: a writer notices that its page was removed by hand.
//!
//! Without a name no reader finds the page, and no successor marks it as superseded: only the file itself tells.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use crate::error::Lost;
use crate::fork::CreatorProcess;
use crate::held_file::HeldFile;
use crate::path::PAGE;

/// How often the file is looked at: two system calls.
const INTERVAL_NS: u64 = 1_000_000_000;
/// Without a time, the file is looked at once in so many publications.
const INTERVAL_PUBLICATIONS: u64 = 1000;

/// The file of a page that has a name.
#[derive(Debug)]
pub(crate) struct NameWatch {
    file: Option<HeldFile>,
    /// By the clock of the stamps. A writer that reads no clock goes by its generations.
    next_look: u64,
}

impl NameWatch {
    /// The watch of a page that has no name, which nothing can take from it.
    pub(crate) fn unnamed() -> Self {
        NameWatch { file: None, next_look: u64::MAX }
    }

    /// Watches the page in a directory, whose device and inode are `page`. If it cannot be opened, its removal goes
    /// unnoticed. Fails if another file has its name: where the lock file was removed by hand, two processes may
    /// have created a page.
    pub(crate) fn new(
        directory: &OwnedFd,
        page: (u64, u64),
        process: CreatorProcess,
    ) -> Result<Self, Lost> {
        // It gives access to the file's name and number only.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = HeldFile::open(process, || openat(directory, PAGE, flags, Mode::empty()));
        match file {
            Ok(file) if file.identity() == page => Ok(NameWatch { file: Some(file), next_look: 0 }),
            Ok(_) => Err(Lost::TakenOver),
            Err(Errno::NOENT) => Err(Lost::Removed),
            Err(_) => Ok(Self::unnamed()),
        }
    }

    /// Looks at the file if it is time. A writer that reads no clock has 0 for `now_ns`, and goes by its `generation`.
    #[inline(always)]
    pub(crate) fn check(&mut self, now_ns: u64, generation: u64) -> Result<(), Lost> {
        let (now, interval) = match now_ns {
            0 => (generation, INTERVAL_PUBLICATIONS),
            _ => (now_ns, INTERVAL_NS),
        };
        if now > self.next_look { self.look(now.saturating_add(interval)) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn look(&mut self, next_look: u64) -> Result<(), Lost> {
        let is_first = self.next_look == 0;
        // Once it is removed, each publication comes here.
        if !is_first && self.file.as_ref().is_some_and(HeldFile::is_removed) {
            return Err(Lost::Removed);
        }
        self.next_look = next_look;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    use super::*;

    fn open(folder: &Path) -> OwnedFd {
        std::fs::File::open(folder).unwrap().into()
    }

    fn watch(folder: &Path, page: (u64, u64)) -> Result<NameWatch, Lost> {
        NameWatch::new(&open(folder), page, CreatorProcess::current().unwrap())
    }

    fn identity(path: &Path) -> (u64, u64) {
        let page = std::fs::metadata(path).unwrap();
        (page.dev(), page.ino())
    }

    /// A folder with a page, which is watched.
    fn watched() -> (NameWatch, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join(PAGE);
        std::fs::write(&page, "a page").unwrap();
        (watch(folder.path(), identity(&page)).unwrap(), folder)
    }

    fn removed_page() -> (NameWatch, tempfile::TempDir) {
        let (watch, folder) = watched();
        std::fs::remove_file(folder.path().join(PAGE)).unwrap();
        (watch, folder)
    }

    #[test]
    fn a_removed_page_is_noticed_at_each_publication_from_the_second_look_on() {
        let (mut watch, _folder) = removed_page();
        assert_eq!(watch.check(1, 1), Ok(()), "it was opened a moment before");
        assert_eq!(watch.check(INTERVAL_NS, 1_000_000), Ok(()), "it is not yet time");
        for later in [2, 3, 4] {
            assert_eq!(watch.check(INTERVAL_NS + later, 0), Err(Lost::Removed), "{later}");
        }
    }

    #[test]
    fn a_writer_without_a_clock_looks_once_in_a_thousand_publications() {
        for first in [1, 7_000_000, 1 << 45] {
            let (mut watch, _folder) = removed_page();
            assert!((first..=first + 1000).all(|generation| watch.check(0, generation) == Ok(())));
            for later in [1001, 1002, 1003] {
                assert_eq!(watch.check(0, first + later), Err(Lost::Removed), "{later}");
            }
        }
    }

    #[test]
    fn a_page_that_is_renamed_or_without_a_name_from_the_start_is_not_lost() {
        const LATER: u64 = u64::MAX - 1;
        let (mut watch, folder) = watched();
        assert_eq!(watch.check(1, 1), Ok(()));
        std::fs::rename(folder.path().join(PAGE), folder.path().join("aside")).unwrap();
        assert_eq!(watch.check(LATER, 1), Ok(()));
        assert_eq!(NameWatch::unnamed().check(LATER, 1), Ok(()));
    }

    #[test]
    fn a_page_whose_name_another_file_has_is_lost_from_the_start() {
        let (_, folder) = watched();
        let page = identity(&folder.path().join(PAGE));
        std::fs::rename(folder.path().join(PAGE), folder.path().join("aside")).unwrap();
        assert_eq!(watch(folder.path(), page).unwrap_err(), Lost::Removed);
        std::fs::write(folder.path().join(PAGE), "another page").unwrap();
        assert_eq!(watch(folder.path(), page).unwrap_err(), Lost::TakenOver);
    }
}
