// SPDX-License-Identifier: MIT OR Apache-2.0
//! Wakers of tasks that wait for a change, and the thread that calls them.
//!
//! A waker is foreign code: it may take locks, allocate, and run a task. A writer must not call it, least
//! of all one in a signal handler or under its lock. So a writer only sets a bit and wakes a thread of
//! this crate, which calls the wakers. The thread starts with the first task that has to wait, and sleeps
//! while nothing changes.
//!
//! A task leaves its waker here, then announces itself, then looks at the version once more. That it
//! cannot miss the change is argued as for a sleeping thread (P8).

use core::mem;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use std::panic::catch_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::sleep;
use crate::asymmetric::LONGEST_UNANNOUNCED_SLEEP;
use crate::order::PLAIN;
use crate::sync::AtomicU32;

/// One bit each in a word. Two locks of one bucket wake each other's tasks, which look and wait again.
const BUCKETS: usize = u32::BITS as usize;

static LISTENERS: Listeners = Listeners {
    changed: AtomicU32::new(0),
    looks_by_itself: AtomicBool::new(false),
    buckets: [const { Mutex::new(Vec::new()) }; BUCKETS],
    starts: Mutex::new(Starts { process: 0, listeners: 0 }),
};

struct Listeners {
    /// The buckets in which something changed. The thread sleeps on it.
    changed: AtomicU32,
    /// Some task could not announce itself: the thread calls all of them in short intervals.
    looks_by_itself: AtomicBool,
    buckets: [Mutex<Vec<Entry>>; BUCKETS],
    starts: Mutex<Starts>,
}

struct Starts {
    /// The process that the thread was started in; a forked child has to start its own one.
    process: u32,
    /// So many listeners there were. Wide enough never to come back, also on 32-bit machines.
    listeners: u64,
}

struct Entry {
    listener: u64,
    waker: Waker,
}

/// A task's place among the listeners; its end gives it up.
#[derive(Debug)]
pub(crate) struct Listener<'a> {
    number: u64,
    word: &'a AtomicU32,
}

/// The bucket of the lock whose word this is.
fn bucket_of(word: &AtomicU32) -> usize {
    // The middle bits differ between neighbours in an array, and between allocations.
    let address = core::ptr::from_ref(word).addr();
    ((address >> 4) ^ (address >> 9) ^ (address >> 14)) % BUCKETS
}

/// Tells the thread that calls the wakers about a change. Takes no lock, and can be called by a handler.
pub(super) fn notify(word: &AtomicU32) {
    // ORDERING: pairs with the exchange in `serve`: it then finds the waker that was left before
    // the announcement that this thread saw. RC11 knows no execution without it, because that would
    // be a circle of reads; processors do.
    LISTENERS.changed.fetch_or(1 << bucket_of(word), Ordering::Release);
    sleep::wake_all(&LISTENERS.changed);
}

/// A task whose announcement the writer is not sure to see (P8) is called every now and then.
pub(super) fn look_without_notice() {
    // ORDERING: Relaxed: a request to look soon; the task that sets it first wakes the thread.
    if !LISTENERS.looks_by_itself.swap(true, PLAIN) {
        // ORDERING: Relaxed: as `serve` calls whatever wakers it finds, now and in each interval.
        LISTENERS.changed.fetch_or(u32::MAX, PLAIN);
        sleep::wake_all(&LISTENERS.changed);
    }
}

fn start_thread() -> std::io::Result<()> {
    let thread = thread::Builder::new().name("tearfree-wakers".to_owned());
    let start = || thread.spawn(|| LISTENERS.serve()).map(drop);
    // It inherits the mask: the program's signal handlers go on running in the program's own threads.
    #[cfg(unix)]
    let started = <crate::context::IrqSave as crate::context::Context>::with(start);
    #[cfg(not(unix))]
    let started = start();
    started
}

impl<'a> Listener<'a> {
    /// A place without a waker. `None` where the thread that calls wakers cannot be started.
    pub(super) fn new(word: &'a AtomicU32) -> Option<Self> {
        let mut starts = LISTENERS.starts.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        if starts.process != process {
            start_thread().ok()?;
            starts.process = process;
        }
        starts.listeners += 1;
        Some(Listener { number: starts.listeners, word })
    }

    /// Leaves `waker` to be called once, at the next change.
    pub(super) fn leave(&self, waker: &Waker) {
        // A waker's `clone` and its end are foreign code, which may come here again: not under the mutex.
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

    fn entries(&self) -> MutexGuard<'static, Vec<Entry>> {
        LISTENERS.entries(bucket_of(self.word))
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        let mut entries = self.entries();
        let at = entries.iter().position(|entry| entry.listener == self.number);
        let mine = at.map(|at| entries.swap_remove(at));
        drop(entries);
        drop(mine);
    }
}

impl Listeners {
    fn entries(&self, bucket: usize) -> MutexGuard<'_, Vec<Entry>> {
        self.buckets[bucket].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self) -> ! {
        loop {
            // ORDERING: pairs with `notify`: the wakers that were left before its bit was set are
            // found.
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
            // The panic of one task's waker is not the others' business.
            _ = catch_unwind(AssertUnwindSafe(|| entry.waker.wake()));
        }
    }

    fn sleep(&self) {
        // ORDERING: Relaxed: a hint how long to sleep; `look_without_notice` also changes the word
        // slept on.
        if !self.looks_by_itself.load(PLAIN) {
            return sleep::while_equal(&self.changed, 0, None);
        }
        let soon = Instant::now() + LONGEST_UNANNOUNCED_SLEEP;
        sleep::while_equal(&self.changed, 0, Some(soon));
        // ORDERING: Relaxed: a hint that is cleared; a task that waits on sets it again.
        self.looks_by_itself.store(false, PLAIN);
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
