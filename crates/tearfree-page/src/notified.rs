// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting without a thread of one's own: in tasks, and by a descriptor for `poll` and `epoll`.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::read;

use crate::error::{Error, system_error};
use crate::service::{Notify, Registration};
use crate::waited::Waited;
use crate::waiting::{Wait, wait_any};

/// Waits in a task until something happens to one of the pages: see [`wait_any`], which does so in a thread.
///
/// Any runtime will do, or none. One thread of the process sleeps for all tasks and calls their wakers; it starts with the
/// first task that has to wait. Dropping the future ends the wait, and loses no event.
///
/// # Examples
/// ```
/// use tearfree_page::{Options, Reader, Waited, Writer, wait_any_async};
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     use std::task::{Context, Poll, Wake, Waker};
/// #     struct Unpark(std::thread::Thread);
/// #     impl Wake for Unpark {
/// #         fn wake(self: std::sync::Arc<Self>) { self.0.unpark() }
/// #     }
/// #     let waker: Waker = std::sync::Arc::new(Unpark(std::thread::current())).into();
/// #     let mut future = std::pin::pin!(future);
/// #     loop {
/// #         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
/// #             Poll::Ready(output) => return output,
/// #             Poll::Pending => std::thread::park(),
/// #         }
/// #     }
/// # }
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("load");
/// let mut writer = Writer::<u64>::create(&page, 1, &Options::new().wakes(true))?;
/// let reader = Reader::<u64>::open(&page)?;
/// let mut watch = reader.watch(reader.generation());
/// let writing = std::thread::spawn(move || writer.set(2));
/// let first = block_on(async { wait_any_async(&mut [&mut watch]).await });
/// assert_eq!(first, [(0, Waited::Changed)]);
/// # writing.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn wait_any_async<'a, 'p>(pages: &'a mut [&'p mut dyn Wait]) -> WaitAny<'a, 'p> {
    WaitAny { pages, registration: None }
}

/// The future of [`wait_any_async`].
#[must_use = "futures do nothing unless they are polled"]
pub struct WaitAny<'a, 'p> {
    pages: &'a mut [&'p mut dyn Wait],
    registration: Option<Registration>,
}

impl Future for WaitAny<'_, '_> {
    type Output = Vec<(usize, Waited)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let events = wait_any(this.pages, Some(Duration::ZERO));
        if !events.is_empty() {
            this.registration = None;
            return Poll::Ready(events);
        }
        let waker = context.waker();
        let sleeps = this.pages.iter().map(|page| page.sleep());
        this.registration = Registration::new(sleeps, Notify::Waker(waker.clone()));
        if this.registration.is_none() {
            // No thread can be started that would call it, so the task polls.
            waker.wake_by_ref();
        }
        Poll::Pending
    }
}

impl fmt::Debug for WaitAny<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitAny").field("pages", &self.pages.len()).finish_non_exhaustive()
    }
}

/// A file descriptor for `poll` and `epoll`, which becomes readable when something happens to one of some pages.
///
/// One thread of the process sleeps for all descriptors. The descriptor may become readable without an event.
///
/// # Examples
/// ```
/// use std::os::fd::AsFd;
/// use rustix::event::{PollFd, PollFlags, poll};
/// use tearfree_page::{Options, Reader, Waited, WaitDescriptor, Writer};
/// # let folder = tempfile::tempdir()?;
/// # let page = folder.path().join("load");
/// let mut writer = Writer::<u64>::create(&page, 1, &Options::new().wakes(true))?;
/// let reader = Reader::<u64>::open(&page)?;
/// let mut watch = reader.watch(reader.generation());
/// let mut descriptor = WaitDescriptor::new()?;
/// assert_eq!(descriptor.events(&mut [&mut watch])?, []); // from now on it becomes readable
///
/// let writing = std::thread::spawn(move || writer.set(2));
/// poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], None)?;
/// assert_eq!(descriptor.events(&mut [&mut watch])?, [(0, Waited::Changed)]);
/// # writing.join().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WaitDescriptor {
    descriptor: Arc<OwnedFd>,
    registration: Option<Registration>,
}

impl WaitDescriptor {
    /// Creates a descriptor, which is not readable.
    ///
    /// # Errors
    /// If the process has no more descriptors.
    pub fn new() -> Result<Self, Error> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let descriptor = eventfd(0, flags).map_err(system_error("create", DESCRIPTOR))?;
        Ok(WaitDescriptor { descriptor: Arc::new(descriptor), registration: None })
    }

    /// Returns what has happened to the pages, as [`wait_any`] does with a timeout of zero. If that is nothing, the
    /// descriptor is not readable, and becomes so at the next event of these pages. So call this until it returns nothing,
    /// and then each time the descriptor is readable.
    ///
    /// # Errors
    /// If no thread can be started that waits for the pages.
    pub fn events(&mut self, pages: &mut [&mut dyn Wait]) -> Result<Vec<(usize, Waited)>, Error> {
        let events = wait_any(pages, Some(Duration::ZERO));
        if !events.is_empty() {
            return Ok(events);
        }
        // In this order: a request that is withdrawn makes the descriptor readable no more.
        self.registration = None;
        // Fails if it is not readable.
        let _ = read(&self.descriptor, &mut [0; 8]);
        let sleeps = pages.iter().map(|page| page.sleep());
        let notify = Notify::Descriptor(self.descriptor.clone());
        self.registration = Registration::new(sleeps, notify);
        match self.registration {
            Some(_) => Ok(events),
            None => Err(system_error("start a thread for", DESCRIPTOR)(rustix::io::Errno::AGAIN)),
        }
    }
}

const DESCRIPTOR: &str = "a descriptor to wait with";

impl AsFd for WaitDescriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl fmt::Debug for WaitDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitDescriptor").field(&self.descriptor).finish()
    }
}
