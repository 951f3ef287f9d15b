// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a reader does after a failed attempt: the same code for all types of values.

#![allow(unsafe_code, reason = "copies whose size the caller knows (P6)")]

use core::convert::Infallible;
use core::mem::MaybeUninit;

use super::protocol::Protocol;
use crate::copy::Untyped;
use crate::count::Count;
use crate::lock::{Replaceable, WriterLock};
use crate::misuse;
use crate::read_side::repeat;
use crate::sync::pause;
use crate::wait::SpinWait;

/// How often the count moves during the attempts of a reader before it requests its turn.
const MOVES_BEFORE_REQUEST: u32 = 4;

/// Copies the payload to `to` until the copy is whole; returns its number.
///
/// # Safety
/// `to` has the size of the payload that `copies` are of.
#[cold]
#[inline(never)]
pub(super) unsafe fn fill<P: Protocol, L: WriterLock>(
    count: &P::Count,
    lock: &Replaceable<L>,
    copies: Untyped<'_>,
    to: &mut [MaybeUninit<u8>],
) -> usize {
    // SAFETY: P6. The protocol gives slots that `copies` has, and `to` is as long as one of them.
    let copy = |slot| unsafe { copies.load(slot, to) };
    repeat_until_whole::<P, L, _>(count, lock, copy).1
}

/// Copies as [`fill`] does, until `deadline`, where `None` is a time that no clock can reach.
///
/// # Safety
/// As for [`fill`].
#[cfg(feature = "std")]
#[cold]
#[inline(never)]
pub(super) unsafe fn fill_until<P: Protocol, L: WriterLock>(
    count: &P::Count,
    lock: &Replaceable<L>,
    copies: Untyped<'_>,
    to: &mut [MaybeUninit<u8>],
    deadline: Option<std::time::Instant>,
) -> Option<usize> {
    // SAFETY: P6. The protocol gives slots that `copies` has, and `to` is as long as one of them.
    let copy = |slot| unsafe { copies.load(slot, to) };
    let mut retry = Retry::new(SpinWait::with_deadline(deadline), P::sequence(count));
    let wait = || {
        if retry.spin_wait.is_over() {
            return Err(());
        }
        retry.wait::<P>(count, lock);
        Ok(())
    };
    repeat(count, copy, wait).ok().map(|((), number)| number)
}

/// Runs `copy` until what it copied is whole; returns its result and its number.
pub(super) fn repeat_until_whole<P: Protocol, L: WriterLock, R>(
    count: &P::Count,
    lock: &Replaceable<L>,
    copy: impl FnMut(usize) -> R,
) -> (R, usize) {
    // A handler that interrupted this thread's own write would never return. This check must have no false
    // alarms: in `read_into` the caller's value is torn by now.
    if misuse::CHECKED && P::READERS_WAIT && P::sequence(count).is_writing() {
        lock.identity().assert_not_publishing();
    }
    let mut retry = Retry::new(SpinWait::new(), P::sequence(count));
    let wait = || {
        retry.wait::<P>(count, lock);
        Ok::<(), Infallible>(())
    };
    let Ok(whole) = repeat(count, copy, wait);
    whole
}

/// The state of a read after a failed attempt. Its code is not generic over the value and not inlined, so that
/// a program has it once; it has no indirect calls, which kernels forbid.
struct Retry {
    spin_wait: SpinWait,
    /// The count after the last attempt.
    last: usize,
    has_moved: bool,
    moves: u32,
}

impl Retry {
    fn new(spin_wait: SpinWait, sequence: usize) -> Self {
        Retry { spin_wait, last: sequence, has_moved: false, moves: 0 }
    }

    /// Waits for the writer, if readers may have to wait, and requests a turn if this reader starves.
    #[inline]
    fn wait<P: Protocol>(&mut self, count: &P::Count, lock: &Replaceable<impl WriterLock>) {
        if P::READERS_WAIT {
            if let Some(wants_processor) = self.note_failure(P::sequence(count)) {
                lock.request_turn(wants_processor);
            }
            self.pause();
        }
    }

    /// Records a failed attempt, after which `count` was loaded. Returns `Some` if the reader should
    /// [request its turn](crate::lock::WriterLock::request_turn), with whether it wants the processor.
    #[cold]
    #[inline(never)]
    fn note_failure(&mut self, count: usize) -> Option<bool> {
        self.has_moved = count != self.last;
        if self.has_moved {
            // Writers make progress, but this reader does not.
            self.moves += 1;
            self.last = count;
        }
        // If a writer ran after this thread had yielded its processor, it may have run there.
        let wants_processor = self.has_moved && self.spin_wait.has_yielded();
        let should_request = wants_processor || self.moves >= MOVES_BEFORE_REQUEST;
        should_request.then_some(wants_processor)
    }

    /// Pauses before the next attempt.
    #[cold]
    #[inline(never)]
    fn pause(&mut self) {
        if self.has_moved {
            self.spin_wait.spin_again();
        }
        if self.has_moved && self.moves >= MOVES_BEFORE_REQUEST {
            // A fair writer is about to pause; other writers leave short gaps only.
            pause();
        } else {
            self.spin_wait.wait();
        }
    }
}

#[cfg(all(test, debug_assertions, feature = "std", not(tearfree_axm)))]
mod tests {
    use core::panic::AssertUnwindSafe;
    use core::time::Duration;
    use std::panic::catch_unwind;
    use std::thread;

    use super::*;
    use crate::SeqLock;

    #[test]
    fn a_reader_requests_its_turn_once_the_count_has_moved_four_times() {
        let mut retry = Retry::new(SpinWait::new(), 0);
        let slow_write = [0, 1, 1, 1, 1, 1, 1].map(|count| retry.note_failure(count));
        assert_eq!(slow_write, [None; 7], "it moved once");
        let requests = [2, 3, 4, 4, 5].map(|count| retry.note_failure(count));
        assert_eq!(requests, [None, None, Some(false), Some(false), Some(false)]);
    }

    #[test]
    fn a_reader_of_a_latch_neither_pauses_nor_requests_its_turn() {
        let (latch, mut retry) = (crate::SeqLatch::new(1), Retry::new(SpinWait::new(), 0));
        for value in 0..10 {
            latch.set(value);
            retry.wait::<super::super::TwoCopies>(&latch.cell.count, &latch.lock);
        }
        assert_eq!((retry.moves, retry.has_moved), (0, false));
    }

    #[test]
    fn a_reader_wants_the_processor_if_a_writer_ran_after_it_yielded() {
        let mut retry = Retry::new(SpinWait::new(), 0);
        while !retry.spin_wait.has_yielded() {
            assert_eq!(retry.note_failure(0), None);
            retry.spin_wait.wait();
        }
        assert_eq!(retry.note_failure(0), None, "no writer ran");
        assert_eq!(retry.note_failure(1), Some(true));
    }

    #[test]
    fn a_reader_inside_its_own_publication_panics() {
        let lock = SeqLock::new([1_u64; 3]);
        let mut into = [0; 3];
        // The state in which a handler finds the lock that interrupts the store.
        lock.lock.identity().note_publication_begins();
        lock.cell.count.write_begin();
        assert!(catch_unwind(AssertUnwindSafe(|| lock.read())).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| lock.read_into(&mut into))).is_err());
        lock.cell.count.write_end();
        // It may read before the count is odd, and after it was.
        assert_eq!(lock.read(), [1; 3]);
        lock.lock.identity().note_publication_ended();
    }

    #[test]
    fn an_open_section_of_a_bare_count_is_not_mistaken_for_a_publication() {
        let lock = SeqLock::new([1_u64; 3]);
        // This thread opened a section here, and does not end it.
        core::mem::forget(lock.cell.count.write());
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(2));
                lock.cell.count.write_end();
            });
            assert_eq!(lock.read(), [1; 3]);
        });
    }
}
