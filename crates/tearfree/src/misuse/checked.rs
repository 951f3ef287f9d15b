// SPDX-License-Identifier: MIT OR Apache-2.0
//! The checks of debug builds: which locks and write sections each thread has.
//!
//! A lock has an identity that moves with it, so neither a lock that moves nor one that lies where another
//! was is mistaken for it.

use core::cell::Cell;

use crate::order::PLAIN;
use crate::sync::AtomicUsize;

pub(crate) const CHECKED: bool = true;

/// Which lock something belongs to.
pub(crate) type Mark = usize;

/// Two versions that are compared are of one lock.
#[track_caller]
pub(crate) fn assert_same_lock(mine: Mark, other: Mark) {
    assert!(mine == other, "these versions are of two locks, so they cannot be compared");
}

/// As many locks and write sections of one thread are remembered; more go unchecked.
const REMEMBERED: usize = 16;

/// What a thread is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    /// It holds this writer lock, which was reset so often.
    Lock {
        number: usize,
        resets: usize,
    },
    /// It stores the value of this lock.
    Publication {
        number: usize,
    },
    /// It opened this section of a bare count. The odd count tells it from others of the same count, and
    /// `ended_elsewhere` from another count's, where this one was: see [`ENDED_ELSEWHERE`].
    Section {
        address: usize,
        odd: usize,
        ended_elsewhere: usize,
    },
}

std::thread_local! {
    /// Plain slots, without allocation, for signal handlers: one that takes a slot between the two steps of
    /// `remember` has given it back when it returns.
    static HELD: [Cell<Held>; REMEMBERED] = const { [const { Cell::new(Held::Nothing) }; REMEMBERED] };
}

/// How many sections ended where they were not opened: in another thread, or at another address. Those
/// that opened them remember them still, so all sections that are remembered are doubted from then on.
static ENDED_ELSEWHERE: AtomicUsize = AtomicUsize::new(0);

fn replace(old: Held, new: Held) -> bool {
    let replaced = HELD.try_with(|slots| {
        let slot = slots.iter().find(|slot| slot.get() == old);
        slot.is_some_and(|slot| {
            slot.set(new);
            true
        })
    });
    replaced.unwrap_or(false)
}

fn remember(held: Held) {
    // Without a free slot it goes unchecked.
    let _ = replace(Held::Nothing, held);
}

/// Whether it was remembered.
fn forget(held: Held) -> bool {
    replace(held, Held::Nothing)
}

fn is_mine(held: Held) -> bool {
    HELD.try_with(|slots| slots.iter().any(|slot| slot.get() == held)).unwrap_or(false)
}

/// A number of its own for each lock, given when it is first asked for.
#[derive(Debug)]
pub(crate) struct Identity {
    number: AtomicUsize,
    /// How often the lock was reset: what threads held before that, they hold no more.
    resets: AtomicUsize,
}

static IDENTITIES: AtomicUsize = AtomicUsize::new(0);

impl Identity {
    pub(crate) const fn new() -> Self {
        Identity { number: AtomicUsize::new(0), resets: AtomicUsize::new(0) }
    }

    pub(crate) fn get(&self) -> Mark {
        // ORDERING: Relaxed: an ID that is only compared; it publishes nothing else.
        let known = self.number.load(PLAIN);
        if known != 0 {
            return known;
        }
        // ORDERING: Relaxed: a counter; that it is one step makes each ID unique.
        let next = IDENTITIES.fetch_add(1, PLAIN) + 1;
        // ORDERING: Relaxed: an ID; of two threads the first one sets it, and the other one takes
        // that.
        match self.number.compare_exchange(0, next, PLAIN, PLAIN) {
            Ok(_) => next,
            Err(other) => other,
        }
    }

    fn held(&self) -> Held {
        // ORDERING: Relaxed: an independent word; `reset` has the lock alone.
        Held::Lock { number: self.get(), resets: self.resets.load(PLAIN) }
    }

    /// The thread is about to take this lock: reports if it would wait for itself.
    #[track_caller]
    pub(crate) fn assert_not_mine(&self) {
        assert!(
            !is_mine(self.held()),
            "this thread holds this writer lock already, so it would wait for itself: it is in `update` or \
             has a guard, or a guard was forgotten; work on the guard's value, or call `reset`"
        );
    }

    pub(crate) fn reset(&self) {
        // ORDERING: Relaxed: a counter that `held` compares.
        self.resets.fetch_add(1, PLAIN);
    }

    pub(crate) fn taken(&self) {
        remember(self.held());
    }

    pub(crate) fn given_back(&self) {
        forget(self.held());
    }

    /// The thread, which is the one writer, is about to store the value.
    pub(crate) fn publication_begins(&self) {
        remember(Held::Publication { number: self.get() });
    }

    pub(crate) fn publication_ended(&self) {
        forget(Held::Publication { number: self.get() });
    }

    /// A reader has to wait for the writer of this lock: reports if that is its own thread.
    pub(crate) fn assert_not_publishing(&self) {
        assert!(!is_mine(Held::Publication { number: self.get() }), "{OWN_SECTION}");
    }
}

const OWN_SECTION: &str = "this thread reads inside of its own write section, so it would wait for itself: \
     read after the section, or, in a signal handler, keep the handler out of the section";

fn section(address: usize, odd: usize) -> Held {
    // ORDERING: Relaxed: a counter that is only compared.
    Held::Section { address, odd, ended_elsewhere: ENDED_ELSEWHERE.load(PLAIN) }
}

/// A write section of the count at `address`, whose count is `odd`, is opened by this thread.
pub(crate) fn section_opened(address: usize, odd: usize) {
    remember(section(address, odd));
}

pub(crate) fn section_closed(address: usize, odd: usize) {
    if !forget(section(address, odd)) {
        // ORDERING: Relaxed: a counter: from now on `section` gives another number, so the thread
        // that opened it does not trust its memory.
        ENDED_ELSEWHERE.fetch_add(1, PLAIN);
    }
}

/// A reader has to wait for a write section: reports if it is this thread's own.
pub(crate) fn assert_section_not_mine(address: usize, odd: usize) {
    assert!(!is_mine(section(address, odd)), "{OWN_SECTION}");
}
