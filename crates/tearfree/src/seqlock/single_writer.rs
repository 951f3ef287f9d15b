// SPDX-License-Identifier: MIT OR Apache-2.0
//! One writer and any number of readers, without a lock.

use core::fmt;

use super::version::Version;
use super::{FieldSet, SeqLock, View};
use crate::lock::{DefaultLock, WriterLock};

impl<T: Copy, L: WriterLock> SeqLock<T, L> {
    /// Splits into the one writer and its readers, which need no writer lock.
    ///
    /// `&mut` proves that nobody else writes while the two live. For threads that outlive this
    /// function, leak the lock: `Box::leak(Box::new(lock)).split()`.
    ///
    /// ```
    /// use std::thread;
    /// let mut lock = tearfree::SeqLock::new([0_u64; 4]);
    /// let (mut writer, reader) = lock.split();
    /// thread::scope(|s| {
    ///     s.spawn(move || (1..=100).for_each(|n| writer.set([n; 4])));
    ///     s.spawn(move || while reader.read()[3] < 100 {});
    /// });
    /// assert_eq!(lock.read(), [100; 4]);
    /// ```
    pub fn split(&mut self) -> (Writer<'_, T, L>, Reader<'_, T, L>) {
        (Writer { seqlock: self }, Reader { seqlock: self })
    }
}

/// The only writer of a [`SeqLock`] that was [split](SeqLock::split). Cannot be cloned.
pub struct Writer<'a, T, L = DefaultLock> {
    seqlock: &'a SeqLock<T, L>,
}

impl<T: Copy, L: WriterLock> Writer<'_, T, L> {
    /// Replaces the value: two stores to the count and one copy.
    ///
    /// Takes no lock; with [`Fair`](crate::lock::Fair) as `L` a starving reader makes it pause first,
    /// for a bounded time.
    #[inline]
    pub fn set(&mut self, value: T) {
        self.set_from(&value);
    }

    /// As [`set`](Self::set), straight from where the value is.
    #[inline]
    pub fn set_from(&mut self, value: &T) {
        self.seqlock.lock.back_off(size_of::<T>());
        self.seqlock.publish(value);
    }

    /// Changes the value by a closure that works on a private copy; a panic publishes nothing.
    #[inline]
    pub fn update<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        self.seqlock.lock.back_off(size_of::<T>());
        let mut value = self.get();
        let result = change(&mut value);
        self.seqlock.publish(&value);
        result
    }

    /// The value, which only this writer changes.
    #[inline]
    #[must_use]
    pub fn get(&self) -> T {
        self.seqlock.copy_as_writer()
    }
}

/// A reader of a [`SeqLock`] that was [split](SeqLock::split). Can be copied freely.
pub struct Reader<'a, T, L = DefaultLock> {
    seqlock: &'a SeqLock<T, L>,
}

impl<T: Copy, L: WriterLock> Reader<'_, T, L> {
    /// As [`SeqLock::read`].
    ///
    /// ```
    /// let mut lock = tearfree::SeqLock::new((1_u8, 'x', [0_u64; 100]));
    /// let (mut writer, reader) = lock.split();
    /// writer.update(|value| value.0 = 2);
    /// assert_eq!(reader.read().0, 2);
    /// let letter = reader.read_fields(tearfree::field!((u8, char, [u64; 100]), 1));
    /// assert_eq!(letter, 'x');
    /// ```
    #[inline]
    #[must_use]
    pub fn read(&self) -> T {
        self.seqlock.read()
    }

    /// As [`SeqLock::read_into`].
    #[inline]
    pub fn read_into(&self, to: &mut T) {
        self.seqlock.read_into(to);
    }

    /// As [`SeqLock::try_read_for`].
    #[cfg(feature = "std")]
    #[must_use]
    pub fn try_read_for(&self, timeout: core::time::Duration) -> Option<T> {
        self.seqlock.try_read_for(timeout)
    }

    /// As [`SeqLock::read_fields`].
    #[inline]
    #[must_use]
    pub fn read_fields<S: FieldSet<T>>(&self, fields: S) -> S::Values {
        self.seqlock.read_fields(fields)
    }

    /// As [`SeqLock::read_with`].
    #[inline]
    pub fn read_with<R>(&self, look: impl FnMut(&View<'_, T>) -> R) -> R {
        self.seqlock.read_with(look)
    }

    /// As [`SeqLock::try_read`].
    #[inline]
    #[must_use]
    pub fn try_read(&self) -> Option<T> {
        self.seqlock.try_read()
    }

    /// As [`SeqLock::version`].
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        self.seqlock.version()
    }

    /// As [`SeqLock::read_versioned`].
    #[inline]
    #[must_use]
    pub fn read_versioned(&self) -> (T, Version) {
        self.seqlock.read_versioned()
    }

    /// As [`SeqLock::wait_changed`].
    #[cfg(feature = "std")]
    pub fn wait_changed(&self, seen: Version, timeout: Option<core::time::Duration>) -> bool {
        self.seqlock.wait_changed(seen, timeout)
    }

    /// As [`SeqLock::read_if_changed`].
    #[inline]
    pub fn read_if_changed(&self, seen: &mut Version) -> Option<T> {
        if self.version() == *seen {
            return None;
        }
        let (value, version) = self.read_versioned();
        *seen = version;
        Some(value)
    }
}

impl<T, L> Clone for Reader<'_, T, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, L> Copy for Reader<'_, T, L> {}

impl<T: Copy + fmt::Debug, L: WriterLock> fmt::Debug for Writer<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(self.seqlock).finish()
    }
}

impl<T: Copy + fmt::Debug, L: WriterLock> fmt::Debug for Reader<'_, T, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(self.seqlock).finish()
    }
}
