// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Writer`: publishes values of one type to a page.

#![allow(unsafe_code, reason = "the copy of the published value becomes a value here")]

use core::marker::PhantomData;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::byte_writer::ByteWriter;
use crate::error::{Error, Lost, system_error};
use crate::header::Geometry;
use crate::identity::WriterIdentity;
use crate::options::Options;
use crate::payload::{Payload, checked, checked_schema};
use crate::schema::InvalidValue;
use crate::sealed::{self, MEMORY_FILE};

/// A page and the right to publish to it.
///
/// A page has at most one writer: the right is a lock, which the kernel releases when the process ends,
/// also when it is killed. When a writer is dropped, the page keeps the last value and says that its writer
/// has ended.
///
/// A process can lose the lock unnoticed: its descriptor is closed by other code, or the file `lock` is removed or
/// replaced. Then another process can become the writer, on a new page of the same name, and the methods of this one
/// that publish return [`Lost`]. They do so in a forked child, too, which is not the writer. Values are never torn, and the
/// readers of the name see no older ones after newer ones.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use tearfree_page::{Freshness, Options, Reader, Writer, payload};
/// payload! { pub struct Load { one: f64, five: f64 } }
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("load");
///
/// let options = Options::new().lifetime(Duration::from_secs(3));
/// let mut writer = Writer::create(&page, Load { one: 0.5, five: 0.4 }, &options)?;
/// writer.update(|load| load.one += 0.25)?;
///
/// let reading = Reader::<Load>::open(&page)?.read()?;
/// assert_eq!(reading.value.one, 0.75);
/// assert!(matches!(reading.freshness(), Freshness::Fresh(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer<T> {
    page: ByteWriter,
    payload: PhantomData<fn(T)>,
}

impl<T: Payload> Writer<T> {
    /// Creates a page and publishes `value`. `page` is a name, or a path if it contains a `/`.
    ///
    /// If a page of this schema exists and has no writer, this takes it over and continues its count: a
    /// service calls this at each start. (If only one of the two wakes its readers, a new page replaces
    /// it.) A page of another schema is an error unless [`Options::replace`] is set.
    ///
    /// # Errors
    /// If the page has a writer (the error names it) or another schema (the error shows both), if it is
    /// damaged, if the disk is full, or if a system call fails. An existing page is then unchanged.
    pub fn create(page: impl AsRef<Path>, value: T, options: &Options) -> Result<Self, Error> {
        let schema = checked_schema::<T>()?;
        ByteWriter::create(page.as_ref(), &schema, value.as_bytes(), options).map(Self::new)
    }

    /// Takes over an existing page and keeps its value.
    ///
    /// # Errors
    /// If there is no such page, if its value is invalid (the error names the field; `create` replaces the
    /// value), and as for [`create`](Self::create).
    ///
    /// ```
    /// # use tearfree_page::{Options, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// drop(Writer::<u64>::create(&page, 5, &Options::new())?); // or killed
    /// let successor = Writer::<u64>::take_over(&page, &Options::new())?;
    /// assert_eq!((successor.get(), successor.generation()), (5, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_over(page: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        let schema = checked_schema::<T>()?;
        let writer =
            ByteWriter::take_over_as(page.as_ref(), Some(&schema), options).map(Self::new)?;
        writer.load().map_err(Error::InvalidValue)?;
        Ok(writer)
    }

    /// Creates a page in a sealed memory file, outside the file system.
    ///
    /// Only this writer can change it and no process can truncate it, so readers and writer need not trust
    /// each other. [`send`](Self::send) and [`inheritable`](Self::inheritable) pass it to readers. `name`
    /// is shown in `/proc/PID/maps`. No other writer can take over the page; its readers keep the last
    /// value.
    ///
    /// # Errors
    /// If there is no memory for it, or a system call fails.
    ///
    /// ```
    /// use std::os::unix::net::UnixStream;
    /// use tearfree_page::{Options, Reader, Writer};
    /// let mut writer = Writer::<u64>::create_sealed("load", 1, &Options::new())?;
    /// let (here, there) = UnixStream::pair()?; // a socket to another process
    /// writer.send(&here)?;
    /// let reader = Reader::<u64>::receive(&there)?;
    /// writer.set(2)?;
    /// assert_eq!(reader.get()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_sealed(name: &str, value: T, options: &Options) -> Result<Self, Error> {
        let schema = checked_schema::<T>()?;
        ByteWriter::create_sealed(name, &schema, value.as_bytes(), options).map(Self::new)
    }

    fn new(page: ByteWriter) -> Self {
        Writer { page, payload: PhantomData }
    }

    /// Publishes a value: two stores and a copy, and what the [`Options`] add.
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    ///
    /// # Ordering
    /// A reader that sees the value also sees everything that happened before this call.
    #[inline]
    pub fn set(&mut self, value: T) -> Result<(), Lost> {
        self.set_from(&value)
    }

    /// Publishes a value without copying it first.
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    #[inline]
    pub fn set_from(&mut self, value: &T) -> Result<(), Lost> {
        self.page.publish(value)
    }

    /// Publishes a value and returns the previous one.
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    ///
    /// ```
    /// # use tearfree_page::{Options, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let mut writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// assert_eq!((writer.replace(2)?, writer.get()), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replace(&mut self, value: T) -> Result<T, Lost> {
        self.update(|current| core::mem::replace(current, value))
    }

    /// Changes the value with a closure, which gets a private copy. If it panics, nothing is published.
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> Result<R, Lost> {
        self.update_or_discard(|value| Ok(change(value)))
    }

    /// Changes the value with a closure, and publishes it only if the closure returns `Ok`.
    ///
    /// # Errors
    /// The error that the closure returns; and [`Lost`], if the closure returns `Ok` and this writer has lost its page.
    ///
    /// ```
    /// # use tearfree_page::{Options, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("left");
    /// let mut writer = Writer::<u64>::create(&page, 10, &Options::new())?;
    /// let mut pay = |amount| writer.update_or_discard(|left: &mut u64| {
    ///     *left = left.checked_sub(amount).ok_or("not enough left")?;
    ///     Ok::<u64, Box<dyn std::error::Error>>(*left)
    /// });
    /// assert_eq!(pay(4)?, 6);
    /// assert!(pay(7).is_err());
    /// assert_eq!((writer.get(), writer.generation()), (6, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update_or_discard<R, E: From<Lost>>(
        &mut self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut value = self.get();
        let result = change(&mut value)?;
        self.set_from(&value)?;
        Ok(result)
    }

    /// Returns a copy of the published value. It does not load the count.
    ///
    /// # Panics
    /// If another process wrote an invalid value to the page, which only a program that breaks the protocol
    /// does.
    #[must_use]
    pub fn get(&self) -> T {
        self.load().unwrap_or_else(|invalid| panic_at(&invalid))
    }

    fn load(&self) -> Result<T, InvalidValue> {
        let copy = self.page.load::<T>();
        // SAFETY: P4, P5. The copy has all bytes of the published value, which no other writer changes.
        unsafe { checked(&copy, 0, &self.geometry().schema) }
    }
}

impl<T> Writer<T> {
    /// Renews the promise of [`Options::lifetime`]: the value is still valid. Its age and generation stay. Without a
    /// promise, this does nothing.
    ///
    /// After a take-over, the first call publishes the value again: it makes the value of the earlier writer this
    /// writer's own.
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tearfree_page::{Freshness, Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let options = Options::new().lifetime(Duration::from_secs(3));
    /// let mut writer = Writer::<u64>::create(&page, 1, &options)?;
    /// writer.touch()?; // some time later
    /// let reading = Reader::<u64>::open(&page)?.read()?;
    /// assert!(matches!(reading.freshness(), Freshness::Fresh(_)));
    /// assert_eq!(reading.generation, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn touch(&mut self) -> Result<(), Lost> {
        self.page.touch()
    }

    /// Stores one of the eight independent words beside the value.
    ///
    /// Each is one atomic, which a reader loads without a count. Words are not ordered with each other or
    /// with the value.
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    ///
    /// # Panics
    /// If `index` is 8 or more.
    ///
    /// ```
    /// # use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// writer.set_word(7, 42)?;
    /// assert_eq!(Reader::<u64>::open(&page)?.word(7), 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn set_word(&self, index: usize, word: u64) -> Result<(), Lost> {
        self.page.set_word(index, word)
    }

    /// Returns the number of publications so far, by all writers of this page.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.page.generation()
    }

    /// Returns this writer as its readers see it.
    #[must_use]
    pub fn identity(&self) -> Option<WriterIdentity> {
        self.page.identity()
    }

    /// Returns the contents of the page's header.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        self.page.geometry()
    }

    /// Returns the memory file of a sealed page.
    #[must_use]
    pub fn sealed_file(&self) -> Option<BorrowedFd<'_>> {
        self.page.sealed_file()
    }

    /// Sends a sealed page through a socket to [`Reader::receive`](crate::Reader::receive).
    ///
    /// # Errors
    /// If the page is not sealed, or the socket fails.
    pub fn send(&self, socket: &UnixStream) -> Result<(), Error> {
        sealed::send(socket, self.sealed_file().ok_or(Error::NotSealed)?)
    }

    /// Duplicates the memory file of a sealed page so that child processes inherit it.
    ///
    /// Pass the number of the file descriptor to the children, which call
    /// [`Reader::open_inherited`](crate::Reader::open_inherited). Drop it when they have started.
    ///
    /// # Errors
    /// If the page is not sealed, or this process has too many open files.
    pub fn inheritable(&self) -> Result<OwnedFd, Error> {
        let file = self.sealed_file().ok_or(Error::NotSealed)?;
        rustix::io::dup(file).map_err(system_error("duplicate", MEMORY_FILE))
    }
}

#[cold]
#[inline(never)]
fn panic_at(invalid: &InvalidValue) -> ! {
    panic!("another process wrote to the page: {invalid}; publish a valid value with `set`");
}
