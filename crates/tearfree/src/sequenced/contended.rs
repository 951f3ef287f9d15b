// SPDX-License-Identifier: MIT OR Apache-2.0
//! How a reader goes on after a failed attempt: the same code for all types of values.

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
use crate::wait::Patience;

/// How often the count moves under a reader before it requests its turn.
const MOVES_BEFORE_REQUEST: u32 = 4;

/// Copies the payload to `to` until it is whole; gives its number.
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

/// As [`fill`], until `deadline`; `None` for a time that no clock can reach.
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
    let mut retry = Retry::new(Patience::until(deadline), P::sequence(count));
    let wait = || {
        if retry.patience.is_over() {
            return Err(());
        }
        retry.wait::<P>(count, lock);
        Ok(())
    };
    repeat(count, copy, wait).ok().map(|((), number)| number)
}

/// Runs `copy` until what it copied is whole; gives its result and its number.
pub(super) fn repeat_until_whole<P: Protocol, L: WriterLock, R>(
    count: &P::Count,
    lock: &Replaceable<L>,
    copy: impl FnMut(usize) -> R,
) -> (R, usize) {
    // A handler that interrupted this thread's own write would wait without end. This has to be exact:
    // in `read_into` the caller's value is torn by now.
    if misuse::CHECKED && P::READERS_WAIT && P::sequence(count).is_writing() {
        lock.identity().assert_not_publishing();
    }
    let mut retry = Retry::new(Patience::new(), P::sequence(count));
    let wait = || {
        retry.wait::<P>(count, lock);
        Ok::<(), Infallible>(())
    };
    let Ok(whole) = repeat(count, copy, wait);
    whole
}

/// A read that goes on after a failed attempt. What it does is not generic over the value and not inlined,
/// so that it is there once in a program; and nothing in it is called by a pointer, which kernels forbid.
struct Retry {
    patience: Patience,
    /// The count after the last attempt.
    last: usize,
    has_moved: bool,
    moves: u32,
}

impl Retry {
    fn new(patience: Patience, sequence: usize) -> Self {
        Retry { patience, last: sequence, has_moved: false, moves: 0 }
    }

    /// Waits for the writer, where there is one to wait for, and asks it for a turn if this reader starves.
    #[inline]
    fn wait<P: Protocol>(&mut self, count: &P::Count, lock: &Replaceable<impl WriterLock>) {
        if P::READERS_WAIT {
            if let Some(wants_processor) = self.look(P::sequence(count)) {
                lock.request_turn(wants_processor);
            }
            self.pause();
        }
    }

    /// Looks at the count after one more failed attempt. `Some` if the reader should
    /// [request its turn](crate::lock::WriterLock::request_turn), and whether it wants the processor.
    #[cold]
    #[inline(never)]
    fn look(&mut self, count: usize) -> Option<bool> {
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

    /// Lets time go by before the next attempt.
    #[cold]
    #[inline(never)]
    fn pause(&mut self) {
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

#[cfg(all(test, debug_assertions, feature = "std", not(tearfree_axm)))]
mod tests {
    use core::panic::AssertUnwindSafe;
    use core::time::Duration;
    use std::panic::catch_unwind;
    use std::thread;

    use crate::SeqLock;

    #[test]
    fn a_reader_inside_of_its_own_publication_is_told() {
        let lock = SeqLock::new([1_u64; 3]);
        let mut into = [0; 3];
        // As a handler finds it that interrupts the store.
        lock.lock.identity().publication_begins();
        lock.cell.count.write_begin();
        assert!(catch_unwind(AssertUnwindSafe(|| lock.read())).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| lock.read_into(&mut into))).is_err());
        lock.cell.count.write_end();
        // It may read before the count is odd, and after it was.
        assert_eq!(lock.read(), [1; 3]);
        lock.lock.identity().publication_ended();
    }

    #[test]
    fn a_section_of_a_count_that_was_in_the_same_memory_is_not_taken_for_the_lock_s() {
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
