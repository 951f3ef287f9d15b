// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a reader does whose first attempt failed: one loop, whatever is read.

use crate::sync::pause;
use crate::wait::Patience;

/// How often the count moves under a reader before it requests its turn.
const MOVES_BEFORE_REQUEST: u32 = 4;

/// A read that failed once. Not generic, so that its code is there once in a program.
pub(super) struct Retry<'a> {
    /// One attempt; whether it succeeded.
    pub(super) attempt: &'a mut dyn FnMut() -> bool,
    pub(super) count: &'a dyn Fn() -> usize,
    /// See [`WriterLock::request_turn`](crate::lock::WriterLock::request_turn).
    pub(super) request_turn: &'a dyn Fn(bool),
    /// Whether there is a writer to wait for.
    pub(super) waits: bool,
}

impl Retry<'_> {
    /// Attempts until one succeeds, or until the time of `patience` is over; whether one succeeded.
    #[cold]
    #[inline(never)]
    pub(super) fn run(&mut self, mut patience: Patience) -> bool {
        let mut last = (self.count)();
        let mut moves = 0;
        loop {
            if (self.attempt)() {
                return true;
            }
            if patience.is_over() {
                return false;
            }
            if !self.waits {
                continue;
            }
            let now = (self.count)();
            let moved = now != last;
            if moved {
                // Writers get on, only this reader does not.
                moves += 1;
                last = now;
            }
            // If a writer ran while this thread had yielded its processor, it perhaps ran there.
            let wants_processor = moved && patience.has_yielded();
            if wants_processor || moves >= MOVES_BEFORE_REQUEST {
                (self.request_turn)(wants_processor);
            }
            if moved {
                patience.progress();
            }
            if moved && moves >= MOVES_BEFORE_REQUEST {
                // A fair writer is about to pause; others leave short gaps only.
                pause();
            } else {
                patience.wait();
            }
        }
    }
}
