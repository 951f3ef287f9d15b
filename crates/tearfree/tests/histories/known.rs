// SPDX-License-Identifier: MIT OR Apache-2.0
//! The search itself: histories of which it is known whether they fit, and a lock that is broken.

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

/// What a thread did: when, when it was over, and what came of it.
type Did = (u64, u64, &'static [Step]);

fn history<const N: usize>(threads: [&[Did]; N]) -> History {
    let call =
        |&(begun, ended, steps): &Did| Call { name: "call", begun, ended, steps: steps.into() };
    let threads = threads.iter().map(|calls| calls.iter().map(call).collect()).collect();
    History { threads, first: V0 }
}

fn fits<const N: usize>(threads: [&[Did]; N]) {
    let history = history(threads);
    if let Err(stuck) = search::order(&history) {
        panic!("{}", timeline::of(&history, &stuck));
    }
}

/// Demands that no order is found, and that `reason` is said.
fn fails<const N: usize>(reason: &str, threads: [&[Did]; N]) {
    let history = history(threads);
    let Err(stuck) = search::order(&history) else { panic!("an order was found") };
    let text = timeline::of(&history, &stuck);
    assert!(text.contains(reason), "{text}");
}

const SET_1: &[Step] = &[Take, Publish(1), Give];
const SET_2: &[Step] = &[Take, Publish(2), Give];

#[test]
fn a_read_beside_a_write_gives_the_old_value_or_the_new_one() {
    fits([&[(1, 4, SET_1)], &[(2, 3, &[See(0)])]]);
    fits([&[(1, 4, SET_1)], &[(2, 3, &[See(1)])]]);
    fails("it saw 2, and the value is", [&[(1, 4, SET_1)], &[(2, 3, &[See(2)])]]);
}

#[test]
fn a_read_is_not_older_than_a_write_or_a_read_before() {
    fails("it saw 0, and the value is 1", [&[(1, 2, SET_1)], &[(3, 4, &[See(0)])]]);
    let writer: &[Did] = &[(1, 10, SET_1)];
    fits([writer, &[(2, 3, &[See(0)])], &[(4, 5, &[See(1)])]]);
    fails("it saw 0", [writer, &[(2, 3, &[See(1)])], &[(4, 5, &[See(0)])]]);
}

#[test]
fn readers_agree_on_the_order_of_writes() {
    let (first, second): (&[Did], &[Did]) = (&[(1, 20, SET_1)], &[(2, 21, SET_2)]);
    let reader: &[Did] = &[(3, 4, &[See(1)]), (5, 6, &[See(2)])];
    fits([first, second, reader, reader]);
    fails("it saw", [first, second, reader, &[(3, 4, &[See(2)]), (7, 8, &[See(1)])]]);
}

#[test]
fn an_update_that_is_lost_fits_no_order() {
    let update = &[Take, See(0), Publish(1), Give];
    fits([&[(1, 4, update)], &[(2, 3, &[Take, See(1), Publish(2), Give])]]);
    fails("it saw 0", [&[(1, 4, update)], &[(2, 3, &[Take, See(0), Publish(2), Give])]]);
}

#[test]
fn nobody_writes_while_a_guard_lives() {
    let guard: &[Did] = &[(1, 2, &[Take, See(0)]), (5, 6, &[Give])];
    fits([guard, &[(3, 7, SET_1)]]);
    fails("it wants the lock, and thread 0 holds it", [guard, &[(3, 4, SET_1)]]);
}

#[test]
fn a_lock_is_busy_only_while_somebody_holds_it() {
    fits([&[(1, 4, SET_1)], &[(2, 3, &[Busy])]]);
    fits([&[(1, 4, &[MayHold, See(0)])], &[(2, 3, &[Busy])]]);
    fails("nobody holds it", [&[(1, 2, SET_1)], &[(3, 4, &[Busy])]]);
    fails("nobody holds it", [&[(1, 4, &[See(0)])], &[(2, 3, &[Busy])]]);
}

#[test]
fn an_attempt_fails_only_beside_a_write() {
    fits([&[(1, 4, SET_1)], &[(2, 3, &[Disturbed])]]);
    fails("there is none", [&[(1, 4, &[Take, Give])], &[(2, 3, &[Disturbed])]]);
    fails("there is none", [&[(1, 2, SET_1)], &[(3, 4, &[Disturbed])]]);
}

#[test]
fn each_write_has_a_version_of_its_own() {
    let reader: &[Did] = &[(3, 4, &[SeeVersioned(1, V1)]), (5, 6, &[At(V1)])];
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
struct Forgetful(AtomicU64);

impl Subject for Forgetful {
    fn new() -> Self {
        Forgetful(AtomicU64::new(FIRST))
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
        thread.call("update", update, |&old| vec![Take, See(old), Publish(new), Give]);
    }
}

#[test]
fn a_lock_that_loses_updates_is_found_and_shown() {
    let _watchdog = Watchdog::over("a_lock_that_loses_updates_is_found_and_shown");
    let text = (0..).find_map(|round| {
        let history = record::<Forgetful>(round);
        search::order(&history).err().map(|stuck| timeline::of(&history, &stuck))
    });
    let text = text.unwrap();
    for part in ["it saw", "thread 0", "thread 2", "\u{250c} update(", "\u{2514} saw "] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}
