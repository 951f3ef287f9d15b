// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change in a task: `changed().await`.

#![allow(unsafe_code, reason = "a pinned future gives access to its parts")]

use core::fmt;
use core::future::Future;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::protocol::Protocol;
use super::{Sequenced, Version};
use crate::lock::WriterLock;
use crate::wake::Listener;

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Waits, in a task, until the version is not `seen`; [`wait_changed`](Self::wait_changed) is the same
    /// for a thread.
    ///
    /// No change is missed, and the future can be dropped at any time. It works with any runtime,
    /// and without one. After it the task sees what the writer did before its write.
    ///
    /// A signal handler may write what a task waits for. A forked child can wait, too, also by a future that
    /// was polled before the fork: it starts a thread of its own for it.
    ///
    /// Without `std` it needs the feature `critical-section`, and the writer calls the wakers itself, under its
    /// lock, so they have to be callable in interrupt handlers, as those of embassy and RTIC are. Any number of tasks can
    /// wait: what a wait needs is in its future.
    ///
    /// # Cost
    /// A writer pays the same as for sleeping threads: one load, and a system call if a task waits. A thread of
    /// this crate calls the wakers; it starts with the first task that has to wait. A task that has to wait
    /// makes one system call (`membarrier`).
    ///
    /// Without `std` a writer pays a fence (`dmb` on Cortex-M) and one load, and for each task that waits a
    /// short critical section and its waker. The lock is one pointer larger.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use tearfree::SeqLock;
    /// let (mut writer, reader) = SeqLock::new((0, 0)).into_split();
    /// let seen = reader.version();
    /// std::thread::spawn(move || writer.set((1, 2)));
    /// futures_lite::future::block_on(async {
    ///     reader.changed(seen).await;
    ///     assert_eq!(reader.read(), (1, 2));
    /// });
    /// # }
    /// ```
    pub fn changed(&self, seen: Version) -> Changed<'_, T, L, P> {
        Changed { lock: self, seen, listener: None, _pinned: PhantomPinned }
    }
}

/// A task's wait for a change. Made by [`changed`](Sequenced::changed).
#[must_use = "a future does nothing unless it is awaited"]
pub struct Changed<'a, T, L, P: Protocol> {
    lock: &'a Sequenced<T, L, P>,
    seen: Version,
    /// Pinned with the whole future, because a list may have its address.
    listener: Option<Listener<'a>>,
    /// With `std`, too, so that code that compiles with it also compiles without.
    _pinned: PhantomPinned,
}

impl<T: Copy, L: WriterLock, P: Protocol> Future for Changed<'_, T, L, P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing is moved out of it: `listener` is pinned below, the rest is only read.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: `listener` is a field of the pinned future, and is accessed pinned only.
        let mut listener = unsafe { Pin::new_unchecked(&mut this.listener) };
        let (lock, seen) = (this.lock, this.seen);
        if lock.version() == seen {
            lock.waiters.listen(listener.as_mut(), context.waker());
            if lock.version() == seen {
                return Poll::Pending;
            }
        }
        listener.set(None);
        Poll::Ready(())
    }
}

impl<T, L, P: Protocol> fmt::Debug for Changed<'_, T, L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").field("seen", &self.seen).finish_non_exhaustive()
    }
}
