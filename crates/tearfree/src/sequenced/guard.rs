// SPDX-License-Identifier: MIT OR Apache-2.0
//! `WriteGuard`: a private copy of the value, which is published when the guard is dropped.

use core::fmt;
use core::ops::{Deref, DerefMut};

use super::Sequenced;
use super::protocol::{OneCopy, Protocol};
use crate::context::{Entered, SavedContext, Thread};
use crate::lock::{DefaultLock, Holding, WriterLock};

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    #[inline]
    pub(super) fn guard<'a, C: SavedContext>(
        &'a self,
        holding: Holding<'a, L>,
        entered: Entered<C>,
    ) -> WriteGuard<'a, T, L, C, P> {
        let value = self.copy_as_writer();
        WriteGuard { lock: self, value, end: End::new(), _holding: holding, _entered: entered }
    }
}

/// A private copy of the value, under the writer lock. Dropping it publishes the copy.
///
/// An early return drops the guard as well and so publishes what was changed until then: call
/// [`discard`](Self::discard) before, or use [`update_or_discard`](crate::Sequenced::update_or_discard).
#[must_use = "dropping the guard publishes at once"]
pub struct WriteGuard<
    'a,
    T: Copy,
    L: WriterLock = DefaultLock,
    C: SavedContext = Thread,
    P: Protocol = OneCopy,
> {
    lock: &'a Sequenced<T, L, P>,
    value: T,
    end: End,
    // Dropped in this order: the lock is released, then the context is left.
    _holding: Holding<'a, L>,
    _entered: Entered<C>,
}

/// What dropping a guard does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Publish,
    Discard,
    /// Publishes although the thread is panicking, because it was already when the guard was created.
    #[cfg(feature = "std")]
    PublishInPanic,
}

impl End {
    #[inline]
    fn new() -> Self {
        #[cfg(feature = "std")]
        if std::thread::panicking() {
            return End::PublishInPanic;
        }
        End::Publish
    }

    #[inline]
    fn is_publishing(self) -> bool {
        match self {
            End::Discard => false,
            #[cfg(feature = "std")]
            End::Publish => !std::thread::panicking(),
            #[cfg(not(feature = "std"))]
            End::Publish => true,
            #[cfg(feature = "std")]
            End::PublishInPanic => true,
        }
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext, P: Protocol> WriteGuard<'_, T, L, C, P> {
    /// Releases the lock without publishing: readers see the old value.
    ///
    /// ```
    /// let lock = tearfree::SeqLock::new(1);
    /// let mut guard = lock.write();
    /// *guard = 2;
    /// guard.discard();
    /// assert_eq!(lock.read(), 1);
    /// ```
    #[inline]
    pub fn discard(mut self) {
        self.end = End::Discard;
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext, P: Protocol> Drop for WriteGuard<'_, T, L, C, P> {
    #[inline]
    fn drop(&mut self) {
        if self.end.is_publishing() {
            self.lock.publish(&self.value);
        }
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext, P: Protocol> Deref for WriteGuard<'_, T, L, C, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Copy, L: WriterLock, C: SavedContext, P: Protocol> DerefMut for WriteGuard<'_, T, L, C, P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Copy + fmt::Debug, L: WriterLock, C: SavedContext, P: Protocol> fmt::Debug
    for WriteGuard<'_, T, L, C, P>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteGuard").field(&self.value).finish()
    }
}
