// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change, and waking who waits.
//!
//! The danger is a lost wake-up: the waiter finds the old version and goes to sleep, while the writer
//! publishes and finds no waiter. Between "publish" and "look for waiters" stands a store and a load,
//! which processors reorder; so does "announce" and "look at the version" on the other side. A fence on
//! each side forbids that one overlooks the other (P8). The writer's costs nothing where the waiter's can
//! be made heavy enough for both: see [`asymmetric`]. A waiter takes no lock, so one that loses its
//! processor holds no writer up.

use core::pin::Pin;
use core::task::Waker;
use std::time::Instant;

use crate::asymmetric::{self, LONGEST_UNANNOUNCED_SLEEP};
use crate::order::PLAIN;
use crate::sync::AtomicU32;

mod listeners;
mod sleep;

pub(crate) use listeners::Listener;

/// A thread sleeps, or is about to, until this round is over.
const SLEEPER: u32 = 1;
/// A task left its waker, to be called when this round is over.
const LISTENER: u32 = 2;
/// What is added when a round ends, so that no thread that belongs to it falls asleep any more.
const ROUND: u32 = 4;

const fn has(state: u32, kind: u32) -> bool {
    state & kind != 0
}

const fn next_round(state: u32) -> u32 {
    (state & !(SLEEPER | LISTENER)).wrapping_add(ROUND)
}

/// Who waits for the next change, and in which round. Waiters set bits; the one writer ends the round. If
/// it takes away a bit that it did not see, that waiter sees what the writer published before (P8).
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
        // ORDERING: Relaxed, P8. The fence in `light` above comes between the publication and this
        // load.
        let state = self.state.load(PLAIN);
        if has(state, SLEEPER | LISTENER) {
            self.wake_all(state);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_all(&self, state: u32) {
        // ORDERING: Relaxed, P8. A waiter that goes to sleep after this, in `sleep`, finds another
        // word than its own.
        self.state.store(next_round(state), PLAIN);
        if has(state, SLEEPER) {
            sleep::wake_all(&self.state);
        }
        if has(state, LISTENER) {
            listeners::notify(&self.state);
        }
    }

    /// Announces a thread, which has to look at the version once more before it sleeps.
    pub(crate) fn announce(&self) -> Round {
        self.announce_as(SLEEPER)
    }

    /// Has `waker` called at the next change, and announces that. The task has to look at the version once
    /// more before it waits.
    pub(crate) fn listen<'a>(&'a self, listener: Pin<&mut Option<Listener<'a>>>, waker: &Waker) {
        let listener = listener.get_mut();
        if listener.as_ref().is_none_or(|listener| !listener.is_current()) {
            *listener = Listener::new(&self.state);
        }
        let Some(listener) = listener else {
            // No thread to call it. The task looks again as soon as its runtime lets it: busy, and right.
            return waker.wake_by_ref();
        };
        listener.leave(waker);
        if !self.announce_as(LISTENER).is_announced {
            listener.look_without_notice();
        }
    }

    fn announce_as(&self, kind: u32) -> Round {
        // ORDERING: Relaxed: a first guess for the exchange below.
        let mut state = self.state.load(PLAIN);
        while !has(state, kind) {
            let announced = state | kind;
            // ORDERING: Relaxed, P8. The fence in `heavy` below comes between this announcement and
            // the look at the version.
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
