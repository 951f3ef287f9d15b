// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a reader does after a failed attempt: the same code whatever is read.

use crate::sync::pause;
use crate::wait::Patience;

/// How often the count moves under a reader before it requests its turn.
const MOVES_BEFORE_REQUEST: u32 = 4;

/// A read that goes on after a failed attempt. Its functions are not generic and not inlined, so that they
/// are there once in a program; and nothing in it is called by a pointer, which kernels forbid.
pub(super) struct Retry {
    patience: Patience,
    /// The count after the last attempt.
    last: usize,
    has_moved: bool,
    moves: u32,
}

impl Retry {
    pub(super) fn new(patience: Patience, count: usize) -> Self {
        Retry { patience, last: count, has_moved: false, moves: 0 }
    }

    /// Whether the time of this read is over.
    pub(super) fn is_over(&self) -> bool {
        self.patience.is_over()
    }

    /// Looks at the count after one more failed attempt. `Some` if the reader should
    /// [request its turn](crate::lock::WriterLock::request_turn), and whether it wants the processor.
    #[cold]
    #[inline(never)]
    pub(super) fn look(&mut self, count: usize) -> Option<bool> {
        self.has_moved = count != self.last;
        if self.has_moved {
            // Writers get on, only this reader does not.
            self.moves += 1;
            self.last = count;
        }
        // If a writer ran while this thread had yielded its processor, it perhaps ran there.
        let wants_processor = self.has_moved && self.patience.has_yielded();
        let is_turn = wants_processor || self.moves >= MOVES_BEFORE_REQUEST;
        is_turn.then_some(wants_processor)
    }

    /// Waits before the next attempt.
    #[cold]
    #[inline(never)]
    pub(super) fn wait(&mut self) {
        if self.has_moved {
            self.patience.progress();
        }
        if self.has_moved && self.moves >= MOVES_BEFORE_REQUEST {
            // A fair writer is about to pause; others leave short gaps only.
            pause();
        } else {
            self.patience.wait();
        }
    }
}
