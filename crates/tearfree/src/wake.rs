// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change, and waking who waits.
//!
//! The danger is a lost wake-up: the waiter finds the old version and goes to sleep, while the writer
//! publishes and finds no waiter. Between "publish" and "look for waiters" stands a store and a load,
//! which processors reorder; so does "announce" and "look at the version" on the other side. A fence on
//! each side forbids that one overlooks the other (P8). The writer's costs nothing where the waiter's can
//! be made heavy enough for both: see [`asymmetric`]. A waiter takes no lock, so one that loses its
//! processor holds no writer up.

use core::time::Duration;
use std::time::Instant;

use crate::order::PLAIN;
use crate::sync::AtomicU32;

mod asymmetric;
mod sleep;

/// A thread sleeps, or is about to, until this round is over.
const WAITING: u32 = 1;
/// What is added when a round ends, so that no thread that belongs to it falls asleep any more.
const ROUND: u32 = 2;
/// How long a waiter sleeps at most where its fence could not be had.
const LONGEST_UNANNOUNCED_SLEEP: Duration = Duration::from_millis(1);

const fn has_waiters(state: u32) -> bool {
    state & WAITING != 0
}

const fn with_waiters(state: u32) -> u32 {
    state | WAITING
}

const fn next_round(state: u32) -> u32 {
    (state & !WAITING).wrapping_add(ROUND)
}

/// Whether a thread waits for the next change, and in which round. Waiters set the one bit; while it is
/// set, only the one writer changes the word.
pub(crate) struct Waiters {
    state: AtomicU32,
}

/// A waiter's round. Without it, a waiter that was woken before it fell asleep could take the next
/// waiter's announcement for its own, and sleep through the change that it waited for.
pub(crate) struct Round {
    state: u32,
    /// Whether the writer is sure to see the announcement, or the waiter the change.
    is_announced: bool,
}

impl Waiters {
    pub(crate) const fn new() -> Self {
        Waiters { state: AtomicU32::new(0) }
    }

    /// Wakes every waiter. The one writer calls this after it published.
    #[inline]
    pub(crate) fn wake(&self) {
        asymmetric::light();
        // ORDERING: P8. Behind its fence, which pairs with the one in `heavy`.
        let state = self.state.load(PLAIN);
        if has_waiters(state) {
            self.wake_all(state);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_all(&self, state: u32) {
        // ORDERING: P8. A waiter that goes to sleep after this, in `sleep`, finds another word than its own.
        self.state.store(next_round(state), PLAIN);
        sleep::wake_all(&self.state);
    }

    /// Announces a waiter, which has to look at the version once more before it sleeps.
    pub(crate) fn announce(&self) -> Round {
        // ORDERING: P8. Ordered by the fence below, which pairs with the one in `light`.
        let mut state = self.state.load(PLAIN);
        while !has_waiters(state) {
            let announced = with_waiters(state);
            // ORDERING: P8. Ordered by the fence below, which pairs with the one in `wake`.
            match self.state.compare_exchange(state, announced, PLAIN, PLAIN) {
                Ok(_) => state = announced,
                Err(other) => state = other,
            }
        }
        Round { state, is_announced: asymmetric::heavy() }
    }

    /// Sleeps until the round is over, or until `deadline`. May end for no reason.
    pub(crate) fn sleep(&self, round: &Round, deadline: Option<Instant>) {
        if round.is_announced {
            return sleep::while_equal(&self.state, round.state, deadline);
        }
        let soon = Instant::now() + LONGEST_UNANNOUNCED_SLEEP;
        let deadline = deadline.map_or(soon, |deadline| deadline.min(soon));
        sleep::while_equal(&self.state, round.state, Some(deadline));
    }
}
