// SPDX-License-Identifier: MIT OR Apache-2.0
//! `read_with`: closures that run in the middle of a read, and may run again.

use std::thread;

use tearfree::SeqLock;
use tearfree::lock::WriterLock;

use crate::backing_off::{REQUESTED, Recording};
use crate::support::payload::{SelfChecking, Words};
use crate::support::{Flag, Watchdog, panics, times};

#[test]
fn a_reader_that_panics_leaves_no_lock_behind() {
    let _watchdog = Watchdog::over("a_reader_that_panics_leaves_no_lock_behind");
    let lock = SeqLock::new(Words::<64>::new(0));
    assert!(panics(|| {
        let _writers_are_out = lock.read_excl();
        panic!("under the lock");
    }));
    assert!(lock.try_write().is_some());

    // Beside a constant writer, so that the closure runs again and again.
    let over = Flag::new();
    thread::scope(|s| {
        s.spawn(|| {
            let values = [1, 2, 3, 4].map(Words::new);
            values.into_iter().cycle().take_while(|_| !over.is_up()).for_each(|v| lock.set(v));
        });
        let _over = over.raised_at_end();
        for panics_in_attempt in 1..times(200, 10) {
            let mut attempt = 0;
            let _may_panic = panics(|| {
                lock.read_with(|_| {
                    attempt += 1;
                    core::hint::black_box(lock.version());
                    assert!(attempt < panics_in_attempt % 8 + 1);
                });
            });
        }
    });
    assert!(lock.try_write().is_some(), "a panic in a closure has left the lock taken");
}

#[test]
fn readers_request_their_turn_only_after_the_count_moved_again_and_again() {
    let _watchdog = Watchdog::over("readers_request_their_turn");
    let lock = SeqLock::with_lock(Words::<512>::new(0), Recording::UNLOCKED);
    for _ in 0..100 {
        assert_eq!(lock.read().generation(), 0);
    }
    assert_eq!(REQUESTED.get(), 0, "no writer was there");

    // A closure that sees the count move each time it runs, until it has failed often enough.
    let mut attempt = 0;
    let seen = lock.read_with(|_| {
        attempt += 1;
        if attempt <= 10 {
            lock.set(Words::new(attempt));
        }
        attempt
    });
    assert_eq!(seen, 11);
    assert!(REQUESTED.get() >= 4, "{} requests", REQUESTED.get());
}
