// SPDX-License-Identifier: MIT OR Apache-2.0
//! Children that are forked in the middle of writes: nothing is torn, and a reset lock works again.
#![cfg(all(feature = "std", unix, not(miri)))]
#![allow(unsafe_code, reason = "forks, and resets what it finds")]

use core::cell::Cell;
use core::fmt::Write as _;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use core::time::Duration;
use std::thread;

use tearfree::{SeqLatch, SeqLock};

mod support;

use support::Flag;
use support::signals::{ThreadHandle, react};

const WORDS: usize = 4096;
/// A child ends by itself after so many seconds, whatever it waits for.
const WATCHDOG: u32 = 20;
/// How many children have to be forked in the middle of a write, of at most `CHILDREN`.
const CUT_OFF: usize = 20;
const CHILDREN: u64 = 3000;

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
        // The first process of a namespace ignores that alarm; it ends with its parent.
        #[cfg(target_os = "linux")]
        // SAFETY: a call without pointers.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL)
        };
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

/// Where a writer stands still, in a signal handler, while its process is forked. Without that, how many children are
/// forked in the middle of a write is the scheduler's choice: on some machines nearly none.
#[derive(Default)]
struct Stops {
    stopped: AtomicU64,
    released: AtomicU64,
    /// Up when no one will release the writer any more.
    over: Flag,
}

thread_local! {
    static STOPS: Cell<Option<&'static Stops>> = const { Cell::new(None) };
}

/// The writer's reaction to the signal.
fn stand_still() {
    let Some(stops) = STOPS.get() else { return };
    let stop = stops.stopped.fetch_add(1, Relaxed) + 1;
    while stops.released.load(Relaxed) < stop && !stops.over.is_up() {
        thread::sleep(Duration::from_micros(50));
    }
}

impl Stops {
    /// Runs `body` while `writer` stands still, wherever it is in its loop.
    fn during<R>(&self, writer: ThreadHandle, stop: u64, body: impl FnOnce() -> R) -> R {
        // Pauses of different lengths end in different places of the write.
        for _ in 0..stop.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 51 {
            core::hint::spin_loop();
        }
        writer.interrupt(libc::SIGUSR2);
        while self.stopped.load(Relaxed) < stop {
            thread::yield_now();
        }
        let result = body();
        self.released.store(stop, Relaxed);
        result
    }
}

/// Forks beside a writer until enough children were forked in the middle of a write.
fn beside_a_writer(write: impl Fn(u64) + Sync, body: impl Fn() -> Found) {
    let stops = &*Box::leak(Box::<Stops>::default());
    let (send, receive) = std::sync::mpsc::channel();
    let (mut cut_off, mut children) = (0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            STOPS.set(Some(stops));
            react(libc::SIGUSR2, stand_still);
            send.send(ThreadHandle::this_thread()).unwrap();
            let mut number = 0;
            while !stops.over.is_up() {
                number += 1;
                write(number);
            }
        });
        let _over = stops.over.raised_at_end();
        let writer = receive.recv().unwrap();
        while cut_off < CUT_OFF && children < CHILDREN {
            children += 1;
            match stops.during(writer, children, || in_a_child(&body)) {
                code if code == Found::AtRest as i32 => {}
                code if code == Found::InTheMiddle as i32 => cut_off += 1,
                code => panic!("a child ended with {code}, see `Found`"),
            }
        }
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

/// The count of a latch, which its `Debug` output has in front: odd in the first half of a write.
fn count_of(latch: &SeqLatch<[u64; WORDS]>) -> u64 {
    /// Keeps the first bytes without an allocation, which a forked child should not make.
    struct Front([u8; 64], usize);
    impl core::fmt::Write for Front {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            for &byte in text.as_bytes() {
                *self.0.get_mut(self.1).ok_or(core::fmt::Error)? = byte;
                self.1 += 1;
            }
            Ok(())
        }
    }
    let mut front = Front([0; 64], 0);
    let _cut_off = write!(front, "{latch:?}");
    let text = core::str::from_utf8(&front.0).unwrap();
    let digits = text.trim_start_matches("SeqLatch { sequence: ");
    digits.split(',').next().unwrap().parse().unwrap()
}

static LATCH: SeqLatch<[u64; WORDS]> = SeqLatch::new([0; WORDS]);

#[test]
fn a_child_reads_a_latch_whose_writer_was_not_forked() {
    beside_a_writer(
        |number| LATCH.set([number; WORDS]),
        || {
            let is_in_the_middle = count_of(&LATCH) % 2 == 1;
            let value = LATCH.read();
            if !is_whole(&value) {
                return Found::Torn;
            }
            // SAFETY: a child has one thread, which is in no call of the latch.
            unsafe { LATCH.reset_after_fork(FRESH) };
            let is_fresh = LATCH.read() == FRESH;
            LATCH.set([8; WORDS]);
            let goes_on = LATCH.read()[0] == 8;
            match is_in_the_middle {
                _ if !(is_fresh && goes_on) => Found::NotReset,
                false => Found::AtRest,
                true => Found::InTheMiddle,
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

/// Reports whether `future` ends once another thread has set `lock` to `value`.
fn ends_after_a_set(lock: &SeqLock<u64>, value: u64, future: impl Future<Output = ()>) -> Found {
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(5)); // lets the task fall asleep
            lock.set(value);
        });
        futures_lite::future::block_on(future);
    });
    if lock.read() == value { Found::Woken } else { Found::Missed }
}

/// The future is in the table of the parent, whose thread for wakers is not there.
#[test]
fn a_future_that_was_polled_before_a_fork_ends_in_the_child() {
    static LOCK: SeqLock<u64> = SeqLock::new(0);
    let mut future = core::pin::pin!(LOCK.changed(LOCK.version()));
    let mut context = core::task::Context::from_waker(core::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    let found = in_a_child(|| ends_after_a_set(&LOCK, 1, future.as_mut()));
    assert_eq!(found, Found::Woken as i32);
    assert_eq!(ends_after_a_set(&LOCK, 2, future), Found::Woken, "in the parent");
}

/// A thread that is in the table when its process forks holds a lock of it in the child, for ever.
#[test]
fn a_child_waits_although_a_thread_of_its_parent_was_in_the_table() {
    const CHILDREN: usize = 200;
    static LOCK: SeqLock<u64> = SeqLock::new(0);
    let over = Flag::new();
    let poll_and_drop = || {
        let mut context = core::task::Context::from_waker(core::task::Waker::noop());
        while !over.is_up() {
            let mut future = core::pin::pin!(LOCK.changed(LOCK.version()));
            let _ = future.as_mut().poll(&mut context);
        }
    };
    thread::scope(|scope| {
        let _over = over.raised_at_end();
        scope.spawn(poll_and_drop);
        scope.spawn(poll_and_drop);
        for _ in 0..CHILDREN {
            let wait = || ends_after_a_set(&LOCK, 1, LOCK.changed(LOCK.version()));
            assert_eq!(in_a_child(wait), Found::Woken as i32);
        }
    });
}

/// In a namespace of its own, a child can have the ID that its parent has in another one.
#[test]
#[cfg(target_os = "linux")]
fn a_child_with_the_process_id_of_its_parent_waits_for_changes_in_a_task() {
    /// Goes on as the first process of a new namespace, as whose parent this one stays outside.
    fn as_first_process(body: impl FnOnce() -> Found) -> Found {
        // SAFETY: a call without pointers; it is about the children of this process.
        let is_new = |also| unsafe { libc::unshare(libc::CLONE_NEWPID | also) } == 0;
        // Without privileges, in a new namespace for users.
        if !is_new(0) && !is_new(libc::CLONE_NEWUSER) {
            return Found::AtRest;
        }
        let found = in_a_child(|| {
            assert_eq!(std::process::id(), 1);
            body()
        });
        match found {
            _ if found == Found::Woken as i32 => Found::Woken,
            _ if found == Found::AtRest as i32 => Found::AtRest,
            _ => Found::Missed,
        }
    }

    static LOCK: SeqLock<u64> = SeqLock::new(0);
    let wait = || if follow_in_a_task(&LOCK, 20) { Found::Woken } else { Found::Missed };
    let found = in_a_child(|| {
        as_first_process(|| match wait() {
            Found::Woken => as_first_process(wait),
            other => other,
        })
    });
    if found == Found::AtRest as i32 {
        support::left_out("a namespace for processes takes a privilege that this one lacks");
    } else {
        assert_eq!(found, Found::Woken as i32);
    }
}
