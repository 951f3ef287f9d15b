// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Writer`: the one process that publishes to a page.

use core::convert::Infallible;
use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use crate::Payload;
use crate::error::{Error, refused};
use crate::header::Geometry;
use crate::identity::Identity;
use crate::options::Options;
use crate::passing;
use crate::publisher::Publisher;
use crate::schema::{Schema, schema_of};

/// A page, and the right to publish to it.
///
/// There is one at a time: the right is a lock that the kernel gives back when the process ends, in
/// whatever way. When a writer is dropped, the page stays, says that its writer has ended, and keeps
/// the last value.
///
/// A forked child is not the writer: all methods that publish panic there.
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
/// writer.update(|load| load.one += 0.25);
///
/// let reading = Reader::<Load>::open(&page)?.read()?;
/// assert_eq!(reading.value.one, 0.75);
/// assert!(matches!(reading.freshness(), Freshness::Fresh(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer<T> {
    page: Publisher,
    payload: PhantomData<fn(T)>,
}

impl<T: Payload> Writer<T> {
    /// Makes a page and publishes `value`; `page` is a name, or a path if it has a `/` in it.
    ///
    /// If the page is there, has this schema and no writer, it goes on with that one, and so does its
    /// count: a service calls this at each start. (Only if it is to wake waiters and did not, or the
    /// other way round, a new page takes its place.) A page of another schema is an error, unless
    /// [`Options::replace`] is asked for.
    ///
    /// # Errors
    /// If it has a writer (the error says which), or another schema (it shows both), if it is damaged,
    /// if the disk is full, or if the system refuses. Whatever was there before is there afterwards.
    pub fn create(page: impl AsRef<Path>, value: T, options: &Options) -> Result<Self, Error> {
        Publisher::create(page.as_ref(), &Self::schema()?, value.as_bytes(), options).map(Self::of)
    }

    /// Goes on with a page that is there, and leaves its value as it is.
    ///
    /// # Errors
    /// If there is none, and as for [`create`](Self::create).
    ///
    /// ```
    /// # use tearfree_page::{Options, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// drop(Writer::<u64>::create(&page, 5, &Options::new())?); // or killed
    /// let heir = Writer::<u64>::take_over(&page, &Options::new())?;
    /// assert_eq!((heir.get(), heir.generation()), (5, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_over(page: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        Publisher::take_over(page.as_ref(), Some(&Self::schema()?), options).map(Self::of)
    }

    /// Makes a page without a place in the file system, in memory that nobody but this writer can
    /// change, and nobody at all can cut off: for readers who do not trust the writer, and the other
    /// way round. It is passed on by [`send`](Self::send) or [`inheritable`](Self::inheritable).
    ///
    /// `name` is for people, who see it in `/proc/PID/maps`. No other writer can take over such a
    /// page; its readers keep the last value.
    ///
    /// # Errors
    /// If the system refuses, or there is no memory for it.
    ///
    /// ```
    /// use std::os::unix::net::UnixStream;
    /// use tearfree_page::{Options, Reader, Writer};
    /// let mut writer = Writer::<u64>::create_sealed("load", 1, &Options::new())?;
    /// let (here, there) = UnixStream::pair()?; // a socket to another process
    /// writer.send(&here)?;
    /// let reader = Reader::<u64>::receive(&there)?;
    /// writer.set(2);
    /// assert_eq!(reader.get()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_sealed(name: &str, value: T, options: &Options) -> Result<Self, Error> {
        let schema = Self::schema()?;
        Publisher::create_sealed(name, &schema, value.as_bytes(), options).map(Self::of)
    }

    fn schema() -> Result<Schema, Error> {
        let schema = schema_of::<T>()?;
        // What a type says about itself is no proof of its size.
        let (given, wanted) = (size_of::<T>(), schema.size());
        if given == wanted { Ok(schema) } else { Err(Error::Size { given, wanted }) }
    }

    fn of(page: Publisher) -> Self {
        Writer { page, payload: PhantomData }
    }

    /// Publishes a value: two stores and a copy, and what the [`Options`] ask for.
    ///
    /// # Panics
    /// In a forked child of the writer's process.
    ///
    /// # Ordering
    /// Readers of the value see everything that happened before.
    #[inline]
    pub fn set(&mut self, value: T) {
        self.set_from(&value);
    }

    /// As [`set`](Self::set), without a copy for the call.
    ///
    /// # Panics
    /// In a forked child of the writer's process.
    #[inline]
    pub fn set_from(&mut self, value: &T) {
        self.page.publish(|shared, slot| shared.store(slot, value));
    }

    /// As [`set`](Self::set), and gives the value that was there before.
    ///
    /// # Panics
    /// In a forked child of the writer's process.
    ///
    /// ```
    /// # use tearfree_page::{Options, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let mut writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// assert_eq!((writer.replace(2), writer.get()), (1, 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "if the old value is not needed, `set` is cheaper"]
    pub fn replace(&mut self, value: T) -> T {
        self.update(|current| core::mem::replace(current, value))
    }

    /// Changes the value by a closure that works on a private copy; a panic publishes nothing.
    ///
    /// # Panics
    /// In a forked child of the writer's process.
    pub fn update<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let Ok(result) = self.update_or_discard(|value| Ok::<R, Infallible>(change(value)));
        result
    }

    /// As [`update`](Self::update), but publishes only if the closure gives `Ok`.
    ///
    /// # Errors
    /// What the closure returns.
    ///
    /// # Panics
    /// In a forked child of the writer's process, if the closure gives `Ok`.
    ///
    /// ```
    /// # use tearfree_page::{Options, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("left");
    /// let mut writer = Writer::<u64>::create(&page, 10, &Options::new())?;
    /// let mut pay = |amount| writer.update_or_discard(|left| {
    ///     *left = left.checked_sub(amount).ok_or("not enough left")?;
    ///     Ok(*left)
    /// });
    /// assert_eq!(pay(4), Ok(6));
    /// assert_eq!(pay(7), Err("not enough left"));
    /// assert_eq!((writer.get(), writer.generation()), (6, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn update_or_discard<R, E>(
        &mut self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        let mut value = self.get();
        let result = change(&mut value)?;
        self.set_from(&value);
        Ok(result)
    }

    /// The value that is published: a copy, without a look at the count.
    #[must_use]
    pub fn get(&self) -> T {
        let mut value = T::new_zeroed();
        self.page.load(value.as_mut_bytes());
        value
    }
}

impl<T> Writer<T> {
    /// Renews the promise of [`Options::lifetime`] without a publication: the value is still good.
    ///
    /// # Panics
    /// In a forked child of the writer's process.
    pub fn touch(&self) {
        self.page.renew();
    }

    /// Stores one of eight words that are whole by themselves, beside the value: no count, no order
    /// between them or to the value, and one load for a reader.
    ///
    /// # Panics
    /// If `index` is 8 or more, and in a forked child of the writer's process.
    ///
    /// ```
    /// # use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// writer.set_word(7, 42);
    /// assert_eq!(Reader::<u64>::open(&page)?.word(7), 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn set_word(&self, index: usize, word: u64) {
        self.page.check_process();
        // ORDERING: Relaxed: an independent word, which says nothing about the value.
        self.page.shared.user_word(index).store(word, Relaxed);
    }

    /// The number of publications until now, of all writers of this page.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.page.generation()
    }

    /// What the page says about this writer.
    #[must_use]
    pub fn identity(&self) -> Option<Identity> {
        self.page.identity()
    }

    /// What the header of the page says.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.page.geometry
    }

    /// The memory file of a sealed page.
    #[must_use]
    pub fn sealed_file(&self) -> Option<BorrowedFd<'_>> {
        self.page.file.as_ref().map(AsFd::as_fd)
    }

    /// Sends a sealed page through a socket, to [`Reader::receive`](crate::Reader::receive).
    ///
    /// # Errors
    /// If the page is not a sealed one, or the socket fails.
    pub fn send(&self, socket: &UnixStream) -> Result<(), Error> {
        passing::send(socket, self.sealed_file().ok_or(Error::NotSealed)?)
    }

    /// A file that child programs inherit; tell them its number, and they call
    /// [`Reader::inherited`](crate::Reader::inherited). Close it when they have been started.
    ///
    /// # Errors
    /// If the page is not a sealed one, or there are too many open files.
    pub fn inheritable(&self) -> Result<OwnedFd, Error> {
        let file = self.sealed_file().ok_or(Error::NotSealed)?;
        rustix::io::dup(file).map_err(refused("duplicate", "the memory file"))
    }
}
