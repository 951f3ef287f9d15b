// SPDX-License-Identifier: MIT OR Apache-2.0
//! `TableWriter`: the right to change a table.

use core::marker::PhantomData;
use std::path::Path;

use tearfree_page::{ByteWriter, Error as PageError, Options, Payload, Schema, parts, schema_of};
use zerocopy::{FromBytes, IntoBytes};

use crate::batch::Batch;
use crate::control::Control;
use crate::error::Error;
use crate::file::{Directory, Space};
use crate::rows::{Attempt, Rows, Version};
use crate::shape::Shape;
use crate::table::{Entry, Row, check_types};

/// A table and the right to change it.
///
/// A table has at most one writer: see [`Writer`](tearfree_page::Writer), whose rules hold here too. Each call
/// that changes something is a batch of its own; [`batch`](Self::batch) makes one of several. Readers see a batch
/// whole, from the moment that it is committed, or nothing of it. If the writer dies in a batch, the next writer
/// takes back what is there.
#[derive(Debug)]
pub struct TableWriter<K, V> {
    page: ByteWriter,
    pub(crate) rows: Rows,
    pub(crate) space: Space,
    /// The number of rows that are present after the batch.
    pub(crate) len: u64,
    /// Places without a row, below the number of used ones.
    pub(crate) free: Vec<u32>,
    pub(crate) changes: Changes,
    types: PhantomData<fn(K, V)>,
}

/// What the batch has done so far.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Places with a new version, some of them more than once.
    pub(crate) written: Vec<u32>,
    /// New entries of the index, and the places that they name.
    pub(crate) inserted: Vec<(usize, u32)>,
    /// Places whose row was removed. Another one can be there again.
    pub(crate) removed: Vec<u32>,
    /// The number of rows that were present before.
    pub(crate) len: u64,
}

impl Changes {
    fn begin(&mut self, len: u64) {
        self.written.clear();
        self.inserted.clear();
        self.removed.clear();
        self.len = len;
    }
}

impl<K: Payload, V: Payload> TableWriter<K, V> {
    /// Creates a table for at most `capacity` rows, or takes over the one that is there and keeps its rows.
    /// `table` is a name, or a path if it contains a `/`.
    ///
    /// The index, and the addresses of all rows, are made at once; the rows get their blocks on the disk when they are
    /// first used. To take over costs one visit of each row that was ever used.
    ///
    /// # Errors
    /// If the table has a writer, other types or another capacity, if it is damaged, if the disk is full, or if a
    /// system call fails.
    pub fn create(
        table: impl AsRef<Path>,
        capacity: u32,
        options: &Options,
    ) -> Result<Self, Error> {
        // Before anything is changed: they can fail.
        let [key, value] = [parts::checked_schema::<K>()?, parts::checked_schema::<V>()?];
        let shape = Shape::new(capacity, key, value).ok_or(Error::InvalidCapacity(capacity))?;
        let page = ByteWriter::create_or_keep(table.as_ref(), &control_schema()?, options)?;
        let directory = Directory::for_writer(table.as_ref())?;
        if control(&page).rows_of == 0 {
            let (rows, space) = directory.create(page.geometry().page_id, shape, |_, _| Ok(()))?;
            return Self::begin(page, directory, rows, space);
        }
        let path = directory.path.clone();
        let writer = Self::go_on(page, directory)?;
        match writer.capacity() {
            table if table == capacity => Ok(writer),
            table => Err(Error::OtherCapacity { path, table, wanted: capacity }),
        }
    }

    /// Takes over an existing table, of any capacity, and keeps its rows.
    ///
    /// # Errors
    /// As for [`create`](Self::create), and if there is no such table.
    pub fn take_over(table: impl AsRef<Path>, options: &Options) -> Result<Self, Error> {
        let schema = control_schema()?;
        let page = ByteWriter::take_over_as(table.as_ref(), Some(&schema), options)?;
        let directory = Directory::for_writer(table.as_ref())?;
        if control(&page).rows_of == 0 {
            return Err(Error::NotReady(directory.path));
        }
        Self::go_on(page, directory)
    }

    /// Goes on with the rows of an earlier writer. That of another page may still be alive: its rows are copied.
    fn go_on(page: ByteWriter, directory: Directory) -> Result<Self, Error> {
        let (control, page_id) = (control(&page), page.geometry().page_id);
        let (old, space) = directory.open_own(control.rows_of)?;
        check_types::<K, V>(&old, &directory.path)?;
        if control.rows_of == page_id {
            return Self::begin(page, directory, old, space);
        }
        let shape = old.shape.clone();
        let (rows, space) = directory.create(page_id, shape, |rows, space| {
            space.reserve(&rows.shape, old.used())?;
            rows.copy_versions(&old, control.tick);
            rows.rebuild_index();
            Ok(())
        })?;
        Self::begin(page, directory, rows, space)
    }

    /// Takes back what a dead writer has not committed, and becomes the writer.
    fn begin(
        page: ByteWriter,
        directory: Directory,
        rows: Rows,
        space: Space,
    ) -> Result<Self, Error> {
        page.check_is_writer()?;
        let committed = page.generation();
        let (mut free, mut present) = (Vec::new(), vec![false; rows.used() as usize]);
        for row in (0..rows.used()).rev() {
            rows.roll_back(row, committed);
            let is_present = rows.life(row, committed) % 2 == 1;
            present[row as usize] = is_present;
            if !is_present {
                free.push(row);
            }
        }
        let len = present.iter().filter(|&&is_present| is_present).count() as u64;
        // Each row once.
        rows.clean_index(|row| present.get_mut(row as usize).is_some_and(core::mem::take));
        let is_ready = control(&page).rows_of == page.geometry().page_id;
        let mut writer = TableWriter {
            page,
            rows,
            space,
            len,
            free,
            changes: Changes::default(),
            types: PhantomData,
        };
        if !is_ready {
            writer.publish()?;
        }
        directory.remove_others(writer.page.geometry().page_id);
        Ok(writer)
    }

    /// Publishes the page: this commits the batch.
    fn publish(&mut self) -> Result<(), Error> {
        let control = Control {
            rows_of: self.page.geometry().page_id,
            tick: self.next_tick(),
            len: self.len,
            capacity: self.rows.shape.capacity.into(),
        };
        Ok(self.page.set(control.as_bytes())?)
    }

    /// Makes a batch: readers see all of its changes at once. If `change` returns an error, nothing is changed.
    ///
    /// # Errors
    /// Those of `change`, and if this writer has [lost](tearfree_page::Lost) its table.
    pub fn batch<R>(
        &mut self,
        change: impl FnOnce(&mut Batch<'_, K, V>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.page.check_is_writer()?;
        // After a panic in `change`.
        self.roll_back();
        self.changes.begin(self.len);
        let result = change(&mut Batch::new(self));
        let result = result.and_then(|result| {
            // Nothing was changed: no batch.
            if !self.changes.written.is_empty() {
                self.publish()?;
            }
            Ok(result)
        });
        match &result {
            Ok(_) => self.tidy_up(),
            // It has another writer, or this is a forked child: nothing is stored any more.
            Err(_) if self.page.check_is_writer().is_err() => {}
            Err(_) => self.roll_back(),
        }
        result
    }

    /// Takes back the changes of a batch that is not committed.
    fn roll_back(&mut self) {
        if self.changes.written.is_empty() {
            return;
        }
        for &row in &self.changes.written {
            self.rows.roll_back(row, self.page.generation());
        }
        for &(at, row) in &self.changes.inserted {
            self.rows.remove_entry(at);
            self.free.push(row);
        }
        self.len = self.changes.len;
        self.changes.begin(self.len);
    }

    /// Frees the places of rows that a committed batch has removed. Only now: until then, readers saw their keys.
    fn tidy_up(&mut self) {
        let mut removed = core::mem::take(&mut self.changes.removed);
        removed.sort_unstable();
        removed.dedup();
        for &row in &removed {
            // The batch may have inserted the same key there again.
            if self.life(row).is_multiple_of(2) {
                let key = self.copied(row, |version| version.key::<K>());
                let key = key.and_then(|key| self.rows.check_key(&key).ok());
                let entry = key.and_then(|key| {
                    self.rows.candidates(key.as_bytes()).find(|&(_, named)| named == row)
                });
                if let Some((at, _)) = entry {
                    self.rows.remove_entry(at);
                }
                self.free.push(row);
            }
        }
        self.changes.removed = removed;
        self.changes.begin(self.len);
    }

    /// Adds a row.
    ///
    /// # Errors
    /// If a row has this key, if all rows are used, if the disk is full, or if this writer has lost its table.
    pub fn insert(&mut self, key: &K, value: &V) -> Result<Row, Error> {
        self.batch(|batch| batch.insert(key, value))
    }

    /// Replaces the value of a row.
    ///
    /// # Errors
    /// If the row was removed, or this writer has lost its table.
    pub fn set(&mut self, row: Row, value: &V) -> Result<(), Error> {
        self.batch(|batch| batch.set(row, value))
    }

    /// Changes the value of a row.
    ///
    /// # Errors
    /// As for [`set`](Self::set), and if the value is invalid.
    pub fn update<R>(&mut self, row: Row, change: impl FnOnce(&mut V) -> R) -> Result<R, Error> {
        self.batch(|batch| batch.update(row, change))
    }

    /// Removes a row. Its place can be given to another key.
    ///
    /// # Errors
    /// As for [`set`](Self::set).
    pub fn remove(&mut self, row: Row) -> Result<(), Error> {
        self.batch(|batch| batch.remove(row))
    }

    /// Looks a key up. `None` if no row has it.
    pub fn row(&self, key: &K) -> Option<Row> {
        let index = self.find(key)?;
        let life = self.life(index);
        (life % 2 == 1).then_some(Row { index, life })
    }

    /// Returns the place that has a key, or had it until it was removed in this batch.
    pub(crate) fn find(&self, key: &K) -> Option<u32> {
        let has_key = |&(_, index): &(usize, u32)| {
            let copy = self.copied(index, |version| version.key::<K>());
            let found = copy.and_then(|copy| self.rows.check_key(&copy).ok());
            found.is_some_and(|found| found.as_bytes() == key.as_bytes())
        };
        self.rows.candidates(key.as_bytes()).find(has_key).map(|(_, index)| index)
    }

    /// Reads the value of a row. `None` if it was removed.
    ///
    /// # Errors
    /// If the value is invalid.
    pub fn get(&self, row: Row) -> Result<Option<V>, Error> {
        if !self.is_present(row) {
            return Ok(None);
        }
        let copy = self.copied(row.index, |version| version.value::<V>());
        Ok(copy.map(|copy| self.rows.check_value(&copy)).transpose()?)
    }

    /// Iterates over the rows.
    pub fn iter(&self) -> impl Iterator<Item = Result<Entry<K, V>, Error>> + '_ {
        (0..self.rows.used()).filter_map(|index| {
            let life = self.life(index);
            let copy =
                self.rows.attempt(index, self.next_tick(), |v| (v.key::<K>(), v.value::<V>()));
            let Attempt::Copied(tick, (key, value)) = copy else { return None };
            let entry = || {
                let key = self.rows.check_key(&key)?;
                let value = self.rows.check_value(&value)?;
                Ok(Entry { row: Row { index, life }, key, value, tick })
            };
            (life % 2 == 1).then(entry)
        })
    }

    pub(crate) fn is_present(&self, row: Row) -> bool {
        row.index < self.rows.shape.capacity
            && row.life % 2 == 1
            && self.life(row.index) == row.life
    }

    /// Returns the newest life of a place, with that of this batch.
    pub(crate) fn life(&self, index: u32) -> u64 {
        self.rows.life(index, self.next_tick())
    }

    pub(crate) fn copied<R>(&self, index: u32, copy: impl FnOnce(&Version<'_>) -> R) -> Option<R> {
        match self.rows.attempt(index, self.next_tick(), copy) {
            Attempt::Copied(_, copied) => Some(copied),
            _ => None,
        }
    }

    /// Returns the tick of the batch that is being written.
    pub(crate) fn next_tick(&self) -> u64 {
        self.tick().wrapping_add(1)
    }

    /// Returns the tick of the last batch that was committed.
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.page.generation()
    }

    /// Returns the number of rows that are present.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Returns whether no row is present.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the number of rows that there can be.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.rows.shape.capacity
    }

    /// Renews the promise of [`Options::lifetime`] without a batch.
    ///
    /// # Errors
    /// If this writer has lost its table.
    pub fn touch(&mut self) -> Result<(), Error> {
        self.page.check_is_writer()?;
        self.roll_back();
        Ok(self.page.touch()?)
    }
}

fn control_schema() -> Result<Schema, PageError> {
    Ok(schema_of::<Control>()?)
}

/// Returns the value of the page: zeros, if it is new.
fn control(page: &ByteWriter) -> Control {
    Control::read_from_bytes(&page.get()).unwrap_or_default()
}
