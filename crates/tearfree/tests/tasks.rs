// SPDX-License-Identifier: MIT OR Apache-2.0
//! `changed().await`: no change is missed, with any runtime, and no task blocks another one.
#![cfg(all(feature = "std", not(miri)))]
#![allow(unsafe_code, reason = "a raw waker")]

mod support;

use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::Wake;
use std::thread;
use std::time::Instant;

use futures_lite::future;
use tearfree::lock::SpinLock;
use tearfree::{Protocol, Reader, SeqLatch, SeqLock, Sequenced};

use support::{Flag, Watchdog};

type Shared<P> = Arc<Sequenced<u64, SpinLock, P>>;

const ROUNDS: u64 = 2_000;

/// Follows the value until it is `last`; calls `sees` with each value before it waits for the next one.
async fn follow<P: Protocol>(reader: Reader<Shared<P>>, last: u64, sees: impl Fn(u64)) {
    let (mut value, mut seen) = reader.read_versioned();
    sees(value);
    while value < last {
        reader.changed(seen).await;
        let before = value;
        (value, seen) = reader.read_versioned();
        assert!(value > before, "woken without a change");
        sees(value);
    }
}

/// One task sets odd values, the other even ones, each as soon as it saw the one before.
async fn take_turns<P: Protocol>(lock: Shared<P>, first: u64) {
    for mine in (first..ROUNDS).step_by(2) {
        loop {
            let (value, seen) = lock.read_versioned();
            if value == mine {
                break;
            }
            lock.changed(seen).await;
        }
        lock.set(mine + 1);
    }
}

fn tokio(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_time()
        .build()
        .expect("threads can be started")
}

#[test]
fn tasks_of_tokio_take_turns() {
    let _watchdog = Watchdog::over("tasks_of_tokio_take_turns");
    let runtime = tokio(2);
    let lock = Arc::new(SeqLatch::<u64, SpinLock>::from(0));
    let turns = [0, 1].map(|first| runtime.spawn(take_turns(Arc::clone(&lock), first)));
    for turn in turns {
        runtime.block_on(turn).unwrap();
    }
    assert_eq!(lock.read(), ROUNDS);
}

#[test]
fn tasks_of_smol_follow_a_thread() {
    let _watchdog = Watchdog::over("tasks_of_smol_follow_a_thread");
    let (mut writer, reader) = SeqLock::<u64, SpinLock>::from(0).into_split();
    const TASKS: usize = 50;
    let executor = async_executor::Executor::new();
    // How many tasks have seen the number of this round: the writer waits for all of them now and then.
    static SEEN: [AtomicUsize; ROUNDS as usize + 1] =
        [const { AtomicUsize::new(0) }; ROUNDS as usize + 1];
    let sees = |value: u64| _ = SEEN[value as usize].fetch_add(1, SeqCst);
    let tasks: Vec<_> =
        (0..TASKS).map(|_| executor.spawn(follow(reader.clone(), ROUNDS, sees))).collect();
    thread::scope(|s| {
        s.spawn(move || {
            for n in 0..=ROUNDS {
                if n > 0 {
                    writer.set(n);
                }
                while n % 100 == 0 && SEEN[n as usize].load(SeqCst) < TASKS {
                    thread::yield_now();
                }
            }
        });
        future::block_on(executor.run(async {
            for task in tasks {
                task.await;
            }
        }));
    });
}

#[test]
fn a_task_of_embassy_follows_a_thread() {
    let _watchdog = Watchdog::over("a_task_of_embassy_follows_a_thread");
    let (mut writer, reader) = SeqLock::<u64, SpinLock>::from(0).into_split();
    let (sees, seen) = mpsc::channel();
    // This executor never ends, and its thread ends with the process.
    thread::spawn(move || {
        let executor = Box::leak(Box::new(embassy_executor::Executor::new()));
        let storage = Box::leak(Box::new(embassy_executor::raw::TaskStorage::new()));
        executor.run(|spawner| {
            let task = async move { follow(reader, 100, |value| sees.send(value).unwrap()).await };
            spawner.must_spawn(storage.spawn(|| task));
        })
    });
    // Each value is seen before the next one is set, so the task waits for each.
    for n in 0..=100 {
        if n > 0 {
            writer.set(n);
        }
        assert_eq!(seen.recv(), Ok(n));
    }
}

#[test]
fn a_runtime_with_a_task_that_waits_ends_at_once() {
    let _watchdog = Watchdog::over("a_runtime_with_a_task_that_waits_ends_at_once");
    let runtime = tokio(1);
    let (writer, reader) = SeqLock::<u64, SpinLock>::from(0).into_split();
    let (sees, seen) = mpsc::channel();
    runtime.spawn(follow(reader.clone(), 1, move |value| sees.send(value).unwrap()));
    assert_eq!(seen.recv(), Ok(0), "the task waits, or is about to");
    runtime.block_on(async { tokio::time::sleep(Duration::from_millis(20)).await });
    let since = Instant::now();
    drop(runtime);
    let took = since.elapsed();
    // A task that blocked its thread would never end: nothing is written. Seconds are a busy machine's.
    assert!(took < Duration::from_secs(30), "{took:?}");
    drop(writer);
}

/// Counts how often it was called.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_wait_that_is_given_up_is_called_no_more() {
    let lock = SeqLock::<u64, SpinLock>::from(0);
    let (kept, dropped) = (Arc::new(Calls::default()), Arc::new(Calls::default()));
    let mut wait = pin!(lock.changed(lock.version()));
    {
        let mut given_up = pin!(lock.changed(lock.version()));
        let waker = Waker::from(Arc::clone(&dropped));
        assert!(given_up.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        // A task that moves to another waker is called by the last one only.
        for calls in [&dropped, &kept] {
            let waker = Waker::from(Arc::clone(calls));
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
    }
    assert_eq!(Arc::strong_count(&dropped), 1, "no waker is left behind");
    lock.set(1);
    let _watchdog = Watchdog::over("a_wait_that_is_given_up_is_called_no_more");
    while kept.0.load(SeqCst) == 0 {
        thread::yield_now();
    }
    assert_eq!(dropped.0.load(SeqCst), 0);
    let waker = Waker::from(Arc::clone(&kept));
    assert_eq!(wait.as_mut().poll(&mut Context::from_waker(&waker)), Poll::Ready(()));
}

#[test]
fn a_task_and_a_thread_wait_for_the_same_change() {
    let _watchdog = Watchdog::over("a_task_and_a_thread_wait_for_the_same_change");
    let (mut writer, reader) = SeqLock::<u64, SpinLock>::from(0).into_split();
    let stop = Flag::new();
    thread::scope(|s| {
        let _stopped = stop.raised_at_end();
        s.spawn(|| {
            let mut seen = reader.version();
            while !stop.is_up() {
                reader.wait_changed(seen, Some(Duration::from_millis(1)));
                seen = reader.version();
            }
        });
        let task = reader.clone();
        let (sees, seen) = mpsc::channel();
        let sees = move |value| sees.send(value).unwrap();
        let task = s.spawn(move || future::block_on(follow(task, ROUNDS, sees)));
        for n in 1..=ROUNDS {
            writer.set(n);
            // Now and then the task has to have seen the last value.
            while n % 100 == 0 && seen.recv().is_ok_and(|value| value != n) {}
        }
        task.join().unwrap();
    });
}

/// Polls one more wait whenever it is cloned: a waker's code may use the same lock.
mod polls_when_cloned {
    use core::task::{RawWaker, RawWakerVTable};

    use super::*;

    static LOCK: SeqLock<u64> = SeqLock::new(0);
    static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());

    const RAW: RawWaker = RawWaker::new(core::ptr::null(), &VTABLE);

    fn clone(_: *const ()) -> RawWaker {
        let mut wait = pin!(LOCK.changed(LOCK.version()));
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        RAW
    }

    #[test]
    fn a_waker_that_waits_itself_blocks_no_thread() {
        let _watchdog = Watchdog::over("a_waker_that_waits_itself_blocks_no_thread");
        // SAFETY: the data is not used, and each function can be called by any thread.
        let waker = unsafe { Waker::from_raw(RAW) };
        let mut wait = pin!(LOCK.changed(LOCK.version()));
        for _ in 0..2 {
            assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        LOCK.set(1);
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }
}

/// Sets the value when it is cloned, which a task does between its two loads of the version.
mod sets_when_cloned {
    use core::task::{RawWaker, RawWakerVTable};

    use super::*;

    static LOCK: SeqLock<u64> = SeqLock::new(0);
    static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, |_| (), |_| (), |_| ());

    fn clone(_: *const ()) -> RawWaker {
        LOCK.update(|value| *value += 1);
        RawWaker::new(core::ptr::null(), &VTABLE)
    }

    #[test]
    fn a_change_while_a_task_goes_to_sleep_is_seen() {
        // SAFETY: the data is not used, and each function can be called by any thread.
        let waker = unsafe { Waker::new(core::ptr::null(), &VTABLE) };
        let mut wait = pin!(LOCK.changed(LOCK.version()));
        assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
    }
}

#[test]
fn a_waker_that_panics_keeps_no_other_one_from_being_called() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("in a waker");
        }
    }
    let _watchdog = Watchdog::over("a_waker_that_panics_keeps_no_other_one_from_being_called");
    let lock = SeqLock::<u64, SpinLock>::from(0);
    let calls = Arc::new(Calls::default());
    let wakers = [Waker::from(Arc::new(Panics)), Waker::from(Arc::clone(&calls))];
    for round in 1..=3 {
        let mut waits = [(); 2].map(|()| Box::pin(lock.changed(lock.version())));
        for (wait, waker) in waits.iter_mut().zip(&wakers) {
            assert!(wait.as_mut().poll(&mut Context::from_waker(waker)).is_pending());
        }
        lock.set(round as u64);
        while calls.0.load(SeqCst) < round {
            thread::yield_now();
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_signal_handler_runs_in_the_thread_that_calls_wakers() {
    let _watchdog = Watchdog::over("no_signal_handler_runs_in_the_thread_that_calls_wakers");
    let lock = SeqLock::new(0);
    let mut wait = pin!(lock.changed(lock.version()));
    assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let status = loop {
        // Threads of other tests end meanwhile, and a new one has its name a little later.
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let statuses = tasks.flat_map(|task| std::fs::read_to_string(task.path().join("status")));
        let mut named = statuses.filter(|status| status.starts_with("Name:\ttearfree-wakers"));
        if let Some(status) = named.next() {
            break status;
        }
    };
    let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:\t")).unwrap();
    let blocked = u64::from_str_radix(blocked, 16).unwrap();
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGUSR1, libc::SIGALRM] {
        assert_ne!(blocked & 1 << (signal - 1), 0, "signal {signal} is let in: {status}");
    }
}
