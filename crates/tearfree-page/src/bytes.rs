// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pages whose schema is known only when the program runs: for tools and bindings.

use core::time::Duration;
use std::os::fd::AsFd;
use std::path::Path;

use crate::error::{Error, Unsettled};
use crate::header::Geometry;
use crate::identity::Identity;
use crate::options::Options;
use crate::place::Owner;
use crate::publisher::Publisher;
use crate::schema::Schema;
use crate::status::{Reading, WriterState};
use crate::subscriber::{Subscriber, Waited};

/// A writer that publishes bytes; otherwise a [`Writer`](crate::Writer).
///
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
pub struct ByteWriter(Publisher);

impl ByteWriter {
    /// As [`Writer::create`](crate::Writer::create).
    ///
    /// # Errors
    /// As there, and if `value` has not the size that the schema says.
    pub fn create(
        page: impl AsRef<Path>,
        schema: &Schema,
        value: &[u8],
        options: &Options,
    ) -> Result<Self, Error> {
        Publisher::create(page.as_ref(), schema, value, options).map(ByteWriter)
    }

    /// As [`Writer::take_over`](crate::Writer::take_over), whatever the schema is.
    ///
    /// # Errors
    /// As there.
    pub fn take_over(page: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        Publisher::take_over(page.as_ref(), None, options).map(ByteWriter)
    }

    /// Publishes a value.
    ///
    /// # Errors
    /// If `value` has not the size that the schema says.
    ///
    /// # Panics
    /// In a forked child of the writer's process.
    pub fn set(&mut self, value: &[u8]) -> Result<(), Error> {
        let (given, wanted) = (value.len(), self.0.geometry.schema.size());
        if given != wanted {
            return Err(Error::Size { given, wanted });
        }
        self.0.publish(|shared, slot| shared.store_from(slot, value));
        Ok(())
    }

    /// The value that is published.
    #[must_use]
    pub fn get(&self) -> Vec<u8> {
        let mut value = vec![0; self.0.geometry.schema.size()];
        self.0.load(&mut value);
        value
    }

    /// The number of publications until now.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// What the header of the page says.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.0.geometry
    }
}

/// A reader of bytes; otherwise a [`Reader`](crate::Reader).
#[derive(Debug)]
pub struct ByteReader(Subscriber);

impl ByteReader {
    /// As [`Reader::open`](crate::Reader::open), whatever the schema is.
    ///
    /// # Errors
    /// As there.
    pub fn open(page: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_of(page, Owner::MeOrRoot)
    }

    /// As [`Reader::open_of`](crate::Reader::open_of), whatever the schema is.
    ///
    /// # Errors
    /// As there.
    pub fn open_of(page: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
        Subscriber::open(page.as_ref(), owner).map(ByteReader)
    }

    /// As [`Reader::sealed`](crate::Reader::sealed), whatever the schema is.
    ///
    /// # Errors
    /// As there.
    pub fn sealed(file: impl AsFd) -> Result<Self, Error> {
        Subscriber::sealed(file.as_fd()).map(ByteReader)
    }

    /// The newest value, whole.
    ///
    /// # Errors
    /// As for [`Reader::read`](crate::Reader::read).
    pub fn read(&self) -> Result<Reading<Vec<u8>>, Unsettled> {
        let mut value = vec![0; self.0.geometry.schema.size()];
        let ((), generation) = self.0.read(|slot| self.0.shared.load_into(slot, &mut value))?;
        Ok(Reading { value, generation, glance: self.0.glance() })
    }

    /// As [`read`](Self::read), into memory that is there already; makes no allocation.
    ///
    /// # Errors
    /// If `to` has not the size that the schema says; and as for [`read`](Self::read), when `to` is a
    /// mix of several values.
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
        let (given, wanted) = (to.len(), self.0.geometry.schema.size());
        if given != wanted {
            return Err(Error::Size { given, wanted });
        }
        let ((), generation) = self.0.read(|slot| self.0.shared.load_into(slot, to))?;
        Ok(Reading { value: (), generation, glance: self.0.glance() })
    }

    /// As [`Reader::read_if_changed`](crate::Reader::read_if_changed).
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

    /// As [`Reader::wait_changed`](crate::Reader::wait_changed).
    pub fn wait_changed(&self, seen: u64, timeout: Option<Duration>) -> Waited {
        self.0.wait_changed(seen, timeout)
    }

    /// The number of publications until now.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation()
    }

    /// What the writer said last.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.0.glance().writer_state()
    }

    /// Who the writer is, or was.
    #[must_use]
    pub fn writer(&self) -> Option<Identity> {
        self.0.identity()
    }

    /// What the header of the page says.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.0.geometry
    }
}
