// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Reader`: sees the newest value of a page, whatever becomes of its writer.

#![allow(unsafe_code, reason = "validated copies become values here (P4)")]

use core::marker::PhantomData;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use tearfree::FieldSet;

use crate::Payload;
use crate::error::{Error, Unsettled};
use crate::header::Geometry;
use crate::identity::Identity;
use crate::passing;
use crate::place::Owner;
use crate::publisher::fits;
use crate::schema::schema_of;
use crate::status::{Freshness, Glance, Reading, WriterState};
use crate::subscriber::{Subscriber, Waited};
use crate::view::View;

/// Up to this size a value goes through registers; larger ones go straight to their place.
const SMALL: usize = 128;

/// A page, mapped for reading only.
///
/// Reading takes no lock, makes no system call and stores nothing, so readers, however many, disturb
/// neither the writer nor each other. No writer can make one wait: not when it is slow, dead, or
/// hostile. All methods may be called from any thread and from signal handlers, but for
/// [`writer`](Self::writer), which looks into `/proc`.
///
/// The owner of a *named* page can cut its file off; touching it then ends the process by SIGBUS. So
/// a reader opens pages of this user and of root only, unless it is told otherwise. A *sealed* page
/// has no such weakness.
///
/// # Beside a `SeqLock`
/// A call that does what one of [`SeqLock`](tearfree::SeqLock) does has its name. Where a page is
/// something else, the call is too:
///
/// - A value can be stale, and its writer gone. So [`read`](Self::read) gives a [`Reading`], which says
///   so; it also has the generation, so there is no `read_versioned`. [`get`](Self::get) is the value alone.
/// - The writer can be hostile, so no call waits for it: each makes a thousand attempts, and then there
///   is an error. There is no `try_read` and no `try_read_for`, because `read` is both.
/// - The number of publications means the same in all processes, has an order, and outlives the writer:
///   it is a number, [`generation`](Self::generation), and not a [`Version`](tearfree::Version).
/// - A wait can also end because the page was replaced: [`wait_changed`](Self::wait_changed) gives a
///   [`Waited`] instead of a `bool`.
///
/// # Examples
/// ```
/// use tearfree_page::{Options, Reader, Writer};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("load");
/// let mut writer = Writer::<u64>::create(&page, 1, &Options::new())?;
/// let reader = Reader::<u64>::open(&page)?;
/// writer.set(2);
/// let reading = reader.read()?;
/// assert_eq!((reading.value, reading.generation), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reader<T> {
    page: Subscriber,
    payload: PhantomData<fn() -> T>,
}

impl<T: Payload> Reader<T> {
    /// Opens a page of this user or of root. `page` is a name, or a path if it has a `/` in it.
    ///
    /// # Errors
    /// If there is none, if it is damaged, from another boot, of another schema (the error shows
    /// both), or of another owner.
    pub fn open(page: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_of(page, Owner::MeOrRoot)
    }

    /// As [`open`](Self::open), of the given owner.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_of(page: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
        Self::new(Subscriber::open(page.as_ref(), owner)?, page.as_ref())
    }

    /// Maps a sealed page that this process has as an open file. The seals are checked first: they
    /// make sure that nobody can cut the file off, nor write to it but the one writer.
    ///
    /// # Errors
    /// If the file is not sealed, or no page of this schema.
    pub fn sealed(file: impl AsFd) -> Result<Self, Error> {
        Self::new(Subscriber::sealed(file.as_fd())?, Path::new("a memory file"))
    }

    /// Maps a sealed page that this process inherited under a number: see
    /// [`Writer::inheritable`](crate::Writer::inheritable).
    ///
    /// # Errors
    /// As for [`sealed`](Self::sealed).
    pub fn inherited(number: u32) -> Result<Self, Error> {
        Self::new(Subscriber::inherited(number)?, Path::new("a memory file"))
    }

    /// Maps the sealed page that [`Writer::send`](crate::Writer::send) sends. Waits for it.
    ///
    /// # Errors
    /// If something else comes, or nothing; and as for [`sealed`](Self::sealed).
    pub fn receive(socket: &UnixStream) -> Result<Self, Error> {
        Self::sealed(passing::receive(socket)?)
    }

    fn new(page: Subscriber, path: &Path) -> Result<Self, Error> {
        let schema = schema_of::<T>()?;
        // What a type says about itself is no proof of its size.
        if size_of::<T>() != schema.size() {
            return Err(Error::Size { given: size_of::<T>(), wanted: schema.size() });
        }
        fits(path, &page.geometry, &schema)?;
        Ok(Reader { page, payload: PhantomData })
    }

    /// The newest value, whole. A few loads and a copy.
    ///
    /// [`get`](Self::get) gives the value alone; large ones are better read by
    /// [`read_into`](Self::read_into).
    ///
    /// # Errors
    /// [`Unsettled`] if the page changed twice during each of a thousand copies. No writer of
    /// this crate is that fast for long.
    ///
    /// # Ordering
    /// Sees everything that the writer did before it published the value.
    #[inline(always)]
    pub fn read(&self) -> Result<Reading<T>, Unsettled> {
        let (value, generation) = self.copy()?;
        Ok(Reading { value, generation, glance: self.page.glance() })
    }

    /// The newest value, whole, and nothing about it: the fastest way, as fast as a latch inside of
    /// a process.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    #[inline(always)]
    pub fn get(&self) -> Result<T, Unsettled> {
        self.copy().map(|(value, _generation)| value)
    }

    /// All attempts are in here, so that a small value stays in registers on its way out.
    #[inline(always)]
    fn copy(&self) -> Result<(T, u64), Unsettled> {
        let (copy, generation) = self.page.read(|slot| self.page.shared.load::<T>(slot))?;
        // SAFETY: P4, P14. The bytes are one generation's, and any bytes are a `T`.
        Ok((unsafe { copy.assume_init() }, generation))
    }

    /// As [`get`](Self::get), into a value that is there already. Of a large value, of more than 128
    /// bytes, this is the faster way, because it is copied once.
    ///
    /// # Errors
    /// As for [`read`](Self::read); then `to` may be a mix of several values.
    #[inline]
    pub fn get_into(&self, to: &mut T) -> Result<(), Unsettled> {
        self.copy_to(to).map(|_generation| ())
    }

    /// As [`get_into`](Self::get_into), and tells about the value what [`read`](Self::read) tells.
    ///
    /// # Errors
    /// As for [`get_into`](Self::get_into).
    #[inline]
    pub fn read_into(&self, to: &mut T) -> Result<Reading<()>, Unsettled> {
        let generation = self.copy_to(to)?;
        Ok(Reading { value: (), generation, glance: self.page.glance() })
    }

    #[inline(always)]
    fn copy_to(&self, to: &mut T) -> Result<u64, Unsettled> {
        if size_of::<T>() <= SMALL {
            let (value, generation) = self.copy()?;
            *to = value;
            return Ok(generation);
        }
        let bytes = to.as_mut_bytes();
        self.page
            .read(|slot| self.page.shared.load_into(slot, bytes))
            .map(|((), generation)| generation)
    }

    /// Some fields of the newest value, which belong to one publication: only their bytes are copied.
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
    pub fn read_fields<S: FieldSet<T>>(&self, fields: S) -> Result<S::Values, Unsettled> {
        let (torn, _) = self.page.read(|slot| fields.load(&self.page.shared.fields(slot)))?;
        // SAFETY: P4, P14. The bytes are one generation's; any bytes are a `T`, and so its fields.
        Ok(unsafe { S::validated(torn) })
    }

    /// As [`read`](Self::read), if there is another generation than `seen`, which is then the new one.
    /// Without news it is one load.
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
    /// writer.set(5);
    /// assert_eq!(reader.read_if_changed(&mut seen)?.map(|new| new.value), Some(5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn read_if_changed(&self, seen: &mut u64) -> Result<Option<Reading<T>>, Unsettled> {
        if self.generation() == *seen {
            return Ok(None);
        }
        let reading = self.read()?;
        *seen = reading.generation;
        Ok(Some(reading))
    }

    /// Reads the newest value and runs `meanwhile`, and makes sure that the value was the newest one
    /// before and after that; else it begins again.
    ///
    /// A clock needs that: a counter that was read while generation g was the newest is below the
    /// counter value from which g + 1 holds.
    ///
    /// # Errors
    /// [`Unsettled`] if each of a thousand attempts met a publication;
    /// `meanwhile` has to be shorter than the time between two of them.
    ///
    /// ```
    /// # use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// let reader = Reader::<u64>::open(&page)?;
    /// let (reading, now) = reader.read_current(std::time::Instant::now)?;
    /// println!("{} was the newest value at {now:?}", reading.value);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn read_current<R>(
        &self,
        mut meanwhile: impl FnMut() -> R,
    ) -> Result<(Reading<T>, R), Unsettled> {
        let copy = |slot| (meanwhile(), self.page.shared.load::<T>(slot));
        let ((result, copy), generation) = self.page.read_current(copy)?;
        // SAFETY: P4, P14. The bytes are one generation's, and any bytes are a `T`.
        let value = unsafe { copy.assume_init() };
        Ok((Reading { value, generation, glance: self.page.glance() }, result))
    }

    /// As [`read_current`](Self::read_current), but one attempt, and only for what `look` looks at:
    /// `None` if a publication came in between. What `look` computes from a mix of values is thrown
    /// away then. A clock reads five numbers of what it publishes, nearly always.
    ///
    /// # Examples
    /// ```
    /// use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<[u64; 3]>::create(&page, [1, 2, 3], &Options::new())?;
    /// let reader = Reader::<[u64; 3]>::open(&page)?;
    /// let seen = reader.try_current(|value| (value.u64_at::<16>(), std::time::Instant::now()));
    /// assert!(seen.is_some_and(|(third, _now)| third == 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn try_current<R>(&self, look: impl FnOnce(View<'_, T>) -> R) -> Option<R> {
        // Where the slots are is loaded before the count, and not once more behind it.
        let view = self.page.shared.view();
        self.page.try_current(|slot| look(view.in_slot(slot)))
    }
}

impl<T> Reader<T> {
    /// The number of publications until now, of all writers of this page. One load.
    #[inline]
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.page.generation()
    }

    /// Waits until the generation is another one than `seen`; `None`: for as long as it takes.
    ///
    /// The thread sleeps meanwhile. If the page was made with
    /// [`Options::wakes`](crate::Options::wakes), the writer wakes it; else it looks once a
    /// millisecond.
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

    /// One of the eight words that are whole by themselves: see
    /// [`Writer::set_word`](crate::Writer::set_word). One load, which says nothing about the value.
    ///
    /// # Panics
    /// If `index` is 8 or more.
    #[inline]
    #[must_use]
    pub fn word(&self, index: usize) -> u64 {
        // ORDERING: Relaxed: an independent word, which says nothing about the value.
        self.page.shared.user_word(index).load(Relaxed)
    }

    /// How fresh the page is now.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.glance().freshness()
    }

    /// What the writer said last.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.glance().writer_state()
    }

    /// Who the writer is, or was; `None` if that changed during each of a thousand looks.
    #[must_use]
    pub fn writer(&self) -> Option<Identity> {
        self.page.identity()
    }

    /// What the header of the page says.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.page.geometry
    }

    fn glance(&self) -> Glance {
        self.page.glance()
    }
}
