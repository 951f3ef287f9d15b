// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals for tests: masks, handlers, and repeated interruption of a thread.
#![allow(unsafe_code, reason = "the signal calls of libc are foreign functions")]

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeSet;
use std::io::{Write, stderr};
use std::thread;

use super::Flag;

/// The signals that this thread blocks.
pub(crate) fn mask() -> BTreeSet<i32> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: without a new mask the call only writes the current one.
    let failed =
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, core::ptr::null(), set.as_mut_ptr()) };
    assert_eq!(failed, 0);
    members(&set)
}

/// The signals that are pending.
pub(crate) fn pending() -> BTreeSet<i32> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the call writes the set.
    assert_eq!(unsafe { libc::sigpending(set.as_mut_ptr()) }, 0);
    members(&set)
}

fn members(set: &MaybeUninit<libc::sigset_t>) -> BTreeSet<i32> {
    let contains = |signal: &i32| {
        // SAFETY: both callers have had the set written by a call that succeeded.
        unsafe { libc::sigismember(set.as_ptr(), *signal) == 1 }
    };
    (1..=64).filter(contains).collect()
}

/// Blocks or unblocks `signal` in this thread.
pub(crate) fn block(signal: i32, is_blocked: bool) {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the call writes the set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set has been written above.
    assert_eq!(unsafe { libc::sigaddset(set.as_mut_ptr(), signal) }, 0);
    let how = if is_blocked { libc::SIG_BLOCK } else { libc::SIG_UNBLOCK };
    // SAFETY: the set has been written above.
    let failed = unsafe { libc::pthread_sigmask(how, set.as_ptr(), core::ptr::null_mut()) };
    assert_eq!(failed, 0);
}

/// Sends `signal` to this thread; if it is not blocked, it has been handled on return.
pub(crate) fn raise(signal: i32) {
    ThreadHandle::this_thread().interrupt(signal);
}

thread_local! {
    /// What this thread does at a signal. Constant and without a destructor, so that a handler can read it at
    /// any time.
    static REACTION: Cell<Option<fn()>> = const { Cell::new(None) };
    static HANDLED: Cell<u64> = const { Cell::new(0) };
}

/// How many signals this thread has handled.
pub(crate) fn handled() -> u64 {
    HANDLED.get()
}

extern "C" fn handler(_signal: i32) {
    HANDLED.set(HANDLED.get() + 1);
    let Some(reaction) = REACTION.get() else { return };
    if let Err(panic) = std::panic::catch_unwind(reaction) {
        // No panic leaves a handler, and the test harness would keep its message to itself.
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        let _ignored = writeln!(stderr(), "in a signal handler: {text}");
        std::process::abort();
    }
}

/// Makes `reaction` what this thread does at `signal` from here on. Other threads do nothing at it.
pub(crate) fn react(signal: i32, reaction: fn()) {
    REACTION.set(Some(reaction));
    let handler: extern "C" fn(i32) = handler;
    // SAFETY: all bits zero is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = handler as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: the handler touches constant thread locals, and what the test's reaction does.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, core::ptr::null_mut()) }, 0);
}

/// A thread's handle, which other threads can use.
#[derive(Clone, Copy)]
pub(crate) struct ThreadHandle(libc::pthread_t);

// SAFETY: a handle is a number (or an opaque pointer) that any thread may name.
unsafe impl Send for ThreadHandle {}
// SAFETY: as above.
unsafe impl Sync for ThreadHandle {}

impl ThreadHandle {
    pub(crate) fn this_thread() -> Self {
        // SAFETY: the call has no preconditions.
        ThreadHandle(unsafe { libc::pthread_self() })
    }

    /// Sends `signal` to the thread, which has to be alive.
    pub(crate) fn interrupt(self, signal: i32) {
        // SAFETY: the thread is alive: each caller joins or outlives the thread that interrupts.
        assert_eq!(unsafe { libc::pthread_kill(self.0, signal) }, 0);
    }
}

/// Runs `body` in this thread while `signal` interrupts it, again and again, with `reaction`.
pub(crate) fn interrupt_during<R>(signal: i32, reaction: fn(), body: impl FnOnce() -> R) -> R {
    react(signal, reaction);
    let (target, over) = (ThreadHandle::this_thread(), Flag::new());
    // The end of the scope waits for the sender, so the target outlives it.
    thread::scope(|s| {
        s.spawn(|| send_until(&over, target, signal));
        let _over = over.raised_at_end();
        body()
    })
}

/// Sends with varying pauses, so that signals arrive everywhere, and the target makes progress.
fn send_until(over: &Flag, target: ThreadHandle, signal: i32) {
    static PAUSE: AtomicU64 = AtomicU64::new(1);
    while !over.is_up() {
        target.interrupt(signal);
        let pauses = PAUSE.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed) >> 53;
        for _ in 0..pauses {
            core::hint::spin_loop();
        }
        thread::yield_now();
    }
}
