// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which calls may back off for readers, and which never do.
#![allow(unsafe_code, reason = "a lock of its own")]

use core::cell::Cell;

use tearfree::SeqLock;
use tearfree::context::SavedContext;
use tearfree::lock::{Fair, InContext, SpinLock, WriterLock};

thread_local! {
    static BACKED_OFF: Cell<Vec<usize>> = const { Cell::new(Vec::new()) };
    pub(crate) static REQUESTED: Cell<u64> = const { Cell::new(0) };
    static TAKEN: Cell<u64> = const { Cell::new(0) };
    static TAKEN_FOR_READ: Cell<u64> = const { Cell::new(0) };
    static HANDED_OVER: Cell<u64> = const { Cell::new(0) };
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// How often the lock was taken, and released, inside of the context.
    static STEPS_INSIDE: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

/// A lock that records each call of the hints.
pub(crate) struct Recording(SpinLock);

impl Recording {
    fn note_taken() {
        let (taken, released) = STEPS_INSIDE.get();
        STEPS_INSIDE.set((taken + u64::from(INSIDE.get()), released));
    }

    fn note_released() {
        let (taken, released) = STEPS_INSIDE.get();
        STEPS_INSIDE.set((taken, released + u64::from(INSIDE.get())));
    }
}

// SAFETY: the lock inside excludes.
unsafe impl WriterLock for Recording {
    const UNLOCKED: Self = Recording(SpinLock::new());
    type Held = ();

    fn lock(&self) {
        TAKEN.set(TAKEN.get() + 1);
        self.0.lock();
        Self::note_taken();
    }

    fn lock_for_read(&self) {
        TAKEN_FOR_READ.set(TAKEN_FOR_READ.get() + 1);
        self.0.lock();
        Self::note_taken();
    }

    fn try_lock(&self) -> Option<()> {
        self.0.try_lock()
    }

    unsafe fn unlock(&self, (): ()) {
        Self::note_released();
        // SAFETY: `lock` or `try_lock` above took this lock.
        unsafe { self.0.unlock(()) };
    }

    unsafe fn unlock_after_read(&self, (): ()) {
        HANDED_OVER.set(HANDED_OVER.get() + 1);
        Self::note_released();
        // SAFETY: `lock` or `try_lock` above took this lock.
        unsafe { self.0.unlock(()) };
    }

    fn request_turn(&self, _wants_processor: bool) {
        REQUESTED.set(REQUESTED.get() + 1);
    }

    fn back_off(&self, bytes: usize) {
        assert!(!INSIDE.get(), "backs off inside of a context");
        assert!(self.0.try_lock().is_some(), "backs off while it holds the lock");
        // SAFETY: taken by the line above.
        unsafe { self.0.unlock(()) };
        let mut calls = BACKED_OFF.take();
        calls.push(bytes);
        BACKED_OFF.set(calls);
    }
}

/// A context that records whether this thread is inside.
enum Watched {}

impl SavedContext for Watched {
    type Saved = bool;

    fn enter() -> bool {
        INSIDE.replace(true)
    }

    fn leave(before: bool) {
        INSIDE.set(before);
    }
}

/// How often `call` backs off; each time for the 24 bytes of the value.
fn times_backed_off(call: impl FnOnce()) -> usize {
    BACKED_OFF.take();
    call();
    let calls = BACKED_OFF.take();
    assert!(calls.iter().all(|&bytes| bytes == 24), "{calls:?}");
    calls.len()
}

type Call<L> = (&'static str, fn(&SeqLock<[u64; 3], L>));

/// Each call backs off so many times, and takes the lock as a writer as often. One in a context enters it before,
/// and leaves it after the lock is released.
fn assert_backs_off<L: WriterLock>(times: usize, calls: &[Call<L>]) {
    let lock = SeqLock::<[u64; 3], L>::from([0; 3]);
    let is_lock_in_context = core::any::type_name::<L>().contains("InContext");
    for (name, call) in calls {
        TAKEN.set(0);
        STEPS_INSIDE.set((0, 0));
        assert_eq!(times_backed_off(|| call(&lock)), times, "{name}");
        assert_eq!(TAKEN.get(), times as u64, "{name} takes the lock");
        let is_inside = is_lock_in_context || name.starts_with("within");
        let inside = if is_inside { times as u64 } else { 0 };
        if times > 0 {
            assert_eq!(STEPS_INSIDE.get(), (inside, inside), "{name} in its context");
        }
    }
}

fn no_attempt_and_no_reader_backs_off<L: WriterLock>() {
    let calls: [Call<L>; 11] = [
        ("try_write", |l| *l.try_write().unwrap() = [1; 3]),
        ("try_write, discard", |l| l.try_write().unwrap().discard()),
        ("within, try_write", |l| *l.within::<Watched>().try_write().unwrap() = [1; 3]),
        ("try_read_excl", |l| drop(l.try_read_excl())),
        ("read_excl", |l| drop(l.read_excl())),
        ("try_read", |l| _ = l.try_read()),
        ("read", |l| _ = l.read()),
        ("read_into", |l| l.read_into(&mut [0; 3])),
        ("read_or_lock", |l| _ = l.read_or_lock()),
        ("version", |l| _ = l.version()),
        ("try_write, refused", |l| {
            let _holds = l.read_excl();
            assert!(l.try_write().is_none());
        }),
    ];
    assert_backs_off(0, &calls);
}

fn a_blocking_writer_backs_off_once<L: WriterLock>() {
    let calls: [Call<L>; 16] = [
        ("set", |l| l.set([2; 3])),
        ("set_from", |l| l.set_from(&[2; 3])),
        ("replace", |l| _ = l.replace([2; 3])),
        ("set_versioned", |l| _ = l.set_versioned([2; 3])),
        ("set_if_current", |l| _ = l.set_if_current(l.version(), [2; 3])),
        ("within, set_from", |l| l.within::<Watched>().set_from(&[2; 3])),
        ("within, set_versioned", |l| _ = l.within::<Watched>().set_versioned([2; 3])),
        ("within, set_if_current", |l| {
            _ = l.within::<Watched>().set_if_current(l.version(), [2; 3]);
        }),
        ("within, update_or_discard", |l| {
            _ = l.within::<Watched>().update_or_discard(|_| Err::<(), _>(()));
        }),
        ("within, set", |l| l.within::<Watched>().set([2; 3])),
        ("update", |l| l.update(|v| v[0] += 1)),
        ("within, update", |l| l.within::<Watched>().update(|v| v[0] += 1)),
        ("update_or_discard", |l| _ = l.update_or_discard(|_| Err::<(), _>(()))),
        ("write", |l| drop(l.write())),
        ("write, discard", |l| l.write().discard()),
        ("within, write", |l| drop(l.within::<Watched>().write())),
    ];
    assert_backs_off(1, &calls);
    let mut lock = SeqLock::<[u64; 3], L>::from([0; 3]);
    let (mut writer, reader) = lock.split();
    TAKEN.set(0);
    assert_eq!(times_backed_off(|| writer.set([3; 3])), 1);
    assert_eq!(times_backed_off(|| writer.set_from(&[3; 3])), 1);
    assert_eq!(times_backed_off(|| writer.update(|v| v[0] += 1)), 1);
    assert_eq!(times_backed_off(|| _ = (writer.get(), reader.read(), reader.try_read())), 0);
    assert_eq!(TAKEN.get(), 0, "the one writer needs no lock");
}

#[test]
fn an_attempt_never_backs_off_and_a_blocking_write_does_so_once_before_the_lock() {
    no_attempt_and_no_reader_backs_off::<Recording>();
    a_blocking_writer_backs_off_once::<Recording>();
    no_attempt_and_no_reader_backs_off::<InContext<Watched, Recording>>();
    a_blocking_writer_backs_off_once::<InContext<Watched, Recording>>();
}

fn only_locking_readers_hand_the_lock_over<L: WriterLock>(inside: (u64, u64)) {
    let lock = SeqLock::<u64, L>::from(5);
    HANDED_OVER.set(0);
    TAKEN_FOR_READ.set(0);
    lock.set(6);
    drop((lock.write(), lock.try_read()));
    lock.update(|value| *value += 1);
    assert_eq!(HANDED_OVER.get(), 0, "a writer hands the lock over");
    assert_eq!(TAKEN_FOR_READ.get(), 0, "a writer takes the lock as a reader does");
    STEPS_INSIDE.set((0, 0));
    drop(lock.read_excl());
    drop(lock.try_read_excl());
    drop(lock.within::<Watched>().read_excl());
    assert_eq!(STEPS_INSIDE.get(), inside, "taken and released inside of the context");
    assert_eq!(HANDED_OVER.get(), 3);
    assert_eq!(TAKEN_FOR_READ.get(), 2, "each but the attempt");
    assert!(!INSIDE.get(), "the context was left");
    assert!(lock.try_write().is_some(), "the lock was given back");
}

#[test]
fn a_locking_reader_hands_the_lock_to_a_thread_that_waits() {
    only_locking_readers_hand_the_lock_over::<Recording>((1, 1));
    // The attempt does not take the lock by `lock_for_read`.
    only_locking_readers_hand_the_lock_over::<InContext<Watched, Recording>>((2, 3));
    only_locking_readers_hand_the_lock_over::<Fair<Recording>>((1, 1));
}
