// SPDX-License-Identifier: MIT OR Apache-2.0
//! The thread that waits for pages in the place of tasks and event loops: one for each process.
//!
//! A forked child has no such thread, and another thread may have held its lock. So it begins with a service of its own.

#![allow(unsafe_code, reason = "a service for each process, behind one pointer")]

use core::mem;
use core::panic::AssertUnwindSafe;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};
use core::task::Waker;
use std::os::fd::OwnedFd;
use std::panic::catch_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use rustix::io::write;
use rustix::thread::futex;
use tearfree::context::{Context, IrqSave};

use crate::fork::CreatorProcess;
use crate::mapping::Mapping;
use crate::sleep::{self, Sleep, Word};

/// The service of this process, or of its parent; null before the first request. A service is never freed.
static SERVICE: AtomicPtr<Service> = AtomicPtr::new(ptr::null_mut());

struct Service {
    /// The process whose service this is. Not its ID: in a PID namespace of its own, a child can have the same one.
    process: CreatorProcess,
    /// Changes with each request. The thread sleeps on it, beside the pages.
    changes: AtomicU32,
    requests: Mutex<Requests>,
}

#[derive(Default)]
struct Requests {
    has_thread: bool,
    last: u64,
    waiting: Vec<Request>,
}

struct Request {
    number: u64,
    pages: Vec<PageWait>,
    notify: Notify,
}

/// Whom to notify when something may have happened.
#[derive(Clone)]
pub(crate) enum Notify {
    /// A task.
    Waker(Waker),
    /// An event loop, by an eventfd.
    Descriptor(Arc<OwnedFd>),
}

/// A [`Sleep`] that keeps its page mapped.
struct PageWait {
    page: Option<(Arc<Mapping>, [u32; 2])>,
    polled_since: Option<Instant>,
    until: Option<Instant>,
}

/// A request; dropping it withdraws it.
pub(crate) struct Registration {
    service: &'static Service,
    number: u64,
}

impl Registration {
    /// Has `notify` notified once, when one of these sleeps is over. `None` if no thread can be started.
    pub(crate) fn new<'a>(
        sleeps: impl Iterator<Item = Sleep<'a>>,
        notify: Notify,
    ) -> Option<Registration> {
        let service = Service::current()?;
        let pages = sleeps.map(|sleep| PageWait::new(&sleep)).collect();
        let mut requests = service.requests();
        if !requests.has_thread {
            service.start_thread().ok()?;
            requests.has_thread = true;
        }
        requests.last += 1;
        let number = requests.last;
        requests.waiting.push(Request { number, pages, notify });
        drop(requests);
        service.wake();
        Some(Registration { service, number })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if !self.service.process.is_same_process() {
            // A thread of the parent may hold the lock, which is never released in this process.
            return;
        }
        let mut requests = self.service.requests();
        let index = requests.waiting.iter().position(|request| request.number == self.number);
        let withdrawn = index.map(|index| requests.waiting.swap_remove(index));
        drop(requests);
        if withdrawn.is_some() {
            // The thread keeps the pages mapped that it sleeps on.
            self.service.wake();
        }
        // A waker's `drop` may run any code: not under the lock.
        drop(withdrawn);
    }
}

impl Service {
    /// The service of this process. `None` where forks cannot be noticed.
    fn current() -> Option<&'static Self> {
        loop {
            // ORDERING: pairs with the exchange in `replace`: the service behind the pointer is whole.
            let existing = SERVICE.load(Ordering::Acquire);
            // SAFETY: it comes from a box that is never freed, and only shared references to it are made.
            match NonNull::new(existing).map(|service| unsafe { service.as_ref() }) {
                Some(service) if service.process.is_same_process() => return Some(service),
                _ => Self::replace(existing, CreatorProcess::current().ok()?),
            }
        }
    }

    /// Puts a new service in the place of `existing`, unless another thread was faster.
    fn replace(existing: *mut Service, process: CreatorProcess) {
        let fresh = Box::into_raw(Box::new(Service {
            process,
            changes: AtomicU32::new(0),
            requests: Mutex::default(),
        }));
        // ORDERING: pairs with the load in `current`, which finds the service whole.
        let replaced =
            SERVICE.compare_exchange(existing, fresh, Ordering::Release, Ordering::Relaxed);
        if replaced.is_err() {
            // SAFETY: made above, and no other thread has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }

    fn start_thread(&'static self) -> std::io::Result<()> {
        let thread = thread::Builder::new().name("tearfree-wait".to_owned());
        // It inherits the mask: the program's signal handlers go on running in the program's own threads.
        IrqSave::with(|| thread.spawn(|| self.serve())).map(drop)
    }

    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the thread look at the requests again.
    fn wake(&self) {
        // ORDERING: Relaxed: the lock of the requests, released before, orders them.
        self.changes.fetch_add(1, Ordering::Relaxed);
        // Cannot fail: the address is valid.
        let _ = futex::wake(&self.changes, futex::Flags::empty(), 1);
    }

    fn serve(&self) {
        loop {
            // ORDERING: Relaxed: loaded before the lock is taken, so a later request ends the sleep.
            let seen = self.changes.load(Ordering::Relaxed);
            let (ended, pages) = self.take_ended();
            if ended.is_empty() {
                self.sleep(seen, &pages);
            }
            for request in ended {
                request.notify.notify();
            }
        }
    }

    /// Removes the requests of which a page has changed, or whose time is over. Returns the pages of the others too.
    fn take_ended(&self) -> (Vec<Request>, Vec<PageWait>) {
        let mut requests = self.requests();
        let is_ended = |request: &Request| request.pages.iter().any(PageWait::is_over);
        let all = mem::take(&mut requests.waiting);
        let (ended, waiting): (Vec<_>, Vec<_>) = all.into_iter().partition(is_ended);
        let pages =
            waiting.iter().flat_map(|request| &request.pages).map(PageWait::again).collect();
        requests.waiting = waiting;
        (ended, pages)
    }

    fn sleep(&self, seen: u32, pages: &[PageWait]) {
        let request = Word { word: &self.changes, value: seen };
        sleep::run_all(pages.iter().map(PageWait::sleep), Some(request), None);
    }
}

impl PageWait {
    fn new(sleep: &Sleep<'_>) -> Self {
        let page = sleep.page.map(|(mapping, values)| (mapping.clone(), values));
        PageWait { page, polled_since: sleep.polled_since, until: sleep.until }
    }

    fn again(&self) -> Self {
        Self::new(&self.sleep())
    }

    fn sleep(&self) -> Sleep<'_> {
        let page = self.page.as_ref().map(|(mapping, values)| (mapping, *values));
        Sleep { page, polled_since: self.polled_since, until: self.until }
    }

    /// Whether there is a reason to wake up.
    fn is_over(&self) -> bool {
        let has_changed = self.page.as_ref().is_some_and(|(mapping, values)| {
            // ORDERING: Relaxed: a reason to wake up; the waiter loads the words again.
            mapping.wait_words().map(|word| word.load(Ordering::Relaxed)) != *values
        });
        has_changed || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

impl Notify {
    fn notify(self) {
        match self {
            // A waker that panics must not keep the others from being called.
            Self::Waker(waker) => drop(catch_unwind(AssertUnwindSafe(|| waker.wake()))),
            // Fails only if it is readable already.
            Self::Descriptor(descriptor) => drop(write(descriptor, &1_u64.to_ne_bytes())),
        }
    }
}
