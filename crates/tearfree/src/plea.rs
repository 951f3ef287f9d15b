// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a reader that fails again and again gets its turn.
//!
//! A writer that never rests changes a large value faster than anybody can copy it: the value lies in
//! the writer's cache, and the reader has to fetch it line by line. Retrying harder does not help. So
//! the reader makes a plea, and whoever is about to write next pauses first, about as long as a copy
//! takes that has to fetch every line. The pause ends by itself: a writer never waits for a reader,
//! which may have lost its processor, or be dead.
//!
//! Where the two threads share one processor, a pause is of no use: the reader does not run meanwhile.
//! A writer that never rests loses that processor inside of a write nearly every time, and the reader
//! who gets it finds the count odd and can only give it back. So it makes its plea for the processor,
//! and the next write begins with offering it, once, between two writes.

use crate::order::PLAIN;
use crate::sync::{AtomicBool, pause};
use crate::wait::offer_processor;

/// Pauses for any size: to notice that the count stays even, and for the first lines.
const FEW: usize = 64;
/// One more pause for so many bytes. Measured: fewer, and readers of 4 KiB and more starve.
const BYTES_PER_PAUSE: usize = 16;
/// No pause is longer, whatever the size of the value: less than half a millisecond. With a quarter of
/// it, readers of 1 MiB starve.
const MOST: usize = 16 * 1024;

/// Whether a reader asks for its turn.
pub(crate) struct Plea {
    made: AtomicBool,
    /// Whether it is the processor that the reader needs. Looked at only if a plea was made.
    for_processor: AtomicBool,
}

impl Plea {
    pub(crate) const fn new() -> Self {
        Plea { made: AtomicBool::new(false), for_processor: AtomicBool::new(false) }
    }

    /// Asks for a pause before the next write.
    pub(crate) fn make(&self) {
        // ORDERING: P13. A hint for `heed`: lost or late, it is made again after the next attempt.
        self.made.store(true, PLAIN);
    }

    /// Asks, besides, for the processor on which the next writer runs.
    pub(crate) fn make_for_processor(&self) {
        // ORDERING: P13. A hint for `give_way`: one that comes apart is heeded a plea later.
        self.for_processor.store(true, PLAIN);
        self.make();
    }

    /// Pauses if a reader asked for it. Whoever writes a value of `bytes` bytes calls this before.
    #[inline]
    pub(crate) fn heed(&self, bytes: usize) {
        // ORDERING: P13. A hint, as in `make`.
        if self.made.load(PLAIN) {
            self.give_way(bytes);
        }
    }

    #[cold]
    #[inline(never)]
    fn give_way(&self, bytes: usize) {
        // ORDERING: P13. A hint, as in `make`. A reader that still fails makes a new one.
        self.made.store(false, PLAIN);
        if self.for_processor.load(PLAIN) {
            self.for_processor.store(false, PLAIN);
            offer_processor();
        }
        let pauses = if cfg!(miri) { 1 } else { (FEW + bytes / BYTES_PER_PAUSE).min(MOST) };
        for _ in 0..pauses {
            pause();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plea_is_heeded_once_and_nobody_waits_for_the_reader() {
        let plea = Plea::new();
        plea.make();
        plea.heed(usize::MAX); // comes back although no reader is there
        assert!(!plea.made.load(PLAIN), "the next write would pause again");
        plea.make_for_processor();
        plea.heed(usize::MAX); // likewise
        let again = plea.made.load(PLAIN) || plea.for_processor.load(PLAIN);
        assert!(!again, "the next write would offer the processor again");
    }
}
