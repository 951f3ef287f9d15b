// SPDX-License-Identifier: MIT OR Apache-2.0
//! The shipped lock that parks threads, on a queue that the checker sees.

#![allow(unsafe_code, reason = "implements an unsafe trait for queues, and releases bare locks")]

use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use tearfree::lock::WriterLock;
use tearfree::model::{Found, Parked, ParkingLock, Purpose, Queue};
use tearfree_axm::{AtomicU32, Plain, Program};

use crate::explore::Model;

/// How many times threads park in one execution, at most.
const SLOTS: usize = 3;

/// The states of a slot: `EMPTY`, then the purpose of the thread that sleeps there, then how it was woken.
mod slot {
    pub(super) const EMPTY: u32 = 0;
    pub(super) const READER: u32 = 1;
    pub(super) const WRITER: u32 = 2;
    pub(super) const WOKEN: u32 = 3;
    pub(super) const HANDED_OVER: u32 = 4;
}

/// A queue with one lock around each step, as parking_lot's has, and orderings of its own: a mutant of the
/// crate's weakens none of them.
///
/// `FAIR`: whether each thread that is woken should get the lock. parking_lot says so now and then.
struct Recorded<const FAIR: bool> {
    lock: AtomicU32,
    slots: [AtomicU32; SLOTS],
    used: AtomicU32,
}

impl<const FAIR: bool> Recorded<FAIR> {
    fn locked<R>(&self, step: impl FnOnce() -> R) -> R {
        while self.lock.swap(1, Acquire) != 0 {
            self.lock.wait(1);
        }
        let result = step();
        self.lock.store(0, Release);
        self.lock.wake_all();
        result
    }

    /// The slots whose thread sleeps, with their states.
    fn sleepers(&self) -> Vec<(usize, u32)> {
        let used = self.used.load(Relaxed) as usize;
        let sleepers = (0..used).map(|index| (index, self.slots[index].load(Relaxed)));
        sleepers.filter(|&(_, state)| matches!(state, slot::READER | slot::WRITER)).collect()
    }

    /// Wakes the first sleeper that `is_chosen`; returns whether there was one.
    fn wake(
        &self,
        is_chosen: impl Fn(u32) -> bool,
        needs_one: bool,
        decide: impl Fn(Found) -> Parked,
    ) -> bool {
        let woken = self.locked(|| {
            let sleepers = self.sleepers();
            let chosen = sleepers.iter().copied().find(|&(_, state)| is_chosen(state));
            if chosen.is_none() && needs_one {
                return None;
            }
            let parked = decide(Found {
                wakes_one: chosen.is_some(),
                leaves_others: sleepers.len() > usize::from(chosen.is_some()),
                be_fair: FAIR,
            });
            let (index, _) = chosen?;
            let state = match parked {
                Parked::WithTheLock => slot::HANDED_OVER,
                Parked::WithoutTheLock => slot::WOKEN,
            };
            self.slots[index].store(state, Release);
            Some(index)
        });
        if let Some(index) = woken {
            self.slots[index].wake_all();
        }
        woken.is_some()
    }
}

// SAFETY: each step is made under the queue's own lock, and a sleeper acquires what its waker released.
unsafe impl<const FAIR: bool> Queue for Recorded<FAIR> {
    const EMPTY: Self = Recorded {
        lock: AtomicU32::new(0),
        slots: [const { AtomicU32::new(slot::EMPTY) }; SLOTS],
        used: AtomicU32::new(0),
    };

    fn park(&self, _: usize, purpose: Purpose, _: bool, is_held: impl Fn() -> bool) -> Parked {
        let state = if purpose == Purpose::Write { slot::WRITER } else { slot::READER };
        let parked = self.locked(|| {
            is_held().then(|| {
                let index = self.used.fetch_add(1, Relaxed) as usize;
                self.slots[index].store(state, Relaxed);
                index
            })
        });
        let Some(index) = parked else { return Parked::WithoutTheLock };
        self.slots[index].wait(state);
        match self.slots[index].load(Acquire) {
            slot::HANDED_OVER => Parked::WithTheLock,
            _ => Parked::WithoutTheLock,
        }
    }

    fn wake_first(&self, _: usize, decide: impl Fn(Found) -> Parked) {
        self.wake(|_| true, false, decide);
    }

    fn wake_first_writer(&self, _: usize, decide: impl Fn(Found) -> Parked) -> bool {
        self.wake(|state| state == slot::WRITER, true, decide)
    }
}

/// A plain word, for which the checker reports a data race if two threads can access it at once.
struct Owned<const FAIR: bool> {
    lock: ParkingLock<Recorded<FAIR>>,
    value: Plain,
}

impl<const FAIR: bool> Owned<FAIR> {
    fn add_one(&self) -> String {
        let before = self.value.get();
        self.value.set(before + 1);
        before.to_string()
    }

    fn write(&self) -> String {
        self.lock.lock();
        let before = self.add_one();
        // SAFETY: taken above, by this thread.
        unsafe { self.lock.unlock(()) };
        before
    }

    fn read(&self) -> String {
        self.lock.lock_for_read();
        let before = self.add_one();
        // SAFETY: taken above, by this thread.
        unsafe { self.lock.unlock_after_read(()) };
        before
    }
}

/// Without spurious wake-ups: the sleeps are those of the queue, and parking_lot's ends none of them so.
fn program<const FAIR: bool>() -> Program<'static, Owned<FAIR>> {
    let owned = Owned { lock: ParkingLock::UNLOCKED, value: Plain::new(0) };
    Program::new(owned).spurious(0)
}

pub(crate) const TWO_WRITERS: Model = Model {
    name: "parking lock, two writers wait",
    explore: |complaint| {
        program::<false>().thread(Owned::write).thread(Owned::write).look_for(complaint)
    },
    outcomes: &["0, 1", "1, 0"],
};

/// The end of a write takes the lock again for the thread that it wakes, unless another write has it: the
/// second one of the same thread.
pub(crate) const FAIR_WAKE_UP: Model = Model {
    name: "parking lock, a writer waits, is woken fairly",
    explore: |complaint| {
        let write_twice = |owned: &Owned<true>| owned.write() + &owned.write();
        program::<true>().thread(write_twice).thread(Owned::write).look_for(complaint)
    },
    outcomes: &["01, 2", "02, 1", "12, 0"],
};

pub(crate) const READER_AND_WRITER: Model = Model {
    name: "parking lock, a writer waits for a reader",
    explore: |complaint| {
        program::<false>().thread(Owned::read).thread(Owned::write).look_for(complaint)
    },
    outcomes: &["0, 1", "1, 0"],
};
