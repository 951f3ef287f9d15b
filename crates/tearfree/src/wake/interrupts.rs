// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change without an operating system: the writer calls the wakers itself.
//!
//! With `std` a thread calls them, because a waker may run any code. On bare metal there is no thread, and the
//! wakers of its executors may be called in interrupt handlers. Each wait has its entry of the lock's list in its
//! future, so nothing is allocated, and any number of tasks can wait. The list is used in critical
//! sections only; wakers are called and dropped outside of them.
//!
//! A task adds its entry, then loads the version again; a writer publishes, then loads the head of the list.
//! With a fence between the two on each side, at least one of them sees the other's store (P8).

#![allow(unsafe_code, reason = "a list whose entries are in pinned futures")]

use core::cell::Cell;
use core::marker::PhantomPinned;
use core::pin::Pin;
use core::ptr;
use core::task::Waker;

use critical_section::{CriticalSection, Mutex};

use crate::order::{self, PLAIN};
use crate::sync::AtomicPtr;

/// The tasks that wait for the next change.
///
/// # Invariants
/// In a critical section the list from `first` over each `next` has the entries with a waker, and ends with
/// null. Each entry is pinned, and unlinks itself before its memory is freed.
pub(crate) struct Waiters {
    first: AtomicPtr<Entry>,
}

/// An entry of the list. It is linked while it has a waker.
struct Entry {
    next: AtomicPtr<Entry>,
    waker: Mutex<Cell<Option<Waker>>>,
}

/// A task's entry in the list of a lock; dropping it removes the entry.
pub(crate) struct Listener<'a> {
    waiters: &'a Waiters,
    entry: Entry,
    _pinned: PhantomPinned,
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Waiters { first: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Wakes every waiting task. The one writer calls this after it published.
    #[inline]
    pub(crate) fn wake(&self) {
        // ORDERING: P8. Pairs with the fence in `listen`: one of the two sees the other.
        order::fence_publish();
        // ORDERING: Relaxed, P8. The fence above comes between the publication and this load.
        if !self.first.load(PLAIN).is_null() {
            self.wake_all();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_all(&self) {
        while let Some(waker) = critical_section::with(|section| self.take_first(section)) {
            waker.wake();
        }
    }

    /// Registers `waker` for the next change. The task has to load the version again before it waits.
    pub(crate) fn listen<'a>(
        &'a self,
        mut listener: Pin<&mut Option<Listener<'a>>>,
        waker: &Waker,
    ) {
        if listener.is_none() {
            listener.set(Some(Listener {
                waiters: self,
                entry: Entry::new(),
                _pinned: PhantomPinned,
            }));
        }
        if let Some(listener) = listener.as_ref().as_pin_ref() {
            listener.register(waker.clone());
        }
        // ORDERING: P8. Pairs with the fence in `wake`: one of the two sees the other.
        order::fence_announce();
    }

    fn add(&self, entry: &Entry) {
        // ORDERING: Relaxed: as the list changes in critical sections alone, and this is one.
        entry.next.store(self.first.load(PLAIN), PLAIN);
        // ORDERING: Relaxed, P8. The fence in `listen` comes between this and the load of the
        // version.
        // INVARIANT: the entry is pinned, and has a waker.
        self.first.store(ptr::from_ref(entry).cast_mut(), PLAIN);
    }

    /// Removes the first entry, and returns its waker.
    fn take_first(&self, section: CriticalSection<'_>) -> Option<Waker> {
        // ORDERING: Relaxed: as `section` shows that nothing changes the list meanwhile.
        let first = self.first.load(PLAIN);
        // SAFETY: by the invariant an entry that is in the list lives, and no `&mut` to it is used.
        let entry = unsafe { first.as_ref() }?;
        // ORDERING: Relaxed: in the same critical section as the load of `first`.
        // INVARIANT: the entry is out, and loses its waker.
        self.first.store(entry.next.load(PLAIN), PLAIN);
        entry.waker.borrow(section).take()
    }

    /// Removes this entry, if it is in the list, and returns its waker.
    fn remove(&self, entry: &Entry, section: CriticalSection<'_>) -> Option<Waker> {
        let waker = entry.waker.borrow(section).take()?;
        let mut link = &self.first;
        loop {
            // ORDERING: Relaxed: a link of the list, which this critical section has alone.
            let next = link.load(PLAIN);
            if ptr::eq(next, entry) {
                // ORDERING: Relaxed: in the same critical section as the load of `link`.
                // INVARIANT: the entry is out, and has no waker.
                link.store(entry.next.load(PLAIN), PLAIN);
                return Some(waker);
            }
            // SAFETY: by the invariant an entry that is in the list lives, and no `&mut` to it is used.
            let Some(other) = (unsafe { next.as_ref() }) else { return Some(waker) };
            link = &other.next;
        }
    }
}

impl Entry {
    const fn new() -> Self {
        Entry { next: AtomicPtr::new(ptr::null_mut()), waker: Mutex::new(Cell::new(None)) }
    }
}

impl Listener<'_> {
    /// Registers `waker`, to be called once, at the next change.
    fn register(self: Pin<&Self>, waker: Waker) {
        let entry = &self.get_ref().entry;
        let replaced = critical_section::with(|section| {
            let replaced = entry.waker.borrow(section).replace(Some(waker));
            if replaced.is_none() {
                self.waiters.add(entry);
            }
            replaced
        });
        drop(replaced); // outside of the critical section: a waker's drop runs any code
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        let waker = critical_section::with(|section| self.waiters.remove(&self.entry, section));
        drop(waker);
    }
}
