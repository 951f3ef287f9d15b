// SPDX-License-Identifier: MIT OR Apache-2.0
//! The writer of a `SeqLock` is stopped in the middle of its copy, as when it loses its processor.
#![cfg(all(feature = "std", target_os = "linux"))]
#![allow(unsafe_code, reason = "asks the system for a thread's processor time")]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use libc::SIGUSR2;
use tearfree::SeqLock;

use crate::support::payload::{SelfChecking, Words};
use crate::support::signals::{ThreadHandle, react};
use crate::support::{Flag, RaisedAtEnd, Watchdog};

type Large = Words<4096>;

static LOCK: SeqLock<Large> = SeqLock::new(Words([0; 4096]));
static STOPPED: Flag = Flag::new();
static GO_ON: Flag = Flag::new();

/// Runs in the writer. A failed attempt means that the writer was interrupted in its copy.
fn stop_in_the_copy() {
    if LOCK.try_read().is_none() {
        STOPPED.raise();
        while !GO_ON.is_up() {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The processor time that this thread has used.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time`, which is ours.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

/// The calls that never wait, or wait for a limited time only.
fn attempts_and_timeouts_do_not_wait_for_the_writer() {
    assert!(LOCK.try_read().is_none());
    let since = Instant::now();
    assert!(LOCK.try_read_for(Duration::from_millis(20)).is_none());
    assert!(since.elapsed() >= Duration::from_millis(20));
    assert!(LOCK.try_write().is_none());
    assert!(LOCK.try_read_excl().is_none());
    assert!(format!("{LOCK:?}").contains("being written"));
    let seen = LOCK.version();
    assert!(!LOCK.wait_changed(seen, Some(Duration::from_millis(20))));
}

/// Readers that wait until the writer continues, which it does when `go_on` is dropped.
fn waiting_readers_sleep(before: u64, go_on: RaisedAtEnd<'_>) {
    const AWAY: Duration = Duration::from_millis(300);
    let reads: [fn() -> u64; 4] = [
        || LOCK.read().generation(),
        || LOCK.read_or_lock().generation(),
        || LOCK.read_versioned().0.generation(),
        || LOCK.try_read_for(Duration::MAX).map_or(0, |value| value.generation()),
    ];
    let waiting = &AtomicU64::new(0);
    thread::scope(|s| {
        let readers = reads.map(|read| {
            s.spawn(move || {
                let (used, since) = (processor_time(), Instant::now());
                waiting.fetch_add(1, Relaxed);
                let generation = read();
                (generation, processor_time() - used, since.elapsed())
            })
        });
        while waiting.load(Relaxed) < 4 {
            thread::yield_now();
        }
        let all_wait = Instant::now();
        thread::sleep(AWAY);
        let away = all_wait.elapsed();
        drop(go_on);
        let mut all_used = Duration::ZERO;
        for reader in readers {
            let (generation, used, waited) = reader.join().unwrap();
            assert!(generation > before, "the write that was stopped is there");
            assert!(waited >= AWAY, "a reader did not wait for the writer");
            all_used += used;
        }
        assert!(all_used < away / 4, "readers used {all_used:?} in {away:?}");
    });
}

#[test]
fn readers_sleep_while_the_writer_is_stopped_in_its_copy_and_get_the_whole_value_then() {
    let _watchdog = Watchdog::over("readers_sleep_while_the_writer_is_stopped_in_its_copy");
    let (over, generation) = (Flag::new(), AtomicU64::new(0));
    LOCK.set(Words::new(0));
    let (send, receive) = std::sync::mpsc::channel();
    thread::scope(|s| {
        s.spawn(|| {
            react(SIGUSR2, stop_in_the_copy);
            send.send(ThreadHandle::this_thread()).unwrap();
            // When it continues it ends its write, and stops: beside a writer that does not, readers of
            // 32 KiB may starve, and use processor time for another reason.
            while !over.is_up() && !GO_ON.is_up() {
                let next = generation.load(Relaxed) + 1;
                LOCK.set(Words::new(next));
                generation.store(next, Relaxed);
            }
        });
        let (_over, go_on) = (over.raised_at_end(), GO_ON.raised_at_end());
        let writer = receive.recv().unwrap();
        while !STOPPED.is_up() {
            writer.interrupt(SIGUSR2);
            thread::yield_now();
        }
        let before = generation.load(Relaxed);
        attempts_and_timeouts_do_not_wait_for_the_writer();
        waiting_readers_sleep(before, go_on);
    });
}
