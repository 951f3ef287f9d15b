// SPDX-License-Identifier: MIT OR Apache-2.0
//! `PageReading`, and the functions `tearfree_reading_*`, which look at the clock for it.

#![allow(unsafe_code, reason = "functions for C")]

use core::ffi::c_int;
use core::time::Duration;

use tearfree_page::{Freshness, Reading, Times, WriterState};

/// What is known about a value: the `struct tearfree_reading` of C.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct PageReading {
    /// The number of publications before this one.
    pub generation: u64,
    /// When the publication began: `CLOCK_BOOTTIME` in nanoseconds, or 0 if unknown.
    pub published_ns: u64,
    /// Until when the writer promised to publish again, by that clock; `TEARFREE_NO_PROMISE`, `TEARFREE_PROMISE_UNKNOWN`.
    pub valid_until: u64,
    /// One of `TEARFREE_LIVE`, `_ENDED`, `_SUPERSEDED`.
    pub writer: c_int,
    /// Zero, for later versions.
    pub reserved: [u32; 5],
}

const _: () = assert!(size_of::<PageReading>() == 48 && align_of::<PageReading>() == 8);

/// The age of a value whose age is unknown: `TEARFREE_AGE_UNKNOWN`.
const AGE_UNKNOWN: u64 = u64::MAX;
/// A promise by a clock that this process cannot read: `TEARFREE_PROMISE_UNKNOWN`.
const PROMISE_UNKNOWN: u64 = u64::MAX - 1;
/// What is known without a reading.
const NOTHING: Times = Times { published_ns: 0, valid_until: PROMISE_UNKNOWN };

impl From<Reading<()>> for PageReading {
    fn from(read: Reading<()>) -> Self {
        let Times { published_ns, valid_until } = read.times();
        let (generation, writer) = (read.generation, writer_number(read.writer_state()));
        PageReading { generation, published_ns, valid_until, writer, reserved: [0; 5] }
    }
}

pub(super) fn writer_number(writer: WriterState) -> c_int {
    match writer {
        WriterState::Live => 1,
        WriterState::Ended => 2,
        WriterState::Superseded => 3,
    }
}

/// Computes how long ago the publication of a value began, in nanoseconds; `TEARFREE_AGE_UNKNOWN` if unknown.
///
/// # Safety
/// `reading` is null or a reading.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_reading_age(reading: *const PageReading) -> u64 {
    // SAFETY: null or a reading, which is not changed during this call.
    unsafe { times(reading) }.age().map_or(AGE_UNKNOWN, nanoseconds)
}

/// Computes how fresh a value is: returns one of `TEARFREE_FRESH`, `_STALE`, `_UNPROMISED`, `_UNKNOWN`. Stores for how many
/// nanoseconds it stays fresh, or for how many it has been stale.
///
/// # Safety
/// `reading` is null or a reading; `to` is null or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tearfree_reading_freshness(
    reading: *const PageReading,
    to: *mut u64,
) -> c_int {
    // SAFETY: null or a reading, which is not changed during this call.
    let (number, ns) = freshness_numbers(unsafe { times(reading) }.freshness());
    if !to.is_null() {
        // SAFETY: C passed a place for the nanoseconds, as `to` is not null.
        unsafe { to.write(ns) };
    }
    number
}

/// # Safety
/// `reading` is null or a reading, which is not changed during this call.
unsafe fn times(reading: *const PageReading) -> Times {
    // SAFETY: `as_ref` takes null, and by the contract above anything else is a reading that stays as it is.
    unsafe { reading.as_ref() }.map_or(NOTHING, |reading| Times {
        published_ns: reading.published_ns,
        valid_until: reading.valid_until,
    })
}

fn freshness_numbers(freshness: Freshness) -> (c_int, u64) {
    match freshness {
        Freshness::Fresh(left) => (1, nanoseconds(left)),
        Freshness::Stale(since) => (2, nanoseconds(since)),
        Freshness::Unpromised => (3, 0),
        Freshness::Unknown => (4, 0),
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use core::ptr;

    use super::*;

    fn reading(published_ns: u64, valid_until: u64) -> PageReading {
        PageReading { generation: 7, published_ns, valid_until, writer: 1, reserved: [0; 5] }
    }

    #[test]
    fn each_state_of_a_writer_has_the_number_of_the_header() {
        let states = [WriterState::Live, WriterState::Ended, WriterState::Superseded];
        assert_eq!(states.map(writer_number), [1, 2, 3]);
    }

    #[test]
    fn each_freshness_has_the_number_of_the_header() {
        let time = Duration::from_micros(3);
        assert_eq!(freshness_numbers(Freshness::Fresh(time)), (1, 3_000));
        assert_eq!(freshness_numbers(Freshness::Stale(time)), (2, 3_000));
        assert_eq!(freshness_numbers(Freshness::Unpromised), (3, 0));
        assert_eq!(freshness_numbers(Freshness::Unknown), (4, 0));
        assert_eq!(freshness_numbers(Freshness::Stale(Duration::MAX)), (2, u64::MAX));
    }

    #[test]
    fn a_promise_is_compared_with_the_clock_when_it_is_asked_for() {
        let numbers = |reading: &PageReading| {
            let mut ns = 1;
            // SAFETY: a reading, and a number to write to.
            let number = unsafe { tearfree_reading_freshness(reading, &raw mut ns) };
            // SAFETY: a reading; null is allowed.
            assert_eq!(unsafe { tearfree_reading_freshness(reading, ptr::null_mut()) }, number);
            (number, ns)
        };
        let far = 1 << 62;
        let (fresh, left) = numbers(&reading(1, far));
        assert!(fresh == 1 && left > far / 2 && left < far, "{left}");
        let (stale, since) = numbers(&reading(1, 1));
        assert!(stale == 2 && since > 0 && since < far, "{since}");
        assert_eq!(numbers(&reading(1, u64::MAX)), (3, 0));
        assert_eq!(numbers(&reading(0, PROMISE_UNKNOWN)), (4, 0));
        assert_eq!(numbers(&reading(far, far)), (4, 0), "from the future");
        // SAFETY: null is allowed.
        assert_eq!(unsafe { tearfree_reading_freshness(ptr::null(), ptr::null_mut()) }, 4);
    }

    #[test]
    fn an_age_is_known_or_has_its_own_number() {
        // SAFETY: a reading.
        let age = |reading: PageReading| unsafe { tearfree_reading_age(&raw const reading) };
        let (older, younger) = (age(reading(1, u64::MAX)), age(reading(2, u64::MAX)));
        assert!(older > 0 && younger < 1 << 62, "{older} {younger}");
        assert_eq!(age(reading(0, u64::MAX)), u64::MAX);
        assert_eq!(age(reading(1 << 62, u64::MAX)), u64::MAX, "from the future");
        // SAFETY: null is allowed.
        assert_eq!(unsafe { tearfree_reading_age(ptr::null()) }, u64::MAX);
    }
}
