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
    /// `&mut` proves that no one else writes while the two live. For threads that outlive this
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

    /// A reader, which can be copied and sent, and cannot write.
    #[must_use]
    pub fn reader(&self) -> Reader<&Self> {
        Reader::new(self)
    }

    /// Splits into the one writer and its readers, which share the value and can go to any thread.
    ///
    /// The value lives as long as one of them. Readers do not notice that the writer is gone: they go on
    /// reading the last value, and a wait for a change does not end. Where that matters, let the last value
    /// say so. In a child that was forked in the middle of a write, a reader's `try_read` and `try_read_for`
    /// give `None` until [`Reader::reset_after_fork`].
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
/// `H` is how it holds on to the value: `&SeqLock<T>`, or `Arc<SeqLock<T>>`.
pub struct Writer<H> {
    shared: H,
}

impl<H> Writer<H> {
    /// The caller knows that there is no other writer.
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
    /// Takes no lock; with [`Fair`](crate::lock::Fair) as `L` a starving reader makes it pause first,
    /// for a bounded time.
    #[inline]
    pub fn set(&mut self, value: T) {
        self.set_from(&value);
    }

    /// As [`set`](Self::set), straight from where the value is.
    #[inline]
    pub fn set_from(&mut self, value: &T) {
        self.shared.back_off();
        self.shared.publish(value);
    }

    /// As [`set`](Self::set), and gives the version that the value has.
    #[inline]
    #[must_use = "if the version is not needed, `set` is the call"]
    pub fn set_versioned(&mut self, value: T) -> Version {
        self.set_from(&value);
        self.version()
    }

    /// As [`set`](Self::set), and gives the value that was there before.
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

    /// Changes the value by a closure that works on a private copy; a panic publishes nothing.
    #[inline]
    pub fn update<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let Ok(result) = self.update_or_discard(|value| Ok::<R, Infallible>(change(value)));
        result
    }

    /// As [`update`](Self::update), but publishes only if the closure gives `Ok`.
    ///
    /// # Errors
    /// What the closure returns.
    #[inline]
    pub fn update_or_discard<R, E>(
        &mut self,
        change: impl FnOnce(&mut T) -> Result<R, E>,
    ) -> Result<R, E> {
        self.shared.back_off();
        self.shared.change_as_writer(change)
    }

    /// The value, which only this writer changes: a copy, without a look at the count.
    #[inline]
    #[must_use]
    pub fn get(&self) -> T {
        self.shared.copy_as_writer()
    }

    /// The version of that value; as no one else writes, the one that the last [`set`](Self::set) made.
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

    /// One more reader of the value, also after all others are gone.
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
/// `H` is how it holds on to the value: `&SeqLock<T>`, or `Arc<SeqLock<T>>`. Clones are as cheap as
/// those of `H`. It has all calls of [`Sequenced`] that read without the writer lock; that lock would
/// not keep out the [`Writer`], which takes none.
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
    /// As [`Sequenced::read`].
    #[inline]
    #[must_use]
    pub fn read(&self) -> T {
        self.shared.read()
    }

    /// As [`Sequenced::read_into`].
    #[inline]
    pub fn read_into(&self, to: &mut T) {
        self.shared.read_into(to);
    }

    /// As [`Sequenced::try_read`].
    #[inline]
    #[must_use]
    pub fn try_read(&self) -> Option<T> {
        self.shared.try_read()
    }

    /// As [`Sequenced::try_read_for`].
    #[cfg(feature = "std")]
    #[must_use]
    pub fn try_read_for(&self, timeout: core::time::Duration) -> Option<T> {
        self.shared.try_read_for(timeout)
    }

    /// As [`Sequenced::read_fields`].
    #[inline]
    #[must_use]
    pub fn read_fields<S: FieldSet<T>>(&self, fields: S) -> S::Values {
        self.shared.read_fields(fields)
    }

    /// As [`Sequenced::read_with`].
    #[cfg(feature = "zerocopy")]
    #[inline]
    pub fn read_with<R>(&self, look: impl FnMut(&View<'_, T>) -> R) -> R {
        self.shared.read_with(look)
    }

    /// As [`Sequenced::version`].
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        self.shared.version()
    }

    /// As [`Sequenced::read_versioned`].
    #[inline]
    #[must_use]
    pub fn read_versioned(&self) -> (T, Version) {
        self.shared.read_versioned()
    }

    /// As [`Sequenced::read_if_changed`].
    #[inline]
    #[must_use = "`seen` is of this value now; it is not given again"]
    pub fn read_if_changed(&self, seen: &mut Version) -> Option<T> {
        self.shared.read_if_changed(seen)
    }

    /// As [`Sequenced::changed`].
    #[cfg(any(feature = "std", feature = "critical-section"))]
    pub fn changed(&self, seen: Version) -> super::Changed<'_, T, L, P> {
        self.shared.changed(seen)
    }

    /// As [`Sequenced::wait_changed`].
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
