// SPDX-License-Identifier: MIT OR Apache-2.0
//! Children that are forked in the middle of writes: nothing is torn, and a reset lock works again.
#![cfg(all(feature = "std", unix, not(miri)))]
#![allow(unsafe_code, reason = "forks, and resets what it finds")]

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::{SeqLatch, SeqLock};

const WORDS: usize = 4096;
/// A child ends by itself after so many seconds, whatever it waits for.
const WATCHDOG: u32 = 20;
/// How many children have to be forked in the middle of a write, of at most `CHILDREN`.
const CUT_OFF: usize = 20;
const CHILDREN: usize = 3000;

/// What a child found; its exit code.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    AtRest = 10,
    InTheMiddle = 11,
    Torn = 12,
    NotReset = 13,
    Woken = 14,
    Missed = 15,
}

fn is_whole(value: &[u64; WORDS]) -> bool {
    value.iter().all(|word| *word == value[0])
}

/// Longer than a write takes whose thread exists.
const TIMEOUT: Duration = Duration::from_millis(20);

/// What a read found that gives up after [`TIMEOUT`].
fn found(read: Option<[u64; WORDS]>) -> Found {
    match read {
        Some(value) if is_whole(&value) => Found::AtRest,
        Some(_) => Found::Torn,
        None => Found::InTheMiddle,
    }
}

/// Forks, runs `body` in the child, and returns the child's exit code.
fn in_a_child(body: impl FnOnce() -> Found) -> i32 {
    // SAFETY: the child calls only what needs no other thread: it copies, and ends by `_exit`.
    let child = unsafe { libc::fork() };
    assert_ne!(child, -1, "{}", std::io::Error::last_os_error());
    if child == 0 {
        // SAFETY: a call without pointers.
        unsafe { libc::alarm(WATCHDOG) };
        let found = body() as i32;
        // SAFETY: ends this process, and runs no destructor of the parent's.
        unsafe { libc::_exit(found) };
    }
    let mut status = 0;
    // SAFETY: the status is ours, and so is the child.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child, "{}", std::io::Error::last_os_error());
    assert!(libc::WIFEXITED(status), "the child hung or crashed: status {status:#x}");
    libc::WEXITSTATUS(status)
}

/// Forks beside a writer until enough children were forked in the middle of a write.
fn beside_a_writer(write: impl Fn(u64) + Sync, body: impl Fn() -> Found) {
    let ended = AtomicBool::new(false);
    let (mut cut_off, mut children) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !ended.load(Relaxed) {
                number += 1;
                write(number);
            }
        });
        let ends = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            while cut_off < CUT_OFF && children < CHILDREN {
                children += 1;
                match in_a_child(&body) {
                    code if code == Found::AtRest as i32 => {}
                    code if code == Found::InTheMiddle as i32 => cut_off += 1,
                    code => panic!("a child ended with {code}, see `Found`"),
                }
            }
        }));
        ended.store(true, Relaxed);
        ends.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    println!("{cut_off} of {children} children were forked in the middle of a write");
    assert!(cut_off >= CUT_OFF, "{cut_off} of {children}: too few for this test");
}

static LOCK: SeqLock<[u64; WORDS]> = SeqLock::new([0; WORDS]);
static FRESH: [u64; WORDS] = [7; WORDS];

#[test]
fn a_child_resets_a_lock_whose_writer_was_not_forked() {
    beside_a_writer(
        |number| LOCK.set([number; WORDS]),
        || {
            // The lock may be held although the count is even: the writer was about to begin.
            let found = found(LOCK.try_read_for(TIMEOUT));
            // SAFETY: a child has one thread, which has no guard.
            unsafe { LOCK.reset_after_fork(FRESH) };
            let is_fresh = LOCK.try_read() == Some(FRESH);
            LOCK.set([8; WORDS]);
            LOCK.update(|value| value[0] += 1);
            let goes_on = LOCK.read()[0] == 9;
            if is_fresh && goes_on { found } else { Found::NotReset }
        },
    );
}

#[test]
fn a_child_resets_what_it_has_a_reader_of() {
    let (writer, reader) = SeqLock::new([0; WORDS]).into_split();
    let writer = std::sync::Mutex::new(writer);
    beside_a_writer(
        |number| writer.lock().unwrap().set([number; WORDS]),
        || {
            let found = found(reader.try_read_for(TIMEOUT));
            // SAFETY: a child has one thread, which does not write.
            unsafe { reader.reset_after_fork(FRESH) };
            if reader.clone().try_read() == Some(FRESH) { found } else { Found::NotReset }
        },
    );
}

static LATCH: SeqLatch<[u64; WORDS]> = SeqLatch::new([0; WORDS]);

#[test]
fn a_child_reads_a_latch_whose_writer_was_not_forked() {
    beside_a_writer(
        |number| LATCH.set([number; WORDS]),
        || {
            let value = LATCH.read();
            if !is_whole(&value) {
                return Found::Torn;
            }
            // SAFETY: a child has one thread, which is in no call of the latch.
            unsafe { LATCH.reset_after_fork(FRESH) };
            let is_fresh = LATCH.read() == FRESH;
            LATCH.set([8; WORDS]);
            let goes_on = LATCH.read()[0] == 8;
            // The position of the writer is not visible from outside; a nonzero value means that it wrote.
            match value[0] {
                _ if !(is_fresh && goes_on) => Found::NotReset,
                0 => Found::AtRest,
                _ => Found::InTheMiddle,
            }
        },
    );
}

/// The task's wait, one after the other, for values that another thread sets.
fn follow_in_a_task(lock: &SeqLock<u64>, last: u64) -> bool {
    lock.set(0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 1..=last {
                lock.set(number);
                thread::sleep(Duration::from_micros(100)); // lets the task fall asleep
            }
        });
        let reached = futures_lite::future::block_on(async {
            let (mut value, mut seen) = lock.read_versioned();
            while value < last {
                lock.changed(seen).await;
                (value, seen) = lock.read_versioned();
            }
            value
        });
        writer.join().is_ok() && reached == last
    })
}

/// The thread that calls the parent's wakers is not there in the child, which starts one of its own.
#[test]
fn a_child_waits_for_changes_in_a_task() {
    static LOCK: SeqLock<u64> = SeqLock::new(0);
    assert!(follow_in_a_task(&LOCK, 50), "in the parent");
    let found =
        in_a_child(|| if follow_in_a_task(&LOCK, 50) { Found::Woken } else { Found::Missed });
    assert_eq!(found, Found::Woken as i32);
    assert!(follow_in_a_task(&LOCK, 50), "in the parent again");
}
