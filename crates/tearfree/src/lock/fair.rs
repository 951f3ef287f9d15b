// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Fair`: a writer lock whose writers back off when readers starve.
//!
//! A writer that never rests changes a large value faster than a reader can copy it: the value lies in
//! the writer's cache, and the reader has to fetch it line by line. Retrying harder does not help. So
//! a starving reader sets a flag, and the next writer clears it and pauses first, about as long as a
//! copy takes that has to fetch every line. The pause ends by itself: the reader may have lost its
//! processor, or be dead.
//!
//! Where the two threads share one processor, a pause is of no use: the reader does not run meanwhile.
//! A writer that never rests loses that processor inside of a write nearly every time, and the reader
//! that gets it finds the count odd and can only yield. So it requests the processor, and the next
//! write begins with one yield, between two writes.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

use core::fmt;

use super::{DefaultLock, WriterLock};
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

/// A writer lock that lets starving readers through: the next blocking write backs off for a moment.
///
/// With every other lock nothing that readers do delays a writer, so a reader of some KiB can starve
/// beside a thread that does nothing but write, for as long as that writes. Choose `Fair` where each
/// reader has to get through beside such writers, and where writers can afford the pause. Do not choose
/// it for writers with a deadline. Writers that leave as much time between two writes as one copy takes
/// starve no reader anyway.
///
/// # Cost
/// Two bytes. A writer that finds no request pays one load of them. A reader whose attempts failed
/// while the count moved four times requests its turn; the next [`set`](crate::Sequenced::set),
/// [`update`](crate::Sequenced::update) or [`write`](crate::Sequenced::write) then pauses once, before it
/// takes the lock and before it enters a context. It executes 64 pause instructions and one more for
/// each 16 bytes of the value, at most 16384: some microseconds for 4 KiB, half a millisecond for
/// 256 KiB and more. With `std`, where the reader seems to run on the writer's own processor, it
/// yields that as well, once (`sched_yield`). It never waits for the reader. A thread that holds other
/// locks meanwhile holds them for so much longer.
///
/// `try_write` and its siblings never back off.
///
/// # Examples
/// ```
/// use tearfree::{SeqLock, lock::{Fair, SpinLock}};
///
/// static TABLE: SeqLock<[u64; 512], Fair<SpinLock>> =
///     SeqLock::with_lock([0; 512], Fair::new(SpinLock::new()));
/// TABLE.update(|table| table[0] += 1);
/// assert_eq!(TABLE.read()[0], 1);
///
/// let with_the_default_lock: SeqLock<u64, Fair> = SeqLock::from(5);
/// assert_eq!(with_the_default_lock.read(), 5);
/// ```
pub struct Fair<L = DefaultLock> {
    lock: L,
    /// Set by a starving reader; the next writer clears it and backs off.
    requested: AtomicBool,
    /// Whether that reader needs the writer's processor. Read only after a request.
    wants_processor: AtomicBool,
}

impl<L> Fair<L> {
    /// Wraps `lock`, which keeps the writers apart.
    #[must_use]
    pub const fn new(lock: L) -> Self {
        Fair { lock, requested: AtomicBool::new(false), wants_processor: AtomicBool::new(false) }
    }

    #[cold]
    #[inline(never)]
    fn pause(&self, bytes: usize) {
        // ORDERING: Relaxed, P13. Clears a hint; a reader that still fails sets it again.
        self.requested.store(false, PLAIN);
        // ORDERING: Relaxed, P13. Read without the request that it belongs to: at worst a yield too
        // many, or one later.
        if self.wants_processor.load(PLAIN) {
            // ORDERING: Relaxed, P13. Clears the hint; a request that comes in between is made
            // again.
            self.wants_processor.store(false, PLAIN);
            offer_processor();
        }
        let pauses = if cfg!(miri) { 1 } else { (FEW + bytes / BYTES_PER_PAUSE).min(MOST) };
        for _ in 0..pauses {
            pause();
        }
    }
}

impl<L: WriterLock> Default for Fair<L> {
    fn default() -> Self {
        Fair::UNLOCKED
    }
}

impl<L: fmt::Debug> fmt::Debug for Fair<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fair").field(&self.lock).finish()
    }
}

// SAFETY: P5. Taking and giving back is left to `L`; the two hints touch nothing that it protects.
unsafe impl<L: WriterLock> WriterLock for Fair<L> {
    const UNLOCKED: Self = Fair::new(L::UNLOCKED);
    type Held = L::Held;

    #[inline]
    fn lock(&self) -> Self::Held {
        self.lock.lock()
    }

    #[inline]
    fn lock_for_read(&self) -> Self::Held {
        self.lock.lock_for_read()
    }

    #[inline]
    fn try_lock(&self) -> Option<Self::Held> {
        self.lock.try_lock()
    }

    #[inline]
    unsafe fn unlock(&self, held: Self::Held) {
        // SAFETY: `held` comes from `self.lock`, through `lock` or `try_lock` above.
        unsafe { self.lock.unlock(held) };
    }

    #[inline]
    unsafe fn unlock_after_read(&self, held: Self::Held) {
        // SAFETY: `held` comes from `self.lock`, through `lock_for_read` or `try_lock` above.
        unsafe { self.lock.unlock_after_read(held) };
    }

    #[inline]
    fn request_turn(&self, wants_processor: bool) {
        if wants_processor {
            // ORDERING: Relaxed, P13. A hint for `back_off`: a pair that comes apart costs one more
            // request.
            self.wants_processor.store(true, PLAIN);
        }
        // ORDERING: Relaxed, P13. A hint for `back_off`: lost or late, it is set again after the
        // next attempt.
        self.requested.store(true, PLAIN);
    }

    #[inline]
    fn back_off(&self, bytes: usize) {
        // ORDERING: Relaxed, P13. A stale value costs a pause too many, or has the reader ask once
        // more.
        if self.requested.load(PLAIN) {
            self.pause(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_request(lock: &Fair) -> bool {
        lock.requested.load(PLAIN) || lock.wants_processor.load(PLAIN)
    }

    #[test]
    fn a_request_is_honoured_once_and_the_writer_waits_for_no_reader() {
        let lock: Fair = Fair::default();
        for wants_processor in [false, true] {
            lock.request_turn(wants_processor);
            assert!(has_request(&lock));
            lock.back_off(usize::MAX); // returns although no reader is there
            assert!(!has_request(&lock), "the next write would back off again");
        }
    }
}
