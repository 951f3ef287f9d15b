// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ByteWriter`: publishes values of a schema that is known only at run time, as bytes.

mod access;
mod beginning;

use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::Relaxed;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use crate::create::create_sealed;
use crate::error::{Error, Lost, check_size};
use crate::fork::CreatorProcess;
use crate::header::Geometry;
use crate::identity::WriterIdentity;
use crate::lock::PageLock;
use crate::locked_page::LockedPage;
use crate::mapped_page::MappedPage;
use crate::name_watch::NameWatch;
use crate::options::Options;
use crate::ownership::Ownership;
use crate::schema::Schema;
use crate::stamp::StampSource;

/// A page and the right to publish to it as bytes; otherwise like [`Writer`](crate::Writer).
///
/// For tools and bindings, which learn the schema at run time.
///
/// # Examples
/// ```
/// use tearfree_page::{ByteReader, ByteWriter, Options};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("numbers");
/// let schema = "value:u16[2]".parse()?;
/// let mut writer = ByteWriter::create(&page, &schema, &[1, 0, 2, 0], &Options::new())?;
/// writer.set(&[3, 0, 4, 0])?;
/// let reading = ByteReader::open(&page)?.read()?;
/// assert_eq!((reading.value, reading.generation), (vec![3, 0, 4, 0], 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ByteWriter {
    mapped: MappedPage,
    /// The published generation. Only this value changes it (P5).
    current: u64,
    /// What the page has while this is its writer.
    ownership: Ownership,
    stamps: StampSource,
    /// Whether this writer, and not an earlier one, published the value.
    is_own: bool,
    process: CreatorProcess,
    name: NameWatch,
    /// The memory file of a sealed page, which is passed to readers.
    file: Option<OwnedFd>,
    /// The lock of a named page. The last field: it is released after the page says that its writer ended.
    lock: Option<PageLock>,
}

impl ByteWriter {
    /// Creates a page, or takes it over, and publishes `value`: see
    /// [`Writer::create`](crate::Writer::create).
    ///
    /// # Errors
    /// As for [`Writer::create`](crate::Writer::create), and if `value` does not have the size of the schema
    /// or a field in it is invalid.
    pub fn create(
        page: impl AsRef<Path>,
        schema: &Schema,
        value: &[u8],
        options: &Options,
    ) -> Result<Self, Error> {
        check_size(value.len(), schema.size())?;
        schema.check_values(value)?;
        Self::create_or_continue(page.as_ref(), schema, Some(value), options)
    }

    /// Takes over an existing page of any schema: see [`Writer::take_over`](crate::Writer::take_over).
    ///
    /// # Errors
    /// As for [`Writer::take_over`](crate::Writer::take_over).
    pub fn take_over(page: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        Self::take_over_as(page.as_ref(), None, options)
    }

    /// Takes over an existing page, of this schema if one is given.
    ///
    /// # Errors
    /// As for [`Writer::take_over`](crate::Writer::take_over). A page of another schema stays as it is.
    pub fn take_over_as(
        page: impl AsRef<Path>,
        schema: Option<&Schema>,
        options: &Options,
    ) -> Result<Self, Error> {
        let process = CreatorProcess::current()?;
        let files = LockedPage::open(page.as_ref())?;
        let old = files.map()?;
        if let Some(schema) = schema {
            old.page.check_schema(schema, &files.path)?;
        }
        if old.has_ended {
            return Ok(Self::succeed(&files, old, options, process)?.hold(files));
        }
        let schema = old.page.geometry.schema.clone();
        let mut options = options.clone().wakes(old.page.geometry.wakes);
        options.mode = files.mode();
        let writer = Self::create_file(&files, Some(old), &schema, None, &options, process)?;
        Ok(writer.hold(files))
    }

    /// Creates a page in a sealed memory file: see [`Writer::create_sealed`](crate::Writer::create_sealed).
    ///
    /// # Errors
    /// As for [`Writer::create_sealed`](crate::Writer::create_sealed), and if `value` does not have the size of
    /// the schema or a field in it is invalid.
    ///
    /// ```
    /// use tearfree_page::{ByteReader, ByteWriter, Options};
    /// let schema = "value:u16".parse()?;
    /// let writer = ByteWriter::create_sealed("numbers", &schema, &[1, 2], &Options::new())?;
    /// let file = writer.sealed_file().expect("the page is sealed");
    /// assert_eq!(ByteReader::open_sealed(file)?.read()?.value, [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_sealed(
        name: &str,
        schema: &Schema,
        value: &[u8],
        options: &Options,
    ) -> Result<Self, Error> {
        check_size(value.len(), schema.size())?;
        schema.check_values(value)?;
        let process = CreatorProcess::current()?;
        let (file, page) = create_sealed(name, schema, value, options)?;
        let mut writer = Self::begin(page, Ownership::live(0), options, process, None)?;
        writer.file = Some(file);
        Ok(writer)
    }

    /// Publishes a value.
    ///
    /// # Errors
    /// If `value` does not have the size of the schema, a field in it is invalid, or this writer has [`Lost`] its page.
    pub fn set(&mut self, value: &[u8]) -> Result<(), Error> {
        check_size(value.len(), self.mapped.geometry.schema.size())?;
        self.mapped.geometry.schema.check_values(value)?;
        Ok(self.publish_bytes(value)?)
    }

    /// Returns the published value.
    #[must_use]
    pub fn get(&self) -> Vec<u8> {
        self.mapped.to_bytes(tearfree::raw::slot_of(self.current))
    }

    /// Copies the published value. No other writer can change it meanwhile (P5).
    pub(crate) fn load<T: Copy>(&self) -> MaybeUninit<T> {
        self.mapped.load(tearfree::raw::slot_of(self.current))
    }

    /// Publishes a value of the page's type.
    #[inline(always)]
    pub(crate) fn publish<T: Copy>(&mut self, value: &T) -> Result<(), Lost> {
        self.publish_by(size_of::<T>(), |page, slot| page.store(slot, value))
    }

    fn publish_bytes(&mut self, value: &[u8]) -> Result<(), Lost> {
        self.publish_by(value.len(), |page, slot| page.store_bytes(slot, value))
    }

    /// Has `store` fill the slot that readers do not use with a payload of `payload` bytes, and publishes it.
    #[inline(always)]
    fn publish_by(
        &mut self,
        payload: usize,
        store: impl FnOnce(&MappedPage, usize),
    ) -> Result<(), Lost> {
        self.check_owner()?;
        // Before the value is copied, so that it never seems younger than it is.
        let stamp = self.stamps.stamp();
        if let Err(lost) = self.name.check(stamp.published_ns, self.current) {
            // From here on, the page is not this writer's for the other calls either.
            self.end();
            return Err(lost);
        }
        let count = self.mapped.count();
        let slot = count.write_begin(self.current);
        self.mapped.store_stamp(slot, payload, &stamp);
        store(&self.mapped, slot);
        self.current = count.write_end(self.current);
        if self.mapped.geometry.wakes {
            self.mapped.wake();
        }
        self.is_own = true;
        Ok(())
    }

    /// Renews the promise for the published value: see [`Writer::touch`](crate::Writer::touch).
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    pub fn touch(&mut self) -> Result<(), Lost> {
        self.check_owner()?;
        let Some(until) = self.stamps.new_promise() else { return Ok(()) };
        if !self.is_own {
            // Its stamp is an earlier writer's, and may be by another clock.
            return self.publish_bytes(&self.get());
        }
        let slot = tearfree::raw::slot_of(self.current);
        // ORDERING: Relaxed: one word of a stamp that stays: a reader that sees it, and then another
        // generation, copies again, because it is stored after the odd count by `write_begin`.
        self.mapped.valid_until(slot).store(until, Relaxed);
        Ok(())
    }

    /// Stores one of the eight independent words beside the value: see
    /// [`Writer::set_word`](crate::Writer::set_word).
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    ///
    /// # Panics
    /// If `index` is 8 or more.
    #[inline(always)]
    pub fn set_word(&self, index: usize, word: u64) -> Result<(), Lost> {
        self.check_owner()?;
        // ORDERING: Relaxed: an independent word, which says nothing about the value.
        self.mapped.user_word(index).store(word, Relaxed);
        Ok(())
    }

    /// Checks, before anything is stored, that this is still the writer.
    #[inline(always)]
    fn check_owner(&self) -> Result<(), Lost> {
        if self.mapped.ownership() != self.ownership || !self.process.is_same_process() {
            return Err(self.lost());
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn lost(&self) -> Lost {
        if !self.process.is_same_process() {
            Lost::InChild
        } else if self.mapped.ownership() == self.ownership.ended() {
            Lost::Removed
        } else {
            Lost::TakenOver
        }
    }

    /// Says in the page that its writer has ended. Fails if it has another writer, or another page has its name.
    fn end(&self) {
        let ended = self.mapped.change_ownership(self.ownership, self.ownership.ended());
        if ended.is_ok() && self.mapped.geometry.wakes {
            self.mapped.wake_all();
        }
    }

    /// Returns the number of publications so far, by all writers of this page.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.current
    }

    /// Returns the contents of the page's header.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.mapped.geometry
    }

    pub(crate) fn identity(&self) -> Option<WriterIdentity> {
        self.mapped.writer_identity()
    }

    /// Returns the memory file of a sealed page.
    #[must_use]
    pub fn sealed_file(&self) -> Option<BorrowedFd<'_>> {
        self.file.as_ref().map(AsFd::as_fd)
    }
}

impl Drop for ByteWriter {
    fn drop(&mut self) {
        if self.process.is_same_process() {
            self.end();
        }
    }
}
