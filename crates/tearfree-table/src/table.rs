// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Table`: reads the rows of a table.

use core::cell::Cell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::time::Duration;
use std::path::Path;

use tearfree_page::layout::MAX_ATTEMPTS;
use tearfree_page::{
    Error as PageError, Freshness, InvalidValue, Owner, Payload, ReadError, Reader, Schema,
    Unsettled, Waited, WriterState, parts,
};

use crate::control::Control;
use crate::error::Error;
use crate::file::Directory;
use crate::rows::{Attempt, Rows};
use crate::shape::FANOUT;

/// Where a row is, and which of the keys that were there one after the other it means.
///
/// It belongs to the table that it came from, and stays valid until the row is removed; after that it means no row,
/// also when the place has another key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Row {
    pub(crate) index: u32,
    /// Odd; counts the insertions and removals of this place.
    pub(crate) life: u64,
}

impl Row {
    /// Returns the place of the row: a number below the table's capacity.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }
}

/// A row with its key and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<K, V> {
    /// Where it is.
    pub row: Row,
    /// Its key.
    pub key: K,
    /// Its value.
    pub value: V,
    /// The tick of the batch that wrote it.
    pub tick: u64,
}

/// A place in a table that a batch has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change<K, V> {
    /// The place. A key that was here before and is not `key` was removed.
    pub index: u32,
    /// The key that is here, or was removed from here last.
    pub key: K,
    /// The row and its value; `None` if it was removed.
    pub value: Option<(Row, V)>,
    /// The tick of the batch that wrote it.
    pub tick: u64,
}

/// Rows as of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot<V> {
    /// The tick of the batch.
    pub tick: u64,
    /// The value of each row that was asked for; `None` if it was not there.
    pub values: Vec<Option<V>>,
}

/// A table, mapped read-only.
///
/// Readers take no lock, store nothing, and see only batches that were committed.
#[derive(Debug)]
pub struct Table<K, V> {
    page: Reader<Control>,
    rows: Rows,
    types: PhantomData<fn() -> (K, V)>,
}

impl<K: Payload, V: Payload> Table<K, V> {
    /// Opens a table. `table` is a name, or a path if it contains a `/`.
    ///
    /// # Errors
    /// If there is no such table, if it has other types, if it is damaged, or if its owner is not trusted.
    /// [`Error::NotReady`] if it is being created at this moment.
    pub fn open(table: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_owned_by(table, Owner::default())
    }

    /// Opens a table of an owner who is trusted.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn open_owned_by(table: impl AsRef<Path>, owner: Owner) -> Result<Self, Error> {
        let directory = Directory::for_reader(table.as_ref(), owner)?;
        let page = Reader::<Control>::open_owned_by(table.as_ref(), owner)?;
        let page_id = page.geometry().page_id;
        if page.get()?.rows_of != page_id {
            return Err(Error::NotReady(directory.path));
        }
        let rows = match directory.open(page_id, owner) {
            // The page was replaced meanwhile, and the rows of this one were removed.
            Err(PageError::Missing(_)) => return Err(Error::NotReady(directory.path)),
            rows => rows?,
        };
        check_types::<K, V>(&rows, &directory.path)?;
        Ok(Table { page, rows, types: PhantomData })
    }

    /// Looks a key up. `None` if no row has it.
    ///
    /// The result is used for any number of reads. Costs a few loads; if the table is damaged or many keys have
    /// the same hash, at most a visit of each entry of the index.
    ///
    /// # Errors
    /// If a row was changed during each of a thousand attempts to read it.
    pub fn row(&self, key: &K) -> Result<Option<Row>, ReadError> {
        let bytes = key.as_bytes();
        // Before the index: what was committed then has its entry.
        let first = Cell::new(Some(self.tick()));
        let committed = || first.take().unwrap_or_else(|| self.tick());
        for (_, index) in self.rows.candidates(bytes) {
            let read =
                self.rows.read(index, committed, |version| (version.life(), version.key()))?;
            let Some((_, (life, copy))) = read else { continue };
            let has_key = self.rows.check_key::<K>(&copy).is_ok_and(|key| key.as_bytes() == bytes);
            if life % 2 == 1 && has_key {
                return Ok(Some(Row { index, life }));
            }
        }
        Ok(None)
    }

    /// Reads the newest value of a row. `None` if it was removed.
    ///
    /// # Errors
    /// If the row was changed during each of a thousand attempts, or the value is invalid.
    #[inline]
    pub fn get(&self, row: Row) -> Result<Option<V>, ReadError> {
        if row.index >= self.rows.shape.capacity {
            return Ok(None);
        }
        let read = self.rows.read(
            row.index,
            || self.tick(),
            |version| (version.life(), version.value()),
        )?;
        match read {
            Some((_, (life, copy))) if life == row.life => self.value(&copy).map(Some),
            _ => Ok(None),
        }
    }

    /// Looks a key up and reads its value.
    ///
    /// # Errors
    /// As for [`row`](Self::row) and [`get`](Self::get).
    pub fn find(&self, key: &K) -> Result<Option<V>, ReadError> {
        self.row(key)?.map_or(Ok(None), |row| self.get(row))
    }

    /// Reads rows as of one batch, the last one that was committed. Never waits for a batch that is being written.
    ///
    /// A row keeps two versions, so this begins again if two batches have changed a row since it began: at most a
    /// thousand times.
    ///
    /// # Errors
    /// If that did not suffice, or if a value is invalid.
    pub fn snapshot(&self, rows: &[Row]) -> Result<Snapshot<V>, ReadError> {
        'attempt: for _ in 0..MAX_ATTEMPTS {
            let tick = self.tick();
            let mut values = Vec::with_capacity(rows.len());
            for &row in rows {
                let copied = match row.index < self.rows.shape.capacity {
                    true => self
                        .attempt_at(row.index, tick, |version| (version.life(), version.value())),
                    false => Ok(None),
                };
                let Ok(copied) = copied else { continue 'attempt };
                let same = copied.filter(|(_, (life, _))| *life == row.life);
                values.push(same.map(|(_, (_, copy))| self.value(&copy)).transpose()?);
            }
            return Ok(Snapshot { tick, values });
        }
        Err(ReadError::Unsettled)
    }

    /// Reads all rows as of one batch.
    ///
    /// # Errors
    /// As for [`snapshot`](Self::snapshot): beside a busy writer, the larger the table, the sooner.
    pub fn snapshot_all(&self) -> Result<(u64, Vec<Entry<K, V>>), ReadError> {
        'attempt: for _ in 0..MAX_ATTEMPTS {
            let tick = self.tick();
            let mut entries = Vec::new();
            for index in 0..self.rows.used() {
                let Ok(copied) = self.attempt_at(index, tick, |version| {
                    (version.life(), version.key(), version.value())
                }) else {
                    continue 'attempt;
                };
                if let Some((tick, copy)) = copied
                    && let Some(entry) = self.entry(index, tick, &copy)?
                {
                    entries.push(entry);
                }
            }
            return Ok((tick, entries));
        }
        Err(ReadError::Unsettled)
    }

    /// Copies a row as of `tick`; fails if that is too long ago.
    fn attempt_at<R>(
        &self,
        index: u32,
        tick: u64,
        copy: impl FnOnce(&crate::rows::Version<'_>) -> R,
    ) -> Result<Option<(u64, R)>, Unsettled> {
        match self.rows.attempt(index, tick, copy) {
            Attempt::Copied(tick, copied) => Ok(Some((tick, copied))),
            Attempt::Empty => Ok(None),
            Attempt::Newer if self.tick() == tick => Ok(None),
            Attempt::Newer | Attempt::Torn => Err(Unsettled),
        }
    }

    /// Iterates over the rows, each with its newest value when it is reached. They need not be of one batch.
    pub fn iter(&self) -> impl Iterator<Item = Result<Entry<K, V>, ReadError>> + '_ {
        // After this tick, which a row's commit has ordered after its number.
        let _ = self.tick();
        (0..self.rows.used()).filter_map(|index| self.read_entry(index).transpose())
    }

    fn read_entry(&self, index: u32) -> Result<Option<Entry<K, V>>, ReadError> {
        let copy =
            |version: &crate::rows::Version<'_>| (version.life(), version.key(), version.value());
        match self.rows.read(index, || self.tick(), copy)? {
            Some((tick, copy)) => self.entry(index, tick, &copy),
            None => Ok(None),
        }
    }

    fn entry(
        &self,
        index: u32,
        tick: u64,
        (life, key, value): &(u64, MaybeUninit<K>, MaybeUninit<V>),
    ) -> Result<Option<Entry<K, V>>, ReadError> {
        if life % 2 == 0 {
            return Ok(None);
        }
        let key = self.rows.check_key(key).map_err(ReadError::Invalid)?;
        Ok(Some(Entry { row: Row { index, life: *life }, key, value: self.value(value)?, tick }))
    }

    /// Visits what batches after `since` have changed, and returns the tick to go on from. Costs what has changed,
    /// and a few loads for each 4096 rows.
    ///
    /// Each place is visited at most once, with its newest version. One that changes meanwhile can be visited
    /// again by the next call. A place has one key after the other: a follower that keeps a copy keeps it by
    /// [`Change::index`].
    ///
    /// # Errors
    /// If a row was changed during each of a thousand attempts, or is invalid. Start again from `since`.
    pub fn changed_since(
        &self,
        since: u64,
        mut visit: impl FnMut(Change<K, V>),
    ) -> Result<u64, ReadError> {
        let now = self.tick();
        let used = self.rows.used();
        let mut block = 0;
        while let Some(changed) = self.rows.next_changed(block, since) {
            block = changed + 1;
            let row = |block: usize| u32::try_from(block * FANOUT).unwrap_or(u32::MAX).min(used);
            for index in row(changed)..row(block) {
                let copy = |version: &crate::rows::Version<'_>| {
                    (version.life(), version.key(), version.value())
                };
                let read = self.rows.read(index, || self.tick(), copy)?;
                let Some((tick, (life, key, value))) = read.filter(|&(tick, _)| tick > since)
                else {
                    continue;
                };
                let key = self.rows.check_key(&key).map_err(ReadError::Invalid)?;
                let value = match life % 2 {
                    0 => None,
                    _ => Some((Row { index, life }, self.value(&value)?)),
                };
                visit(Change { index, key, value, tick });
            }
        }
        Ok(now)
    }

    /// Returns the tick of the last batch that was committed. One load.
    #[inline]
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.page.generation()
    }

    /// Waits until the tick is not `seen`: see [`Reader::wait_changed`].
    pub fn wait_changed(&self, seen: u64, timeout: Option<Duration>) -> Waited {
        self.page.wait_changed(seen, timeout)
    }

    /// Returns the number of rows that are present.
    ///
    /// # Errors
    /// If the table was changed during each of a thousand attempts.
    pub fn len(&self) -> Result<u64, ReadError> {
        Ok(self.page.get()?.len)
    }

    /// Returns whether no row is present.
    ///
    /// # Errors
    /// As for [`len`](Self::len).
    pub fn is_empty(&self) -> Result<bool, ReadError> {
        Ok(self.len()? == 0)
    }

    /// Returns the number of rows that there can be.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        self.rows.shape.capacity
    }

    /// Computes how fresh the last batch is now: see [`Reader::freshness`].
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.page.freshness()
    }

    /// Returns the state that the writer last stored. [`WriterState::Superseded`]: open the table again.
    #[must_use]
    pub fn writer_state(&self) -> WriterState {
        self.page.writer_state()
    }

    #[inline]
    fn value(&self, copy: &MaybeUninit<V>) -> Result<V, ReadError> {
        self.rows.check_value(copy).map_err(|error: InvalidValue| ReadError::Invalid(error))
    }
}

/// Checks that the rows have these types.
pub(crate) fn check_types<K: Payload, V: Payload>(rows: &Rows, path: &Path) -> Result<(), Error> {
    let types = [
        (&rows.shape.key, parts::checked_schema::<K>()?),
        (&rows.shape.value, parts::checked_schema::<V>()?),
    ];
    for (table, wanted) in types {
        check_schema(table, &wanted, path)?;
    }
    Ok(())
}

fn check_schema(table: &Schema, wanted: &Schema, path: &Path) -> Result<(), Error> {
    if table == wanted {
        return Ok(());
    }
    let (page, wanted) = (table.to_string(), wanted.to_string());
    Err(PageError::SchemaMismatch { path: path.to_owned(), page, wanted }.into())
}
