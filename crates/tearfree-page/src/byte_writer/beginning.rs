// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a process becomes the writer of a page, with its lock.

use std::path::Path;

use super::ByteWriter;
use crate::create::create_named;
use crate::error::{Error, Lost};
use crate::fork::CreatorProcess;
use crate::identity::{namespace, own_record};
use crate::locked_page::LockedPage;
use crate::mapped_page::MappedPage;
use crate::name_watch::NameWatch;
use crate::options::Options;
use crate::ownership::Ownership;
use crate::schema::Schema;
use crate::stamp::StampSource;
use crate::succession::{Predecessor, supersede};

impl ByteWriter {
    /// Creates or takes over a page. Without a value it keeps that of the page.
    pub(super) fn create_or_continue(
        page: &Path,
        schema: &Schema,
        value: Option<&[u8]>,
        options: &Options,
    ) -> Result<Self, Error> {
        // Before anything is changed: it can fail.
        let process = CreatorProcess::current()?;
        let files = LockedPage::create(page)?;
        match Self::create_in(&files, schema, value, options, process) {
            Ok(writer) => Ok(writer.hold(files)),
            Err(error) => Err(files.undo(error)),
        }
    }

    /// Creates or takes over the page of a directory.
    fn create_in(
        files: &LockedPage,
        schema: &Schema,
        value: Option<&[u8]>,
        options: &Options,
        process: CreatorProcess,
    ) -> Result<Self, Error> {
        let old = match files.map() {
            Ok(old) => match old.page.check_schema(schema, &files.path) {
                Ok(()) => {
                    let is_as_asked =
                        old.page.geometry.wakes == options.wakes && files.has_mode(options.mode);
                    if is_as_asked && old.has_ended {
                        let mut writer = Self::succeed(files, old, options, process)?;
                        if let Some(value) = value {
                            writer.publish_bytes(value)?;
                        }
                        return Ok(writer);
                    }
                    Some(old)
                }
                Err(error) if !options.replace => return Err(error),
                Err(_) => Some(old),
            },
            Err(Error::Missing(_) | Error::OtherBoot(_)) => None,
            Err(Error::Damaged(..)) if options.replace => None,
            Err(error) => return Err(error),
        };
        let can_keep = old.as_ref().is_some_and(|old| old.page.geometry.schema == *schema);
        let zeros;
        let value = match value {
            None if !can_keep => {
                zeros = vec![0; schema.size()];
                // An enum need not have a name for zero.
                schema.check_values(&zeros)?;
                Some(&zeros[..])
            }
            value => value,
        };
        Self::create_file(files, old, schema, value, options, process)
    }

    /// Creates a page in the place of `old`, if there is one. Without a value, it keeps the old one.
    pub(super) fn create_file(
        files: &LockedPage,
        old: Option<Predecessor>,
        schema: &Schema,
        value: Option<&[u8]>,
        options: &Options,
        process: CreatorProcess,
    ) -> Result<Self, Error> {
        let page = create_named(files, schema, value, options, old.as_ref())?;
        let owner = Ownership::live(old.as_ref().map_or(0, |old| old.writers));
        if let Some(old) = old {
            supersede(&old.page);
        }
        // If this fails, the next writer does it.
        let _ = files.discard_rest();
        let mut writer = Self::begin(page, owner, options, process, Some(files))?;
        writer.is_own = value.is_some();
        Ok(writer)
    }

    /// Goes on in the page of a writer that ended or was killed.
    pub(crate) fn succeed(
        files: &LockedPage,
        old: Predecessor,
        options: &Options,
        process: CreatorProcess,
    ) -> Result<Self, Error> {
        let record = own_record(old.writers, options.lifetime_ns);
        let Predecessor { page, seen, .. } = old;
        // Before the owner: the record names the process that may be about to write.
        page.set_writer_record(&record);
        // Fails if this process has lost the lock meanwhile, and another one has the page.
        let owner = Ownership::live(record.takeovers);
        page.change_ownership(seen, owner)?;
        let mut writer = Self::begin(page, owner, options, process, Some(files))?;
        writer.is_own = false;
        Ok(writer)
    }

    pub(super) fn begin(
        mapped: MappedPage,
        ownership: Ownership,
        options: &Options,
        process: CreatorProcess,
        files: Option<&LockedPage>,
    ) -> Result<Self, Lost> {
        let watch = |files: &LockedPage| NameWatch::new(&files.directory, mapped.file, process);
        let name = files.map(watch).transpose()?.unwrap_or_else(NameWatch::unnamed);
        // An odd count: the last writer died during a write, whose generation was never published.
        let current = mapped.count().read_begin().generation();
        let stamps = StampSource::new(options.timing(), namespace("time"));
        Ok(ByteWriter {
            mapped,
            current,
            ownership,
            stamps,
            is_own: true,
            process,
            name,
            file: None,
            lock: None,
        })
    }

    /// Keeps the lock of the page.
    pub(super) fn hold(mut self, files: LockedPage) -> Self {
        self.lock = Some(files.into_lock());
        self
    }
}
