// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a writer takes over from the one before it, which may still be alive.
//!
//! The lock says who is the writer, but a process can lose it unnoticed: other code closes its descriptor, or the lock
//! file is removed or restored from a backup. So a successor writes to an existing page only if the last writer has
//! provably ended. Otherwise it creates a new page, and stores only the state in the old one.

use core::mem;
use core::sync::atomic::{Ordering::SeqCst, fence};

use tearfree::raw;

use crate::error::{Error, Unsettled};
use crate::layout::{GENERATION_GAP, MAX_ATTEMPTS, STATE_SUPERSEDED};
use crate::mapped_page::MappedPage;
use crate::ownership::Ownership;

/// An existing page for the holder of its lock.
#[derive(Debug)]
pub(crate) struct Predecessor {
    pub(crate) page: MappedPage,
    /// As it was when the writer was found to have ended, or not.
    pub(crate) seen: Ownership,
    /// Whether this process may write to the page: no other one will.
    pub(crate) has_ended: bool,
    /// How many writers the page had, with the last one.
    pub(crate) writers: u64,
}

impl Predecessor {
    /// Inspects a page. `lock_inode` is that of the lock file that this process holds: under another one, another
    /// process may do the same.
    pub(crate) fn new(page: MappedPage, lock_inode: u64) -> Self {
        // In this order: the record is written before the owner.
        let seen = page.ownership();
        let writer = page.writer_identity();
        let writers = writer.map_or(0, |writer| writer.takeovers()).wrapping_add(1);
        let is_gone = || writer.is_some_and(|writer| writer.is_gone());
        let has_ended = page.geometry.lock_inode == lock_inode
            && (seen.is_ended() || seen.is_live() && is_gone());
        Predecessor { page, seen, has_ended, writers }
    }

    /// Gives a new page, which no reader can see yet, the next generation, and the old value if `keeps_value`. The old
    /// writer stops, if it is alive.
    pub(crate) fn hand_over(
        &self,
        new: &MappedPage,
        keeps_value: bool,
    ) -> Result<Stopped<'_>, Error> {
        let stopped = Stopped::new(self);
        // ORDERING: SeqCst: the count is loaded after the old writer can see that it has lost the page; so what it
        // still publishes is what it had begun in `publish_by`.
        fence(SeqCst);
        let count = self.page.count();
        let copy = raw::attempts(count, MAX_ATTEMPTS, |slot| self.page.stamped(slot));
        let (old_value, generation) = copy.ok_or(Unsettled)?;
        let gap = if self.has_ended { 1 } else { GENERATION_GAP };
        let before = generation.wrapping_add(gap).wrapping_sub(1);
        let (value, stamp) = if keeps_value { old_value } else { new.stamped(0) };
        let slot = new.count().write_begin(before);
        new.store_stamp(slot, value.len(), &stamp);
        new.store_bytes(slot, &value);
        new.count().write_end(before);
        if keeps_value {
            new.copy_words(&self.page);
        }
        Ok(stopped)
    }
}

/// A page whose writer finds that it has lost it. Dropping this gives the page back.
#[must_use = "the writer goes on when this is dropped"]
pub(crate) struct Stopped<'a> {
    page: &'a MappedPage,
    before: Ownership,
}

impl<'a> Stopped<'a> {
    fn new(predecessor: &'a Predecessor) -> Self {
        let page = &predecessor.page;
        let mut before = page.ownership();
        while page.change_ownership(before, before.without_owner()).is_err() {
            before = page.ownership();
        }
        Stopped { page, before }
    }

    /// Lets it be: the new page is in place.
    pub(crate) fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        // Fails if another process has the page by now.
        let _ = self.page.change_ownership(self.before.without_owner(), self.before);
    }
}

/// Marks a page as superseded, and wakes its readers. Stores nothing else: its writer may be in the middle of a publication.
pub(crate) fn supersede(page: &MappedPage) {
    page.set_state(STATE_SUPERSEDED);
    if page.geometry.wakes {
        page.wake_all();
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use tempfile::TempDir;

    use crate::error::{Error, Lost};
    use crate::locked_page::LockedPage;
    use crate::options::Options;
    use crate::{ByteWriter, Writer};

    use super::*;

    fn ended_page() -> (TempDir, PathBuf) {
        let folder = TempDir::new().unwrap();
        let page = folder.path().join("page");
        drop(Writer::create(&page, 5_u64, &Options::new()).unwrap());
        (folder, page)
    }

    fn inspect(page: &Path) -> (LockedPage, Predecessor) {
        let files = LockedPage::open(page).unwrap();
        let old = files.map().unwrap();
        (files, old)
    }

    #[test]
    fn only_a_page_that_no_process_can_write_to_is_continued() {
        let (_folder, page) = ended_page();
        let (files, old) = inspect(&page);
        assert!(old.has_ended && old.writers == 1);
        let lock = files.lock.inode();
        let has_ended = |state, lock| {
            old.page.set_state(state);
            Predecessor::new(files.map().unwrap().page, lock).has_ended
        };
        assert!(has_ended(2, lock) && !has_ended(2, lock + 1), "of another lock file");
        for unknown in [0, 1, 3, 4, u32::MAX] {
            assert!(!has_ended(unknown, lock), "{unknown}: this process wrote it, and is alive");
        }
        let gone = old.page.writer_record().unwrap();
        old.page.set_writer_record(&crate::layout::WriterRecord { pid: 1 << 30, ..gone });
        assert!(has_ended(1, lock) && has_ended(2, lock), "no process has that number");
        assert!(!has_ended(1, lock + 1) && !has_ended(3, lock));
    }

    /// It was stopped after it had decided to write to the page, and lost its lock.
    #[test]
    fn a_successor_that_is_overtaken_does_not_become_the_writer() {
        let (_folder, page) = ended_page();
        let (slow, old) = inspect(&page);
        assert!(old.has_ended);
        std::fs::remove_file(page.join("lock")).unwrap();
        let mut fast = Writer::<u64>::take_over(&page, &Options::new()).unwrap();
        let process = crate::fork::CreatorProcess::current().unwrap();
        let slow = ByteWriter::succeed(&slow, old, &Options::new(), process);
        assert!(matches!(slow, Err(Error::Lost(Lost::TakenOver))), "{slow:?}");
        assert_eq!(fast.set(6), Ok(()));
    }

    #[test]
    fn a_writer_that_was_stopped_for_nothing_goes_on() {
        let (_folder, page) = ended_page();
        let mut first = Writer::<u64>::take_over(&page, &Options::new()).unwrap();
        std::fs::remove_file(page.join("lock")).unwrap();
        std::fs::write(page.join("lock"), crate::contents::LOCK_MARK).unwrap();
        let (_files, old) = inspect(&page);
        let (_other, new) = ended_page();
        let new = inspect(&new).1.page;
        let stopped = old.hand_over(&new, true).unwrap();
        assert_eq!(first.set(6), Err(Lost::TakenOver));
        drop(stopped);
        assert_eq!(first.set(7), Ok(()), "the new page could not be put in place");
        let before = old.page.ownership();
        old.hand_over(&new, true).unwrap().keep();
        old.hand_over(&new, true).unwrap().keep();
        assert_ne!(old.page.ownership(), before, "two successors that died do not give it back");
        assert_eq!(first.set(8), Err(Lost::TakenOver));
        assert_eq!(new.count().read_begin().generation(), first.generation() + GENERATION_GAP);
    }
}
