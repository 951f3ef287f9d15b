// SPDX-License-Identifier: MIT OR Apache-2.0
//! `changed().await` where the writer calls the wakers itself, as on bare metal: no change is missed, and a
//! wait that is given up leaves nothing behind.
#![cfg(all(feature = "critical-section", not(feature = "std")))]

mod support;

use core::future::Future;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use core::task::{Context, Waker};
use std::sync::Arc;
use std::task::Wake;
use std::thread;

use futures_lite::future;
use tearfree::{Protocol, SeqLatch, SeqLock, Sequenced, lock::SpinLock};

use support::{Watchdog, times};

/// Counts how often it was called.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Calls {
    fn poll<F: Future>(self: &Arc<Self>, future: Pin<&mut F>) -> bool {
        future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self)))).is_ready()
    }

    /// How often it was called, and how many wakers are left that would call it.
    fn seen(self: &Arc<Self>) -> (usize, usize) {
        (self.0.load(SeqCst), Arc::strong_count(self) - 1)
    }
}

async fn follow<P: Protocol>(lock: &Sequenced<u64, SpinLock, P>, last: u64) {
    let (mut value, mut seen) = lock.read_versioned();
    while value < last {
        lock.changed(seen).await;
        let before = value;
        (value, seen) = lock.read_versioned();
        assert!(value > before, "ready without a change");
    }
}

fn tasks_follow_a_writer<P: Protocol>()
where
    Sequenced<u64, SpinLock, P>: Sync,
{
    let rounds = times(20_000, 100);
    let lock = Sequenced::<u64, SpinLock, P>::from(0);
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| future::block_on(follow(&lock, rounds)));
        }
        for value in 1..=rounds {
            lock.set(value);
            if value % 8 == 0 {
                thread::yield_now(); // so that the tasks get to sleep
            }
        }
    });
}

#[test]
fn tasks_miss_no_change() {
    let _watchdog = Watchdog::over("tasks_miss_no_change");
    tasks_follow_a_writer::<tearfree::OneCopy>();
    tasks_follow_a_writer::<tearfree::TwoCopies>();
}

#[test]
fn a_change_calls_every_task_once() {
    let lock = SeqLatch::<u64, SpinLock>::from(0);
    let calls: [Arc<Calls>; 3] = Default::default();
    let mut waits = [(); 3].map(|()| Box::pin(lock.changed(lock.version())));
    for _ in 0..2 {
        for (calls, wait) in calls.iter().zip(&mut waits) {
            assert!(!calls.poll(wait.as_mut()));
        }
    }
    assert!(calls.iter().all(|calls| calls.seen() == (0, 1)), "polled twice, there once");
    lock.set(1);
    lock.set(2);
    assert!(calls.iter().all(|calls| calls.seen() == (1, 0)));
    assert!(calls.iter().zip(&mut waits).all(|(calls, wait)| calls.poll(wait.as_mut())));
}

#[test]
fn a_wait_that_is_given_up_is_called_no_more() {
    // The first one of the list, one inside of it, and the last one.
    for given_up in 0..3 {
        let lock = SeqLock::<u64, SpinLock>::from(0);
        let calls: [Arc<Calls>; 3] = Default::default();
        let mut waits = [(); 3].map(|()| Some(Box::pin(lock.changed(lock.version()))));
        for (calls, wait) in calls.iter().zip(&mut waits) {
            assert!(!calls.poll(wait.as_mut().unwrap().as_mut()));
        }
        waits[given_up] = None;
        assert_eq!(calls[given_up].seen(), (0, 0), "no waker is left behind");
        lock.set(1);
        for (at, calls) in calls.iter().enumerate() {
            assert_eq!(calls.seen(), (usize::from(at != given_up), 0), "{at} of {given_up}");
        }
    }
}

#[test]
fn a_task_is_called_by_its_last_waker() {
    let lock = SeqLock::<u64, SpinLock>::from(0);
    let [first, last]: [Arc<Calls>; 2] = Default::default();
    let mut wait = pin!(lock.changed(lock.version()));
    assert!(!first.poll(wait.as_mut()));
    assert!(!last.poll(wait.as_mut()));
    lock.set(1);
    assert_eq!((first.seen(), last.seen()), ((0, 0), (1, 0)));
    assert!(last.poll(wait));
}

#[test]
fn a_task_that_was_called_can_wait_again() {
    let lock = SeqLock::<u64, SpinLock>::from(0);
    let calls = Arc::<Calls>::default();
    for round in 1..=3 {
        let mut wait = pin!(lock.changed(lock.version()));
        assert!(!calls.poll(wait.as_mut()));
        lock.set(round as u64);
        assert_eq!(calls.seen(), (round, 0));
        assert!(calls.poll(wait.as_mut()));
    }
}
