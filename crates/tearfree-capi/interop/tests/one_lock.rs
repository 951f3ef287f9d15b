// SPDX-License-Identifier: MIT OR Apache-2.0
//! C and Rust on one lock, one count, one latch, at the same time.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use tearfree_capi_interop::Language::{C, Rust};
use tearfree_capi_interop::{
    Language, Protection, SharedValue, generation, layouts, new_shared, read, write,
};

const WRITES: u64 = 200_000;
/// The limit of a wait.
const WATCHDOG: Duration = Duration::from_secs(60);

/// Reads until the writers are done. Returns the number of reads, and of those that were torn or older
/// than the one before.
fn read_all(
    shared: &SharedValue,
    protection: Protection,
    by: Language,
    done: &AtomicBool,
) -> (u64, u64) {
    let (mut reads, mut torn, mut newest) = (0, 0, 0);
    loop {
        let last = done.load(Ordering::Acquire);
        match generation(&read(shared, protection, by)) {
            Some(generation) if generation >= newest => newest = generation,
            _ => torn += 1,
        }
        reads += 1;
        if last {
            return (reads, torn);
        }
    }
}

fn race(protection: Protection, writers: &[Language], reader: Language) {
    let (shared, done) = (new_shared(), AtomicBool::new(false));
    let (reads, torn) = thread::scope(|scope| {
        let writing = writers.iter().map(|&by| {
            let shared = &shared;
            scope.spawn(move || (0..WRITES).for_each(|_| write(shared, protection, by)))
        });
        let writing: Vec<_> = writing.collect();
        let reading = scope.spawn(|| read_all(&shared, protection, reader, &done));
        writing.into_iter().for_each(|writer| writer.join().expect("the writer ends"));
        done.store(true, Ordering::Release);
        reading.join().expect("the reader ends")
    });
    assert_eq!(torn, 0, "{reads} reads");
    assert!(reads > 0);
    let writes = WRITES * writers.len() as u64;
    assert_eq!(generation(&read(&shared, protection, reader)), Some(writes), "no write was lost");
}

#[test]
fn the_layouts_are_the_same() {
    for (name, in_c, in_rust) in layouts() {
        assert_eq!(in_c, in_rust, "{name}");
    }
}

#[test]
fn a_c_writer_and_a_rust_reader_share_a_lock() {
    race(Protection::Lock, &[C], Rust);
}

#[test]
fn a_rust_writer_and_a_c_reader_share_a_lock() {
    race(Protection::Lock, &[Rust], C);
}

#[test]
fn writers_of_both_languages_exclude_each_other() {
    race(Protection::Lock, &[C, Rust], C);
    race(Protection::Lock, &[C, Rust], Rust);
}

#[test]
fn both_languages_share_a_count() {
    race(Protection::Count, &[C], Rust);
    race(Protection::Count, &[Rust], C);
}

#[test]
fn both_languages_share_a_latch() {
    race(Protection::Latch, &[C], Rust);
    race(Protection::Latch, &[Rust], C);
}

#[test]
fn a_c_reader_waits_for_a_rust_writer_and_a_c_writer_for_its_lock() {
    let (shared, began) = (new_shared(), AtomicBool::new(false));
    thread::scope(|scope| {
        let writing = shared.lock.write();
        let waiting = scope.spawn(|| {
            began.store(true, Ordering::Release);
            read(&shared, Protection::Lock, C);
            write(&shared, Protection::Lock, C);
        });
        while !began.load(Ordering::Acquire) {
            thread::yield_now();
        }
        // Long enough for spinning and yielding to be over, so that they sleep.
        thread::sleep(Duration::from_millis(30));
        assert!(!waiting.is_finished());
        drop(writing);
        waiting.join().expect("the waiting thread ends");
    });
    assert_eq!(generation(&read(&shared, Protection::Lock, Rust)), Some(1));
}

#[test]
fn without_the_lock_reads_tear() {
    if thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        return; // then the two hardly ever meet
    }
    let (shared, done, start) = (new_shared(), AtomicBool::new(false), Instant::now());
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) && start.elapsed() < WATCHDOG {
                write(&shared, Protection::Lock, Rust);
            }
        });
        while start.elapsed() < WATCHDOG && !done.load(Ordering::Acquire) {
            let torn = generation(&read(&shared, Protection::None, C)).is_none();
            done.store(torn, Ordering::Release);
        }
    });
    assert!(done.load(Ordering::Acquire), "no read was torn, so the other tests prove nothing");
}
