// SPDX-License-Identifier: MIT OR Apache-2.0
//! One writer and any number of readers, without a lock.

use core::convert::Infallible;
use core::fmt;
use core::ops::Deref;
#[cfg(feature = "std")]
use std::sync::Arc;

#[cfg(feature = "zerocopy")]
use super::View;
use super::protocol::Protocol;
use super::{FieldSet, Sequenced, Version};
use crate::lock::WriterLock;

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Splits into the one writer and its readers, which need no writer lock.
    ///
    /// `&mut` proves that there is no other writer while the two live. For threads that outlive this
    /// function, see [`into_split`](Self::into_split), and for a `static` [`try_claim`](Self::try_claim).
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
    #[must_use]
    pub fn split(&mut self) -> (Writer<&Self>, Reader<&Self>) {
        (Writer::new(self), Reader::new(self))
    }

    /// Returns a reader, which can be copied and sent, and cannot write.
    #[must_use]
    pub fn reader(&self) -> Reader<&Self> {
        Reader::new(self)
    }

    /// Splits into the one writer and its readers, which share the value and can go to any thread.
    ///
    /// The value lives as long as one of them. Readers do not notice that the writer was dropped: they still
    /// read the last value, and a wait for a change does not end. Where that matters, publish a last value
    /// that means the end. In a child that was forked in the middle of a write, a reader's `try_read` and `try_read_for`
    /// return `None` until [`Reader::reset_after_fork`].
    ///
    /// ```
    /// use std::thread;
    /// let (mut writer, reader) = tearfree::SeqLock::new((0_u64, 0_u64)).into_split();
    /// let follows = thread::spawn({
    ///     let reader = reader.clone();
    ///     move || {
    ///         let (mut value, mut seen) = reader.read_versioned();
    ///         while value.0 == 0 {
    ///             reader.wait_changed(seen, None);
    ///             (value, seen) = reader.read_versioned();
    ///         }
    ///         value
    ///     }
    /// });
    /// writer.set((1, 2));
    /// assert_eq!(follows.join().unwrap(), (1, 2));
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn into_split(self) -> (Writer<Arc<Self>>, Reader<Arc<Self>>) {
        let shared = Arc::new(self);
        (Writer::new(Arc::clone(&shared)), Reader::new(shared))
    }
}

/// The only writer of a value that was [split](Sequenced::split). Cannot be cloned.
///
/// `H` is the type of its handle to the value: `&SeqLock<T>`, or `Arc<SeqLock<T>>`.
pub struct Writer<H> {
    shared: H,
}

impl<H> Writer<H> {
    /// Creates the writer; the caller ensures that there is no other one.
    pub(super) fn new(shared: H) -> Self {
        Writer { shared }
    }
}

impl<T, L, P, H> Writer<H>
where
    T: Copy,
    L: WriterLock,
    P: Protocol,
    H: Deref<Target = Sequenced<T, L, P>>,
{
    /// Replaces the value.
    ///
    /// Takes no lock; with [`Fair`](crate::lock::Fair) as `L` it first pauses, for a bounded time, if a
    /// starving reader requested its turn.
    #[inline]
    pub fn set(&mut self, value: T) {
        self.set_from(&value);
    }

    /// Replaces the value by a copy of `*value`: one copy in all for any size.
    #[inline]
    pub fn set_from(&mut self, value: &T) {
        self.shared.back_off();
        self.shared.publish(value);
    }

    /// Replaces the value, and returns the version of the new one.
    #[inline]
    #[must_use = "if the version is not needed, `set` is the call"]
    pub fn set_versioned(&mut self, value: T) -> Version {
        self.set_from(&value);
        self.version()
    }

    /// Replaces the value, and returns the old one.
    ///
    /// ```
    /// let mut lock = tearfree::SeqLock::new(1);
    /// let (mut writer, reader) = lock.split();
    /// assert_eq!((writer.replace(2), reader.read()), (1, 2));
    /// ```
    #[inline]
    #[must_use = "if the old value is not needed, `set` is cheaper"]
    pub fn replace(&mut self, value: T) -> T {
        self.update(|current| core::mem::replace(current, value))
    }

    /// Changes the value by a closure, which gets a private copy; a panic publishes nothing.
    #[inline]
    pub fn update<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let Ok(result) = self.update_or_discard(|value| Ok::<R, Infallible>(change(value)));
        result
    }

    /// Changes the value as [`update`](Self::update) does, but publishes only if the closure returns `Ok`.
    ///
    /// # Errors
    /// The error of the closure.
    #[inline]
    pub fn update_or_discard<R, E>(
        &mut self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        self.shared.back_off();
        self.shared.change_as_writer(change)
    }

    /// Returns a copy of the value, which only this writer changes, without a load of the count.
    #[inline]
    #[must_use]
    pub fn get(&self) -> T {
        self.shared.copy_as_writer()
    }

    /// Returns the version of the value: that of this writer's last write.
    ///
    /// ```
    /// let mut lock = tearfree::SeqLock::new(1);
    /// let (mut writer, reader) = lock.split();
    /// writer.set(2);
    /// assert_eq!(reader.read_versioned(), (2, writer.version()));
    /// ```
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        self.shared.version()
    }

    /// Returns a new reader of the value, also after all others were dropped.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// let (mut writer, reader) = tearfree::SeqLock::new(1).into_split();
    /// drop(reader);
    /// writer.set(2);
    /// assert_eq!(writer.reader().read(), 2);
    /// # }
    /// ```
    #[must_use]
    pub fn reader(&self) -> Reader<H>
    where
        H: Clone,
    {
        Reader::new(self.shared.clone())
    }
}

/// A reader of a value that was [split](Sequenced::split).
///
/// `H` is the type of its handle to the value: `&SeqLock<T>`, or `Arc<SeqLock<T>>`. Clones are as cheap as
/// those of `H`. It has all calls of [`Sequenced`] that read without the writer lock; that lock would
/// not exclude the [`Writer`], which takes none.
///
/// ```
/// use tearfree::{SeqLock, field};
/// let mut lock = SeqLock::new((1_u8, 'x', [0_u64; 100]));
/// let (mut writer, reader) = lock.split();
/// writer.update(|value| value.0 = 2);
/// assert_eq!(reader.read().0, 2);
/// let letter = reader.read_fields(field!((u8, char, [u64; 100]), 1));
/// assert_eq!(letter, 'x');
/// ```
#[derive(Clone, Copy)]
pub struct Reader<H> {
    pub(super) shared: H,
}

impl<H> Reader<H> {
    pub(super) fn new(shared: H) -> Self {
        Reader { shared }
    }
}

impl<T, L, P, H> Reader<H>
where
    T: Copy,
    L: WriterLock,
    P: Protocol,
    H: Deref<Target = Sequenced<T, L, P>>,
{
    /// Reads as [`Sequenced::read`] does.
    #[inline]
    #[must_use]
    pub fn read(&self) -> T {
        self.shared.read()
    }

    /// Reads as [`Sequenced::read_into`] does.
    #[inline]
    pub fn read_into(&self, to: &mut T) {
        self.shared.read_into(to);
    }

    /// Attempts a read as [`Sequenced::try_read`] does.
    #[inline]
    #[must_use]
    pub fn try_read(&self) -> Option<T> {
        self.shared.try_read()
    }

    /// Attempts a read as [`Sequenced::try_read_for`] does.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn try_read_for(&self, timeout: core::time::Duration) -> Option<T> {
        self.shared.try_read_for(timeout)
    }

    /// Reads as [`Sequenced::read_fields`] does.
    #[inline]
    #[must_use]
    pub fn read_fields<S: FieldSet<T>>(&self, fields: S) -> S::Values {
        self.shared.read_fields(fields)
    }

    /// Computes as [`Sequenced::read_with`] does.
    #[cfg(feature = "zerocopy")]
    #[inline]
    pub fn read_with<R>(&self, compute: impl FnMut(&View<'_, T>) -> R) -> R {
        self.shared.read_with(compute)
    }

    /// Returns the same as [`Sequenced::version`].
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        self.shared.version()
    }

    /// Reads as [`Sequenced::read_versioned`] does.
    #[inline]
    #[must_use]
    pub fn read_versioned(&self) -> (T, Version) {
        self.shared.read_versioned()
    }

    /// Reads as [`Sequenced::read_if_changed`] does.
    #[inline]
    #[must_use = "`seen` is now the version of this value, which is not returned again"]
    pub fn read_if_changed(&self, seen: &mut Version) -> Option<T> {
        self.shared.read_if_changed(seen)
    }

    /// Waits as [`Sequenced::changed`] does.
    #[cfg(any(feature = "std", feature = "critical-section"))]
    pub fn changed(&self, seen: Version) -> super::Changed<'_, T, L, P> {
        self.shared.changed(seen)
    }

    /// Waits as [`Sequenced::wait_changed`] does.
    #[cfg(feature = "std")]
    pub fn wait_changed(&self, seen: Version, timeout: Option<core::time::Duration>) -> bool {
        self.shared.wait_changed(seen, timeout)
    }
}

impl<H: fmt::Debug> fmt::Debug for Writer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.shared).finish()
    }
}

impl<H: fmt::Debug> fmt::Debug for Reader<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.shared).finish()
    }
}
