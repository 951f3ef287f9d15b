// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ByteReader`: reads values of a schema that is known only at run time, as bytes.

mod foreign;

use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::OFlags;
use tearfree::raw::{self, Current};

pub use self::foreign::Addresses;
use crate::error::{Error, Unsettled, check_size};
use crate::files::{self, Owner};
use crate::header::Geometry;
use crate::identity::{WriterIdentity, namespace};
use crate::layout::{MAX_ATTEMPTS, STATE_SUPERSEDED, Stamp};
use crate::mapped_page::MappedPage;
use crate::mapping::Mapping;
use crate::path::{PAGE, PagePath};
use crate::polling::Polling;
use crate::schema::Schema;
use crate::sealed::{self, MEMORY_FILE};
use crate::sleep::Sleep;
use crate::slot_view::SlotView;
use crate::status::{Freshness, ReadStatus, Reading, WriterState};
use crate::waited::{Reported, Waited, Watch};
use crate::waiting;

/// A page, mapped read-only and read as bytes; otherwise like [`Reader`](crate::Reader).
///
/// For tools and bindings, which learn the schema at run time.
#[derive(Debug)]
pub struct ByteReader {
    mapped: MappedPage,
    /// The time namespace of this process.
    time_namespace: u64,
    polling: Polling,
}

impl ByteReader {
    /// Opens a page of any schema: see [`Reader::open`](crate::Reader::open).
    ///
    /// # Errors
    /// As for [`Reader::open`](crate::Reader::open).
    pub fn open(page: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_owned_by(page, Owner::default())
    }

    /// Opens a page of any schema: see [`Reader::open_owned_by`](crate::Reader::open_owned_by).
    ///
    /// # Errors
    /// As for [`Reader::open_owned_by`](crate::Reader::open_owned_by).
    pub fn open_owned_by(page: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
        let path = PagePath::new(page.as_ref())?.reader_directory()?;
        let directory = files::open_trusted_directory(&path, owner)?;
        let (file, len) = files::open_page(&directory, &path, PAGE, OFlags::RDONLY, owner)?;
        Self::map(file.as_fd(), len, &path)
    }

    /// Maps a sealed page of any schema: see [`Reader::open_sealed`](crate::Reader::open_sealed).
    ///
    /// # Errors
    /// As for [`Reader::open_sealed`](crate::Reader::open_sealed).
    pub fn open_sealed(file: impl AsFd) -> Result<Self, Error> {
        let len = sealed::check(file.as_fd())?;
        Self::map(file.as_fd(), len, Path::new(MEMORY_FILE))
    }

    fn map(file: BorrowedFd<'_>, len: u64, path: &Path) -> Result<Self, Error> {
        let mapped = MappedPage::map(file, len, path, Mapping::read_only)?;
        mapped.check_boot(path)?;
        Ok(ByteReader { mapped, time_namespace: namespace("time"), polling: Polling::new() })
    }

    pub(crate) fn check_schema(&self, schema: &Schema, path: &Path) -> Result<(), Error> {
        self.mapped.check_schema(schema, path)
    }

    /// Reads the newest value.
    ///
    /// # Errors
    /// As for [`Reader::read`](crate::Reader::read).
    pub fn read(&self) -> Result<Reading<Vec<u8>>, Unsettled> {
        let mut value = vec![0; self.mapped.geometry.schema.size()];
        let reading = self.read_bytes(&mut value)?;
        Ok(reading.map(|()| value))
    }

    /// Reads the newest value into `to`, without an allocation.
    ///
    /// # Errors
    /// If `to` does not have the size of the schema; and as for [`read`](Self::read), in which case `to`
    /// may hold a torn value.
    ///
    /// ```
    /// use tearfree_page::{ByteReader, ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &Options::new())?;
    /// let (reader, mut bytes) = (ByteReader::open(&page)?, [0; 2]);
    /// reader.read_into(&mut bytes)?;
    /// assert_eq!(bytes, [1, 2]);
    /// assert!(reader.read_into(&mut [0; 3]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_into(&self, to: &mut [u8]) -> Result<Reading<()>, Error> {
        check_size(to.len(), self.mapped.geometry.schema.size())?;
        Ok(self.read_bytes(to)?)
    }

    /// Reads the newest value if its generation is not `seen`: see
    /// [`Reader::read_if_changed`](crate::Reader::read_if_changed).
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    ///
    /// ```
    /// use tearfree_page::{ByteReader, ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let mut writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &Options::new())?;
    /// let (reader, mut seen) = (ByteReader::open(&page)?, writer.generation());
    /// assert!(reader.read_if_changed(&mut seen)?.is_none());
    /// writer.set(&[3, 4])?;
    /// assert_eq!(reader.read_if_changed(&mut seen)?.map(|new| new.value), Some(vec![3, 4]));
    /// assert_eq!(seen, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read_if_changed(&self, seen: &mut u64) -> Result<Option<Reading<Vec<u8>>>, Unsettled> {
        if self.generation() == *seen {
            return Ok(None);
        }
        let reading = self.read()?;
        *seen = reading.generation;
        Ok(Some(reading))
    }

    /// Copies the newest value, and what is known about it.
    #[inline(always)]
    pub(crate) fn read_bytes(&self, to: &mut [u8]) -> Result<Reading<()>, Unsettled> {
        let payload = self.mapped.geometry.schema.size();
        self.read_by(payload, |slot| self.mapped.load_bytes(slot, to))
    }

    /// Copies the newest value, which is of the page's type `T`, and what is known about it.
    #[inline(always)]
    pub(crate) fn read_value<T: Copy>(&self) -> Result<Reading<MaybeUninit<T>>, Unsettled> {
        self.read_by(size_of::<T>(), |slot| self.mapped.load::<T>(slot))
    }

    /// Repeats `load` until its copy is not torn, and returns it with what is known about it.
    #[inline(always)]
    fn read_by<R>(
        &self,
        payload: usize,
        load: impl FnMut(usize) -> R,
    ) -> Result<Reading<R>, Unsettled> {
        self.load_by(self.with_stamp(payload, load)).map(|loaded| self.reading(loaded))
    }

    /// Has the stamp of the slot loaded before its payload, to be checked together.
    #[inline(always)]
    fn with_stamp<R>(
        &self,
        payload: usize,
        mut load: impl FnMut(usize) -> R,
    ) -> impl FnMut(usize) -> (Stamp, R) {
        move |slot| (self.mapped.load_stamp(slot, payload), load(slot))
    }

    #[inline(always)]
    fn reading<R>(&self, loaded: ((Stamp, R), u64)) -> Reading<R> {
        let ((stamp, value), generation) = loaded;
        let status = ReadStatus::new(&stamp, self.time_namespace, self.state());
        Reading { value, generation, status }
    }

    /// Copies the newest value; returns its generation.
    #[inline(always)]
    pub(crate) fn load_bytes(&self, to: &mut [u8]) -> Result<u64, Unsettled> {
        self.load_by(|slot| self.mapped.load_bytes(slot, to)).map(|((), generation)| generation)
    }

    /// Copies the newest value, which is of the page's type `T`, with its generation.
    #[inline(always)]
    pub(crate) fn load<T: Copy>(&self) -> Result<(MaybeUninit<T>, u64), Unsettled> {
        self.load_by(|slot| self.mapped.load::<T>(slot))
    }

    /// Has `load` copy fields of the newest value, which is of the page's type `T`.
    #[inline(always)]
    pub(crate) fn load_fields<T, R>(
        &self,
        load: impl Fn(&tearfree::View<'_, T>) -> R,
    ) -> Result<R, Unsettled> {
        self.load_by(|slot| load(&self.mapped.fields(slot))).map(|(fields, _generation)| fields)
    }

    /// Repeats `load` until its copy is not torn.
    #[inline(always)]
    fn load_by<R>(&self, load: impl FnMut(usize) -> R) -> Result<(R, u64), Unsettled> {
        raw::attempts(self.mapped.count(), MAX_ATTEMPTS, load).ok_or(Unsettled)
    }

    /// Calls `meanwhile` and copies the newest value, until no publication came in between.
    #[inline(always)]
    pub(crate) fn read_current<T: Copy, R>(
        &self,
        mut meanwhile: impl FnMut() -> R,
    ) -> Result<Reading<(R, MaybeUninit<T>)>, Unsettled> {
        let load = |slot| (meanwhile(), self.mapped.load::<T>(slot));
        let load = self.with_stamp(size_of::<T>(), load);
        let loaded = raw::attempts(&self.current(), MAX_ATTEMPTS, load).ok_or(Unsettled)?;
        Ok(self.reading(loaded))
    }

    /// Calls `meanwhile` and copies the newest value alone, until no publication came in between.
    #[inline(always)]
    pub(crate) fn load_current<T: Copy, R>(
        &self,
        mut meanwhile: impl FnMut() -> R,
    ) -> Result<(MaybeUninit<T>, R), Unsettled> {
        let load = |slot| {
            let result = meanwhile();
            (self.mapped.load::<T>(slot), result)
        };
        let loaded = raw::attempts(&self.current(), MAX_ATTEMPTS, load);
        loaded.map(|(loaded, _generation)| loaded).ok_or(Unsettled)
    }

    /// Calls `read` once; `None` if a publication came in between.
    #[inline(always)]
    pub(crate) fn try_current<T, R>(&self, read: impl FnOnce(SlotView<'_, T>) -> R) -> Option<R> {
        // Loads the address of the slots before the count, and not once more behind it.
        let slots = self.mapped.slot_view();
        let read = |slot| read(slots.in_slot(slot));
        raw::attempt(&self.current(), read).map(|(result, _generation)| result)
    }

    #[inline(always)]
    fn current(&self) -> Current<'_> {
        Current(self.mapped.count())
    }

    /// Computes how fresh the newest value is now: see [`Reader::freshness`](crate::Reader::freshness).
    ///
    /// ```
    /// use std::time::Duration;
    /// use tearfree_page::{ByteReader, ByteWriter, Freshness, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let options = Options::new().lifetime(Duration::from_secs(3600));
    /// let writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &options)?;
    /// assert!(matches!(ByteReader::open(&page)?.freshness(), Freshness::Fresh(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.peek().map_or(Freshness::Unknown, |reading| reading.freshness())
    }

    /// Computes how long ago the newest value was published: see [`Reading::age`].
    ///
    /// ```
    /// use tearfree_page::{ByteReader, ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let untimed = Options::new().timed(false);
    /// let writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &untimed)?;
    /// assert_eq!(ByteReader::open(&page)?.age(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.peek()?.age()
    }

    /// Returns what is known about the newest value; `None` if it changes during each attempt.
    fn peek(&self) -> Option<Reading<()>> {
        self.read_by(self.mapped.geometry.schema.size(), |_slot| ()).ok()
    }

    #[inline(always)]
    fn state(&self) -> u32 {
        self.mapped.ownership().state()
    }

    /// Returns the number of publications so far, by all writers of this page.
    #[inline(always)]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.mapped.count().read_begin().generation()
    }

    /// Waits until the generation is not `seen`: see
    /// [`Reader::wait_changed`](crate::Reader::wait_changed).
    pub fn wait_changed(&self, seen: u64, timeout: Option<Duration>) -> Waited {
        let deadline = waiting::deadline(timeout);
        loop {
            let (generation, words) = self.load_words();
            if words[1] == STATE_SUPERSEDED {
                return Waited::Superseded;
            }
            if generation != seen {
                return Waited::Changed;
            }
            if waiting::is_past(deadline) {
                return Waited::TimedOut;
            }
            self.sleep(generation, words).until(deadline).run();
        }
    }

    /// Waits for more than a change: see [`Reader::watch`](crate::Reader::watch).
    #[must_use]
    pub fn watch(&self, seen: u64) -> Watch<'_> {
        self.watch_from(Reported::new(seen))
    }

    /// Loads the generation, and the words that a waiter sleeps on: the lower half of the count, and the state.
    pub(crate) fn load_words(&self) -> (u64, [u32; 2]) {
        // Acquire, so "changed" also shows what the writer did before it published.
        let start = self.mapped.count().read_begin();
        let state = self.mapped.ownership().state();
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is waited on")]
        let low = start.sequence() as u32;
        (start.generation(), [low, state])
    }

    /// Sleeps while both words are as they were loaded, with a generation.
    pub(crate) fn sleep(&self, generation: u64, values: [u32; 2]) -> Sleep<'_> {
        let polls = !self.mapped.geometry.wakes;
        let since = polls.then(|| self.polling.since(generation));
        Sleep::new(self.mapped.mapping(), values, since)
    }

    /// Loads one of the eight independent words beside the value: see
    /// [`Writer::set_word`](crate::Writer::set_word).
    ///
    /// # Panics
    /// If `index` is 8 or more.
    ///
    /// ```
    /// use tearfree_page::{ByteReader, ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &Options::new())?;
    /// writer.set_word(7, 42)?;
    /// assert_eq!(ByteReader::open(&page)?.word(7), 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn word(&self, index: usize) -> u64 {
        // ORDERING: Relaxed: an independent word, which says nothing about the value.
        self.mapped.user_word(index).load(Relaxed)
    }

    /// Returns the freshness of the newest value, with its generation and promise, to compare them.
    pub(crate) fn promise(&self) -> Option<(Freshness, (u64, u64))> {
        let reading = self.peek()?;
        Some((reading.freshness(), (reading.generation, reading.times().valid_until)))
    }

    /// Returns the state that the writer last stored.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        WriterState::from_word(self.state().into())
    }

    /// Returns the process that writes the page, or wrote it last.
    #[must_use]
    pub fn writer(&self) -> Option<WriterIdentity> {
        self.mapped.writer_identity()
    }

    /// Returns the contents of the page's header.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.mapped.geometry
    }
}
