// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change in a task: `changed().await`.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::protocol::Protocol;
use super::{Sequenced, Version};
use crate::lock::WriterLock;
use crate::wake::Listener;

impl<T: Copy, L: WriterLock, P: Protocol> Sequenced<T, L, P> {
    /// Waits, in a task, until the version is another than `seen`; [`wait_changed`](Self::wait_changed) is
    /// the same for a thread.
    ///
    /// No change is missed, and the future can be dropped at any time. It works with each runtime, and
    /// needs none. After it the task sees what the writer did before its write.
    ///
    /// A signal handler may write what a task waits for. A forked child can wait too, and starts a thread of
    /// its own for it. Not there: a future that was polled before the fork, which is never woken in the child;
    /// and any future, if another thread polled or dropped one at the moment of the fork, because a lock
    /// that it held stays taken.
    ///
    /// # Cost
    /// A writer pays what it pays for sleeping threads: one load, and a system call if a task waits. It calls
    /// no waker: a thread of this crate does so, which starts with the first task that has to wait. A task
    /// that has to wait makes one system call (`membarrier`).
    ///
    /// # Examples
    /// ```
    /// use tearfree::SeqLock;
    /// let (mut writer, reader) = SeqLock::new((0, 0)).into_split();
    /// let seen = reader.version();
    /// std::thread::spawn(move || writer.set((1, 2)));
    /// futures_lite::future::block_on(async {
    ///     reader.changed(seen).await;
    ///     assert_eq!(reader.read(), (1, 2));
    /// });
    /// ```
    pub fn changed(&self, seen: Version) -> Changed<'_, T, L, P> {
        Changed { lock: self, seen, listener: None }
    }
}

/// A task's wait for a change. Made by [`changed`](Sequenced::changed).
#[must_use = "a future does nothing unless it is awaited"]
pub struct Changed<'a, T, L, P: Protocol> {
    lock: &'a Sequenced<T, L, P>,
    seen: Version,
    listener: Option<Listener>,
}

impl<T: Copy, L: WriterLock, P: Protocol> Changed<'_, T, L, P> {
    fn has_come(&mut self) -> bool {
        let has_come = self.lock.version() != self.seen;
        if has_come {
            self.listener = None;
        }
        has_come
    }
}

impl<T: Copy, L: WriterLock, P: Protocol> Future for Changed<'_, T, L, P> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.has_come() {
            return Poll::Ready(());
        }
        this.lock.waiters.listen(&mut this.listener, context.waker());
        if this.has_come() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T, L, P: Protocol> fmt::Debug for Changed<'_, T, L, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").field("seen", &self.seen).finish_non_exhaustive()
    }
}
