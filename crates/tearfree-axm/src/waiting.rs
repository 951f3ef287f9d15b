// SPDX-License-Identifier: MIT OR Apache-2.0
//! Waiting for another thread: by pauses in a spin loop, or by sleeping on a word.

use core::sync::atomic::Ordering;

use crate::atomic::AtomicU32;
use crate::event::Strength;
use crate::replay;
use crate::run::{Variable, VariableKind};

/// Sleeping on a word, as with `futex(2)`. A lock of its queue orders waits and wakes of one word; a wake
/// wakes all threads in the queue. The queue is a variable that counts wakes.
impl AtomicU32 {
    fn queue(&self) -> Variable {
        Variable { initial: 0, kind: VariableKind::Queue, ..self.variable() }
    }

    /// Sleeps until the next [`wake_all`](Self::wake_all) if the word is `expected`.
    ///
    /// As with `futex(2)`, the sleep may end spuriously: once in each thread, or as often as
    /// [`Program::spurious`](crate::Program::spurious) allows. A thread that no other thread wakes is a
    /// failure of the program.
    ///
    /// # Panics
    /// Outside of a program's threads.
    #[track_caller]
    pub fn wait(&self, expected: u32) {
        let queue_lock = Strength::AcqRel;
        let into_queue = replay::update(self.queue(), Some, queue_lock, queue_lock);
        let wakes = into_queue.expect("a sleep outside of a program's threads");
        // ORDERING: Relaxed: the lock of the queue orders this load and the wakes, as in the
        // kernel.
        if self.load(Ordering::Relaxed) == expected
            && !replay::is_spurious(|left| &mut left.wake_ups)
        {
            replay::sleep(self.queue(), wakes);
        }
    }

    /// Wakes all threads that sleep on the word.
    #[track_caller]
    pub fn wake_all(&self) {
        let one_more = |wakes| Some(wakes + 1);
        replay::update(self.queue(), one_more, Strength::AcqRel, Strength::AcqRel);
    }
}

/// Waits for another thread to go on: for the body of a spin loop.
///
/// A loop that reads the same values again and again without a pause is reported as a failure.
#[track_caller]
pub fn pause() {
    replay::pause();
}

/// Returns how often this thread has slept in this execution.
#[must_use]
pub fn sleeps() -> usize {
    replay::sleeps()
}

/// Returns how often this thread has paused in this execution.
#[must_use]
pub fn pauses() -> usize {
    replay::pauses()
}
