// SPDX-License-Identifier: MIT OR Apache-2.0
//! A reader and a writer that writes all the time, on one processor. It is preempted
//! inside a write nearly every time, so the reader then finds the count odd. With `Fair` the reader requests
//! the processor, and gets it between two writes.
#![cfg(all(feature = "std", target_os = "linux", not(miri)))]
#![allow(unsafe_code, reason = "asks the system for a processor")]

use core::mem::MaybeUninit;
use std::thread;

use tearfree::SeqLock;
use tearfree::lock::{Fair, SpinLock};

use crate::support::payload::{SelfChecking, Words};
use crate::support::{Flag, Watchdog};

/// So large that a writer that does nothing else is nearly always inside a write; and small enough to be
/// copied within one time slice, also where a copy is slow.
type Value = Words<{ if cfg!(tearfree_slow) { 1024 } else { 16384 } }>;

/// How many new values a reader has to get. The writer has to run before each of them.
const TURNS: u64 = 40;

/// Keeps this thread on the first processor that the program may use.
fn stay_on_one_processor() {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the call writes no more than the size that it is given; zeroes are an empty set.
    let failed = unsafe { libc::sched_getaffinity(0, size_of_val(&set), set.as_mut_ptr()) };
    assert_eq!(failed, 0);
    // SAFETY: zeroed above, so it was a set even before the call.
    let allowed = unsafe { set.assume_init() };
    // SAFETY: the set is whole, and no number is beyond its end.
    let may_use = |&processor: &usize| unsafe { libc::CPU_ISSET(processor, &allowed) };
    let first = (0..8 * size_of_val(&allowed)).find(may_use).expect("a thread runs somewhere");
    // SAFETY: zeroes are an empty set.
    let mut alone = unsafe { MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init() };
    // SAFETY: as above.
    unsafe { libc::CPU_SET(first, &mut alone) };
    // SAFETY: the call reads the set.
    let failed = unsafe { libc::sched_setaffinity(0, size_of_val(&alone), &raw const alone) };
    assert_eq!(failed, 0);
}

/// The result of a race.
#[derive(Debug)]
struct Outcome {
    new_values: u64,
    writes: u64,
}

/// Races on one processor until the reader got `turns` new values, or the writer made `writes` writes.
fn race(
    turns: u64,
    writes: u64,
    mut write: impl FnMut(&Value) + Send,
    read: impl Fn() -> Option<Value> + Sync,
) -> Outcome {
    let (over, values) = (Flag::new(), (1..=8).map(Value::new).collect::<Vec<_>>());
    thread::scope(|s| {
        let writer = s.spawn(|| {
            stay_on_one_processor();
            let _ends = over.raised_at_end();
            let going_on = values.iter().cycle().zip(1..=writes).take_while(|_| !over.is_up());
            going_on.fold(0, |_, (value, number)| {
                write(value);
                number
            })
        });
        let reader = s.spawn(|| {
            stay_on_one_processor();
            let _ends = over.raised_at_end();
            let (mut new_values, mut last) = (0, 0);
            while new_values < turns && !over.is_up() {
                match read().map(|value| value.generation()) {
                    Some(generation) if generation != last => {
                        new_values += 1;
                        last = generation;
                    }
                    _ => thread::yield_now(), // the writer's turn
                }
            }
            new_values
        });
        Outcome { new_values: reader.join().unwrap(), writes: writer.join().unwrap() }
    })
}

/// During the writes that `read` needs for its turns, attempts, which request nothing, see fewer new values.
///
/// Other programs on this processor preempt the writer, too, and give attempts more turns the busier the machine
/// is. So one race may show the difference, or else the sum of all: readers whose requests are ignored see no
/// more than attempts do.
fn assert_gets_its_turns(races: impl Fn() -> (Outcome, Outcome)) {
    const RACES: u64 = 20;
    let mut attempts_alone = 0;
    for _ in 0..RACES {
        let (requesting, attempts) = races();
        assert_eq!(requesting.new_values, TURNS);
        if attempts.new_values < TURNS / 2 {
            return;
        }
        attempts_alone += attempts.new_values;
    }
    let limit = RACES * TURNS * 9 / 10;
    assert!(attempts_alone < limit, "attempts get as far: {attempts_alone} of {limit} new values");
}

#[test]
fn a_reader_of_a_split_lock_gets_its_turns_on_the_writers_processor() {
    let _watchdog = Watchdog::over("one processor: split");
    assert_gets_its_turns(|| {
        let mut lock = SeqLock::<_, Fair>::from(Value::new(0));
        let (mut writer, reader) = lock.split();
        let requesting =
            race(TURNS, u64::MAX, |value| writer.set_from(value), || Some(reader.read()));
        let attempts =
            race(u64::MAX, requesting.writes, |value| writer.set_from(value), || reader.try_read());
        (requesting, attempts)
    });
}

#[test]
fn a_reader_gets_its_turns_on_the_processor_of_a_writer_with_a_lock() {
    fn with<L: tearfree::lock::WriterLock + Sync>() {
        let lock = SeqLock::<Value, L>::from(Value::new(0));
        assert_gets_its_turns(|| {
            let requesting =
                race(TURNS, u64::MAX, |value| lock.set_from(value), || Some(lock.read()));
            let attempts =
                race(u64::MAX, requesting.writes, |value| lock.set_from(value), || lock.try_read());
            (requesting, attempts)
        });
    }
    let _watchdog = Watchdog::over("one processor: locks");
    with::<Fair>();
    with::<Fair<SpinLock>>();
}
