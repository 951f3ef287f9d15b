// SPDX-License-Identifier: MIT OR Apache-2.0
//! The index: from a key to the rows that may have it. An entry is a hint; the row itself says what key it has.
//!
//! Open addressing with steps of one. An entry never moves while its row is present, so a reader that looks for a key
//! that is there all the time finds it.

use core::sync::atomic::Ordering::Relaxed;

use tearfree_page::parts::fnv1a;

use crate::rows::{Attempt, Rows};

/// An entry at which a search ends.
const EMPTY: u32 = 0;
/// An entry that was removed.
const REMOVED: u32 = u32::MAX;

impl Rows {
    fn first_entry(&self, key: &[u8]) -> usize {
        // The index of a machine with 64 bits; the remainder is that of a power of two.
        usize::try_from(fnv1a(key) % self.shape.entries as u64).unwrap_or(0)
    }

    fn next_entry(&self, at: usize) -> usize {
        (at + 1) % self.shape.entries
    }

    fn load_entry(&self, at: usize) -> u32 {
        // ORDERING: Relaxed: stored before the tick that committed its row, which the caller has acquired; and
        // only a hint.
        self.entry(at).load(Relaxed)
    }

    fn store_entry(&self, at: usize, entry: u32) {
        // ORDERING: Relaxed: the commit of the batch publishes it.
        self.entry(at).store(entry, Relaxed);
    }

    /// Returns the rows that may have a key, each with the entry that names it: at most as many as there are entries.
    pub(crate) fn candidates(&self, key: &[u8]) -> impl Iterator<Item = (usize, u32)> + '_ {
        let (mut at, used) = (self.first_entry(key), self.used());
        let entries = core::iter::repeat_with(move || {
            let this = at;
            at = self.next_entry(at);
            (this, self.load_entry(this))
        });
        let chain = entries.take(self.shape.entries).take_while(|&(_, entry)| entry != EMPTY);
        chain.map(|(at, entry)| (at, entry.wrapping_sub(1))).filter(move |&(_, row)| row < used)
    }

    /// Adds an entry for a key, and returns where it is.
    pub(crate) fn add_entry(&self, key: &[u8], row: u32) -> usize {
        let mut at = self.first_entry(key);
        // At most half of the entries name rows, so it ends long before the bound.
        for _ in 0..self.shape.entries {
            if matches!(self.load_entry(at), EMPTY | REMOVED) {
                break;
            }
            at = self.next_entry(at);
        }
        self.store_entry(at, row + 1);
        at
    }

    /// Removes an entry. Searches go on past it, unless they would end at the next entry anyway.
    pub(crate) fn remove_entry(&self, mut at: usize) {
        self.store_entry(at, REMOVED);
        if self.load_entry(self.next_entry(at)) != EMPTY {
            return;
        }
        while self.load_entry(at) == REMOVED {
            self.store_entry(at, EMPTY);
            at = at.checked_sub(1).unwrap_or(self.shape.entries - 1);
        }
    }

    /// Removes the entries that name none of the rows for which `keep` returns true, or one a second time.
    pub(crate) fn clean_index(&self, mut keep: impl FnMut(u32) -> bool) {
        for at in (0..self.shape.entries).rev() {
            match self.load_entry(at) {
                EMPTY => {}
                REMOVED => self.remove_entry(at),
                entry if keep(entry - 1) => {}
                _ => self.remove_entry(at),
            }
        }
    }

    /// Adds an entry for each row, to an empty index.
    pub(crate) fn rebuild_index(&self) {
        let len = self.shape.key.size();
        for row in 0..self.used() {
            let copy = self.attempt(row, u64::MAX / 4, |v| (v.life(), v.key_bytes(len)));
            if let Attempt::Copied(_, (life, key)) = copy
                && life % 2 == 1
            {
                self.add_entry(&key, row);
            }
        }
    }
}
