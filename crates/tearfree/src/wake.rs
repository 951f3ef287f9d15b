// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for a change, and waking the waiters.
//!
//! A wake-up must not be lost: the waiter would load the old version and sleep, while the writer publishes
//! and finds no waiter. The writer stores the count, then loads the word of the waiters; the waiter stores
//! its announcement, then loads the version. Processors reorder such a store and load, so each side has a
//! fence between them (P8). The writer's fence costs nothing where the waiter's can serve for both: see
//! [`asymmetric`]. A waiter takes no lock, so a preempted waiter delays no writer.

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
/// A task registered its waker, to be called when this round is over.
const LISTENER: u32 = 2;
/// Added when a round ends, so that a thread of that round no longer falls asleep.
const ROUND: u32 = 4;

const fn has_waiter(state: u32, kind: u32) -> bool {
    state & kind != 0
}

const fn next_round(state: u32) -> u32 {
    (state & !(SLEEPER | LISTENER)).wrapping_add(ROUND)
}

/// The kinds of waiters for the next change, and the number of the round. Waiters set bits; the one writer
/// ends the round. If it clears a bit that it did not see, that waiter sees what the writer published (P8).
pub(crate) struct Waiters {
    state: AtomicU32,
}

/// A waiter's round. Without it, a waiter that was woken before it slept could mistake the next waiter's
/// announcement for its own, and sleep although its change has come.
pub(crate) struct Round {
    state: u32,
    /// Whether the fence took place: the writer sees the announcement, or the waiter sees the change.
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
        if has_waiter(state, SLEEPER | LISTENER) {
            self.wake_all(state);
        }
    }

    #[cold]
    #[inline(never)]
    fn wake_all(&self, state: u32) {
        // ORDERING: Relaxed, P8. A waiter that goes to sleep after this, in `sleep`, finds another
        // word than its own.
        self.state.store(next_round(state), PLAIN);
        if has_waiter(state, SLEEPER) {
            sleep::wake_all(&self.state);
        }
        if has_waiter(state, LISTENER) {
            listeners::notify(&self.state);
        }
    }

    /// Announces a thread, which has to load the version again before it sleeps.
    pub(crate) fn announce(&self) -> Round {
        self.announce_as(SLEEPER)
    }

    /// Registers `waker` for the next change, and announces that. The task has to load the version again
    /// before it waits.
    pub(crate) fn listen<'a>(&'a self, listener: Pin<&mut Option<Listener<'a>>>, waker: &Waker) {
        let listener = listener.get_mut();
        if listener.as_ref().is_none_or(|listener| !listener.is_current()) {
            *listener = Listener::new(&self.state);
        }
        let Some(listener) = listener else {
            // No thread can be started that would call it, so the task polls.
            return waker.wake_by_ref();
        };
        listener.register(waker);
        if !self.announce_as(LISTENER).is_announced {
            listener.request_polling();
        }
    }

    fn announce_as(&self, kind: u32) -> Round {
        // ORDERING: Relaxed: a first guess for the exchange below.
        let mut state = self.state.load(PLAIN);
        while !has_waiter(state, kind) {
            let announced = state | kind;
            // ORDERING: Relaxed, P8. The fence in `heavy` below comes between this announcement and
            // the load of the version.
            match self.state.compare_exchange(state, announced, PLAIN, PLAIN) {
                Ok(_) => state = announced,
                Err(other) => state = other,
            }
        }
        Round { state, is_announced: asymmetric::heavy() }
    }

    /// Sleeps until the round is over, or until `deadline`. May wake spuriously.
    pub(crate) fn sleep(&self, round: &Round, deadline: Option<Instant>) {
        if round.is_announced {
            return sleep::while_equal(&self.state, round.state, deadline);
        }
        let soon = Instant::now() + LONGEST_UNANNOUNCED_SLEEP;
        let deadline = deadline.map_or(soon, |deadline| deadline.min(soon));
        sleep::while_equal(&self.state, round.state, Some(deadline));
    }
}
