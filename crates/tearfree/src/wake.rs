// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change, and waking who waits.
//!
//! The danger is a lost wake-up: the waiter finds the old version and goes to sleep, while the writer
//! publishes and finds no waiter. Between "publish" and "look for waiters" stands a store and a load,
//! which processors reorder. A full fence in every write would prevent that, and cost more than the
//! write. Here a waiter registers **while it holds the writer lock** instead (P8), so for each write
//! one of two things holds: the waiter registered before the write took the lock, and the write sees
//! it; or the write gave the lock back before the waiter took it, and the waiter sees the write. The
//! writer pays for one load that shares a cache line with the count.

#![allow(unsafe_code, reason = "parking_lot_core's calls ask for promises about their closures")]

use std::time::Instant;

use crate::order::PLAIN;
use crate::sync::{AtomicU32, const_unless_modelled};

/// How many threads wait for the next change, or are about to.
pub(crate) struct Waiters {
    registered: AtomicU32,
    #[cfg(tearfree_loom)]
    parked: crate::model::Parked,
}

impl Waiters {
    const_unless_modelled! {
        pub(crate) const fn new() -> Self {
            Waiters {
                registered: AtomicU32::new(0),
                #[cfg(tearfree_loom)]
                parked: crate::model::Parked::new(),
            }
        }
    }

    /// Wakes everyone who waits. The writer calls this after it published, before it gives the lock
    /// back.
    #[inline]
    pub(crate) fn wake(&self) {
        // ORDERING: P8. The writer lock orders this load and the addition in `register`.
        if self.registered.load(PLAIN) != 0 {
            self.wake_all();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_all(&self) {
        #[cfg(not(tearfree_loom))]
        // SAFETY: the key is the address of a field of ours, which nobody else parks on.
        unsafe {
            parking_lot_core::unpark_all(self.key(), parking_lot_core::DEFAULT_UNPARK_TOKEN);
        }
        #[cfg(tearfree_loom)]
        self.parked.wake_all();
    }

    /// Announces a waiter. The caller holds the writer lock.
    pub(crate) fn register(&self) -> Registered<'_> {
        // ORDERING: P8. The writer lock orders this addition and the load in `wake`.
        self.registered.fetch_add(1, PLAIN);
        Registered(self)
    }

    #[cfg(not(tearfree_loom))]
    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

/// How a nap ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nap {
    Woken,
    TimedOut,
}

/// A waiter that writers know of.
pub(crate) struct Registered<'a>(&'a Waiters);

impl Registered<'_> {
    /// Sleeps until a writer publishes, unless `unchanged` turns out to be false, or until `deadline`.
    pub(crate) fn nap(&self, unchanged: impl Fn() -> bool, deadline: Option<Instant>) -> Nap {
        #[cfg(not(tearfree_loom))]
        {
            // The queue's own lock is held around `unchanged`, and taken by `wake_all`: a writer that
            // knows of us either finds us asleep, or published before `unchanged` looked.
            // SAFETY: the key is the address of a field of ours; the closures neither panic nor park.
            let result = unsafe {
                parking_lot_core::park(
                    self.0.key(),
                    &unchanged,
                    || {},
                    |_, _| {},
                    parking_lot_core::DEFAULT_PARK_TOKEN,
                    deadline,
                )
            };
            match result {
                parking_lot_core::ParkResult::TimedOut => Nap::TimedOut,
                _ => Nap::Woken,
            }
        }
        #[cfg(tearfree_loom)]
        {
            let _models_have_no_time = deadline;
            self.0.parked.park(unchanged);
            Nap::Woken
        }
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        // ORDERING: P8. A writer that still sees this waiter in `wake` calls for nobody, once.
        self.0.registered.fetch_sub(1, PLAIN);
    }
}
