// SPDX-License-Identifier: MIT OR Apache-2.0
//! Wakers of tasks that wait for a change, and the thread that calls them.
//!
//! A waker may run any code: take locks, allocate, run a task. A writer must not call it, because it may be
//! in a signal handler, and holds its lock. So a writer only sets a bit and wakes a thread of this crate,
//! which calls the wakers. The thread starts with the first task that has to wait, and sleeps while nothing
//! changes.
//!
//! A forked child has no such thread, and the locks of the table may be held in it by threads that it does not
//! have. So it begins with a table of its own, and never touches its parent's.
//!
//! A task registers its waker here, then announces itself, then loads the version again. It cannot miss the
//! change, for the same reason as a sleeping thread (P8).

#![allow(unsafe_code, reason = "a table for each process, behind one pointer")]

use core::mem;
use core::panic::AssertUnwindSafe;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use core::task::Waker;
use std::panic::catch_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::sleep;
use crate::asymmetric::LONGEST_UNANNOUNCED_SLEEP;
use crate::order::PLAIN;
use crate::sync::AtomicU32;

/// One bit of a word for each bucket. Two locks of one bucket wake each other's tasks, which then wait again.
const BUCKETS: usize = u32::BITS as usize;

/// The table of this process, or of its parent; null before a task waits. A table is never freed.
static TABLE: AtomicPtr<Listeners> = AtomicPtr::new(ptr::null_mut());

struct Listeners {
    /// The ID of the process whose table this is.
    process: u32,
    /// The buckets in which something changed. The thread sleeps on it.
    changed: AtomicU32,
    /// The fence of some task was refused, so the thread calls all wakers in short intervals.
    is_polling: AtomicBool,
    buckets: [Mutex<Vec<Entry>>; BUCKETS],
    starts: Mutex<Starts>,
}

struct Starts {
    /// Whether the thread that calls the wakers was started.
    has_thread: bool,
    /// How many listeners there have been. 64 bits never wrap, also on 32-bit machines.
    listeners: u64,
}

struct Entry {
    listener: u64,
    waker: Waker,
}

/// A task that waits; dropping it removes its waker.
pub(crate) struct Listener<'a> {
    table: &'static Listeners,
    number: u64,
    word: &'a AtomicU32,
}

/// Returns the bucket of the lock whose word this is.
fn bucket_of(word: &AtomicU32) -> usize {
    // The middle bits differ between neighbours in an array, and between allocations.
    let address = core::ptr::from_ref(word).addr();
    ((address >> 4) ^ (address >> 9) ^ (address >> 14)) % BUCKETS
}

/// Notifies the thread that calls the wakers of a change. Takes no lock, so signal handlers can call it.
pub(super) fn notify(word: &AtomicU32) {
    let Some(table) = Listeners::existing() else { return };
    // ORDERING: pairs with the exchange in `serve`, which then finds the waker that was registered
    // before the announcement that this thread saw. RC11 allows no execution without it, as that
    // would be a circle of reads; processors do.
    table.changed.fetch_or(1 << bucket_of(word), Ordering::Release);
    sleep::wake_all(&table.changed);
}

/// Has a forked child begin with no table, also one whose ID in a namespace of its own is that of its parent.
/// Where a child is made in another way, its ID is all that tells.
#[cfg(unix)]
fn forget_the_table_in_children() {
    static IS_REGISTERED: AtomicBool = AtomicBool::new(false);
    extern "C" fn forget() {
        // ORDERING: Relaxed: the child has this one thread.
        TABLE.store(ptr::null_mut(), PLAIN);
    }
    // ORDERING: Relaxed: a child inherits both, the registration and that it was made.
    if !IS_REGISTERED.swap(true, PLAIN) {
        // SAFETY: the handler stores to one atomic, which any child may do. Out of memory, it is left out.
        unsafe { libc::pthread_atfork(None, None, Some(forget)) };
    }
}

#[cfg(not(unix))]
fn forget_the_table_in_children() {}

fn start_thread(table: &'static Listeners) -> std::io::Result<()> {
    let thread = thread::Builder::new().name("tearfree-wakers".to_owned());
    let start = || thread.spawn(|| table.serve()).map(drop);
    // It inherits the mask: the program's signal handlers go on running in the program's own threads.
    #[cfg(unix)]
    let started = <crate::context::IrqSave as crate::context::Context>::with(start);
    #[cfg(not(unix))]
    let started = start();
    started
}

impl<'a> Listener<'a> {
    /// Creates a listener without a waker; `None` if the thread that calls wakers cannot be started.
    pub(super) fn new(word: &'a AtomicU32) -> Option<Self> {
        let table = Listeners::current();
        let mut starts = table.starts.lock().unwrap_or_else(PoisonError::into_inner);
        if !starts.has_thread {
            start_thread(table).ok()?;
            starts.has_thread = true;
        }
        starts.listeners += 1;
        Some(Listener { table, number: starts.listeners, word })
    }

    /// Whether it is in the table of this process. One that a forked child inherited is not.
    pub(super) fn is_current(&self) -> bool {
        Listeners::existing().is_some_and(|table| ptr::eq(self.table, table))
            && self.table.process == std::process::id()
    }

    /// Registers `waker`, to be called once, at the next change.
    pub(super) fn register(&self, waker: &Waker) {
        // A waker's `clone` and `drop` may run any code, also this function: not under the mutex.
        let waker = waker.clone();
        let mut entries = self.entries();
        let replaced = match entries.iter_mut().find(|entry| entry.listener == self.number) {
            Some(entry) => Some(mem::replace(&mut entry.waker, waker)),
            None => {
                entries.push(Entry { listener: self.number, waker });
                None
            }
        };
        drop(entries);
        drop(replaced);
    }

    /// Has the thread call all wakers in short intervals, for a task whose fence was refused (P8).
    pub(super) fn request_polling(&self) {
        // ORDERING: Relaxed: a request to poll; the task that sets it first wakes the thread.
        if !self.table.is_polling.swap(true, PLAIN) {
            // ORDERING: Relaxed: as `serve` calls whatever wakers it finds, now and in each interval.
            self.table.changed.fetch_or(u32::MAX, PLAIN);
            sleep::wake_all(&self.table.changed);
        }
    }

    fn entries(&self) -> MutexGuard<'static, Vec<Entry>> {
        self.table.entries(bucket_of(self.word))
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        if !self.is_current() {
            // A thread of the parent may hold the lock of this bucket for ever.
            return;
        }
        let mut entries = self.entries();
        let index = entries.iter().position(|entry| entry.listener == self.number);
        let removed = index.map(|index| entries.swap_remove(index));
        drop(entries);
        drop(removed);
    }
}

impl Listeners {
    fn new() -> Self {
        Listeners {
            process: std::process::id(),
            changed: AtomicU32::new(0),
            is_polling: AtomicBool::new(false),
            buckets: [const { Mutex::new(Vec::new()) }; BUCKETS],
            starts: Mutex::new(Starts { has_thread: false, listeners: 0 }),
        }
    }

    /// The newest table: of this process, or of its parent as long as no task has waited here.
    fn existing() -> Option<&'static Self> {
        // ORDERING: pairs with the exchange in `replace`: the table behind the pointer is whole.
        let table = NonNull::new(TABLE.load(Ordering::Acquire))?;
        // SAFETY: it comes from a box that is never freed, and only shared references to it are made.
        Some(unsafe { table.as_ref() })
    }

    /// The table of this process.
    fn current() -> &'static Self {
        loop {
            let existing = Self::existing();
            match existing {
                Some(table) if table.process == std::process::id() => return table,
                _ => Self::replace(existing),
            }
        }
    }

    /// Puts a new table in the place of `existing`, unless another thread was faster.
    fn replace(existing: Option<&'static Self>) {
        forget_the_table_in_children();
        let before = existing.map_or(ptr::null_mut(), |table| ptr::from_ref(table).cast_mut());
        let fresh = Box::into_raw(Box::new(Self::new()));
        // ORDERING: pairs with the load in `existing`: it finds the table whole.
        if TABLE.compare_exchange(before, fresh, Ordering::Release, PLAIN).is_err() {
            // SAFETY: made above, and no other thread has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
    }

    fn entries(&self, bucket: usize) -> MutexGuard<'_, Vec<Entry>> {
        self.buckets[bucket].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) -> ! {
        loop {
            // ORDERING: pairs with `notify`: the wakers that were registered before its bit was set
            // are found.
            let changed = self.changed.swap(0, Ordering::Acquire);
            for bucket in (0..BUCKETS).filter(|bucket| changed & 1 << bucket != 0) {
                self.call(bucket);
            }
            if changed == 0 {
                self.sleep();
            }
        }
    }

    fn call(&self, bucket: usize) {
        let entries = mem::take(&mut *self.entries(bucket));
        for entry in entries {
            // A waker that panics must not keep the others from being called.
            _ = catch_unwind(AssertUnwindSafe(|| entry.waker.wake()));
        }
    }

    fn sleep(&self) {
        // ORDERING: Relaxed: a hint how long to sleep; `request_polling` also changes the word of the
        // sleep.
        if !self.is_polling.load(PLAIN) {
            return sleep::while_equal(&self.changed, 0, None);
        }
        let soon = Instant::now() + LONGEST_UNANNOUNCED_SLEEP;
        sleep::while_equal(&self.changed, 0, Some(soon));
        // ORDERING: Relaxed: clears a hint; a task that still waits sets it again.
        self.is_polling.store(false, PLAIN);
        (0..BUCKETS).for_each(|bucket| self.call(bucket));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The words of neighbouring locks, which have 32 bytes each.
    #[test]
    fn locks_are_spread_over_the_buckets() {
        let words = [const { [const { AtomicU32::new(0) }; 8] }; 64];
        let buckets: BTreeSet<usize> = words.iter().map(|words| bucket_of(&words[0])).collect();
        assert!(buckets.len() >= BUCKETS / 2, "{buckets:?}");
        assert!(buckets.iter().all(|&bucket| bucket < BUCKETS), "{buckets:?}");
    }
}
