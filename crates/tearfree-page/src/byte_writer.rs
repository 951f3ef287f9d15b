// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ByteWriter`: publishes values of a schema that is known only at run time, as bytes.

mod access;

use core::mem::MaybeUninit;
use core::sync::atomic::Ordering::Relaxed;
use std::borrow::Cow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use crate::create::{create_named, create_sealed};
use crate::error::{Error, check_size};
use crate::files::remove_file;
use crate::fork::CreatorProcess;
use crate::header::Geometry;
use crate::identity::{WriterIdentity, namespace, own_record};
use crate::layout::{STATE_ENDED, STATE_LIVE};
use crate::lock::PageLock;
use crate::locked_page::{LockedPage, supersede};
use crate::mapped_page::MappedPage;
use crate::options::Options;
use crate::path::ASIDE;
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
    stamps: StampSource,
    /// Whether this writer, and not an earlier one, published the value.
    is_own: bool,
    process: CreatorProcess,
    /// The memory file of a sealed page, which is passed to readers.
    file: Option<OwnedFd>,
    /// The lock of a named page. The last field: it is released after the page says that its writer ended.
    _lock: Option<PageLock>,
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

    /// Creates or takes over a page. Without a value it keeps that of the page.
    fn create_or_continue(
        page: &Path,
        schema: &Schema,
        value: Option<&[u8]>,
        options: &Options,
    ) -> Result<Self, Error> {
        // Before anything is changed: it can fail.
        let process = CreatorProcess::current()?;
        let files = LockedPage::create(page)?;
        let replaced = match files.map() {
            Ok(page) => match page.check_schema(schema, &files.path) {
                Ok(()) if page.geometry.wakes == options.wakes && files.has_mode(options.mode) => {
                    let mut writer = Self::succeed(files, page, options, process);
                    if let Some(value) = value {
                        writer.publish_bytes(value);
                    }
                    return Ok(writer);
                }
                Err(error) if !options.replace => return Err(error),
                _ => Some(page),
            },
            Err(Error::Missing(_) | Error::OtherBoot(_)) => None,
            Err(Error::Damaged(..)) if options.replace => None,
            Err(error) => return Err(error),
        };
        let value = match (value, &replaced) {
            (Some(value), _) => Cow::Borrowed(value),
            (None, Some(page)) if page.geometry.schema == *schema => {
                Cow::Owned(page.newest_bytes())
            }
            (None, _) => {
                let zeros = vec![0; schema.size()];
                // An enum need not have a name for zero.
                schema.check_values(&zeros)?;
                Cow::Owned(zeros)
            }
        };
        let page = create_named(
            &files.directory,
            &files.path,
            schema,
            &value,
            options,
            replaced.as_ref(),
        )?;
        if let Some(page) = replaced {
            supersede(&page);
        }
        // If this fails, the next writer does it.
        let _ = remove_file(&files.directory, &files.path, ASIDE);
        Ok(Self::begin(page, options, process, Some(files.lock)))
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
        let page = files.map()?;
        if let Some(schema) = schema {
            page.check_schema(schema, &files.path)?;
        }
        Ok(Self::succeed(files, page, options, process))
    }

    /// Creates a page in a sealed memory file: see [`Writer::create_sealed`](crate::Writer::create_sealed).
    ///
    /// # Errors
    /// As for [`Writer::create_sealed`](crate::Writer::create_sealed), and if `value` does not have the size of
    /// the schema.
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
        let process = CreatorProcess::current()?;
        let (file, page) = create_sealed(name, schema, value, options)?;
        let mut writer = Self::begin(page, options, process, None);
        writer.file = Some(file);
        Ok(writer)
    }

    /// Takes the place of a writer that ended or was killed.
    fn succeed(
        files: LockedPage,
        page: MappedPage,
        options: &Options,
        process: CreatorProcess,
    ) -> Self {
        let before = page.writer_record().map_or(0, |record| record.takeovers);
        let mut writer = Self::begin(page, options, process, Some(files.lock));
        writer.is_own = false;
        let page = &writer.mapped;
        page.set_writer_record(&own_record(before.wrapping_add(1), options.lifetime_ns));
        // ORDERING: Relaxed: an independent word; a reader that sees it late takes the old state
        // for a little longer.
        page.state().store(STATE_LIVE, Relaxed);
        writer
    }

    fn begin(
        mapped: MappedPage,
        options: &Options,
        process: CreatorProcess,
        lock: Option<PageLock>,
    ) -> Self {
        // An odd count: the last writer died during a write, whose generation was never published.
        let current = mapped.count().read_begin().generation();
        let stamps = StampSource::new(options.timing(), namespace("time"));
        ByteWriter { mapped, current, stamps, is_own: true, process, file: None, _lock: lock }
    }

    /// Publishes a value.
    ///
    /// # Errors
    /// If `value` does not have the size of the schema, or a field in it is invalid.
    ///
    /// # Panics
    /// In a forked child of the writer's process.
    pub fn set(&mut self, value: &[u8]) -> Result<(), Error> {
        check_size(value.len(), self.mapped.geometry.schema.size())?;
        self.mapped.geometry.schema.check_values(value)?;
        self.publish_bytes(value);
        Ok(())
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
    pub(crate) fn publish<T: Copy>(&mut self, value: &T) {
        self.publish_by(size_of::<T>(), |page, slot| page.store(slot, value));
    }

    fn publish_bytes(&mut self, value: &[u8]) {
        self.publish_by(value.len(), |page, slot| page.store_bytes(slot, value));
    }

    /// Has `store` fill the slot that readers do not use with a payload of `payload` bytes, and publishes it.
    #[inline(always)]
    fn publish_by(&mut self, payload: usize, store: impl FnOnce(&MappedPage, usize)) {
        self.check_process();
        // Before the value is copied, so that it never seems younger than it is.
        let stamp = self.stamps.stamp();
        let count = self.mapped.count();
        let slot = count.write_begin(self.current);
        self.mapped.store_stamp(slot, payload, &stamp);
        store(&self.mapped, slot);
        self.current = count.write_end(self.current);
        if self.mapped.geometry.wakes {
            self.mapped.wake();
        }
        self.is_own = true;
    }

    /// Renews the promise for the published value.
    pub(crate) fn renew_promise(&mut self) {
        self.check_process();
        let Some(until) = self.stamps.new_promise() else { return };
        if !self.is_own {
            // Its stamp is an earlier writer's, and may be by another clock.
            return self.publish_bytes(&self.get());
        }
        let slot = tearfree::raw::slot_of(self.current);
        // ORDERING: Relaxed: one word of a stamp that stays: a reader that sees it, and then another
        // generation, copies again, because it is stored after the odd count by `write_begin`.
        self.mapped.valid_until(slot).store(until, Relaxed);
    }

    /// Stores one of the eight independent words beside the value: see
    /// [`Writer::set_word`](crate::Writer::set_word).
    ///
    /// # Panics
    /// If `index` is 8 or more, and in a forked child of the writer's process.
    #[inline(always)]
    pub fn set_word(&self, index: usize, word: u64) {
        self.check_process();
        // ORDERING: Relaxed: an independent word, which says nothing about the value.
        self.mapped.user_word(index).store(word, Relaxed);
    }

    /// Panics in a forked child.
    #[inline(always)]
    fn check_process(&self) {
        if self.is_forked() {
            panic_in_child();
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
            self.mapped.set_state(STATE_ENDED);
            if self.mapped.geometry.wakes {
                self.mapped.wake_all();
            }
        }
    }
}

#[cold]
#[inline(never)]
fn panic_in_child() -> ! {
    panic!(
        "a forked child cannot write to its parent's page; \
         let the parent write, or take the page over when the parent has ended"
    );
}
