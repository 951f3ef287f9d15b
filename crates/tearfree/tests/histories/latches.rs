// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLatch`: readers that never wait, whatever writers do.

use core::mem::replace;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqLatch};

use crate::record::{FIRST, ROUNDS, Recorder, Subject, fit, see, see_versioned};
use crate::specification::{Step, Token};
use crate::support::payload::{SelfChecking, Words};

struct Latched<T, L: WriterLock>(SeqLatch<T, L>);

impl<T: SelfChecking, L: WriterLock + Send + Sync> Subject for Latched<T, L> {
    const ATTEMPTS_FAIL: bool = false;

    fn new() -> Self {
        Latched(SeqLatch::from(T::new(FIRST)))
    }

    fn version(&self) -> Token {
        Token::Version(self.0.version())
    }

    fn act(&self, thread: &mut Recorder<'_>) {
        if thread.below(2) == 0 { self.write(thread) } else { self.read(thread) }
    }
}

impl<T: SelfChecking, L: WriterLock> Latched<T, L> {
    fn write(&self, thread: &mut Recorder<'_>) {
        let latch = &self.0;
        let (new, pause) = (thread.fresh(), thread.pause());
        if thread.below(2) == 0 {
            let steps = |(): &()| vec![Step::Take, Step::Publish(new), Step::Release];
            return thread.call("set", || latch.set(T::new(new)), steps);
        }
        let change = |value: &mut T| {
            pause();
            replace(value, T::new(new))
        };
        let steps = |old: &T| vec![Step::Take, see(old), Step::Publish(new), Step::Release];
        thread.call("update", || latch.update(change), steps);
    }

    fn read(&self, thread: &mut Recorder<'_>) {
        let latch = &self.0;
        match thread.below(3) {
            0 => _ = thread.call("read", || latch.read(), |value| vec![see(value)]),
            1 => {
                let at = |version: &_| vec![Step::At(Token::Version(*version))];
                _ = thread.call("version", || latch.version(), at);
            }
            _ => {
                let seen = |&(value, version): &(T, _)| {
                    vec![see_versioned(&value, Token::Version(version))]
                };
                _ = thread.call("read_versioned", || latch.read_versioned(), seen);
            }
        }
    }
}

#[test]
fn histories_of_a_latch() {
    fit::<Latched<Words<3>, DefaultLock>>("histories_of_a_latch", ROUNDS);
}

#[test]
fn histories_of_a_large_latch_with_a_lock_that_spins() {
    let test = "histories_of_a_large_latch_with_a_lock_that_spins";
    fit::<Latched<Words<512>, SpinLock>>(test, ROUNDS);
}
