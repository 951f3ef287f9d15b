// SPDX-License-Identifier: MIT OR Apache-2.0
//! `seqcount_LOCKNAME_t`: counts whose writers prove that they hold a lock.
#![allow(unsafe_code, reason = "a spin lock of the tests' own, as a program may have")]

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use tearfree::{AssociatedLock, SeqCountWith};

use crate::support::{Flag, Watchdog, times};

/// A lock of the program's own, without support in `tearfree`.
mod own_lock {
    use core::sync::atomic::{AtomicBool, Ordering};
    use tearfree::AssociatedLock;

    #[derive(Default)]
    pub(super) struct SpinLock {
        taken: AtomicBool,
    }

    pub(super) struct SpinGuard<'a>(&'a SpinLock);

    impl SpinLock {
        pub(super) const fn new() -> Self {
            SpinLock { taken: AtomicBool::new(false) }
        }

        pub(super) fn lock(&self) -> SpinGuard<'_> {
            while self.taken.swap(true, Ordering::Acquire) {
                std::thread::yield_now();
            }
            SpinGuard(self)
        }
    }

    impl Drop for SpinGuard<'_> {
        fn drop(&mut self) {
            self.0.taken.store(false, Ordering::Release);
        }
    }

    impl AssociatedLock for SpinLock {
        type Guard<'a> = SpinGuard<'a>;
    }
}

use own_lock::SpinLock;

/// Two numbers that are equal in every version, under a count that is bound to the lock `L`.
struct Pair<L> {
    lock: L,
    count: SeqCountWith<L>,
    left: AtomicU64,
    right: AtomicU64,
}

impl<L: AssociatedLock> Pair<L> {
    fn new(lock: L) -> Self {
        let (left, right) = (AtomicU64::new(0), AtomicU64::new(0));
        Pair { lock, count: SeqCountWith::new(), left, right }
    }

    fn increment(&self, guard: &mut L::Guard<'_>) {
        let _section = self.count.write(guard);
        self.left.store(self.left.load(Relaxed) + 1, Relaxed);
        self.right.store(self.right.load(Relaxed) + 1, Relaxed);
    }

    fn read(&self) -> (u64, u64) {
        self.count.read(|| (self.left.load(Relaxed), self.right.load(Relaxed)))
    }
}

/// Three writers under the lock, and a reader without it. `increment` takes the lock.
fn writers_lose_nothing_and_readers_see_equal_numbers<L: AssociatedLock + Sync>(
    pair: &Pair<L>,
    increment: fn(&Pair<L>),
) {
    let _watchdog = Watchdog::over("writers_lose_nothing_and_readers_see_equal_numbers");
    let each = times(5_000, 10);
    let (over, reading) = (Flag::new(), Flag::new());
    thread::scope(|s| {
        let _over = over.raised_at_end();
        s.spawn(|| {
            let mut last = 0;
            while !over.is_up() {
                let (left, right) = pair.read();
                assert_eq!(left, right, "torn");
                assert!(left >= last, "went back from {last} to {left}");
                last = left;
                reading.raise();
            }
        });
        reading.wait();
        let write = || (0..each).for_each(|_| increment(pair));
        let writers = [s.spawn(write), s.spawn(write), s.spawn(write)];
        for writer in writers {
            writer.join().unwrap();
        }
    });
    assert_eq!(pair.read(), (3 * each, 3 * each));
    assert_eq!(pair.count.sequence() as u64, 2 * 3 * each);
}

#[test]
fn seqcount_spinlock_t() {
    let pair = Pair::new(SpinLock::new());
    writers_lose_nothing_and_readers_see_equal_numbers(&pair, |t| t.increment(&mut t.lock.lock()));
}

#[test]
fn seqcount_raw_spinlock_t() {
    // A locking reader keeps writers out with the same lock, and does not touch the count.
    let pair = Pair::new(SpinLock::new());
    pair.increment(&mut pair.lock.lock());
    let before = pair.count.sequence();
    {
        let _writers_are_out = pair.lock.lock();
        assert_eq!(pair.left.load(Relaxed), pair.right.load(Relaxed));
    }
    assert_eq!(pair.count.sequence(), before);

    let mut guard = pair.lock.lock();
    let start = pair.count.read_begin();
    let section = pair.count.write(&mut guard);
    assert!(pair.count.try_read_begin().is_none());
    assert!(pair.count.read_retry(start));
    assert!(pair.count.read_retry(pair.count.raw_read_begin()));
    drop(section);
    assert!(pair.count.try_read_begin().is_some());
}

#[test]
#[cfg(feature = "lock_api_04")]
fn seqcount_rwlock_t() {
    let pair = Pair::new(parking_lot::RwLock::new(()));
    writers_lose_nothing_and_readers_see_equal_numbers(&pair, |t| t.increment(&mut t.lock.write()));
}

#[test]
#[cfg(feature = "std")]
fn seqcount_mutex_t() {
    let pair = Pair::new(std::sync::Mutex::new(()));
    writers_lose_nothing_and_readers_see_equal_numbers(&pair, |t| {
        t.increment(&mut t.lock.lock().unwrap());
    });
}

#[test]
fn seqcount_spinlock_init() {
    let (lock, count) = (SpinLock::new(), SeqCountWith::<SpinLock>::new());
    assert_eq!(count.sequence(), 0);
    drop(count.write(&mut lock.lock()));
    assert_eq!(count.sequence(), 2);
}

#[test]
fn seqcount_raw_spinlock_init() {
    let (lock, count) = (SpinLock::new(), SeqCountWith::<SpinLock, u32>::default());
    let start = count.read_begin();
    count.invalidate(&mut lock.lock());
    assert!(count.read_retry(start));
    assert_eq!(count.sequence(), 2_u32);
    count.barrier(&mut lock.lock());
    assert_eq!(count.sequence(), 4_u32);
}

#[test]
#[cfg(feature = "std")]
fn seqcount_rwlock_init() {
    let (lock, count) = (std::sync::RwLock::new(5), SeqCountWith::<std::sync::RwLock<i32>>::new());
    let mut guard = lock.write().unwrap();
    {
        let mut section = count.write(&mut guard);
        // What the lock protects is reached through the section.
        **section += 1;
        assert_eq!(count.sequence(), 1);
    }
    drop(guard);
    assert_eq!(*lock.read().unwrap(), 6);
    assert_eq!(count.sequence(), 2);
}

#[test]
#[cfg(feature = "lock_api_04")]
fn seqcount_mutex_init() {
    use parking_lot::Mutex;
    let (lock, count) = (Mutex::new(5), SeqCountWith::<Mutex<i32>>::new());
    assert_eq!(count.sequence(), 0);
    **count.write(&mut lock.lock()) += 1;
    assert_eq!(*lock.lock(), 6);
    // A lock that moves with its count is the same lock.
    let moved = Box::new((lock, count));
    **moved.1.write(&mut moved.0.lock()) += 1;
    assert_eq!(moved.1.sequence(), 4);
    // Another lock of the same type does not exclude this one's holder; debug builds panic when both
    // are inside.
    #[cfg(debug_assertions)]
    {
        let (mut mine, other) = (moved.0.lock(), Mutex::new(0));
        let _section = moved.1.write(&mut mine);
        assert!(crate::support::panics(|| drop(moved.1.write(&mut other.lock()))));
    }
}

#[test]
fn SEQCNT_SPINLOCK_ZERO() {
    static LOCK: SpinLock = SpinLock::new();
    static COUNT: SeqCountWith<SpinLock> = SeqCountWith::new();
    drop(COUNT.write(&mut LOCK.lock()));
    assert_eq!(COUNT.sequence(), 2);
}

#[test]
fn SEQCNT_RAW_SPINLOCK_ZERO() {
    static COUNT: SeqCountWith<SpinLock, u32> = SeqCountWith::new();
    assert_eq!(COUNT.sequence(), 0);
    assert!(!COUNT.read_retry(COUNT.read_begin()));
}

#[test]
#[cfg(feature = "lock_api_04")]
fn SEQCNT_RWLOCK_ZERO() {
    use parking_lot::RwLock;
    static LOCK: RwLock<()> = RwLock::new(());
    static COUNT: SeqCountWith<RwLock<()>> = SeqCountWith::new();
    drop(COUNT.write(&mut LOCK.write()));
    assert_eq!(COUNT.sequence(), 2);
}

#[test]
#[cfg(feature = "std")]
fn SEQCNT_MUTEX_ZERO() {
    use std::sync::Mutex;
    static LOCK: Mutex<()> = Mutex::new(());
    static COUNT: SeqCountWith<Mutex<()>> = SeqCountWith::new();
    drop(COUNT.write(&mut LOCK.lock().unwrap()));
    assert_eq!(COUNT.sequence(), 2);
}
