// SPDX-License-Identifier: MIT OR Apache-2.0
//! What bindings need of a `ByteWriter` beside `set`: to keep the value, to read it, to renew its promise.

use std::path::Path;

use super::ByteWriter;
use crate::error::{Error, Lost, check_size};
use crate::options::Options;
use crate::schema::Schema;

impl ByteWriter {
    /// Creates a page of zeros, or takes it over as [`create`](Self::create) does, but keeps its value.
    ///
    /// A page that is replaced because of its options keeps its value, too; one of another schema does not.
    ///
    /// # Errors
    /// As for [`Writer::create`](crate::Writer::create).
    ///
    /// ```
    /// use tearfree_page::{ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let schema = "value:u16".parse()?;
    /// let mut writer = ByteWriter::create_or_keep(&page, &schema, &Options::new())?;
    /// assert_eq!(writer.get(), [0, 0]);
    /// writer.set(&[3, 4])?;
    /// drop(writer);
    /// assert_eq!(ByteWriter::create_or_keep(&page, &schema, &Options::new())?.get(), [3, 4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_or_keep(
        page: impl AsRef<Path>,
        schema: &Schema,
        options: &Options,
    ) -> Result<Self, Error> {
        Self::create_or_continue(page.as_ref(), schema, None, options)
    }

    /// Copies the published value into `to`, without an allocation.
    ///
    /// # Errors
    /// If `to` does not have the size of the schema.
    ///
    /// ```
    /// use tearfree_page::{ByteWriter, Options};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("numbers");
    /// let writer = ByteWriter::create(&page, &"value:u16".parse()?, &[1, 2], &Options::new())?;
    /// let mut value = [0; 2];
    /// writer.get_into(&mut value)?;
    /// assert_eq!(value, [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_into(&self, to: &mut [u8]) -> Result<(), Error> {
        check_size(to.len(), self.mapped.geometry.schema.size())?;
        self.mapped.load_bytes(tearfree::raw::slot_of(self.current), to);
        Ok(())
    }

    /// Checks that this is still the writer, which [`set`](Self::set) does by itself: for what is stored beside
    /// the page.
    ///
    /// # Errors
    /// If this writer has [`Lost`] its page.
    #[doc(hidden)]
    #[inline]
    pub fn check_is_writer(&self) -> Result<(), Lost> {
        self.check_owner()
    }

    /// Returns whether this process is a forked child of the writer's, which may not publish.
    ///
    /// ```
    /// use tearfree_page::{ByteWriter, Options};
    /// let writer = ByteWriter::create_sealed("x", &"value:u8".parse()?, &[1], &Options::new())?;
    /// assert!(!writer.is_forked());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn is_forked(&self) -> bool {
        !self.process.is_same_process()
    }
}
