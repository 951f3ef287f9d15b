// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a thread waits for another one: it pauses in a spin loop, or sleeps on a word.

use core::sync::atomic::Ordering;

use crate::atomic::AtomicU32;
use crate::event::Strength;
use crate::replay::{self, Kind, Place};

/// Sleeping on a word, as `futex(2)` has it. Waits and wakes of one word are ordered by a lock of its
/// queue; a wake calls all who are in the queue by then. The queue is a location that counts wakes.
impl AtomicU32 {
    fn queue(&self) -> Place {
        Place { initial: 0, kind: Kind::Queue, ..self.place() }
    }

    /// Sleeps if the word is `expected`, until the next [`wake_all`](Self::wake_all), or for no time where
    /// [`Program::spurious`](crate::Program::spurious) allows it. A thread that no other thread wakes any
    /// more is a failure of the program.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn wait(&self, expected: u32) {
        let queue_lock = Strength::AcqRel;
        let into_queue = replay::update(self.queue(), Some, queue_lock, queue_lock);
        let wakes = into_queue.expect("only a thread of a program can sleep");
        // ORDERING: Relaxed: the lock of the queue orders this load and the wakes, as in the
        // kernel.
        if self.load(Ordering::Relaxed) == expected && !replay::fails_spuriously() {
            replay::sleep(self.queue(), wakes);
        }
    }

    /// Wakes everyone who sleeps on the word.
    #[track_caller]
    pub fn wake_all(&self) {
        let one_more = |wakes| Some(wakes + 1);
        replay::update(self.queue(), one_more, Strength::AcqRel, Strength::AcqRel);
    }
}

/// The thread has nothing to do until another one gets on: the body of a spin loop. A loop that reads the
/// same values again and again without this is reported as a failure.
#[track_caller]
pub fn pause() {
    replay::pause();
}

/// How often this thread has slept until now, in this execution.
#[must_use]
pub fn sleeps() -> usize {
    replay::sleeps()
}

/// How often this thread has paused until now, in this execution.
#[must_use]
pub fn pauses() -> usize {
    replay::pauses()
}
