// SPDX-License-Identifier: MIT OR Apache-2.0
//! `Fair`: a writer lock whose writers back off when readers starve.
//!
//! A writer that does nothing but write changes a large value faster than a reader can copy it: the value
//! is in the writer's cache, and the reader has to fetch it line by line. More retries do not help. So a
//! starving reader sets a flag, and the next writer clears it and pauses first, about as long as a copy
//! takes that has to fetch every line. The pause has a fixed length, because the reader may be preempted,
//! or dead.
//!
//! Where the two threads share one processor, a pause does not help: the reader does not run meanwhile.
//! Such a writer is preempted inside a write nearly every time, and the reader that runs then finds the
//! count odd and can only yield. So the reader requests the processor, and the next write begins with one
//! yield.

#![allow(unsafe_code, reason = "a lock is a promise of exclusion; that promise is unsafe to make")]

use core::fmt;

use super::{DefaultLock, WriterLock};
use crate::order::PLAIN;
use crate::sync::{AtomicBool, pause};
use crate::wait::yield_processor;

/// Pauses for a value of any size: the reader has to see the even count, and fetch the first lines.
const MIN_PAUSES: usize = 64;
/// One more pause for this many bytes. Measured: with fewer pauses readers of 4 KiB and more starve.
const BYTES_PER_PAUSE: usize = 16;
/// The limit for values of any size: less than half a millisecond. With a quarter of it, readers of 1 MiB
/// starve.
const MAX_PAUSES: usize = 16 * 1024;

/// A writer lock for starving readers: at the request of one, the next blocking write backs off once.
///
/// With every other lock readers never delay a writer, so a reader of some KiB can starve for as long as
/// another thread does nothing but write. Choose `Fair` where each reader has to succeed beside such
/// writers, and where writers can afford the pause. Do not choose
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
/// locks meanwhile holds them that much longer.
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
    /// Wraps `lock`, which excludes the writers.
    #[must_use]
    pub const fn new(lock: L) -> Self {
        Fair { lock, requested: AtomicBool::new(false), wants_processor: AtomicBool::new(false) }
    }

    #[cold]
    #[inline(never)]
    fn pause(&self, bytes: usize) {
        // ORDERING: Relaxed, P13. Clears a hint; a reader that still fails sets it again.
        self.requested.store(false, PLAIN);
        // ORDERING: Relaxed, P13. May be seen without its request: at worst one yield too many, or one
        // too late.
        if self.wants_processor.load(PLAIN) {
            // ORDERING: Relaxed, P13. Clears the hint; a request that comes in between is made
            // again.
            self.wants_processor.store(false, PLAIN);
            yield_processor();
        }
        let pauses =
            if cfg!(miri) { 1 } else { (MIN_PAUSES + bytes / BYTES_PER_PAUSE).min(MAX_PAUSES) };
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

// SAFETY: P5. `L` takes and releases the lock; the two hints access nothing that it protects.
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
            // ORDERING: Relaxed, P13. A hint for `back_off`: if only one of the two stores is seen, the
            // reader requests again.
            self.wants_processor.store(true, PLAIN);
        }
        // ORDERING: Relaxed, P13. A hint for `back_off`: if it is lost or late, the reader sets it
        // again after its next attempt.
        self.requested.store(true, PLAIN);
    }

    #[inline]
    fn back_off(&self, bytes: usize) {
        // ORDERING: Relaxed, P13. A stale value costs one pause too many, or the reader requests
        // again.
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
