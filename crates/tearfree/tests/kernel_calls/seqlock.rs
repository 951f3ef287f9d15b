// SPDX-License-Identifier: MIT OR Apache-2.0
//! `seqlock_t`: readers without a lock, writers, and readers with the lock.
#![allow(unsafe_code, reason = "a writer lock that counts how often it is taken")]

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use tearfree::lock::{SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqLock};

use crate::support::payload::{SelfChecking, Words};
use crate::support::{Flag, Watchdog, times};

thread_local!(static LOCKED_HERE: Cell<u64> = const { Cell::new(0) });

/// How often this thread has waited for a [`CountingLock`] lock.
pub(crate) fn locked_here() -> u64 {
    LOCKED_HERE.get()
}

/// A writer lock that counts how often each thread takes it, and calls a function of the test in `lock`.
pub(crate) struct CountingLock {
    lock: SpinLock,
    on_lock: fn(),
}

impl CountingLock {
    pub(crate) const fn new(on_lock: fn()) -> Self {
        CountingLock { lock: SpinLock::new(), on_lock }
    }
}

// SAFETY: the lock inside excludes.
unsafe impl WriterLock for CountingLock {
    const UNLOCKED: Self = CountingLock::new(|| ());
    type Held = ();

    fn lock(&self) {
        (self.on_lock)();
        LOCKED_HERE.set(LOCKED_HERE.get() + 1);
        self.lock.lock();
    }

    fn try_lock(&self) -> Option<()> {
        self.lock.try_lock()
    }

    unsafe fn unlock(&self, (): ()) {
        // SAFETY: the caller took the lock by `lock` or `try_lock`, which took the inner one.
        unsafe { self.lock.unlock(()) };
    }
}

/// Reads with `read` beside a writer that writes all the time, until `enough` returns true after a read.
pub(crate) fn read_beside_a_constant_writer<const N: usize, L: WriterLock + Sync>(
    lock: &SeqLock<Words<N>, L>,
    read: impl Fn() -> Option<Words<N>>,
    enough: impl Fn(Option<u64>) -> bool,
) {
    let _watchdog = Watchdog::over("read_beside_a_constant_writer");
    let over = Flag::new();
    thread::scope(|s| {
        s.spawn(|| {
            let values = [1, 2, 3, 4].map(Words::new);
            values.into_iter().cycle().take_while(|_| !over.is_up()).for_each(|v| lock.set(v));
        });
        let _over = over.raised_at_end();
        while !enough(read().map(|value| value.generation())) {}
    });
}

#[test]
fn seqlock_t() {
    let _watchdog = Watchdog::over("seqlock_t");
    let lock = SeqLock::new([0_u64; 3]);
    let each = times(2_000, 10);
    thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| (0..each).for_each(|_| lock.update(|v| *v = v.map(|n| n + 1))));
        }
        s.spawn(|| while lock.read() != [3 * each; 3] {});
    });
    assert_eq!(lock.into_inner(), [3 * each; 3]);
}

#[test]
fn DEFINE_SEQLOCK() {
    static TIME: SeqLock<(u64, u32)> = SeqLock::new((5, 6));
    assert_eq!(TIME.read(), (5, 6));
    TIME.set((7, 8));
    assert_eq!(TIME.read(), (7, 8));
}

#[test]
fn __SEQLOCK_UNLOCKED() {
    static LOCKS: [SeqLock<u8>; 3] = [const { SeqLock::new(9) }; 3];
    for lock in &LOCKS {
        assert!(lock.try_write().is_some());
    }
    let with_lock = SeqLock::<u8, SpinLock>::with_lock(9, SpinLock::UNLOCKED);
    assert!(with_lock.try_write().is_some());
    let default: DefaultLock = WriterLock::UNLOCKED;
    assert!(default.try_lock().is_some());
}

#[test]
fn seqlock_init() {
    let lock = SeqLock::new(5);
    assert_eq!(lock.read(), 5);
    assert!(format!("{lock:?}").contains("sequence: 0"), "{lock:?}");
    assert_eq!(SeqLock::<[u8; 3]>::default().read(), [0; 3]);
    assert_eq!(SeqLock::<u8, SpinLock>::from(4).into_inner(), 4);
}

#[test]
fn read_seqbegin() {
    let _watchdog = Watchdog::over("read_seqbegin");
    let lock = SeqLock::new((1, 1));
    let mut writing = lock.write();
    writing.0 = 2;
    assert_eq!(lock.read(), (1, 1), "a reader does not wait for a writer's preparations");
    writing.1 = 2;
    drop(writing);
    assert_eq!(lock.read(), (2, 2));
}

#[test]
fn read_seqretry() {
    let lock = SeqLock::new(Words::<128>::new(0));
    let (whole, retried) = (Cell::new(0), Cell::new(0));
    read_beside_a_constant_writer(
        &lock,
        || lock.try_read(),
        |generation| {
            let seen = if generation.is_some() { &whole } else { &retried };
            seen.set(seen.get() + 1);
            whole.get() > times(1_000, 2) && retried.get() > 0
        },
    );
}

#[test]
fn write_seqlock() {
    let _watchdog = Watchdog::over("write_seqlock");
    let (lock, about_to_write) = (SeqLock::new(1), Flag::new());
    thread::scope(|s| {
        let mut first = lock.write();
        s.spawn(|| {
            about_to_write.raise();
            *lock.write() *= 10;
        });
        about_to_write.wait();
        thread::yield_now();
        assert!(lock.try_write().is_none());
        assert_eq!(lock.read(), 1);
        *first += 1;
    });
    assert_eq!(lock.read(), 20, "the second writer came after the first");
}

#[test]
fn write_sequnlock() {
    let lock = SeqLock::new(1);
    let before = lock.version();
    let mut writing = lock.write();
    *writing = 2;
    assert_eq!((lock.read(), lock.version()), (1, before));
    drop(writing);
    assert_eq!(lock.read(), 2);
    assert_ne!(lock.version(), before);
    assert!(lock.try_write().is_some());
}

#[test]
fn write_tryseqlock() {
    let lock = SeqLock::new(1);
    let first = lock.try_write().unwrap();
    assert!(lock.try_write().is_none());
    assert!(thread::scope(|s| s.spawn(|| lock.try_write().is_none()).join().unwrap()));
    drop(first);
    *lock.try_write().unwrap() = 2;
    assert_eq!(lock.read(), 2);
}

#[test]
fn read_seqlock_excl() {
    let lock = SeqLock::new(5);
    let before = lock.version();
    let still = lock.read_excl();
    assert!(lock.try_write().is_none(), "writers are excluded");
    assert!(lock.try_read_excl().is_none(), "other locking readers are excluded");
    assert_eq!((*still, lock.read()), (5, 5));
    assert_eq!(lock.version(), before, "the count is not touched");
}

#[test]
fn read_sequnlock_excl() {
    let _watchdog = Watchdog::over("read_sequnlock_excl");
    let (lock, about_to_write) = (SeqLock::new(5), Flag::new());
    thread::scope(|s| {
        let still = lock.read_excl();
        s.spawn(|| {
            about_to_write.raise();
            lock.set(6);
        });
        about_to_write.wait();
        thread::yield_now();
        assert_eq!((*still, lock.read()), (5, 5));
        drop(still);
    });
    assert_eq!(lock.read(), 6);
    assert!(lock.try_read_excl().is_some());
}

#[test]
fn read_seqbegin_or_lock() {
    // Beside a writer that writes all the time, the lockless attempt fails sooner or later, and the read
    // takes the lock.
    let lock = SeqLock::with_lock(Words::<128>::new(0), CountingLock::UNLOCKED);
    let before = locked_here();
    read_beside_a_constant_writer(
        &lock,
        || Some(lock.read_or_lock()),
        |generation| {
            assert!(generation.is_some_and(|generation| generation <= 4));
            locked_here() > before
        },
    );
}

#[test]
fn need_seqretry() {
    let _watchdog = Watchdog::over("need_seqretry");
    // Without a writer inside of its copy, one lockless attempt is enough.
    let lock = SeqLock::with_lock(5, CountingLock::UNLOCKED);
    let before = locked_here();
    for _ in 0..100 {
        assert_eq!(lock.read_or_lock(), 5);
    }
    let writing = lock.write();
    assert_eq!(lock.read_or_lock(), 5);
    drop(writing);
    assert_eq!(locked_here(), before + 1, "only the writer has taken the lock");
}

#[test]
fn done_seqretry() {
    // A read that took the lock releases it, each time.
    let lock = SeqLock::with_lock(Words::<128>::new(0), CountingLock::UNLOCKED);
    let before = locked_here();
    read_beside_a_constant_writer(
        &lock,
        || Some(lock.read_or_lock()),
        |_| locked_here() >= before + times(5, 2),
    );
    assert!(lock.try_write().is_some());
}

#[test]
fn scoped_seqlock_read() {
    // The body may run several times, but only a whole pass counts: no `break` can skip validation.
    let lock = SeqLock::new(Words::<128>::new(0));
    let (passes, reads) = (AtomicU64::new(0), AtomicU64::new(0));
    let read = || {
        let (first, last) =
            lock.read_fields((tearfree::field!(Words<128>, 0), tearfree::field!(Words<128>, 0)));
        assert_eq!(first, last);
        #[cfg(feature = "zerocopy")]
        assert!(lock.read_with(|_| passes.fetch_add(1, Relaxed)) < passes.load(Relaxed));
        #[cfg(not(feature = "zerocopy"))]
        passes.fetch_add(1, Relaxed);
        reads.fetch_add(1, Relaxed);
        Some(Words(first))
    };
    read_beside_a_constant_writer(&lock, read, |_| reads.load(Relaxed) >= times(1_000, 3));
    assert!(passes.load(Relaxed) >= reads.load(Relaxed));
}

#[test]
fn ss_lockless() {
    let _watchdog = Watchdog::over("ss_lockless");
    // A lockless read goes on while the lock is held, and takes no lock without a writer.
    let lock = SeqLock::with_lock((1, 2), CountingLock::UNLOCKED);
    let writing = lock.write();
    let before = locked_here();
    assert_eq!(lock.read(), (1, 2));
    #[cfg(feature = "zerocopy")]
    assert_eq!(lock.read_with(|_| 7), 7);
    assert_eq!(lock.read_fields(tearfree::field!((i32, i32), 1)), 2);
    assert_eq!(locked_here(), before);
    drop(writing);
}

#[test]
fn ss_lock() {
    // One lockless pass, then one under the lock: no read takes it twice.
    let lock = SeqLock::with_lock(Words::<128>::new(0), CountingLock::UNLOCKED);
    let start = locked_here();
    let read = || {
        let before = locked_here();
        let value = lock.read_or_lock();
        assert!(locked_here() - before <= 1);
        Some(value)
    };
    read_beside_a_constant_writer(&lock, read, |_| locked_here() >= start + times(5, 2));
}
