// SPDX-License-Identifier: MIT OR Apache-2.0
//! C and Rust on one lock, one count, one latch, at the same time.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use tearfree_capi_interop::Language::{C, Rust};
use tearfree_capi_interop::{
    Language, Protection, SharedValue, generation, layouts, new_shared, read, write,
};

/// The least writes of each writer.
const WRITES: u64 = 100_000;
/// How often the reader has to find another value than before while the writers write.
const CHANGES: u64 = 20;
/// The limit of a wait.
const WATCHDOG: Duration = Duration::from_secs(60);

/// What the threads of a race know of each other.
#[derive(Default)]
struct Race {
    shared: SharedValue,
    changes: AtomicU64,
    writes: AtomicU64,
    is_over: AtomicBool,
}

impl Race {
    /// Writes often enough, until the reader has seen enough changes.
    fn write(&self, protection: Protection, by: Language) {
        let begin = Instant::now();
        let mut writes = 0;
        while writes < WRITES || self.changes.load(Ordering::Relaxed) < CHANGES {
            write(&self.shared, protection, by);
            writes += 1;
            assert!(writes % 1024 != 0 || begin.elapsed() < WATCHDOG, "the reader saw no change");
        }
        self.writes.fetch_add(writes, Ordering::Relaxed);
    }

    /// Writes until other writers have come in between often enough.
    fn write_in_turns(&self, by: Language) {
        let begin = Instant::now();
        let (mut writes, mut expected) = (0, 0);
        while writes < WRITES || self.changes.load(Ordering::Relaxed) < CHANGES {
            write(&self.shared, Protection::Lock, by);
            writes += 1;
            let sequence = self.shared.lock.sequence();
            self.changes.fetch_add(u64::from(sequence != expected), Ordering::Relaxed);
            expected = sequence.wrapping_add(2);
            assert!(writes % 1024 != 0 || begin.elapsed() < WATCHDOG, "no other writer came");
        }
        self.writes.fetch_add(writes, Ordering::Relaxed);
    }

    /// Reads until the writers are done. Returns the reads that were torn or older than the one before.
    fn read(&self, protection: Protection, by: Language) -> u64 {
        let (mut torn, mut newest) = (0, 0);
        loop {
            let is_last = self.is_over.load(Ordering::Acquire);
            match generation(&read(&self.shared, protection, by)) {
                Some(generation) if generation >= newest => {
                    let changes = u64::from(generation > newest && !is_last);
                    self.changes.fetch_add(changes, Ordering::Relaxed);
                    newest = generation;
                }
                _ => torn += 1,
            }
            if is_last {
                return torn;
            }
        }
    }
}

fn race(protection: Protection, writers: &[Language], reader: Language) {
    let race = Race { shared: new_shared(), ..Race::default() };
    let torn = thread::scope(|scope| {
        let reading = scope.spawn(|| race.read(protection, reader));
        let race = &race;
        let writing = writers.iter().map(|&by| scope.spawn(move || race.write(protection, by)));
        let writing: Vec<_> = writing.collect();
        // All of them end before the reader may.
        let failed = writing.into_iter().filter_map(|writer| writer.join().err()).count();
        race.is_over.store(true, Ordering::Release);
        assert_eq!(failed, 0, "writers panicked");
        reading.join().expect("the reader ends")
    });
    assert_eq!(torn, 0);
    assert!(race.changes.into_inner() >= CHANGES);
    let writes = race.writes.into_inner();
    assert_eq!(generation(&read(&race.shared, protection, reader)), Some(writes), "no lost write");
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

/// Without readers, which a fault of the lock can leave waiting for ever.
#[test]
fn writers_of_both_languages_lose_no_write() {
    let race = Race { shared: new_shared(), ..Race::default() };
    thread::scope(|scope| {
        for by in [C, Rust, C, Rust] {
            let race = &race;
            scope.spawn(move || race.write_in_turns(by));
        }
    });
    let writes = race.writes.into_inner();
    assert_eq!(generation(&read(&race.shared, Protection::Lock, Rust)), Some(writes));
    assert_eq!(u64::from(race.shared.lock.sequence()), 2 * writes);
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

#[test]
fn try_write_fails_while_the_lock_is_held() {
    let shared = new_shared();
    let writing = shared.lock.write();
    assert!(shared.lock.try_write().is_none());
    assert_eq!(shared.lock.sequence(), 1, "a failed attempt changes nothing");
    drop(writing);
    drop(shared.lock.try_write().expect("the lock is free again"));
    assert_eq!(shared.lock.sequence(), 4);
    let reading = shared.lock.read_excl();
    assert!(shared.lock.try_write().is_none());
    drop(reading);
    write(&shared, Protection::Lock, C);
    assert_eq!(shared.lock.sequence(), 6);
}
