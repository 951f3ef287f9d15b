// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the search itself: histories that fit or do not fit, and a broken lock.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use crate::record::{Call, FIRST, History, Recorder, Subject, record};
use crate::search;
use crate::specification::Step::{self, *};
use crate::specification::Token;
use crate::support::Watchdog;
use crate::timeline;

const V0: Token = Token::Count(0);
const V1: Token = Token::Count(2);
const V2: Token = Token::Count(4);

/// A call: when it began, when it ended, and its steps.
type Done = (u64, u64, &'static [Step]);

fn history<const N: usize>(threads: [&[Done]; N]) -> History {
    let call =
        |&(begun, ended, steps): &Done| Call { name: "call", begun, ended, steps: steps.into() };
    let threads = threads.iter().map(|calls| calls.iter().map(call).collect()).collect();
    History { threads, first: V0 }
}

fn fits<const N: usize>(threads: [&[Done]; N]) {
    let history = history(threads);
    if let Err(stuck) = search::order(&history) {
        panic!("{}", timeline::render(&history, &stuck));
    }
}

/// Requires that no order is found, and that the message has `reason`.
fn fails<const N: usize>(reason: &str, threads: [&[Done]; N]) {
    let history = history(threads);
    let Err(stuck) = search::order(&history) else { panic!("an order was found") };
    let text = timeline::render(&history, &stuck);
    assert!(text.contains(reason), "{text}");
}

const SET_1: &[Step] = &[Take, Publish(1), Release];
const SET_2: &[Step] = &[Take, Publish(2), Release];

#[test]
fn a_read_beside_a_write_gives_the_old_value_or_the_new_one() {
    fits([&[(1, 4, SET_1)], &[(2, 3, &[See(0)])]]);
    fits([&[(1, 4, SET_1)], &[(2, 3, &[See(1)])]]);
    fails("it saw 2, and the value is", [&[(1, 4, SET_1)], &[(2, 3, &[See(2)])]]);
}

#[test]
fn a_read_is_not_older_than_a_write_or_a_read_before() {
    fails("it saw 0, and the value is 1", [&[(1, 2, SET_1)], &[(3, 4, &[See(0)])]]);
    let writer: &[Done] = &[(1, 10, SET_1)];
    fits([writer, &[(2, 3, &[See(0)])], &[(4, 5, &[See(1)])]]);
    fails("it saw 0", [writer, &[(2, 3, &[See(1)])], &[(4, 5, &[See(0)])]]);
}

#[test]
fn readers_agree_on_the_order_of_writes() {
    let (first, second): (&[Done], &[Done]) = (&[(1, 20, SET_1)], &[(2, 21, SET_2)]);
    let reader: &[Done] = &[(3, 4, &[See(1)]), (5, 6, &[See(2)])];
    fits([first, second, reader, reader]);
    fails("it saw", [first, second, reader, &[(3, 4, &[See(2)]), (7, 8, &[See(1)])]]);
}

#[test]
fn an_update_that_is_lost_fits_no_order() {
    let update = &[Take, See(0), Publish(1), Release];
    fits([&[(1, 4, update)], &[(2, 3, &[Take, See(1), Publish(2), Release])]]);
    fails("it saw 0", [&[(1, 4, update)], &[(2, 3, &[Take, See(0), Publish(2), Release])]]);
}

#[test]
fn no_write_happens_while_a_guard_lives() {
    let guard: &[Done] = &[(1, 2, &[Take, See(0)]), (5, 6, &[Release])];
    fits([guard, &[(3, 7, SET_1)]]);
    fails("it wants the lock, and thread 0 holds it", [guard, &[(3, 4, SET_1)]]);
}

#[test]
fn a_lock_is_busy_only_while_it_is_held() {
    fits([&[(1, 4, SET_1)], &[(2, 3, &[Busy])]]);
    fits([&[(1, 4, &[MayHold, See(0)])], &[(2, 3, &[Busy])]]);
    fails("but the lock is free", [&[(1, 2, SET_1)], &[(3, 4, &[Busy])]]);
    fails("but the lock is free", [&[(1, 4, &[See(0)])], &[(2, 3, &[Busy])]]);
}

#[test]
fn an_attempt_fails_only_beside_a_write() {
    fits([&[(1, 4, SET_1)], &[(2, 3, &[Disturbed])]]);
    fails("there is none", [&[(1, 4, &[Take, Release])], &[(2, 3, &[Disturbed])]]);
    fails("there is none", [&[(1, 2, SET_1)], &[(3, 4, &[Disturbed])]]);
}

#[test]
fn each_write_has_a_version_of_its_own() {
    let reader: &[Done] = &[(3, 4, &[SeeVersioned(1, V1)]), (5, 6, &[At(V1)])];
    fits([&[(1, 2, SET_1), (7, 8, SET_2), (9, 10, &[At(V2)])], reader]);
    fits([&[(1, 2, SET_1), (7, 8, SET_2), (9, 10, &[NotAt(V1)])], reader]);
    fails("that of a former value", [&[(1, 2, SET_1), (7, 8, SET_2), (9, 10, &[At(V1)])], reader]);
    fails("that of a former value", [&[(1, 2, SET_1), (9, 10, &[At(V0)])]]);
    fails("there is none", [&[(1, 2, SET_1), (7, 8, &[NotAt(V1)])], reader]);
    fails("and the value is of", [&[(1, 2, SET_1), (7, 8, &[At(V2)])], reader]);
}

#[test]
fn a_torn_value_fits_nowhere() {
    fails("parts of different values", [&[(1, 4, SET_1)], &[(2, 3, &[Torn])]]);
}

/// Takes no lock, so updates get lost.
struct WithoutLock(AtomicU64);

impl Subject for WithoutLock {
    fn new() -> Self {
        WithoutLock(AtomicU64::new(FIRST))
    }

    fn version(&self) -> Token {
        V0
    }

    fn act(&self, thread: &mut Recorder<'_>) {
        let new = thread.fresh();
        let update = || {
            let old = self.0.load(Relaxed);
            thread::yield_now();
            self.0.store(new, Relaxed);
            old
        };
        thread.call("update", update, |&old| vec![Take, See(old), Publish(new), Release]);
    }
}

#[test]
fn a_lock_that_loses_updates_is_found_and_shown() {
    let _watchdog = Watchdog::over("a_lock_that_loses_updates_is_found_and_shown");
    let text = (0..).find_map(|round| {
        let history = record::<WithoutLock>(round);
        search::order(&history).err().map(|stuck| timeline::render(&history, &stuck))
    });
    let text = text.unwrap();
    for part in ["it saw", "thread 0", "thread 2", "\u{250c} update(", "\u{2514} saw "] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}
