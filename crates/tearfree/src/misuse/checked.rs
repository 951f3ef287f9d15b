// SPDX-License-Identifier: MIT OR Apache-2.0
//! The checks of debug builds: which locks and write sections each thread holds.
//!
//! A lock has an ID that moves with it. So a lock that moves stays the same lock, and a new lock in the same
//! memory is another one.

use core::cell::Cell;

use crate::order::PLAIN;
use crate::sync::AtomicUsize;

pub(crate) const CHECKED: bool = true;

/// The ID of a lock.
pub(crate) type LockId = usize;

/// Panics if two versions that are compared are of different locks.
#[track_caller]
pub(crate) fn assert_same_lock(mine: LockId, other: LockId) {
    assert!(
        mine == other,
        "these versions are of two locks and cannot be compared: compare each with versions of its own lock"
    );
}

/// How many locks and write sections of one thread are recorded; further ones are not checked.
const SLOTS: usize = 16;

/// One thing that a thread holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Held {
    Nothing,
    /// This writer lock, which had been reset this many times.
    Lock {
        number: usize,
        resets: usize,
    },
    /// The right to store the value of this lock: the thread is in a publication.
    Publication {
        number: usize,
    },
    /// An open section of a bare count. `odd` distinguishes sections of the same count, and `ended_elsewhere`
    /// those of different counts that were at the same address: see [`ENDED_ELSEWHERE`].
    Section {
        address: usize,
        odd: usize,
        ended_elsewhere: usize,
    },
}

std::thread_local! {
    /// Plain slots without allocation, so that signal handlers can use them. A handler that takes a slot
    /// between the two steps of `remember` has freed it when it returns.
    static HELD: [Cell<Held>; SLOTS] = const { [const { Cell::new(Held::Nothing) }; SLOTS] };
}

/// How many sections ended in another thread than they were opened in, or at another address. The thread
/// that opened one still has its record, so all records from before no longer match.
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
    // Without a free slot it is not checked.
    let _ = replace(Held::Nothing, held);
}

/// Removes a record; returns whether there was one.
fn forget(held: Held) -> bool {
    replace(held, Held::Nothing)
}

fn is_held_here(held: Held) -> bool {
    HELD.try_with(|slots| slots.iter().any(|slot| slot.get() == held)).unwrap_or(false)
}

/// The ID of a lock, assigned at its first use, and how often the lock was reset.
#[derive(Debug)]
pub(crate) struct Identity {
    number: AtomicUsize,
    /// How often the lock was reset. A reset ends what threads held before.
    resets: AtomicUsize,
}

static IDS: AtomicUsize = AtomicUsize::new(0);

impl Identity {
    pub(crate) const fn new() -> Self {
        Identity { number: AtomicUsize::new(0), resets: AtomicUsize::new(0) }
    }

    pub(crate) fn id(&self) -> LockId {
        // ORDERING: Relaxed: an ID that is only compared; it publishes nothing else.
        let known = self.number.load(PLAIN);
        if known != 0 {
            return known;
        }
        // ORDERING: Relaxed: a counter; that it is one step makes each ID unique.
        let next = IDS.fetch_add(1, PLAIN) + 1;
        // ORDERING: Relaxed: an ID; of two threads the first one sets it, and the other one takes
        // that.
        match self.number.compare_exchange(0, next, PLAIN, PLAIN) {
            Ok(_) => next,
            Err(other) => other,
        }
    }

    fn held(&self) -> Held {
        // ORDERING: Relaxed: an independent word; `reset` has the lock alone.
        Held::Lock { number: self.id(), resets: self.resets.load(PLAIN) }
    }

    /// Panics if this thread, which is about to take the lock, holds it already.
    #[track_caller]
    pub(crate) fn assert_not_held_here(&self) {
        assert!(
            !is_held_here(self.held()),
            "this thread already holds this writer lock and would wait for itself: it is in `update`, has a \
             guard, or a guard was forgotten; use the guard's value, or call `reset`"
        );
    }

    pub(crate) fn reset(&self) {
        // ORDERING: Relaxed: a counter that `held` compares.
        self.resets.fetch_add(1, PLAIN);
    }

    pub(crate) fn note_locked(&self) {
        remember(self.held());
    }

    pub(crate) fn note_unlocked(&self) {
        forget(self.held());
    }

    /// Records that this thread, the one writer, is about to store the value.
    pub(crate) fn note_publication_begins(&self) {
        remember(Held::Publication { number: self.id() });
    }

    pub(crate) fn note_publication_ended(&self) {
        forget(Held::Publication { number: self.id() });
    }

    /// Panics if this thread, a reader that has to wait for the writer, is that writer.
    pub(crate) fn assert_not_publishing(&self) {
        assert!(!is_held_here(Held::Publication { number: self.id() }), "{OWN_SECTION}");
    }
}

const OWN_SECTION: &str = "this thread reads inside its own write section and would wait for itself: read after \
     the section, or, if this is a signal handler, block its signal during the section";

fn section(address: usize, odd: usize) -> Held {
    // ORDERING: Relaxed: a counter that is only compared.
    Held::Section { address, odd, ended_elsewhere: ENDED_ELSEWHERE.load(PLAIN) }
}

/// Records that this thread opened a write section of the count at `address`, which is now `odd`.
pub(crate) fn note_section_opened(address: usize, odd: usize) {
    remember(section(address, odd));
}

pub(crate) fn note_section_closed(address: usize, odd: usize) {
    if !forget(section(address, odd)) {
        // ORDERING: Relaxed: a counter: from now on `section` gives another number, so the record
        // of the thread that opened it does not match.
        ENDED_ELSEWHERE.fetch_add(1, PLAIN);
    }
}

/// Panics if a write section that this thread has to wait for is its own.
pub(crate) fn assert_section_not_opened_here(address: usize, odd: usize) {
    assert!(!is_held_here(section(address, odd)), "{OWN_SECTION}");
}
