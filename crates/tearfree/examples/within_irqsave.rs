// SPDX-License-Identifier: MIT OR Apache-2.0
//! `within::<IrqSave>()`: counters that a program and its own signal handler both write.
//!
//! Use it where a handler writes: it must not interrupt a writer of the same thread, or it never returns.
//! `within` blocks signals during one call, which costs two system calls; the kernel's `_irqsave` does so
//! with interrupts. With `lock::InContext` as the lock's type every call does so. A handler that only reads
//! needs none of this: use `SeqLatch`.
#![allow(unsafe_code, reason = "handlers and timers are foreign functions")]

#[cfg(unix)]
mod counters {
    use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
    use core::{ptr, time::Duration};
    use std::time::Instant;

    use tearfree::{SeqLock, context::IrqSave, lock::SpinLock};

    #[derive(Clone, Copy, Debug)]
    struct Counters {
        requests: u64,
        alarms: u64,
        /// The sum of both, which shows whether an update is lost.
        in_all: u64,
    }

    /// A spin lock, because a handler must not sleep.
    static COUNTERS: SeqLock<Counters, SpinLock> =
        SeqLock::with_lock(Counters { requests: 0, alarms: 0, in_all: 0 }, SpinLock::new());
    static HANDLED: AtomicU64 = AtomicU64::new(0);

    /// Interrupts the main thread anywhere but inside of `within::<IrqSave>()`.
    extern "C" fn on_alarm(_signal: libc::c_int) {
        COUNTERS.within::<IrqSave>().update(|counters| {
            counters.alarms += 1;
            counters.in_all += 1;
        });
        HANDLED.fetch_add(1, Relaxed);
    }

    fn alarm_each(interval: libc::suseconds_t) {
        let each = libc::timeval { tv_sec: 0, tv_usec: interval };
        let timer = libc::itimerval { it_interval: each, it_value: each };
        // SAFETY: `timer` lives through the call, and no old setting is returned.
        unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
    }

    pub(super) fn run() {
        let handler = on_alarm as extern "C" fn(libc::c_int);
        // SAFETY: the handler accesses only an atomic and the lock, which each writer takes with signals
        // blocked.
        unsafe { libc::signal(libc::SIGALRM, handler as libc::sighandler_t) };
        alarm_each(500);

        let (start, mut requests) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_millis(500) {
            COUNTERS.within::<IrqSave>().update(|counters| {
                counters.requests += 1;
                counters.in_all += 1;
            });
            requests += 1;
        }
        alarm_each(0);

        let counters = COUNTERS.within::<IrqSave>().read();
        println!("{counters:?}");
        assert_eq!(counters.requests, requests);
        assert_eq!(counters.alarms, HANDLED.load(Relaxed));
        assert_eq!(counters.in_all, counters.requests + counters.alarms);
        println!("each request and each alarm was counted");
    }
}

fn main() {
    #[cfg(unix)]
    counters::run();
    #[cfg(not(unix))]
    println!("this example needs the signals of Unix");
}
