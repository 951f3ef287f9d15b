// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change, and waking who waits.
//!
//! The danger is a lost wake-up: the waiter finds the old version and goes to sleep, while the writer
//! publishes and finds no waiter. Between "publish" and "look for waiters" stands a store and a load,
//! which processors reorder. A full fence in every write would prevent that, and cost more than the
//! write. Here a waiter announces itself **while it holds the writer lock** instead (P8), so for each
//! write one of two things holds: the waiter announced itself before the write took the lock, and the
//! write sees it; or the write gave the lock back before the waiter took it, and the waiter sees the
//! write. The writer pays for one load of a word that lies beside the count.

use std::time::Instant;

use crate::order::PLAIN;
use crate::sync::AtomicU32;

mod sleep;

/// Somebody sleeps, or is about to, until this round is over.
const SOMEBODY: u32 = 1;
/// What is added when a round ends, so that nobody who belongs to it falls asleep any more.
const ROUND: u32 = 2;

const fn somebody_waits(state: u32) -> bool {
    state & SOMEBODY != 0
}

const fn with_somebody(state: u32) -> u32 {
    state | SOMEBODY
}

const fn next_round(state: u32) -> u32 {
    (state & !SOMEBODY).wrapping_add(ROUND)
}

/// Whether anybody waits for the next change, and in which round. Changed under the writer lock only.
pub(crate) struct Waiters {
    state: AtomicU32,
}

/// A waiter's round. Without it, a waiter that was called before it fell asleep could take the next
/// waiter's announcement for its own, and sleep through the change that it waited for.
pub(crate) struct Round(u32);

impl Waiters {
    pub(crate) const fn new() -> Self {
        Waiters { state: AtomicU32::new(0) }
    }

    /// Wakes everyone who waits. The writer calls this after it published, before it gives the lock
    /// back.
    #[inline]
    pub(crate) fn wake(&self) {
        // ORDERING: P8. The writer lock orders this load and the store in `announce`.
        let state = self.state.load(PLAIN);
        if somebody_waits(state) {
            self.wake_all(state);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_all(&self, state: u32) {
        // ORDERING: P8. Whoever goes to sleep after this, in `sleep`, finds that it was called.
        self.state.store(next_round(state), PLAIN);
        sleep::wake_all(&self.state);
    }

    /// Announces a waiter. The caller holds the writer lock and has seen that nothing changed yet.
    pub(crate) fn announce(&self) -> Round {
        // ORDERING: P8. The writer lock orders these and those in `wake` and `wake_all`.
        let state = with_somebody(self.state.load(PLAIN));
        self.state.store(state, PLAIN);
        Round(state)
    }

    /// Sleeps until the round is over, or until `deadline`. May end for no reason.
    pub(crate) fn sleep(&self, round: &Round, deadline: Option<Instant>) {
        sleep::while_equal(&self.state, round.0, deadline);
    }
}
