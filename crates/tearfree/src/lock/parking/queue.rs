// SPDX-License-Identifier: MIT OR Apache-2.0
//! parking_lot's queue of parked threads, one for the whole process.

#![allow(unsafe_code, reason = "parking_lot_core's promises, and those of a queue")]

use std::time::Instant;

use parking_lot_core::{
    DEFAULT_PARK_TOKEN, DEFAULT_UNPARK_TOKEN, FilterOp, ParkResult, ParkToken, UnparkResult,
    UnparkToken,
};

use super::{Found, Parked, Purpose, Queue};
use crate::asymmetric::LONGEST_UNANNOUNCED_SLEEP;

const READER: ParkToken = DEFAULT_PARK_TOKEN;
const WRITER: ParkToken = ParkToken(DEFAULT_PARK_TOKEN.0 + 1);

/// What a thread is woken with if the lock is its own already.
const HANDED_OVER: UnparkToken = UnparkToken(DEFAULT_UNPARK_TOKEN.0 + 1);

/// The queue of parking_lot_core. It takes no place in a lock.
pub(in crate::lock) struct OfTheProcess;

// SAFETY: parking_lot_core calls `is_held` and `decide` under the lock of the key's bucket, and a thread that
// is woken is ordered behind the one that wakes it.
unsafe impl Queue for OfTheProcess {
    const EMPTY: Self = OfTheProcess;

    fn park(
        &self,
        key: usize,
        purpose: Purpose,
        is_announced: bool,
        is_held: impl Fn() -> bool,
    ) -> Parked {
        let token = if purpose == Purpose::Write { WRITER } else { READER };
        let deadline = (!is_announced).then(|| Instant::now() + LONGEST_UNANNOUNCED_SLEEP);
        // SAFETY: the key is the address of a byte of the lock; the closures neither panic nor park.
        let result =
            unsafe { parking_lot_core::park(key, is_held, || {}, |_, _| {}, token, deadline) };
        match result {
            ParkResult::Unparked(HANDED_OVER) => Parked::WithTheLock,
            _ => Parked::WithoutTheLock,
        }
    }

    fn wake_first(&self, key: usize, decide: impl Fn(Found) -> Parked) {
        // SAFETY: the key is the address of a byte of the lock; the closure neither panics nor parks.
        unsafe { parking_lot_core::unpark_one(key, |result| token(decide(found(result)))) };
    }

    fn wake_first_writer(&self, key: usize, decide: impl Fn(Found) -> Parked) -> bool {
        let mut is_found = false;
        let first_writer = |token: ParkToken| {
            if is_found || token != WRITER {
                return FilterOp::Skip;
            }
            is_found = true;
            FilterOp::Unpark
        };
        let decide = |result: UnparkResult| match result.unparked_threads {
            0 => DEFAULT_UNPARK_TOKEN,
            _ => token(decide(found(result))),
        };
        // SAFETY: the key is the address of a byte of the lock; the closures neither panic nor park.
        let result = unsafe { parking_lot_core::unpark_filter(key, first_writer, decide) };
        result.unparked_threads > 0
    }
}

fn found(result: UnparkResult) -> Found {
    Found {
        wakes_one: result.unparked_threads > 0,
        leaves_others: result.have_more_threads,
        be_fair: result.be_fair,
    }
}

fn token(parked: Parked) -> UnparkToken {
    match parked {
        Parked::WithTheLock => HANDED_OVER,
        Parked::WithoutTheLock => DEFAULT_UNPARK_TOKEN,
    }
}
