// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Reader`: reads values of one type from a page.

#![allow(unsafe_code, reason = "validated copies become values here (P4)")]

mod current;

use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::time::Duration;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::byte_reader::ByteReader;
use crate::error::{Error, ReadError};
use crate::field_check::PayloadFields;
use crate::files::Owner;
use crate::header::Geometry;
use crate::identity::WriterIdentity;
use crate::payload::{Payload, checked, checked_schema, large_bytes_of};
use crate::sealed::{self, MEMORY_FILE};
use crate::status::{Freshness, Reading, WriterState};
use crate::waited::{Waited, Watch};

/// A page, mapped read-only.
///
/// Reading takes no lock, makes no system call and stores nothing, so any number of readers slow down
/// neither the writer nor each other. No writer can make a reader wait, not even a slow, dead or hostile
/// one. All methods of an open reader may be called from any thread and from signal handlers.
///
/// The owner of a *named* page can truncate its file; SIGBUS then kills a process that touches it. So a
/// reader opens pages of this user and of root only, unless it names another owner. A *sealed* page cannot
/// be truncated.
///
/// # Differences from `SeqLock`
/// A method that does what a method of [`SeqLock`](tearfree::SeqLock) does has the same name. The others
/// differ because a page does:
///
/// - A value can be stale, and its writer dead. So [`read`](Self::read) returns a [`Reading`], which says
///   so; it includes the generation, so there is no `read_versioned`. [`get`](Self::get) returns only the
///   value.
/// - The writer can be hostile, so no method waits for it: after a thousand attempts it returns an error.
///   There is no `try_read` and no `try_read_for`, because `read` never waits.
/// - The number of publications is the same in all processes, is ordered, and outlives the writer. So it is
///   a number, [`generation`](Self::generation), and not a [`Version`](tearfree::Version).
/// - A wait can also end because the page was replaced, so [`wait_changed`](Self::wait_changed) returns a
///   [`Waited`] instead of a `bool`.
///
/// # Examples
/// ```
/// use tearfree_page::{Options, Reader, Writer};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("load");
/// let mut writer = Writer::<u64>::create(&page, 1, &Options::new())?;
/// let reader = Reader::<u64>::open(&page)?;
/// writer.set(2)?;
/// let reading = reader.read()?;
/// assert_eq!((reading.value, reading.generation), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader<T> {
    page: ByteReader,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> Reader<T> {
    /// Opens a page of this user or of root. `page` is a name, or a path if it contains a `/`.
    ///
    /// # Errors
    /// If there is no such page, or if it is damaged, of another boot, of another schema (the error shows
    /// both) or of another owner.
    pub fn open(page: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_owned_by(page, Owner::default())
    }

    /// Opens a page of the given owner: see [`open`](Self::open).
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_owned_by(page: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
        Self::new(ByteReader::open_owned_by(page.as_ref(), owner)?, page.as_ref())
    }

    /// Maps a sealed page, given as an open file. Checks the seals first: with them, no process can truncate
    /// the file, and only its writer can change it.
    ///
    /// # Errors
    /// If the file is not sealed, or is not a page of this schema.
    pub fn open_sealed(file: impl AsFd) -> Result<Self, Error> {
        Self::new(ByteReader::open_sealed(file)?, Path::new(MEMORY_FILE))
    }

    /// Maps a sealed page, given as the number of an inherited file descriptor: see
    /// [`Writer::inheritable`](crate::Writer::inheritable).
    ///
    /// # Errors
    /// As for [`open_sealed`](Self::open_sealed).
    pub fn open_inherited(number: u32) -> Result<Self, Error> {
        Self::open_sealed(sealed::open_inherited(number)?)
    }

    /// Waits for the sealed page that [`Writer::send`](crate::Writer::send) sends, and maps it.
    ///
    /// # Errors
    /// If the socket fails, or the message carries no page; and as for [`open_sealed`](Self::open_sealed).
    pub fn receive(socket: &UnixStream) -> Result<Self, Error> {
        Self::open_sealed(sealed::receive(socket)?)
    }

    pub(crate) fn as_bytes(&self) -> &ByteReader {
        &self.page
    }

    fn new(page: ByteReader, path: &Path) -> Result<Self, Error> {
        page.check_schema(&checked_schema::<T>()?, path)?;
        Ok(Reader { page, payload: PhantomData })
    }

    /// Reads the newest value, with its generation and status. A few loads and a copy.
    ///
    /// [`get`](Self::get) returns only the value. For large values [`read_into`](Self::read_into) is
    /// faster.
    ///
    /// # Errors
    /// [`ReadError::Unsettled`] if the copy was torn a thousand times in a row; no correct writer is that
    /// fast for long. [`ReadError::Invalid`] if a `bool`, a text or an enum has bytes that are no value of it.
    ///
    /// # Ordering
    /// The caller sees everything that the writer did before it published the value.
    #[inline(always)]
    pub fn read(&self) -> Result<Reading<T>, ReadError> {
        let reading = self.page.read_value::<T>()?;
        let value = self.value(&reading.value)?;
        Ok(reading.map(|_copy| value))
    }

    /// Reads the newest value alone. The fastest read: it costs what a latch inside one process costs.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    #[inline(always)]
    pub fn get(&self) -> Result<T, ReadError> {
        // With all attempts inlined: a small value stays in registers.
        let (copy, _generation) = self.page.load::<T>()?;
        self.value(&copy)
    }

    /// Returns the value in a copy that was validated, after a check that its bytes are one.
    #[inline(always)]
    fn value(&self, copy: &MaybeUninit<T>) -> Result<T, ReadError> {
        // SAFETY: P4, P14. All bytes are one generation's.
        unsafe { checked(copy, 0, &self.page.geometry().schema) }.map_err(ReadError::Invalid)
    }

    /// Reads the newest value alone into `to`. Faster than [`get`](Self::get) for values of more than 128
    /// bytes, which it copies only once.
    ///
    /// # Errors
    /// As for [`read`](Self::read); `to` may then have changed.
    #[inline]
    pub fn get_into(&self, to: &mut T) -> Result<(), ReadError> {
        match large_bytes_of(to) {
            Some(bytes) => self.page.load_bytes(bytes).map(|_generation| ())?,
            None => *to = self.get()?,
        }
        Ok(())
    }

    /// Reads the newest value into `to`, and returns its generation and status.
    ///
    /// # Errors
    /// As for [`get_into`](Self::get_into).
    #[inline]
    pub fn read_into(&self, to: &mut T) -> Result<Reading<()>, ReadError> {
        Ok(match large_bytes_of(to) {
            Some(bytes) => self.page.read_bytes(bytes)?,
            None => self.read()?.map(|value| *to = value),
        })
    }

    /// Reads some fields of the newest value. They belong to one publication; only their bytes are copied.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    ///
    /// ```
    /// use tearfree_page::{Options, Reader, Writer, field, payload};
    /// payload! { pub struct Load { one: f64, five: f64, history: [f64; 500] } }
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let load = Load { one: 0.5, five: 0.4, history: [0.0; 500] };
    /// let _writer = Writer::create(&page, load, &Options::new())?;
    /// let reader = Reader::<Load>::open(&page)?;
    /// let (one, last) = reader.read_fields((field!(Load, one), field!(Load, history[499])))?;
    /// assert_eq!((one, last), (0.5, 0.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn read_fields<S: PayloadFields<T>>(&self, fields: S) -> Result<S::Values, ReadError> {
        let copies = self.page.load_fields(|slot| fields.load(slot))?;
        // SAFETY: P4, P14. The bytes are one generation's, and were all written.
        unsafe { fields.check(&copies, &self.page.geometry().schema) }
            .map_err(ReadError::Invalid)?;
        // SAFETY: P4, P14. `check` found each copy to be a value of its field's type.
        Ok(unsafe { S::validated(copies) })
    }

    /// Reads the newest value if its generation is not `seen`, and stores the new generation there.
    /// Otherwise it costs one load.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    ///
    /// ```
    /// # use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let mut writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// let reader = Reader::<u64>::open(&page)?;
    /// let mut seen = reader.read()?.generation;
    /// assert!(reader.read_if_changed(&mut seen)?.is_none());
    /// writer.set(5)?;
    /// assert_eq!(reader.read_if_changed(&mut seen)?.map(|new| new.value), Some(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn read_if_changed(&self, seen: &mut u64) -> Result<Option<Reading<T>>, ReadError> {
        if self.generation() == *seen {
            return Ok(None);
        }
        let reading = self.read()?;
        *seen = reading.generation;
        Ok(Some(reading))
    }
}

impl<T> Reader<T> {
    /// Returns the number of publications so far, by all writers of this page. One load.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.page.generation()
    }

    /// Waits until the generation is not `seen`. A timeout of `None` waits without limit.
    ///
    /// The thread sleeps. If the page was created with [`Options::wakes`](crate::Options::wakes), the writer
    /// wakes it; otherwise it polls: see [`Options::wakes`](crate::Options::wakes).
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tearfree_page::{Options, Reader, Waited, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let mut writer = Writer::<u64>::create(&page, 1, &Options::new().wakes(true))?;
    /// let reader = Reader::<u64>::open(&page)?;
    /// let seen = reader.read()?.generation;
    /// std::thread::scope(|threads| {
    ///     threads.spawn(|| writer.set(2));
    ///     assert_eq!(reader.wait_changed(seen, None), Waited::Changed);
    /// });
    /// assert_eq!(reader.get()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn wait_changed(&self, seen: u64, timeout: Option<Duration>) -> Waited {
        self.page.wait_changed(seen, timeout)
    }

    /// Returns a watch, which waits for more than a change: until the value is stale, the writer has ended, or the page
    /// was replaced, whichever comes first. `seen` is the generation that was read last.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tearfree_page::{Options, Reader, Waited, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let options = Options::new().wakes(true).lifetime(Duration::from_millis(20));
    /// let mut writer = Writer::<u64>::create(&page, 1, &options)?;
    /// let reader = Reader::<u64>::open(&page)?;
    /// let mut watch = reader.watch(reader.read()?.generation);
    /// assert_eq!(watch.wait(None), Waited::Stale); // nothing was published in time
    /// writer.set(2)?;
    /// assert_eq!(watch.wait(None), Waited::Changed);
    /// drop(writer);
    /// assert_eq!(watch.wait(None), Waited::Ended);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn watch(&self, seen: u64) -> Watch<'_> {
        self.page.watch(seen)
    }

    /// Loads one of the eight independent words beside the value: see
    /// [`Writer::set_word`](crate::Writer::set_word).
    ///
    /// # Panics
    /// If `index` is 8 or more.
    #[inline]
    #[must_use]
    pub fn word(&self, index: usize) -> u64 {
        self.page.word(index)
    }

    /// Computes how fresh the newest value is now. Reads the clock. [`Freshness::Unknown`] if the value changes during
    /// each of a thousand attempts to read its promise.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.page.freshness()
    }

    /// Computes how long ago the newest value was published: see [`Reading::age`].
    ///
    /// ```
    /// # use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// assert!(Reader::<u64>::open(&page)?.age().is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        self.page.age()
    }

    /// Returns the state that the writer last stored.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.page.writer_state()
    }

    /// Returns the process that writes the page, or wrote it last. `None` if that changed during each of a
    /// thousand attempts to read it.
    #[must_use]
    pub fn writer(&self) -> Option<WriterIdentity> {
        self.page.writer()
    }

    /// Returns the contents of the page's header.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        self.page.geometry()
    }
}
