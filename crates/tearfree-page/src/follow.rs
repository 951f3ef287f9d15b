// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Follow`: the page that a name has now, whatever happens to its files. The common part of the followers.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{lstat, statfs};
use rustix::time::ClockId;

use crate::byte_reader::ByteReader;
use crate::error::{Error, ReadError, Unsettled};
use crate::files::Owner;
use crate::path::{PAGE, PagePath};
use crate::schema::Schema;
use crate::sleep::Sleep;
use crate::status::{Reading, WriterState};
use crate::time::nanoseconds;
use crate::waited::{Reported, Seen, Waited};

/// How often a follower looks at its path while it waits and reads a page there. A page that is replaced by the library
/// says so by its state, at once; this finds what was done by hand.
const WAIT_INTERVAL: Duration = Duration::from_secs(1);
/// How often a follower looks at its path while it waits and there is no page.
const GONE_INTERVAL: Duration = Duration::from_millis(100);
/// How often a read looks at the path.
const READ_INTERVAL: Duration = Duration::from_millis(100);

/// A page that was opened by its path.
pub(crate) trait Opened: Sized {
    /// The value of a reading.
    type Value;

    /// Opens the page of a path; if `schema` is not `None`, only one of this schema.
    fn open(page: &Path, owner: Owner, schema: Option<&Schema>) -> Result<Self, Error>;
    fn page(&self) -> &ByteReader;
    fn read(&self) -> Result<Reading<Self::Value>, ReadError>;
}

/// A name, and the page that it has.
#[derive(Debug)]
pub(crate) struct Follow<R> {
    path: PathBuf,
    owner: Owner,
    /// The schema of the pages that are followed; `None`: that of the type, or any.
    schema: Option<Schema>,
    /// The page that is read: that of the path, or the last one while there is none.
    current: Option<Current<R>>,
    /// The incarnation and generation of the value that was read last. No earlier one is ever returned.
    given: Option<(u64, u64)>,
    /// Why the page of the path is not the current one.
    problem: Option<Error>,
    /// An event that is not reported yet.
    event: Option<Waited>,
    /// When the path was inspected, by `CLOCK_MONOTONIC` in nanoseconds.
    inspected_ns: u64,
}

#[derive(Debug)]
struct Current<R> {
    reader: R,
    file: FileIdentity,
    /// Whether the file can be copied when it is written to, to one with the same numbers.
    is_copied_on_write: bool,
    seen: Seen,
}

/// The device and the inode of a file.
type FileIdentity = (u64, u64);

impl<R: Opened> Follow<R> {
    pub(crate) fn new(page: &Path, owner: Owner, schema: Option<Schema>) -> Result<Self, Error> {
        PagePath::new(page)?;
        let path = page.to_owned();
        let mut follow = Follow {
            path,
            owner,
            schema,
            current: None,
            given: None,
            problem: None,
            event: None,
            inspected_ns: 0,
        };
        follow.inspect();
        follow.event = None;
        Ok(follow)
    }

    pub(crate) fn reader(&self) -> Option<&R> {
        self.current.as_ref().map(|current| &current.reader)
    }

    pub(crate) fn problem(&self) -> Option<&Error> {
        self.problem.as_ref()
    }

    pub(crate) fn read(&mut self) -> Result<Reading<R::Value>, Error> {
        self.read_by(|page| Ok(page.read()?))
    }

    /// As [`read`](Self::read), and `read` copies the value.
    pub(crate) fn read_by<V>(
        &mut self,
        read: impl FnOnce(&R) -> Result<Reading<V>, Error>,
    ) -> Result<Reading<V>, Error> {
        self.inspect_if_due(ClockId::MonotonicCoarse, READ_INTERVAL);
        if self.current.is_none() {
            self.inspect();
        }
        let Some(current) = &mut self.current else {
            let problem = self.problem.take().unwrap_or(Error::Missing(self.path.clone()));
            // The caller gets this one; `problem` returns the next.
            self.inspect();
            return Err(problem);
        };
        let reading = read(&current.reader)?;
        let number = (current.incarnation(), reading.generation);
        if Some(number) < self.given {
            // No correct writer turns its count back.
            return Err(Unsettled.into());
        }
        self.given = Some(number);
        current.seen.reported.generation = reading.generation;
        Ok(reading)
    }

    pub(crate) fn read_if_changed(&mut self) -> Result<Option<Reading<R::Value>>, Error> {
        self.inspect_if_due(ClockId::MonotonicCoarse, READ_INTERVAL);
        let newest = self.current.as_ref().map(Current::number);
        if newest.is_some() && newest == self.given {
            return Ok(None);
        }
        self.read().map(Some)
    }

    /// Returns what has happened and was not reported: see [`Sealed::check`](crate::waiting::Sealed::check).
    pub(crate) fn check(&mut self) -> Option<Waited> {
        self.inspect_if_due(ClockId::Monotonic, self.wait_interval());
        if self.event.is_some() {
            return self.event.take();
        }
        let current = self.current.as_mut()?;
        let event = current.seen.check_value(current.reader.page());
        if event.is_none() && current.seen.is_superseded() && self.problem.is_none() {
            self.inspect();
            return self.event.take();
        }
        event
    }

    pub(crate) fn sleep(&self) -> Sleep<'_> {
        let passed = Duration::from_nanos(nanoseconds(ClockId::Monotonic) - self.inspected_ns);
        let next = Instant::now() + self.wait_interval().saturating_sub(passed);
        let sleep = match &self.current {
            Some(current) => current.seen.sleep(current.reader.page()),
            None => Sleep::default(),
        };
        sleep.until(Some(next))
    }

    fn wait_interval(&self) -> Duration {
        let has_page = self.current.is_some() && self.problem.is_none();
        if has_page { WAIT_INTERVAL } else { GONE_INTERVAL }
    }

    /// Inspects the path if that was not done for an interval, and at once if the page says that it was superseded.
    fn inspect_if_due(&mut self, clock: ClockId, interval: Duration) {
        let passed = Duration::from_nanos(nanoseconds(clock).saturating_sub(self.inspected_ns));
        if passed >= interval || self.is_superseded() && self.problem.is_none() {
            self.inspect();
        }
    }

    fn is_superseded(&self) -> bool {
        self.reader().is_some_and(|reader| reader.page().writer_state() == WriterState::Superseded)
    }

    /// Opens the page of the path, unless it is the current one.
    #[cold]
    fn inspect(&mut self) {
        self.inspected_ns = nanoseconds(ClockId::Monotonic);
        if self.is_unchanged() {
            return self.has_page_again();
        }
        match self.open() {
            Ok(next) => self.follow(next),
            Err(problem) => {
                let is_new = self.problem.replace(problem).is_none();
                if is_new && self.current.is_some() {
                    self.event = Some(Waited::Gone);
                }
            }
        }
    }

    /// Ends the time without a page, if there was one.
    fn has_page_again(&mut self) {
        if self.problem.take().is_some() && self.current.is_some() {
            let was_reported = self.event.take() != Some(Waited::Gone);
            self.event = was_reported.then_some(Waited::Replaced);
        }
    }

    fn follow(&mut self, mut next: Current<R>) {
        match &self.current {
            Some(current) if current.is_page_of(&next) => {
                self.has_page_again();
                let Some(current) = &self.current else { return };
                // A copy of its file is another page only from the next publication on, which may go to either.
                if current.file != next.file || next.number() > current.number() {
                    next.seen = current.seen;
                    self.current = Some(next);
                }
            }
            previous => {
                self.event = previous.is_some().then_some(Waited::Replaced);
                self.problem = None;
                self.current = Some(next);
            }
        }
    }

    /// Whether the path still has the file of the current page.
    fn is_unchanged(&self) -> bool {
        let Some(current) = &self.current else { return false };
        !current.is_copied_on_write
            && !self.is_superseded()
            && identity(&page_file(&self.path)) == Some(current.file)
    }

    /// Opens the page of the path, if no later value was read than that of this page.
    fn open(&self) -> Result<Current<R>, Error> {
        let path = page_file(&self.path);
        // In this order: if another page gets the name in between, the next inspection sees a difference.
        let file = identity(&path).unwrap_or_default();
        let reader = R::open(&self.path, self.owner, self.schema.as_ref())?;
        if reader.page().writer_state() == WriterState::Superseded {
            return Err(Error::Missing(self.path.clone()));
        }
        // Its value was not seen.
        let seen = Seen::new(Reported::new(reader.page().generation().wrapping_sub(1)));
        let is_copied_on_write = is_overlay(&path);
        let next = Current { reader, file, is_copied_on_write, seen };
        match Some(next.number()) < self.given {
            true => Err(Error::OlderPage(self.path.clone())),
            false => Ok(next),
        }
    }
}

impl<R: Opened> Current<R> {
    fn incarnation(&self) -> u64 {
        self.reader.page().geometry().incarnation
    }

    /// Returns the place of the newest value in the order of all values of the name.
    fn number(&self) -> (u64, u64) {
        (self.incarnation(), self.reader.page().generation())
    }

    fn is_page_of(&self, other: &Self) -> bool {
        let id = |current: &Self| (current.incarnation(), current.reader.page().geometry().page_id);
        id(self) == id(other)
    }
}

/// Returns the path of the file in which a reader finds the page now.
fn page_file(page: &Path) -> PathBuf {
    let directory = PagePath::new(page).and_then(|page| page.reader_directory());
    directory.unwrap_or_else(|_| page.to_owned()).join(PAGE)
}

fn identity(file: &Path) -> Option<FileIdentity> {
    lstat(file).ok().map(|stat| (stat.st_dev, stat.st_ino))
}

/// Whether the file is of an overlay file system, which keeps the inode number when it copies the file to its upper layer.
fn is_overlay(file: &Path) -> bool {
    const OVERLAYFS_SUPER_MAGIC: u32 = 0x794c_7630;
    statfs(file).is_ok_and(|system| system.f_type == OVERLAYFS_SUPER_MAGIC.into())
}
