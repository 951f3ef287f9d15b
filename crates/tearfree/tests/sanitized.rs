// SPDX-License-Identifier: MIT OR Apache-2.0
//! Small and large values under ThreadSanitizer, as programs use them: with `--cfg
//! tearfree_engine="ordered"` it reports nothing (`./check tsan`).
//!
//! Without the switch it sees the `memcpy` of large values and takes it for a data race.

use std::thread;

use tearfree::{SeqLatch, SeqLock};

mod support;

use support::{Flag, Watchdog, times};

fn assert_whole<const N: usize>(value: &[u64; N]) {
    assert!(value.iter().all(|word| word == &value[0]), "a torn value of {N} words");
}

/// Every kind of copy, in both directions, by two readers beside a writer.
fn is_read_beside_a_writer<const N: usize>() {
    let (lock, latch, over) = (SeqLock::new([0; N]), SeqLatch::new([0; N]), Flag::new());
    let read = || {
        let mut into = [0; N];
        while !over.is_up() {
            assert_whole(&lock.read());
            lock.read_into(&mut into);
            assert_whole(&into);
            if let Some(value) = lock.try_read() {
                assert_whole(&value);
            }
            assert_whole(&lock.read_versioned().0);
            assert_whole(&latch.read());
            thread::yield_now();
        }
    };
    thread::scope(|s| {
        let readers = [s.spawn(read), s.spawn(read)];
        let _raised_at_the_end = over.raised_at_end();
        for generation in 1..=times(20_000, 20) / N as u64 + 2 {
            lock.set([generation; N]);
            lock.set_from(&[generation + 1; N]);
            lock.update(|value| *value = [generation + 2; N]);
            latch.set([generation; N]);
            assert!(readers.iter().all(|reader| !reader.is_finished()), "a reader has failed");
        }
    });
}

#[test]
fn values_of_every_size_are_read_beside_a_writer() {
    let _watchdog = Watchdog::over("values_of_every_size_are_read_beside_a_writer");
    is_read_beside_a_writer::<1>();
    is_read_beside_a_writer::<3>();
    is_read_beside_a_writer::<8>();
    is_read_beside_a_writer::<24>();
    is_read_beside_a_writer::<31>();
    is_read_beside_a_writer::<64>();
    is_read_beside_a_writer::<65>();
    is_read_beside_a_writer::<512>();
    is_read_beside_a_writer::<4096>();
}
