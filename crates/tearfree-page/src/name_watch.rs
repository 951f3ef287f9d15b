// SPDX-License-Identifier: MIT OR Apache-2.0
//! `NameWatch`: a writer notices that its page was removed by hand.
//!
//! Without a name no reader finds the page, and no successor marks it as superseded: only the file itself tells.

use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags, openat};

use crate::error::Lost;
use crate::fork::CreatorProcess;
use crate::held_file::HeldFile;
use crate::path::PAGE;

/// How often the file is looked at: two system calls.
const INTERVAL_NS: u64 = 1_000_000_000;

/// The file of a page that has a name.
#[derive(Debug)]
pub(crate) struct NameWatch {
    file: Option<HeldFile>,
    /// By the clock of the stamps.
    next_look_ns: u64,
}

impl NameWatch {
    /// The watch of a page that has no name, which nothing can take from it.
    pub(crate) fn unnamed() -> Self {
        NameWatch { file: None, next_look_ns: u64::MAX }
    }

    /// Watches the page in a directory. If it cannot be opened, its removal goes unnoticed.
    pub(crate) fn new(directory: &OwnedFd, process: CreatorProcess) -> Self {
        // It gives access to the file's name and number only.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = HeldFile::open(process, || openat(directory, PAGE, flags, Mode::empty()));
        match file {
            Ok(file) => NameWatch { file: Some(file), next_look_ns: 0 },
            Err(_) => Self::unnamed(),
        }
    }

    /// Looks at the file if it is time. A writer that reads no clock has 0 for `now_ns`, and never does.
    #[inline(always)]
    pub(crate) fn check(&mut self, now_ns: u64) -> Result<(), Lost> {
        if now_ns > self.next_look_ns { self.look(now_ns) } else { Ok(()) }
    }

    #[cold]
    #[inline(never)]
    fn look(&mut self, now_ns: u64) -> Result<(), Lost> {
        let is_first = self.next_look_ns == 0;
        // Once it is removed, each publication comes here.
        if !is_first && self.file.as_ref().is_some_and(HeldFile::is_removed) {
            return Err(Lost::Removed);
        }
        self.next_look_ns = now_ns.saturating_add(INTERVAL_NS);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_page_is_noticed_at_each_publication_from_the_second_look_on() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join(PAGE);
        std::fs::write(&page, "a page").unwrap();
        let directory = std::fs::File::open(folder.path()).unwrap().into();
        let mut watch = NameWatch::new(&directory, CreatorProcess::current().unwrap());
        assert_eq!(watch.check(1), Ok(()), "it is opened a moment before");
        std::fs::remove_file(page).unwrap();
        assert_eq!(watch.check(INTERVAL_NS), Ok(()), "it is not yet time");
        assert_eq!(watch.check(0), Ok(()), "a writer without a clock");
        for later in [2, 3, 4] {
            assert_eq!(watch.check(INTERVAL_NS + later), Err(Lost::Removed), "{later}");
        }
    }

    #[test]
    fn a_page_that_is_renamed_or_without_a_name_from_the_start_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let directory: OwnedFd = std::fs::File::open(folder.path()).unwrap().into();
        let process = CreatorProcess::current().unwrap();
        assert_eq!(NameWatch::new(&directory, process).check(u64::MAX - 1), Ok(()));
        std::fs::write(folder.path().join(PAGE), "a page").unwrap();
        let mut watch = NameWatch::new(&directory, process);
        assert_eq!(watch.check(1), Ok(()));
        std::fs::rename(folder.path().join(PAGE), folder.path().join("aside")).unwrap();
        assert_eq!(watch.check(u64::MAX - 1), Ok(()));
        assert_eq!(NameWatch::unnamed().check(u64::MAX - 1), Ok(()));
    }
}
