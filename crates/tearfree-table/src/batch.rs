// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Batch`: changes that readers see at once.

use tearfree_page::Payload;

use crate::error::Error;
use crate::table::Row;
use crate::writer::TableWriter;

/// Changes that [`TableWriter::batch`] commits together. Its calls see what the batch has changed before.
#[derive(Debug)]
pub struct Batch<'a, K, V> {
    table: &'a mut TableWriter<K, V>,
}

impl<'a, K: Payload, V: Payload> Batch<'a, K, V> {
    pub(crate) fn new(table: &'a mut TableWriter<K, V>) -> Self {
        Batch { table }
    }

    /// Adds a row: see [`TableWriter::insert`].
    ///
    /// # Errors
    /// If a row has this key, if all rows are used, or if the disk is full.
    pub fn insert(&mut self, key: &K, value: &V) -> Result<Row, Error> {
        let table = &mut *self.table;
        let index = match table.find(key) {
            // Removed by this batch: its entry in the index is still there.
            Some(index) if table.life(index).is_multiple_of(2) => index,
            Some(_) => return Err(Error::KeyExists),
            None => {
                let index = match table.free.pop() {
                    Some(index) => index,
                    None => Self::use_new_row(table)?,
                };
                let entry = table.rows.add_entry(key.as_bytes(), index);
                table.changes.inserted.push((entry, index));
                index
            }
        };
        // The next odd number.
        let row = Row { index, life: table.life(index).wrapping_add(1) | 1 };
        self.write(row.index, row.life, key, Some(value));
        self.table.len += 1;
        Ok(row)
    }

    /// Uses a row for the first time.
    fn use_new_row(table: &mut TableWriter<K, V>) -> Result<u32, Error> {
        let used = table.rows.used();
        if used == table.rows.shape.capacity {
            return Err(Error::Full(used));
        }
        table.space.reserve(&table.rows.shape, used + 1)?;
        table.rows.set_used(used + 1);
        // Nothing, unless the file is damaged.
        table.rows.roll_back(used, table.tick());
        Ok(used)
    }

    /// Replaces the value of a row.
    ///
    /// # Errors
    /// If the row was removed.
    pub fn set(&mut self, row: Row, value: &V) -> Result<(), Error> {
        let key = self.key(row)?;
        self.write(row.index, row.life, &key, Some(value));
        Ok(())
    }

    /// Changes the value of a row.
    ///
    /// # Errors
    /// If the row was removed, or its value is invalid.
    pub fn update<R>(&mut self, row: Row, change: impl FnOnce(&mut V) -> R) -> Result<R, Error> {
        let mut value = self.get(row)?.ok_or(Error::Removed)?;
        let result = change(&mut value);
        self.set(row, &value)?;
        Ok(result)
    }

    /// Removes a row.
    ///
    /// # Errors
    /// If it was removed before.
    pub fn remove(&mut self, row: Row) -> Result<(), Error> {
        let key = self.key(row)?;
        self.table.changes.removed.push(row.index);
        self.write(row.index, row.life.wrapping_add(1), &key, None);
        self.table.len -= 1;
        Ok(())
    }

    /// Looks a key up. `None` if no row has it.
    #[must_use]
    pub fn row(&self, key: &K) -> Option<Row> {
        self.table.row(key)
    }

    /// Reads the value of a row. `None` if it was removed.
    ///
    /// # Errors
    /// If the value is invalid.
    pub fn get(&self, row: Row) -> Result<Option<V>, Error> {
        self.table.get(row)
    }

    /// Returns the key of a row that is present.
    fn key(&self, row: Row) -> Result<K, Error> {
        if !self.table.is_present(row) {
            return Err(Error::Removed);
        }
        let copy = self.table.copied(row.index, |version| version.key::<K>());
        Ok(self.table.rows.check_key(&copy.ok_or(Error::Removed)?)?)
    }

    fn write(&mut self, index: u32, life: u64, key: &K, value: Option<&V>) {
        // First, so that a panic leaves nothing that is not taken back.
        self.table.changes.written.push(index);
        self.table.rows.store(index, self.table.next_tick(), life, key, value);
    }
}
