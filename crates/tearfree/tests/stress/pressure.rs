// SPDX-License-Identifier: MIT OR Apache-2.0
//! Too many threads, writers that write all the time, writers that lose their processor.
#![allow(unsafe_code, reason = "a lock of its own; asks the system for a thread's processor time")]

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use tearfree::lock::{Fair, SpinLock, WriterLock};
use tearfree::{DefaultLock, SeqLatch, SeqLock};

use crate::support::payload::{SelfChecking, Words};
use crate::support::{Flag, Watchdog, times};

fn more_threads_than_processors() -> usize {
    if cfg!(miri) { 4 } else { 8 * thread::available_parallelism().map_or(2, usize::from) }
}

/// Half of the threads write, half of them read until they have seen the last write.
#[test]
fn eight_threads_for_each_processor_all_come_to_an_end() {
    fn with<L: WriterLock + Sync>() {
        let _watchdog = Watchdog::over("eight_threads_for_each_processor");
        let lock = SeqLock::<Words<64>, L>::from(Words::new(0));
        let each = times(500, 5);
        let writers = more_threads_than_processors() as u64 / 2;
        thread::scope(|s| {
            for _ in 0..writers {
                s.spawn(|| {
                    (0..each).for_each(|_| lock.update(|v| *v = Words::new(v.generation() + 1)));
                });
                s.spawn(|| while lock.read().generation() < writers * each {});
            }
        });
        assert_eq!(lock.read().generation(), writers * each);
    }
    with::<DefaultLock>();
    with::<SpinLock>();
}

/// Readers that make `reads` reads each while a writer does nothing but write.
fn readers_make_progress<const N: usize>(
    test: &'static str,
    reads: u64,
    write: impl Fn(Words<N>) + Sync,
    read: impl Fn() -> Words<N> + Sync,
) {
    const WRITES: u64 = times(500, 1);
    let _watchdog = Watchdog::over(test);
    let (over, writes, began) = (Flag::new(), AtomicU64::new(0), Flag::new());
    thread::scope(|s| {
        s.spawn(|| {
            let values: [_; 8] = core::array::from_fn(|n| Words::new(n as u64));
            for value in values.into_iter().cycle() {
                write(value);
                writes.fetch_add(1, Relaxed);
                began.raise();
                if over.is_up() {
                    break;
                }
            }
        });
        began.wait();
        let over_at_end = over.raised_at_end();
        let until = writes.load(Relaxed) + WRITES;
        let (read, writes) = (&read, &writes);
        let readers = [0, 1].map(|_| {
            s.spawn(move || {
                // Both make progress: so many reads, and so many writes meanwhile.
                let mut made = 0;
                while made < reads || writes.load(Relaxed) < until {
                    assert!(read().generation() < 8);
                    made += 1;
                }
            })
        });
        for reader in readers {
            reader.join().unwrap();
        }
        drop(over_at_end);
    });
}

#[test]
fn readers_make_progress_beside_a_constant_writer() {
    let lock = SeqLock::<_, Fair>::from(Words::<512>::new(0));
    readers_make_progress("constant writer: read", times(500, 1), |v| lock.set(v), || lock.read());
    readers_make_progress(
        "constant writer: read_or_lock",
        times(500, 1),
        |v| lock.set(v),
        || lock.read_or_lock(),
    );
    let spinning = SeqLock::with_lock(Words::<512>::new(0), Fair::new(SpinLock::new()));
    readers_make_progress(
        "constant writer: spin lock",
        times(500, 1),
        |v| spinning.set(v),
        || spinning.read(),
    );
    let latch = SeqLatch::new(Words::<512>::new(0));
    readers_make_progress(
        "constant writer: latch",
        times(500, 1),
        |v| latch.set(v),
        || latch.read(),
    );
}

/// A lock that no reader may take.
struct ForWriters(SpinLock);

thread_local!(static READS: Cell<bool> = const { Cell::new(false) });

// SAFETY: the lock inside excludes.
unsafe impl WriterLock for ForWriters {
    const UNLOCKED: Self = ForWriters(SpinLock::new());
    type Held = ();

    fn lock(&self) {
        assert!(!READS.get(), "a reader takes the lock");
        self.0.lock();
    }

    fn try_lock(&self) -> Option<()> {
        assert!(!READS.get(), "a reader tries the lock");
        self.0.try_lock()
    }

    unsafe fn unlock(&self, (): ()) {
        // SAFETY: the caller took the lock by `lock` or `try_lock`, which took the inner one.
        unsafe { self.0.unlock(()) };
    }
}

#[test]
fn readers_make_progress_without_ever_taking_the_lock() {
    let lock = SeqLock::with_lock(Words::<512>::new(0), Fair::new(ForWriters::UNLOCKED));
    let read = || {
        READS.set(true);
        lock.read()
    };
    readers_make_progress("constant writer: no lock taken", times(500, 1), |v| lock.set(v), read);
}

#[test]
fn readers_of_a_split_lock_make_progress_beside_a_constant_writer() {
    let mut lock = SeqLock::<_, Fair>::from(Words::<512>::new(0));
    let (writer, reader) = lock.split();
    let writer = std::sync::Mutex::new(writer);
    let write = |value| writer.lock().unwrap().set(value);
    readers_make_progress("constant writer: split", times(500, 1), write, || reader.read());
}

/// Without `Fair` a reader may starve beside a writer, but not for longer than that writes.
#[test]
fn readers_end_once_the_writer_rests() {
    const LAST: u64 = 9;
    const WORDS: usize = if cfg!(tearfree_slow) { 1024 } else { 16384 };
    fn with<L: WriterLock + Sync>(test: &'static str) {
        let _watchdog = Watchdog::over(test);
        let lock = SeqLock::<Words<WORDS>, L>::from(Words::new(0));
        let values: Vec<_> = (1..=8).map(Words::new).collect();
        let writes = usize::try_from(times(20_000, 20)).unwrap();
        let began = Flag::new();
        thread::scope(|s| {
            s.spawn(|| {
                for value in values.iter().cycle().take(writes) {
                    lock.set_from(value);
                    began.raise();
                }
                lock.set_from(&Words::new(LAST));
            });
            for _ in 0..2 {
                s.spawn(|| {
                    began.wait();
                    while lock.read().generation() != LAST {}
                });
            }
        });
    }
    with::<DefaultLock>("resting: default");
    with::<SpinLock>("resting: spin lock");
    with::<Fair>("resting: fair");
}

/// A writer loses its processor while the count is odd. Threads that wait must not use the
/// processor time that the writer needs.
#[cfg(all(feature = "std", unix, not(miri)))]
mod descheduled {
    use core::time::Duration;
    use std::time::Instant;

    use tearfree::{SeqCount, SeqCountWith};

    use super::*;

    const AWAY: Duration = Duration::from_millis(300);
    const READERS: u64 = 8;

    /// The processor time that this thread has used.
    fn processor_time() -> Duration {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the call writes to `time`, which is ours.
        let failed = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
        assert_eq!(failed, 0);
        let nanoseconds = u32::try_from(time.tv_nsec).unwrap();
        Duration::new(u64::try_from(time.tv_sec).unwrap(), nanoseconds)
    }

    /// Eight readers begin while the count is odd; it becomes even after a while.
    fn readers_sleep(test: &'static str, begin: impl Fn() + Sync, make_even: impl FnOnce()) {
        let _watchdog = Watchdog::over(test);
        let waiting = AtomicU64::new(0);
        thread::scope(|s| {
            let reader = || {
                let (used, since) = (processor_time(), Instant::now());
                waiting.fetch_add(1, Relaxed);
                begin();
                (processor_time() - used, since.elapsed())
            };
            let readers: Vec<_> = (0..READERS).map(|_| s.spawn(reader)).collect();
            while waiting.load(Relaxed) < READERS {
                thread::yield_now();
            }
            let all_wait = Instant::now();
            thread::sleep(AWAY);
            let away = all_wait.elapsed();
            make_even();
            let mut all_used = Duration::ZERO;
            for reader in readers {
                let (used, waited) = reader.join().unwrap();
                assert!(waited >= AWAY, "a reader did not wait for the writer: {waited:?}");
                all_used += used;
            }
            // All of them together; readers that spin use more, even beside many other threads.
            assert!(all_used < away / 4, "readers used {all_used:?} in {away:?}");
        });
    }

    #[test]
    fn readers_of_a_count_sleep_while_its_writer_has_lost_its_processor() {
        let count = SeqCount::<usize>::new();
        let section = count.write();
        let begin = || assert_eq!(count.read_begin().sequence(), 2);
        readers_sleep("count", begin, || drop(section));
    }

    #[test]
    fn readers_of_a_count_with_a_lock_sleep_while_its_writer_has_lost_its_processor() {
        use std::sync::Mutex;
        let (lock, count) = (Mutex::new(()), SeqCountWith::<Mutex<()>>::new());
        let mut guard = lock.lock().unwrap();
        let section = count.write(&mut guard);
        let begin = || assert_eq!(count.read_begin().sequence(), 2);
        readers_sleep("count with a lock", begin, || drop(section));
    }
}
