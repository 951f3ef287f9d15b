// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLock`, `SeqLatch` and the halves of both have the same calls.

mod support;

use std::thread;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{OneCopy, Protocol, SeqLatch, SeqLock, Sequenced, TwoCopies, field};

use support::{Watchdog, times};

type Value = (u64, [u32; 100]);

const fn value(n: u64) -> Value {
    (n, [n as u32; 100])
}

fn every_call<P: Protocol, L: WriterLock>() {
    let mut lock = Sequenced::<Value, L, P>::from(value(1));
    let first = lock.version();
    assert_eq!(lock.read_versioned(), (value(1), first));
    lock.set(value(2));
    lock.set_from(&value(3));
    assert_eq!(lock.replace(value(4)), value(3));
    lock.update(|v| *v = value(5));
    assert_eq!(lock.update_or_discard(|v| Err::<(), _>(v.0)), Err(5));
    *lock.write() = value(6);
    lock.write().discard();
    *lock.try_write().unwrap() = value(7);
    let mut seen = first;
    assert_eq!(lock.read_if_changed(&mut seen), Some(value(7)));
    assert_eq!(lock.read_if_changed(&mut seen), None);
    assert_eq!(lock.set_if_current(first, value(8)), Err(seen));
    seen = lock.set_if_current(seen, value(8)).unwrap();
    assert_eq!(lock.read_versioned(), (value(8), seen));
    seen = lock.set_versioned(value(9));
    assert_eq!(lock.read_versioned(), (value(9), seen));

    let within = lock.within::<tearfree::context::Thread>();
    within.set_from(&value(10));
    assert_eq!((within.replace(value(11)), within.read()), (value(10), value(11)));
    assert_eq!(within.update_or_discard(|v| Err::<(), _>(v.0)), Err(11));
    seen = within.set_versioned(value(12));
    assert_eq!(within.set_if_current(first, value(13)), Err(seen));
    seen = within.set_if_current(seen, value(9)).unwrap();
    assert_eq!(lock.read_versioned(), (value(9), seen));

    let mut into = value(0);
    lock.read_into(&mut into);
    assert_eq!((lock.try_read(), lock.read_or_lock(), into), (Some(into), into, value(9)));
    let fields = (field!(Value, 0), field!(Value, 1).element(99));
    assert_eq!(lock.read_fields(fields), (9, 9));
    assert_eq!(*lock.read_excl(), into);
    assert_eq!(lock.try_read_excl().map(|value| *value), Some(into));
    {
        let _writing = lock.write();
        assert!(lock.try_write().is_none() && lock.try_read_excl().is_none());
        assert_eq!(lock.try_read(), Some(value(9)), "a guard publishes at its end");
    }
    let (mut writer, reader) = lock.split();
    assert_ne!(writer.set_versioned(value(10)), seen);
    assert_eq!(writer.reader().read_versioned(), (value(10), writer.version()));
    writer.update(|v| v.0 += 1);
    assert_eq!(writer.update_or_discard(|_| Err::<(), _>(())), Err(()));
    assert_eq!(
        (writer.get(), reader.read().0, reader.read_fields(fields)),
        ((11, [10; 100]), 11, (11, 10))
    );
    assert_ne!(reader.version(), seen);
    lock.reset(value(12));
    assert!(format!("{lock:?}").contains("value: (12"), "{lock:?}");
}

#[test]
fn every_call_is_there_for_each_number_of_copies() {
    every_call::<OneCopy, SpinLock>();
    every_call::<TwoCopies, SpinLock>();
    every_call::<OneCopy, tearfree::DefaultLock>();
    every_call::<TwoCopies, tearfree::DefaultLock>();
    assert_eq!((SeqLock::new(7).into_inner(), SeqLatch::new(8).into_inner()), (7, 8));
    assert_eq!(*SeqLock::new(7).get_mut(), 7);
}

fn no_conditional_update_is_lost<P: Protocol + Sync>()
where
    Sequenced<Value, SpinLock, P>: Sync,
{
    let lock = Sequenced::<Value, SpinLock, P>::from(value(0));
    let each = times(2_000, 10);
    let add = || {
        for _ in 0..each {
            loop {
                let (old, seen) = lock.read_versioned();
                if lock.set_if_current(seen, value(old.0 + 1)).is_ok() {
                    break;
                }
            }
        }
    };
    thread::scope(|s| {
        s.spawn(add);
        s.spawn(add);
        add();
    });
    assert_eq!(lock.read(), value(3 * each));
}

fn one_writer_at_a_time<P: Protocol>()
where
    Sequenced<Value, SpinLock, P>: Send + Sync,
{
    let shared = Sequenced::<Value, SpinLock, P>::from(value(0));
    let writing = shared.write();
    assert!(shared.try_claim().is_none(), "a writer is inside");
    drop(writing);
    let (mut writer, reader) = (shared.try_claim().unwrap(), shared.reader());
    assert!(shared.try_claim().is_none() && shared.try_write().is_none());
    // It ends in another thread, whose writes the next writer sees.
    thread::scope(|s| s.spawn(move || writer.set(value(1))).join()).unwrap();
    let writer = shared.try_claim().unwrap();
    assert_eq!((writer.get(), reader.read()), (value(1), value(1)));
}

fn a_claim_that_is_forgotten_is_held_for_ever<P: Protocol>()
where
    Sequenced<Value, SpinLock, P>: Send + Sync,
{
    let mut shared = Sequenced::<Value, SpinLock, P>::from(value(0));
    let mut writer = shared.try_claim().unwrap();
    writer.set(value(1));
    core::mem::forget(writer);
    assert_eq!((shared.read(), shared.reader().try_read()), (value(1), Some(value(1))));
    let attempt = || shared.try_claim().is_some() || shared.try_write().is_some();
    assert!(!attempt() && !thread::scope(|s| s.spawn(attempt).join().unwrap()));
    shared.reset(value(2));
    assert_eq!(shared.try_claim().map(|writer| writer.get()), Some(value(2)));
}

#[test]
fn a_forgotten_claim_lets_readers_in_and_no_writer() {
    a_claim_that_is_forgotten_is_held_for_ever::<OneCopy>();
    a_claim_that_is_forgotten_is_held_for_ever::<TwoCopies>();
}

#[test]
fn a_value_that_all_can_reach_has_one_writer_at_a_time() {
    one_writer_at_a_time::<OneCopy>();
    one_writer_at_a_time::<TwoCopies>();
}

#[test]
fn no_update_that_depends_on_the_version_is_lost() {
    let _watchdog = Watchdog::over("no_update_that_depends_on_the_version_is_lost");
    no_conditional_update_is_lost::<OneCopy>();
    no_conditional_update_is_lost::<TwoCopies>();
}

#[cfg(feature = "std")]
mod with_std {
    use core::time::Duration;
    use std::time::Instant;

    use super::*;

    /// Both halves leave the thread that made them.
    fn owned_halves_follow<P: Protocol>()
    where
        Sequenced<Value, SpinLock, P>: Send + Sync,
    {
        let last = times(1_000, 5);
        let (mut writer, reader) = Sequenced::<Value, SpinLock, P>::from(value(0)).into_split();
        let followers = [reader.clone(), reader].map(|reader| {
            thread::spawn(move || {
                let (mut now, mut seen) = reader.read_versioned();
                while now.0 < last {
                    assert_eq!(now, value(now.0));
                    assert!(reader.wait_changed(seen, None));
                    (now, seen) = reader.read_versioned();
                }
                now
            })
        });
        thread::spawn(move || (1..=last).for_each(|n| writer.set(value(n)))).join().unwrap();
        for follower in followers {
            assert_eq!(follower.join().unwrap(), value(last), "the value outlives the writer");
        }
    }

    #[test]
    fn owned_halves_live_in_threads_of_their_own() {
        let _watchdog = Watchdog::over("owned_halves_live_in_threads_of_their_own");
        owned_halves_follow::<OneCopy>();
        owned_halves_follow::<TwoCopies>();
    }

    fn waits_end_in_time<P: Protocol>() {
        let lock = Sequenced::<Value, SpinLock, P>::from(value(1));
        let soon = Duration::from_millis(20);
        let takes_its_time = |attempt: &dyn Fn() -> bool| {
            let since = Instant::now();
            assert!(attempt());
            assert!(since.elapsed() >= soon, "it gave up after {:?}", since.elapsed());
        };
        takes_its_time(&|| !lock.wait_changed(lock.version(), Some(soon)));
        assert_eq!(lock.try_read_for(Duration::MAX), Some(value(1)), "no writer is inside");
        let writing = lock.write();
        takes_its_time(&|| lock.try_write_for(soon).is_none());
        drop(writing);
        *lock.try_write_for(Duration::ZERO).unwrap() = value(2);
        assert_eq!(lock.read(), value(2));
    }

    #[test]
    fn waits_end_after_their_timeout() {
        let _watchdog = Watchdog::over("waits_end_after_their_timeout");
        waits_end_in_time::<OneCopy>();
        waits_end_in_time::<TwoCopies>();
    }
}
