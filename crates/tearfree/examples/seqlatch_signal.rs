// SPDX-License-Identifier: MIT OR Apache-2.0
//! `SeqLatch`: a clock that a signal handler reads, also when it interrupts the clock's writer.
//!
//! Use it where readers must never wait for a writer: in signal and interrupt handlers, in profilers and
//! loggers, beside writers that can be preempted. It costs a second copy of the value in memory and in
//! each write. Where no handler can interrupt the writer, `SeqLock` is smaller and writes faster.
#![allow(unsafe_code, reason = "handlers and timers are foreign functions")]

#[cfg(unix)]
mod clock {
    use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
    use core::{ptr, time::Duration};
    use std::time::Instant;

    use tearfree::SeqLatch;

    /// The time since the start, in the two parts of a `timespec` and in one.
    #[derive(Clone, Copy)]
    struct Time {
        seconds: u64,
        nanoseconds: u64,
        in_all: u64,
    }

    static TIME: SeqLatch<Time> = SeqLatch::new(Time { seconds: 0, nanoseconds: 0, in_all: 0 });
    static IN_SET: AtomicBool = AtomicBool::new(false);
    static READS: AtomicU64 = AtomicU64::new(0);
    static READS_IN_SET: AtomicU64 = AtomicU64::new(0);
    static MIXED: AtomicU64 = AtomicU64::new(0);

    /// Runs in the thread that writes. With a `SeqLock`, a read in the middle of a write never returns.
    extern "C" fn on_alarm(_signal: libc::c_int) {
        let time = TIME.read();
        let is_mixed = time.seconds * 1_000_000_000 + time.nanoseconds != time.in_all;
        READS.fetch_add(1, Relaxed);
        READS_IN_SET.fetch_add(IN_SET.load(Relaxed).into(), Relaxed);
        MIXED.fetch_add(is_mixed.into(), Relaxed);
    }

    fn alarm_each(interval: libc::suseconds_t) {
        let each = libc::timeval { tv_sec: 0, tv_usec: interval };
        let timer = libc::itimerval { it_interval: each, it_value: each };
        // SAFETY: `timer` lives through the call, and no old setting is returned.
        unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, ptr::null_mut()) };
    }

    pub(super) fn run() {
        let handler = on_alarm as extern "C" fn(libc::c_int);
        // SAFETY: the handler accesses only atomics and the latch, and the latch's readers never wait.
        unsafe { libc::signal(libc::SIGALRM, handler as libc::sighandler_t) };
        alarm_each(500);

        let (start, mut writes) = (Instant::now(), 0_u64);
        while start.elapsed() < Duration::from_millis(500) {
            let in_all = u64::try_from(start.elapsed().as_nanos()).expect("less than centuries");
            let (seconds, nanoseconds) = (in_all / 1_000_000_000, in_all % 1_000_000_000);
            IN_SET.store(true, Relaxed);
            TIME.set(Time { seconds, nanoseconds, in_all });
            IN_SET.store(false, Relaxed);
            writes += 1;
        }
        alarm_each(0);

        println!("{writes} writes, interrupted by {} reads in the handler", READS.load(Relaxed));
        println!("{} of the reads came while `set` was running", READS_IN_SET.load(Relaxed));
        println!("{} of the reads mixed two writes", MIXED.load(Relaxed));
        assert_eq!(MIXED.load(Relaxed), 0);
    }
}

fn main() {
    #[cfg(unix)]
    clock::run();
    #[cfg(not(unix))]
    println!("this example needs the signals of Unix");
}
