// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads of a value that is still the newest one after something else was done.

use super::Reader;
use crate::error::ReadError;
use crate::payload::Payload;
use crate::slot_view::SlotView;
use crate::status::Reading;

impl<T: Payload> Reader<T> {
    /// Reads the newest value and calls `meanwhile`, and repeats both until no publication came in
    /// between.
    ///
    /// A clock needs this: a counter that was read while generation g was the newest is below the counter
    /// value from which g + 1 holds.
    ///
    /// # Errors
    /// [`ReadError::Unsettled`] if a publication came in between a thousand times in a row. `meanwhile` must
    /// take less time than there is between two publications. Otherwise as for [`read`](Self::read).
    ///
    /// ```
    /// # use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// let reader = Reader::<u64>::open(&page)?;
    /// let (reading, now) = reader.read_current(std::time::Instant::now)?;
    /// println!("{} was the newest value at {now:?}", reading.value);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn read_current<R>(
        &self,
        meanwhile: impl FnMut() -> R,
    ) -> Result<(Reading<T>, R), ReadError> {
        let Reading { value: (result, copy), generation, status } =
            self.page.read_current::<T, R>(meanwhile)?;
        Ok((Reading { value: self.value(&copy)?, generation, status }, result))
    }

    /// As [`read_current`](Self::read_current), but returns the value alone.
    ///
    /// # Errors
    /// As for [`read_current`](Self::read_current).
    ///
    /// ```
    /// # use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<u64>::create(&page, 1, &Options::new())?;
    /// let (value, _now) = Reader::<u64>::open(&page)?.get_current(std::time::Instant::now)?;
    /// assert_eq!(value, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn get_current<R>(&self, meanwhile: impl FnMut() -> R) -> Result<(T, R), ReadError> {
        let (copy, result) = self.page.load_current::<T, R>(meanwhile)?;
        Ok((self.value(&copy)?, result))
    }

    /// Calls `read` once with the newest value, and returns its result if no publication came in between.
    ///
    /// `read` loads single numbers, which may belong to two values; its result is dropped in that case. A
    /// clock reads five numbers of its value in this way.
    ///
    /// # Examples
    /// ```
    /// use tearfree_page::{Options, Reader, Writer};
    /// # let folder = tempfile::tempdir()?;
    /// # let page = folder.path().join("load");
    /// let _writer = Writer::<[u64; 3]>::create(&page, [1, 2, 3], &Options::new())?;
    /// let reader = Reader::<[u64; 3]>::open(&page)?;
    /// let seen = reader.try_current(|value| (value.u64_at::<16>(), std::time::Instant::now()));
    /// assert!(seen.is_some_and(|(third, _now)| third == 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn try_current<R>(&self, read: impl FnOnce(SlotView<'_, T>) -> R) -> Option<R> {
        self.page.try_current(read)
    }
}
